"""The tutorial, as a newcomer types it: every command of its `sh` blocks, one after the other, in one folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, prefect_address: str) -> dict[str, str]:
    """What each command printed; all of them ended well."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    scripts = Path(sys.executable).parent
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "CRISISFLOW_HOME": str(folder / "state"),
        "PREFECT_API_URL": prefect_address,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    answers = {}
    for command in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text()):
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}"
        answers[command.strip() + f" #{len(answers)}"] = done.stdout
    return answers


def answers(said: dict[str, str], command: str) -> list[str]:
    """What was printed by each command that begins so, in order."""
    return [answer for asked, answer in said.items() if asked.startswith(command)]


def test_the_report_counts_what_the_tutorial_says(said: dict[str, str]) -> None:
    (report,) = answers(said, "crisisflow ingest")
    assert "3,025" in report
    assert "27" in report


def test_the_network_wins_and_what_did_not_change_is_not_computed_again(said: dict[str, str]) -> None:
    first, again, changed = answers(said, "crisisflow retrain")
    assert "lstm/scratch" in first
    assert re.search(r"\b0 steps computed, \d+ reused", again)
    assert re.search(r"\b1 step computed, [1-9]\d* reused", changed)


def test_the_same_words_in_another_order_get_the_other_answer(said: dict[str, str]) -> None:
    bonfire, forest_fire = answers(said, "crisisflow explain")
    assert bonfire.startswith("no disaster")
    assert forest_fire.startswith("a real disaster")


def test_three_tweets_are_scored_in_their_order(said: dict[str, str]) -> None:
    (scored,) = answers(said, "cat scored.csv")
    rows = [line.split(",") for line in scored.splitlines()]
    assert [row[0].strip('"') for row in rows] == ["id", "1", "2", "3"]


def test_it_says_why_a_step_was_computed_and_where_the_champion_comes_from(said: dict[str, str]) -> None:
    (why,) = answers(said, "crisisflow cache explain")
    assert "units" in why
    (origin,) = answers(said, "crisisflow lineage")
    assert "tweets.csv" in origin


def test_every_row_is_scored_by_the_evaluation(said: dict[str, str]) -> None:
    (table,) = answers(said, "crisisflow evaluate")
    assert "nb-svm/one-hot" in table
