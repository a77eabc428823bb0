"""The code that a step can reach: every project module that it may import, by its syntax tree.

Files are read from disk each time, and results are cached by the text itself, so that every edit is found. Static
reading has one limit: it does not see a module that is not imported from here and changes another module's values while
the program runs. Nothing in this project does that.
"""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from tasks.caching import syntax
from tasks.caching.syntax import Module, parse
from tasks.store import digests

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "tasks", "models")
INIT = ".__init__"
MODULE_NAME = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")
# Code that uses one of these may import any module, under a name that static reading cannot find.
COMPUTED_IMPORTS = {
    *("import_module", "__import__", "exec", "eval", "exec_module", "load_module", "module_from_spec"),
    *("run_path", "run_module", "resolve_name", "walk_packages", "iter_modules"),
}
# Code that uses one of these may read comments and docstrings as data.
TEXT_READERS = {"__doc__", "getdoc", "getcomments", "getsource", "getsourcelines", "getsourcefile", "linecache"}


def module_file(name: str) -> Path | None:
    """The source file of a project module or package; None for anything else."""
    if name.split(".")[0] not in PACKAGES:
        return None
    path = ROOT.joinpath(*name.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


def read_module(name: str) -> Module:
    """The parsed text of a project module."""
    file = module_file(name)
    assert file is not None, f"{name} is not a module of this project"
    return parse(file.read_bytes())


def module_digest(name: str) -> str:
    """Digest of one project module's syntax tree."""
    return read_module(name).tree_digest


def project_digest() -> str:
    """Digest of the syntax trees of every project module; what was read of them is kept for the next process."""
    texts = {name: file.read_bytes() for name in project_modules() if (file := module_file(name))}
    syntax.keep(texts.values())
    return digests.combine({name: parse(text).tree_digest for name, text in texts.items()})


def project_modules() -> set[str]:
    """Names of all modules of the project."""
    return {name.removesuffix(INIT) for name in project_files()}


def project_files() -> frozenset[str]:
    """The project's Python files as they lie on the disk now, by dotted name: of a package, PACKAGE.__init__."""
    found = []
    for package in PACKAGES:
        for folder, _, files in os.walk(ROOT / package, followlinks=True):
            names = ".".join(Path(folder).relative_to(ROOT).parts)
            found += [f"{names}.{file.removesuffix('.py')}" for file in files if file.endswith(".py")]
    return frozenset(found)


def reached_modules(*names: str, elsewhere: Mapping[str, Path] | None = None) -> dict[str, Path]:
    """The files of these modules and of all project modules that they may import, however far away, by module name.

    Parent packages are among them. `elsewhere` are starting points outside the project's packages, by their files.
    Where a module imports under computed names, it reaches them all.
    """
    reached: dict[str, Path] = {}
    files = project_files()
    starts = dict(elsewhere or {})
    waiting = [*names, *starts]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        waiting += [name.rpartition(".")[0]] if "." in name else []
        file = starts.get(name) or (module_file(name) if _is_module(name, files) else None)
        if file is not None:
            reached[name] = file
            waiting += imported_names(name, file, files)
    return reached


def imported_names(name: str, file: Path, files: frozenset[str]) -> frozenset[str]:
    """Every name that this module may import, project or not, relative ones resolved; `files` as of `project_files`."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return _imported_names(package, file.read_bytes(), files)


@lru_cache(maxsize=4096)
def _imported_names(package: str, text: bytes, files: frozenset[str]) -> frozenset[str]:
    """What a module of this package and text may import, where the project consists of these files."""
    module = parse(text)
    bound = set(_bound_names(package, module))
    if module.names & COMPUTED_IMPORTS:
        return frozenset(bound | {name.removesuffix(INIT) for name in files})
    bound |= {string.partition(":")[0] for string in module.strings if MODULE_NAME.match(string)}
    parents = {each.rpartition(".")[0] for each in bound}
    packages = {each for each in bound if each + INIT in files}
    return frozenset(bound | parents | _through_attributes(packages, module.names | module.strings, files))


def _bound_names(package: str, module: Module) -> Iterator[str]:
    """What import statements bind: `import a.b` binds a, `from a import b` the module a.b or the name b in a."""
    for named, level, names in module.imports:
        if named is None and not level:
            yield from names
            yield from (name.split(".")[0] for name in names)
            continue
        base = named or ""
        if level:
            ancestors = package.split(".")[: len(package.split(".")) - level + 1]
            base = ".".join([*ancestors, *([base] if base else [])])
        yield from (base if name == "*" else f"{base}.{name}" for name in names)


def _is_module(name: str, files: frozenset[str]) -> bool:
    return name in files or name + INIT in files


def _through_attributes(packages: set[str], words: frozenset[str], files: frozenset[str]) -> set[str]:
    """The modules in these packages that some word of the text names: `import models; models.text.rules.fold(...)`."""
    waiting = list(packages)
    found: set[str] = set()
    while waiting:
        package = waiting.pop()
        # __init__ names no module beside the others, but their package, which is there already.
        inside = {f"{package}.{word}" for word in words - {"__init__"} if word.isidentifier()} - found
        inside = {name for name in inside if _is_module(name, files)}
        found |= inside
        waiting += [name for name in inside if name + INIT in files]
    return found


def reached_code(reached: Mapping[str, Path]) -> dict[str, str]:
    """Digest of each reached module, and of each file that lies beside them: word lists, scripts, compiled code.

    A module counts by its tree; where one of them reads code as text, all count by their bytes.
    """
    modules = {name: parse(file.read_bytes()) for name, file in reached.items()}
    if any(module.names & TEXT_READERS for module in modules.values()):
        code = {name: digests.file_sha256(file) for name, file in reached.items()}
    else:
        code = {name: module.tree_digest for name, module in modules.items()}
    scripts = {
        file.with_name(string)
        for name, file in reached.items()
        for string in modules[name].strings
        if string.endswith(".py") and "/" not in string and file.with_name(string).is_file()
    } - set(reached.values())
    code |= {_title(script): parse(script.read_bytes()).tree_digest for script in scripts}
    return code | {_title(path): digests.file_sha256(path) for path in _data_files(reached)}


def _title(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def _data_files(reached: Mapping[str, Path]) -> set[Path]:
    """What belongs to reached packages and is no Python text; editors' and compilers' own files aside.

    A file belongs to the package next above it: a template of one room is not code of another.
    """
    folders = {file.parent for name, file in reached.items() if name.split(".")[0] in PACKAGES}
    return {
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix != ".py" and path.is_file() and "__pycache__" not in path.parts
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and not path.name.endswith("~")
        if not _in_inner_package(path, folder)
    }


def _in_inner_package(path: Path, folder: Path) -> bool:
    return path.parent != folder and ((path.parent / "__init__.py").is_file() or _in_inner_package(path.parent, folder))


# What this process runs: the files as they were when it began.
FILES = {name: file for name in project_modules() if (file := module_file(name))}
AT_START = {name: file.read_bytes() for name, file in FILES.items()}
DATA_AT_START = {_title(path): digests.file_sha256(path) for path in _data_files(FILES)}


def edited_since_start(code: Mapping[str, str]) -> list[str]:
    """What of this code was changed after this process began: what was run may not be what was read."""
    return [name for name, digest in code.items() if _edited(name, digest)]


def _edited(name: str, digest: str) -> bool:
    """Whether this is a project's file that is not as it was; scripts, run again each time, never count."""
    if "/" in name:
        return not name.endswith(".py") and digest != DATA_AT_START.get(name)
    file = module_file(name)
    if file is None:
        return name in AT_START
    before, now = AT_START.get(name), file.read_bytes()
    return before is None or (now != before and parse(now).tree_digest != parse(before).tree_digest)
