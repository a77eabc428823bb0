"""Whether the libraries that are installed are those that a lock file pins."""

import re
from pathlib import Path

from packaging.markers import Marker

from tasks.caching.libraries import installed, plain

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?")


def pins(lock: Path) -> dict[str, str]:
    """The versions that a lock file pins for this machine and Python, by plain name."""
    matches = filter(None, map(PIN.match, lock.read_text(encoding="utf-8").splitlines()))
    return {
        plain(match["name"]): match["version"]
        for match in matches
        if not match["marker"] or Marker(match["marker"].strip()).evaluate()
    }


def mismatches(lock: Path) -> list[str]:
    """What is installed in another version than the lock's, or not at all, in words."""
    found = {name: each.version for name, each in installed().items()}
    return [
        f"{name} {found.get(name, 'not installed')} (lock: {version})"
        for name, version in pins(lock).items()
        if found.get(name) != version
    ]
