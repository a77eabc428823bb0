"""The libraries that a step's code uses, and those that do the arithmetic for them, by version."""

import csv
import importlib.util
import inspect
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
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
    return {plain(name): distribution for name, distribution, _ in _distributions()}


@cache
def _owners() -> Mapping[str, list[str]]:
    """Which distributions give each importable name."""
    owners: dict[str, list[str]] = {}
    for name, _, packages in _distributions():
        for package in packages:
            owners.setdefault(package, []).append(name)
    return owners


@cache
def _distributions() -> list[tuple[str, Distribution, set[str]]]:
    """Name, description and importable names of every installed distribution.

    `metadata.packages_distributions` and the properties of `metadata.Distribution` give the same, but read the headers
    again for each answer, with the whole description behind them, and look for every file on the disk: a second.
    """
    found = []
    for each in metadata.distributions():
        headers = (each.read_text("METADATA") or each.read_text("PKG-INFO") or "").partition("\n\n")[0]
        about = HeaderParser().parsestr(headers) if headers else each.metadata
        required = about.get_all("Requires-Dist") or ()
        if each.read_text("requires.txt"):  # an egg's, which names them there
            required = each.requires or ()
        names = tuple(plain(match.group()) for text in required if (match := NAME.match(text)))
        found.append((about["Name"], Distribution(about["Version"], names), _importable(each)))
    return found


def _importable(distribution: metadata.Distribution) -> set[str]:
    """What a distribution says it can be imported by, or else the top of each path in its list of files."""
    if declared := (distribution.read_text("top_level.txt") or "").split():
        return set(declared)
    record = distribution.read_text("RECORD")
    files = [row[0] for row in csv.reader(record.splitlines())] if record else map(str, distribution.files or ())
    tops = {
        head if inner else inspect.getmodulename(head) for head, inner, _ in (each.partition("/") for each in files)
    }
    return {top for top in tops if top and "." not in top}


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
