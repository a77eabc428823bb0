"""What an ingest would refuse at the beginning of a file is refused before any server starts; nothing else is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.ingestion import RefusedTable
from tasks.ingestion.first_look import refuse_unreadable
from tasks.sources import ColumnMap, SourceError, look

ROWS = [{"id": str(number), "text": f"Fire number {number}"} for number in range(4000)]


def lines(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_sound_file_passes_and_what_is_far_away_is_not_looked_at(tmp_path: Path) -> None:
    refuse_unreadable(lines(tmp_path / "a.jsonl", {"text": "Fire", "target": 1}), ColumnMap(), labelled=True)
    refuse_unreadable("https://example.invalid/a.csv", ColumnMap(), labelled=True)


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("", ColumnMap(), "a.csv is empty"),
        ("text,target\nFire,1\n", ColumnMap(text="body"), "no column 'body'"),
        ("text,body\nFire,1\n", ColumnMap(), "no column that looks like the label"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: str, columns: ColumnMap, said: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises((SourceError, RefusedTable), match=said):
        refuse_unreadable(tmp_path / "a.csv", columns, labelled=True)


def test_a_column_that_something_else_will_name_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("body\nFire\n")
    refuse_unreadable(tmp_path / "a.csv", ColumnMap(), columns_named=False)


def test_a_key_that_comes_late_in_a_long_file_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "COUNTED_BYTES", 1000)
    monkeypatch.setattr(look, "LOOKED_BYTES", 1000)
    with pytest.raises(RefusedTable, match="no column that looks like the label"):
        refuse_unreadable(lines(tmp_path / "short.jsonl", *ROWS[:2]), ColumnMap(), labelled=True)
    refuse_unreadable(lines(tmp_path / "a.jsonl", *ROWS, ROWS[0] | {"target": 1}), ColumnMap(), labelled=True)


def test_the_header_of_a_long_table_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "COUNTED_BYTES", 1000)
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in ROWS))
    with pytest.raises(RefusedTable, match="no column that looks like the label"):
        refuse_unreadable(tmp_path / "a.csv", ColumnMap(), labelled=True)


def test_a_wrong_file_starts_neither_prefect_nor_mlflow(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,Fire\n")
    program = (
        "import sys; from flows.cli import app\n"
        "try: app()\n"
        "finally: print([name for name in ('prefect', 'mlflow', 'tensorflow') if name in sys.modules])"
    )
    for words in (["retrain", "--tweets"], ["classify", "--tweets"], ["featurize", "--tweets"]):
        command = [sys.executable, "-c", program, *words, str(tmp_path / "a.csv")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
        assert (done.returncode, done.stdout) == (2, "[]\n"), done.stderr
        assert "no column that looks like the label" in done.stderr
