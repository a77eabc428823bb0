"""What a module's text says to the cache: its syntax tree, what it imports, its words.

To read all modules of the project takes more than a second, and every command that records a run does it. What was
read is therefore kept between processes, beside Python's own compiled code, and found again by the text itself, by this
module's and by the version of Python: another text is never taken for the one that was read.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from tasks.runtime.atomic_files import write_atomically
from tasks.store import digests

KEPT = Path(__file__).parent / "__pycache__" / f"readings.{sys.implementation.cache_tag}.json"
Import = tuple[
    str | None, int, tuple[str, ...]
]  # module, dots before it, names; `import a, b` has neither of the first


@dataclass(frozen=True)
class Module:
    """What there is to know of a module's text."""

    tree_digest: str
    imports: tuple[Import, ...]
    names: frozenset[str]
    strings: frozenset[str]


@lru_cache(maxsize=2048)
def parse(text: bytes) -> Module:
    """Read a module's text: its tree without docstrings, what it imports, and its words."""
    return _kept().get(_name(text)) or _read(text)


def _read(text: bytes) -> Module:
    tree, nodes = _without_docstrings(text)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.name for node in nodes if isinstance(node, ast.alias)}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    imports: list[Import] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            imports.append((None, 0, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.module, node.level, tuple(alias.name for alias in node.names)))
    return Module(digests.combine({"tree": ast.dump(tree)}), tuple(imports), frozenset(names), frozenset(strings))


def tree_of(text: str | bytes) -> ast.Module:
    """The syntax tree of a program without its docstrings; comments and layout are not in it to begin with."""
    return _without_docstrings(text)[0]


def _without_docstrings(text: str | bytes) -> tuple[ast.Module, list[ast.AST]]:
    """The tree of `tree_of`, and all its nodes: `ast.walk` takes three times as long for them."""
    try:
        tree = ast.parse(text)
    except SystemError:  # CPython 3.11 counts depth for all threads together, and stumbles over others that parse
        tree = ast.parse(text)
    nodes: list[ast.AST] = [tree]
    for node in nodes:  # which grows meanwhile
        _drop_docstring(node)
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [each for each in value if isinstance(each, ast.AST)]
    return tree, nodes


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


@cache
def _reader() -> str:
    """What reads: this very module, and Python, whose trees change with its version."""
    return f"{sys.version} {digests.file_sha256(Path(__file__))}"


def _name(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@cache
def _kept() -> dict[str, Module]:
    """What processes before this one read, by the digest of the text; nothing where the file is absent or damaged."""
    try:
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
        if kept["reader"] != _reader():
            return {}
        return {
            name: Module(tree, tuple((base, level, tuple(of)) for base, level, of in imports), *map(frozenset, words))
            for name, (tree, imports, *words) in kept["modules"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def keep(texts: Iterable[bytes]) -> None:
    """Keep what was read of these texts, and nothing else, for processes to come.

    Where the code's folder cannot be written to, or Python was told to write no compiled code, each reads again.
    """
    modules = {_name(text): parse(text) for text in texts}
    if sys.dont_write_bytecode or modules.keys() == _kept().keys():
        return
    rows = {name: [m.tree_digest, m.imports, sorted(m.names), sorted(m.strings)] for name, m in modules.items()}
    with suppress(OSError):
        write_atomically(KEPT, json.dumps({"reader": _reader(), "modules": rows}))
