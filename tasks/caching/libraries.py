"""The libraries that a step's code uses, and those that do the arithmetic for them, by version."""

import importlib.util
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from tasks.caching.code import PACKAGES, imported_names, project_files
from tasks.store import digests

NAME = re.compile(r"[A-Za-z0-9._-]+")


def library_versions(reached: Mapping[str, Path]) -> dict[str, str]:
    """Versions of Python, of every distribution that these modules import, and of all that those may require."""
    files = project_files()
    imported = {each.split(".")[0] for name, file in reached.items() for each in imported_names(name, file, files)}
    imported -= {"", *PACKAGES, *sys.stdlib_module_names}
    owners = {name: _owners().get(name, ()) for name in imported}
    found = {distribution for several in owners.values() for distribution in several}
    versions = {name: installed()[name].version for name in with_requirements(found)}
    versions |= {f"{name} (no distribution)": unowned(name) for name, several in owners.items() if not several}
    return {"python": python_version(), **dict(sorted(versions.items()))}


def python_version() -> str:
    """Version of Python with what changes its meaning: the C library's arithmetic, and `-O`, which drops assertions."""
    optimized = f" -{'O' * sys.flags.optimize}" if sys.flags.optimize else ""
    return f"{platform.python_implementation()} {platform.python_version()}{optimized} {' '.join(platform.libc_ver())}"


def with_requirements(distributions: Iterable[str]) -> set[str]:
    """These installed distributions and whatever they may require and is installed, extras included, by plain name."""
    waiting, found = [plain(name) for name in distributions], set()
    while waiting:
        name = waiting.pop()
        if name not in found and name in installed():
            found.add(name)
            waiting += installed()[name].requirements
    return found


def plain(name: str) -> str:
    """The form in which names of distributions compare.

    >>> plain("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its version, and all that it may require, conditions left out."""

    version: str
    requirements: tuple[str, ...]


@cache
def installed() -> dict[str, Distribution]:
    """Every installed distribution by plain name."""
    return dict(_describe(each) for each in metadata.distributions())


def _describe(distribution: metadata.Distribution) -> tuple[str, Distribution]:
    """Its plain name and what there is to know of it; its file is read once, which each property would do again."""
    about = distribution.metadata
    required = about.get_all("Requires-Dist") or (
        distribution.requires if distribution.read_text("requires.txt") else ()
    )
    names = tuple(plain(match.group()) for text in required or () if (match := NAME.match(text)))
    return plain(about["Name"]), Distribution(about["Version"], names)


@cache
def _owners() -> Mapping[str, list[str]]:
    """Which distributions give each importable name."""
    return metadata.packages_distributions()


def unowned(name: str) -> str:
    """What stands for the version of something that no distribution owns: a digest of its text; "absent" without any.

    A module on PYTHONPATH is such a thing, and so is an optional library that is not installed.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not (spec.origin or spec.submodule_search_locations):
        return "absent"
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(file for folder in folders for file in folder.rglob("*.py")) or [Path(str(spec.origin))]
    return digests.combine({str(number): digests.file_sha256(file) for number, file in enumerate(files)})
