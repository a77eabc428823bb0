"""Addresses: what scheme a source has, which checksum it asks for, and how to name it without its secrets."""

import os
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tasks.sources.limits import SourceError

# "::" chains the schemes of fsspec, as in simplecache::s3://; two letters at least, so that C:// is no scheme.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)(?:://|::)")
CHECKSUM = re.compile(r"#sha256=(?P<digest>[^#]*)$")
# Up to the last @ of the host part; and where a password holds / ? or #, so that no parser agrees, up to any @.
USER = re.compile(r":/+(?:[^/?#\s]*@|[^/?#@:\s]*:(?!:|\d+(?:[/?#]|$))[^@\s]*@)")
SECRET_NAME = re.compile(
    r"(?i)^(?:key|code|pw|pwd|jwt|hmac|otp|policy|sig|se|sp)$"
    r"|token|secret|signature|passw|passphrase|(?:^|[-_])auth(?!or)|cred|session|[-_]key|accesskey|apikey|bearer"
)
PARAMETER = re.compile(r"(?<=[?&;])(?P<name>[^=&;#]*)=(?P<value>[^&;#]*)")
LONG_SECRET = re.compile(r"[\w.~%/+=-]{32,}")  # what has neither blanks nor punctuation is no question to a server
SECRET_VARIABLE = "CRISISFLOW_SECRET_"
PLACEHOLDER = re.compile(r"\$\{(?P<name>\w+)\}")


class Address(NamedTuple):
    """A source as typed, taken apart."""

    scheme: str  # "" for a local path or glob
    location: str
    sha256: str | None


def parse(source: str) -> Address:
    """Scheme, location and checksum of a source.

    >>> parse("https://example.org/tweets.csv#sha256=" + "ab" * 32).location
    'https://example.org/tweets.csv'
    >>> parse("data/*.csv").scheme
    ''

    Raises SourceError for a checksum that is none.
    """
    found = CHECKSUM.search(source)
    if found and not re.fullmatch(r"[0-9A-Fa-f]{64}", found["digest"]):
        raise SourceError(f"#sha256= must be followed by 64 hexadecimal digits, got {found['digest']!r}")
    location = source[: found.start()] if found else source
    scheme = SCHEME.match(location)
    return Address(scheme[1].lower() if scheme else "", location, found["digest"].lower() if found else None)


def redact(url: str) -> str:
    """The URL without user, password, fragment and the values of parameters that are, or look like, secrets.

    >>> redact("https://me:pw@example.org/t.csv?page=2&api_key=123")
    'https://***@example.org/t.csv?page=2&api_key=***'
    """
    return PARAMETER.sub(_masked, USER.sub("://***@", url).partition("#")[0])


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

    Raises SourceError for a variable that is not set.
    """
    return PLACEHOLDER.sub(_from_environment, source)


def _from_environment(placeholder: re.Match[str]) -> str:
    value = os.environ.get(placeholder["name"])
    if value is None:
        raise SourceError(f"the address names {placeholder[0]}, and there is no such environment variable: set it")
    return value


def file_name(url: str) -> str:
    """A plain file name for what is behind a URL.

    >>> file_name("https://example.org/sets/tweets%20of%20May.csv?raw=1"), file_name("https://example.org/")
    ('tweets of May.csv', 'download')
    """
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    name = re.sub(r"[\x00-\x1f/\\]", "_", name).lstrip(".")
    return name[:200] or "download"
