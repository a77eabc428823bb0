"""Every command that writes where a user says: what is not crisisflow's own is refused before any work, by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "score": ["score", "SOURCE", "--out", "out.csv"],
    "score, rows that cannot be scored": ["score", "SOURCE", "--out", "out.quarantine.csv"],
    "score, a folder": ["score", "SOURCE", "--out", "."],
    "explain": ["explain", "forest fire", "--html", "out.csv"],
    "lineage": ["lineage", "@champion", "--out", "out.csv"],
    "compare": ["compare", "--out", "out.csv"],
    "gradients": ["gradients", "--out", "out.png"],
    "export-vectors": ["export-vectors", "--out", "out.csv"],
    "export-vectors, the words of a Keras file": ["export-vectors", "--format", "keras", "--out", "out.keras"],
    "export-vectors, the projector's folder": ["export-vectors", "--format", "projector", "--out", "."],
}
FOREIGN = ("out.csv", "out.quarantine.csv", "out.quarantine.quarantine.csv", "out.png", "out.vocabulary.txt")


def crisisflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder, with a state folder that holds nothing: any work would fail."""
    environment = {**os.environ, "CRISISFLOW_HOME": str(folder.parent / "state"), "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "flows", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300, check=False
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_crisisflow_did_not_write_stays_and_the_flag_is_named(name: str, tmp_path: Path) -> None:
    folder, source = tmp_path / "folder", tmp_path / "tweets.csv"
    folder.mkdir()
    source.write_text("id,text\n1,forest fire near the mill\n")
    for file in (*FOREIGN, "vectors.tsv"):
        (folder / file).write_text("mine")
    done = crisisflow(folder, *(str(source) if each == "SOURCE" else each for each in COMMANDS[name]))
    assert done.returncode == 2
    assert "--overwrite to move" in " ".join(done.stderr.split())
    assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(
        [*FOREIGN, "vectors.tsv"], "mine"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["score", "a.csv", "--out", "a.csv"],
        ["score", "a.csv", "--out", "link.csv"],
        ["score", "*.csv", "--out", "a.csv"],
        ["export-vectors", "--vectors", "a.csv", "--out", "a.csv"],
        ["lineage", "a.csv", "--out", "a.csv"],
    ],
    ids=" ".join,
)
def test_a_source_is_not_replaced_even_with_the_flag(arguments: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.csv").write_text("id,text\n1,forest fire near the mill\n")
    (folder / "link.csv").symlink_to("a.csv")
    done = crisisflow(folder, *arguments, "--overwrite")
    assert done.returncode == 2
    assert "is a source" in " ".join(done.stderr.split())
    assert (folder / "a.csv").read_text() == "id,text\n1,forest fire near the mill\n"


def test_what_crisisflow_wrote_is_written_again_and_what_it_did_not_is_kept_by_the_flag(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "flow.svg").write_text("mine")
    draw = ["gradients", "--kind", "rnn", "--lag", "2", "--units", "2", "--out", "flow.svg"]
    assert crisisflow(folder, *draw, "--overwrite").returncode == 0
    assert crisisflow(folder, *draw).returncode == 0
    assert (folder / "flow.svg.bak").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["flow.svg", "flow.svg.bak"]
