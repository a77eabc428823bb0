"""What processes before this one read of the code's texts: taken up by the text alone, and never needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tasks.caching import syntax

TEXT = b'"""About."""\nimport os, a.b\nfrom . import near\nfrom .near import *\nLIMIT = os.sep + "\\ud800" + near.far\n'


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(syntax, "KEPT", tmp_path / "readings.json")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    forget()
    yield tmp_path / "readings.json"
    forget()


def forget() -> None:
    """As a new process begins."""
    syntax.parse.cache_clear()
    syntax._kept.cache_clear()


def refuse(text: bytes) -> NoReturn:
    raise AssertionError(f"{text!r} was read again")


def test_a_text_is_read_once_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = syntax.parse(TEXT)
    syntax.keep([TEXT])
    forget()
    monkeypatch.setattr(syntax, "_read", refuse)
    assert syntax.parse(TEXT) == first
    assert first.imports == ((None, 0, ("os", "a.b")), (None, 1, ("near",)), ("near", 1, ("*",)))
    assert first.strings == {"\ud800"}
    with pytest.raises(AssertionError, match="was read again"):
        syntax.parse(TEXT.replace(b"os.sep", b"os.pathsep"))


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"reader": 1, "modules": {}}', "cut", "list"])
def test_a_damaged_file_or_one_of_another_reader_is_read_anew_and_replaced(kept: Path, damage: str) -> None:
    first = syntax.parse(TEXT)
    syntax.keep([TEXT])
    whole = kept.read_text()
    listed = json.dumps(json.loads(whole) | {"modules": [1]})
    kept.write_text({"cut": whole[:-9], "list": listed}.get(damage, damage))
    forget()
    assert syntax.parse(TEXT) == first
    syntax.keep([TEXT])
    assert kept.read_text() == whole


def test_only_what_the_project_still_consists_of_is_kept(kept: Path) -> None:
    syntax.keep([TEXT])
    forget()
    syntax.keep([b"LIMIT = 3\n"])
    assert len(json.loads(kept.read_text())["modules"]) == 1


def test_nothing_is_written_where_python_is_to_write_no_compiled_code(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    syntax.keep([TEXT])
    assert not kept.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.with_name("file").touch()
    monkeypatch.setattr(syntax, "KEPT", kept.with_name("file") / "readings.json")
    syntax.keep([TEXT])
