"""`crisisflow inspect` as a user types it, and what ingests the same source says of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("prefect", "mlflow", "tensorflow", "great_expectations")


def inspect(*arguments: object, home: Path, columns: int = 80) -> subprocess.CompletedProcess[str]:
    """Run the command; the last line of stderr names the heavy modules that it imported."""
    script = (
        "import sys; from flows.cli import main\n"
        f"try: main()\nfinally: print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    return subprocess.run(
        [sys.executable, "-c", script, "inspect", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "CRISISFLOW_HOME": str(home), "COLUMNS": str(columns)},
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def tweets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inspect") / "tweets.csv"
    rows = "".join(f"{number},Crews fight a fire near mill {number},{number % 2},x\n" for number in range(40))
    path.write_text(f"id,text,target,note\n{rows}")
    return path


def test_a_look_imports_nothing_heavy_and_writes_nothing(tweets: Path, tmp_path: Path) -> None:
    done = inspect(tweets, "--json", home=tmp_path / "state")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert json.loads(done.stdout)["rows"] == 40


@pytest.mark.parametrize("state", ["absent", "held/state", "wrong%20name"])
def test_a_look_needs_no_state_folder_and_leaves_no_file(
    tweets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    (tmp_path / "held").write_text("a file, where the state folder would have to be")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    before = sorted(tmp_path.rglob("*"))
    assert inspect(tweets, home=tmp_path / state).returncode == 0
    assert inspect(tmp_path / "nothing.csv", home=tmp_path / state).returncode == 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("columns", [60, 80])
def test_a_look_fits_the_terminal_and_names_the_flags(tweets: Path, tmp_path: Path, columns: int) -> None:
    done = inspect(tweets, home=tmp_path, columns=columns)
    below_head = done.stdout.splitlines()[1:]
    assert max(map(len, below_head)) <= columns
    for shown in ("40 rows", "comma", "utf-8", "column target", "note", "means 0", "fire near mill 0"):
        assert shown in done.stdout
    for flag in ("--delimiter", "--encoding", "--text-column", "--positive-label", "--no-ids", "--no-header"):
        assert flag in done.stdout


def test_a_source_that_ingest_would_refuse_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,body\n1,Fire near the mill\n")
    done = inspect(tmp_path / "a.csv", "--json", home=tmp_path / "state")
    assert done.returncode == 2
    assert "--text-column" in json.loads(done.stdout)["refused"]
    assert inspect(tmp_path / "a.csv", "--text-column", "body", home=tmp_path / "state").returncode == 0


def test_an_ingest_keeps_what_it_understood(
    tweets: Path, prefect: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cli.render.models import ingested
    from flows.ingest import TweetSource, ingest_and_report
    from tasks import tracking

    result: dict[str, Any] = ingest_and_report(TweetSource(source=str(tweets)))
    ingested(result)
    printed = capsys.readouterr().out
    for line in (
        "Read as: delimited, comma",
        "Columns: id = id",
        "left: note",
        "Labels: 0 (20, means 0)",
        "Ids: whole",
    ):
        assert line in printed
    runs = [result["run_id"], *(run.info.run_id for run in tracking.descendants(result["run_id"]))]
    kept = [path for run in runs for path in (tracking.client().list_artifacts(run)) if path.path == "inspect.json"]
    assert kept
