"""Who may ask the service: all users of this machine, or those whose token stands in a file.

A browser shows its token once and keeps a cookie that is made of it, so that it stays signed in when the service starts
again and the token itself is stored nowhere. Programs send `Authorization: Bearer TOKEN`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.labels.store import MOST_NAME, is_annotator

LEAST_CHARACTERS = 16
MAKE_ONE = "printf '%s anna\\n' \"$(openssl rand -hex 24)\" > FILE; chmod 600 FILE"
FORM = f"each line holds a token of at least {LEAST_CHARACTERS} characters, a space, and a name; make one with: "


@dataclass(frozen=True)
class Access:
    """The names of those who may ask, by token; without any, everybody of this machine may."""

    names: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def closed(self) -> bool:
        """Whether a token is needed."""
        return bool(self.names)

    def name_of_token(self, shown: str) -> str | None:
        """Whose token this is; None of a wrong one. How long that takes says nothing of the tokens."""
        return self._matching(self.names, shown)

    def name_of_session(self, shown: str) -> str | None:
        """Whose cookie this is; None of a wrong one, and one whose token was taken from the file."""
        return self._matching({session_of(token): name for token, name in self.names.items()}, shown)

    @staticmethod
    def _matching(secrets: Mapping[str, str], shown: str) -> str | None:
        found = None
        for secret, name in secrets.items():  # to the end, whichever it is
            if hmac.compare_digest(secret.encode(), shown.encode()):
                found = name
        return found


EVERYBODY = Access()


def session_of(token: str) -> str:
    """The value of the cookie of a token, from which the token cannot be computed."""
    return hmac.digest(token.encode(), b"crisisflow session", hashlib.sha256).hex()


def read_tokens(path: Path) -> Access:
    """The tokens of a file. Raises ValueError naming the line that is wrong, never a token."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"the token file {path} cannot be read: {error.strerror}; {token_form(path)}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the token file {path} is not text in UTF-8; {token_form(path)}") from None
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        token, _, name = line.strip().partition(" ")
        if not token or token.startswith("#"):
            continue
        if why := _why_not(token, name.strip(), names):
            raise ValueError(f"line {number} of the token file {path} {why}; {token_form(path)}")
        names[token] = name.strip()
    if not names:
        raise ValueError(f"the token file {path} holds no token; {token_form(path)}")
    return Access(names)


def _why_not(token: str, name: str, names: Mapping[str, str]) -> str:
    if len(token) < LEAST_CHARACTERS or not token.isascii():
        return f"begins with a token of {len(token)} characters, or with others than ASCII"
    if not is_annotator(name):
        return f"has no name, or one of more than {MOST_NAME} characters, or with control characters"
    return "repeats a token" if token in names else ""


def token_form(path: Path) -> str:
    """How a token file is written, and made."""
    return FORM + MAKE_ONE.replace("FILE", str(path))
