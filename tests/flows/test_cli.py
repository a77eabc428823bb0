"""The command line as a user types it: in a process of its own, wrong flags and wrong files included."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.replay import exit_code

COMMANDS = (
    "retrain",
    "evaluate",
    "ingest",
    "inspect",
    "quarantine",
    "featurize",
    "embed",
    "classify",
    "neighbours",
    "senses",
    "export-vectors",
    "gradients",
    "score",
    "drift",
    "drill",
    "notify",
    "explain",
    "compare",
    "serve",
    "lineage",
    "cache",
    "replay",
    "champion",
    "rollback",
    "up",
    "status",
    "ui",
    "backup",
    "restore",
    "doctor",
)


def crisisflow(*arguments: object, home: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    environment = {**os.environ, **variables, **({"CRISISFLOW_HOME": str(home)} if home else {})}
    command = [sys.executable, "-m", "flows", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert f" {command} " in done.stdout.partition("\n\n")[0]
    assert "Usage:" in done.stdout
    assert done.stderr == ""


def test_a_process_that_explains_a_command_says_nothing_else() -> None:
    done = crisisflow("retrain", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = {"prefect", "mlflow", "tensorflow", "pandas"}
    script = f"import sys; from flows.cli import app; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_command_shows_the_commands() -> None:
    done = crisisflow()
    assert all(command in done.stdout for command in COMMANDS)


def test_an_unknown_flag_is_named() -> None:
    done = crisisflow("retrain", "--tweet", "x.csv")
    assert done.returncode == 2
    assert "--tweet" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("retrain", "--tweets", "nowhere.csv"), "nowhere.csv"),
        (("retrain", "--recipe", "perfect"), "use one of"),
        (("embed", "--window", "51"), "--window"),
        (("score", "tweets.csv", "--out", "scored.xls"), ".csv, .parquet or .jsonl"),
        (("compare", "0123"), "0123"),
        (("replay", "0123"), "0123"),
        (("cache", "explain", "train"), "no step 'train' in the cache"),
        (("cache", "prune", "--older-than", "soon"), "30d"),
    ],
)
def test_bad_input_is_one_clear_paragraph_and_exit_code_2(
    tmp_path: Path,
    begin_state: Callable[[Path], Path],
    prefect_address: str,
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    done = crisisflow(*arguments, home=begin_state(tmp_path), PREFECT_API_URL=prefect_address)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("identical", "verdict", "code"),
    [
        (True, "identical", 0),
        (False, "different", 1),
        (False, "equal within tolerance, other hardware", 3),
    ],
)
def test_a_replay_ends_with_0_only_when_all_is_identical(identical: bool, verdict: str, code: int) -> None:
    assert exit_code({"identical": identical, "verdict": verdict}) == code


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = crisisflow("compare", "0123", "--debug", home=tmp_path)
    assert "Traceback" in done.stderr


def test_status_says_how_to_start_what_is_not_running(tmp_path: Path) -> None:
    done = crisisflow("status", home=tmp_path)
    assert done.returncode == 1
    assert "crisisflow up" in done.stdout
    facts = json.loads(crisisflow("status", "--json", home=tmp_path).stdout)
    assert facts["healthy"] is False


def test_scoring_without_a_champion_says_what_to_do(tmp_path: Path, prefect_address: str) -> None:
    tweets = tmp_path / "tweets.csv"
    tweets.write_text("id,text\n1,Fire in the hills\n")
    command = ("score", tweets, "--out", tmp_path / "scored.csv")
    done = crisisflow(*command, home=tmp_path / "state", PREFECT_API_URL=prefect_address)
    assert done.returncode == 2
    assert "crisisflow retrain" in done.stderr
    assert not (tmp_path / "scored.csv").exists()


def test_rolling_back_to_nothing_says_so_and_the_line_of_champions_is_empty(tmp_path: Path) -> None:
    done = crisisflow("rollback", "--why", "false alarms", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no champion yet to go back to" in done.stderr
    shown = json.loads(crisisflow("champion", "--json", home=tmp_path).stdout)
    assert shown.pop("tracking_uri").startswith("sqlite:///")
    assert shown == {
        "version": None,
        "model": None,
        "serves": None,
        "in_use": None,
        "load": [],
        "history": [],
    }


def test_a_failure_is_one_object_too_where_json_is_asked_for(tmp_path: Path) -> None:
    done = crisisflow("inspect", tmp_path / "absent.csv", "--json", home=tmp_path / "state")
    assert done.returncode == 2
    said = json.loads(done.stdout)
    assert said.keys() == {"error", "kind", "remedy"}
    assert said["kind"] == "input"
    assert said["error"] in done.stderr


def test_a_picture_is_called_one_where_tweets_are_expected(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe")
    done = crisisflow("inspect", tmp_path / "picture.csv", "--json", home=tmp_path / "state")
    assert done.returncode == 2
    assert json.loads(done.stdout)["refused"] == "picture.csv is a picture"


def test_gradients_says_what_it_found_and_draws_it(tmp_path: Path) -> None:
    picture = tmp_path / "flow.png"
    done = crisisflow("gradients", "--kind", "rnn", "--lag", 60, "--units", 8, "--out", picture, "--json")
    found = json.loads(done.stdout)
    assert found["verdict"] == "vanishing"
    assert found["ratio"] < 0.01
    assert any("LSTM" in advice for advice in found["advice"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    refused = crisisflow("gradients", "--out", tmp_path / "flow.docx")
    assert refused.returncode == 2
    assert "flow.docx" in refused.stderr
