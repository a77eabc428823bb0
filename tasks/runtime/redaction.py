"""Secrets in addresses: users and passwords, tokens and signatures, that no record, log or error may hold."""

import os
import re
from urllib.parse import unquote

# Up to the last @ of the host part; and where a password holds / ? or #, so that no parser agrees, up to any @.
# One slash is enough where http was misspelt; but models:/crisisflow@champion holds no user.
USER = re.compile(r"(?:(?<=http):|(?<=https):|:(?=//))/+(?:[^/?#\s]*@|[^/?#@:\s]*:(?!:|\d+(?:[/?#]|$))[^@\s]*@)")
SECRET_NAME = re.compile(
    r"(?i)^(?:key|code|pw|pwd|jwt|hmac|otp|policy|sig|se|sp)$"
    r"|token|secret|signature|passw|passphrase|(?:^|[-_])auth(?!or)|cred|session|[-_]key|accesskey|apikey|bearer"
)
PARAMETER = re.compile(r"(?<=[?&;])(?P<name>[^=&;#\s]*)=(?P<value>[^&;#\s]*)")
LONG_SECRET = re.compile(r"[\w.~%/+=-]{32,}")  # what has neither blanks nor punctuation is not a question to a server
SECRET_VARIABLE = "CRISISFLOW_SECRET_"
PLACEHOLDER = re.compile(r"\$\{(?P<name>\w+)\}")


def redact(url: str) -> str:
    """The URL without user, password, fragment and the values of parameters that are, or look like, secrets.

    >>> redact("https://me:pw@example.org/t.csv?page=2&api_key=123")
    'https://***@example.org/t.csv?page=2&api_key=***'
    """
    return mask_secrets(url).partition("#")[0]


def mask_secrets(text: str) -> str:
    """Any text with the secrets of the addresses in it masked, and nothing else changed.

    >>> mask_secrets("no answer from https://me:pw@example.org/#top")
    'no answer from https://***@example.org/#top'
    """
    return PARAMETER.sub(_masked, USER.sub("://***@", text)) if ":/" in text else text


def _masked(parameter: re.Match[str]) -> str:
    return f"{parameter['name']}=***" if _is_secret(parameter) else parameter[0]


def _is_secret(parameter: re.Match[str]) -> bool:
    name, value = unquote(parameter["name"]), parameter["value"]
    if not value or PLACEHOLDER.fullmatch(value):
        return False
    return bool(SECRET_NAME.search(name) or LONG_SECRET.fullmatch(value))


def hide_secrets(source: str) -> str:
    """The source with its secrets moved to the environment of this process, and ${NAME} in their places.

    So no store, log, database or error that is handed the source ever holds them; `fill_placeholders` is the way back.
    """
    if "://" not in source or any(each.isspace() for each in source):
        return source
    hidden = USER.sub(lambda user: f"://{_keep(user[0].lstrip(':/').removesuffix('@'))}@", source)
    return PARAMETER.sub(lambda each: f"{each['name']}={_keep(each['value'])}" if _is_secret(each) else each[0], hidden)


def _keep(secret: str) -> str:
    """The placeholder of a secret that is put into the environment; one that is a placeholder stays as it is."""
    if not PLACEHOLDER.sub("", secret).strip(":"):
        return secret
    number = 1 + sum(name.startswith(SECRET_VARIABLE) for name in os.environ)
    os.environ[f"{SECRET_VARIABLE}{number}"] = secret
    return f"${{{SECRET_VARIABLE}{number}}}"


def fill_placeholders(source: str) -> str:
    """The source with each ${NAME} replaced by that environment variable, where secrets can wait unseen.

    Raises ValueError for a variable that is not set.
    """
    return PLACEHOLDER.sub(_from_environment, source)


def _from_environment(placeholder: re.Match[str]) -> str:
    value = os.environ.get(placeholder["name"])
    if value is None:
        raise ValueError(f"the address names {placeholder[0]}, and there is no such environment variable: set it")
    return value
