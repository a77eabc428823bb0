"""Scoring: one row for every row read or the reason why not, whole files only, the same bytes however it came about."""

import csv
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift.familiarity import Familiarity
from models.settings import TextSettings
from models.text import Tokens, tokenize_texts
from tasks import scoring, sources
from tasks.runtime import errors
from tasks.scoring import formats, output, progress_store, rows
from tasks.sources.csv_injection import escape_formula, escape_formulas, unescape_formula
from tasks.store import checkpoints
from tasks.store.digests import file_sha256
from tasks.store.outputs import Outputs, RefusedOutput

COLUMNS = output.ModelInfo("model", "1").schema
ROWS = 150_000  # two finished parts of the progress store and the beginning of a third
KILL = [sys.executable, __file__]  # this file is a program too: see its end


class BatchModel:
    """Its answer to a text depends on all texts that it was asked about together: of other batches nothing is equal."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        whole = hashlib.sha256("\n".join(rows["text"]).encode()).digest()
        probability = (rows["text"].str.len() * whole[0] + whole[1]) % 101 / 100
        return pd.DataFrame({"probability": probability, "label": (probability >= 0.5).astype("int64")})


class DyingModel(BatchModel):
    """Ends its process by SIGKILL, or by Ctrl-C, when it is asked for the n-th time; fails where the number is 0."""

    def __init__(self, asked: int, number: int) -> None:
        self.left, self.number = asked, number

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number or 1 // self.number)
        return super().predict(rows)


def score(source: Path, out: Path | str, model: Any, name: str = "batch", **options: Any) -> dict[str, Any]:
    """Score the source as the flow does."""
    return scoring.ScoringJob(sources.fetch(source), str(out), **options).run(model, name, name, "3")


class LengthModel:
    """Longer texts are likelier to be disasters."""

    def predict(self, tweets: pd.DataFrame) -> pd.DataFrame:
        probability = tweets["text"].str.len() / 10
        return pd.DataFrame({"probability": probability, "label": (probability >= 0.5).astype("int64")})


class WordModel(LengthModel):
    """A model that cuts texts into words, as a logged one does."""

    classifier = property(lambda self: self)

    def unwrap_python_model(self) -> "WordModel":
        return self

    def tokenize(self, texts: pa.Array) -> Tokens:
        return tokenize_texts(texts, TextSettings())


@pytest.fixture
def few(tmp_path: Path, home: Path) -> Path:
    """Four rows: an id that is a formula, an id that is missing, no text, too many fields."""
    path = tmp_path / "few.csv"
    path.write_text("id,text,keyword\n1,fire,\n=2+3,no fire,fire\n,flood,\n4, ,\n5,smoke,,and more\n")
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More rows than a part of the progress store, some without text; in two files of a folder."""
    folder = tmp_path_factory.mktemp("many") / "tweets"
    folder.mkdir()
    lines = [
        f"{number},{'' if number % 1_000 == 7 else f'fire number {number * 7919 % 1013}'}" for number in range(ROWS)
    ]
    for name, part in (("a.csv", lines[:50_000]), ("b.csv", lines[50_000:])):
        (folder / name).write_text("id,text\n" + "\n".join(part) + "\n")
    return folder


@pytest.fixture(scope="module")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every form of output that nobody has interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(folder / "state"))
        score(many, folder / "one.parquet", BatchModel())
        score(many, f"{folder}/parts/", BatchModel(), partition_rows=40_000)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def read_any(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_every_row_is_scored_or_lies_beside_with_the_reason(few: Path, tmp_path: Path, suffix: str) -> None:
    written = score(few, tmp_path / f"scored{suffix}", LengthModel())
    assert {name: written[name] for name in ("read", "rows", "positives", "quarantined")} == {
        "read": 5,
        "rows": 3,
        "positives": 2,
        "quarantined": 2,
    }
    scored = read_any(tmp_path / f"scored{suffix}")
    assert [row["id"].lstrip("'") for row in scored] == ["1", "=2+3", "few.csv:3"]
    assert [float(row["probability"]) for row in scored] == [0.4, 0.7, 0.5]
    assert [int(row["label"]) for row in scored] == [0, 1, 1]
    assert {(row["model"], row["version"]) for row in scored} == {("batch", "3")}
    lost = read_any(tmp_path / f"scored.quarantine{suffix}")
    assert [(int(row["source_row"]), row["rule"], row["reason"]) for row in lost] == [
        (4, "no-text", "no text"),
        (5, "malformed-row", "4 fields instead of 3"),
    ]
    assert "and more" in lost[1]["record"]
    assert not list(checkpoints.checkpoints_home().glob("*"))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_rows_that_the_model_cannot_judge_are_counted_and_say_why(tmp_path: Path, home: Path, suffix: str) -> None:
    source = tmp_path / "foreign.csv"
    source.write_text("id,text\n1,fire\n2,пожар в лесу\n3,\n4,qwxz\n5,пожар\n", encoding="utf-8")
    learned = Familiarity(frozenset({"Latin"}), pa.array(["fire"]))
    written = score(source, tmp_path / f"scored{suffix}", WordModel(), familiarity=learned)
    assert written["in_doubt"] == {
        "rows": 3, "unknown_script": {"Cyrillic": 2}, "no_known_word": 1, "mostly_unknown_words": 0,
    }  # fmt: skip
    doubts = [row["doubt"] or None for row in read_any(tmp_path / f"scored{suffix}")]
    assert doubts == [None, "unknown script: Cyrillic", "no known word", "unknown script: Cyrillic"]


def test_a_quarantine_of_the_time_before_goes_when_all_rows_are_scored(few: Path, tmp_path: Path) -> None:
    score(few, tmp_path / "scored.csv", LengthModel())
    few.write_text("id,text\n1,fire\n")
    written = score(few, tmp_path / "scored.csv", LengthModel())
    assert written["quarantine"] is None
    assert not (tmp_path / "scored.quarantine.csv").exists()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'=", "＝"])
def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path, start: str) -> None:
    """Neither an id, which strangers write, nor the name of a model."""
    cell = f'{start}cmd|"/c calc"!A1'
    values = {"id": cell, "probability": 0.5, "label": 1, "model": f"{start}a model", "version": "3"}
    values |= {"doubt": None, "learned_from": None}
    table = pa.table([pa.array([values[name]], COLUMNS.field(name).type) for name in values], COLUMNS)
    formats.write_tables(tmp_path / "scored.csv", ".csv", COLUMNS, [table])
    assert [(row["id"], row["model"]) for row in read_any(tmp_path / "scored.csv")] == [
        (f"'{cell}", f"'{start}a model")
    ]
    assert formats.count_rows(tmp_path / "scored.csv", ".csv") == 1


@pytest.mark.parametrize("cell", ["-7283648", "-1.5", "@crisis_watch"])
def test_plain_numbers_and_handles_stay_as_they_are(cell: str) -> None:
    table = pa.table({"id": [cell, f"{cell}\n", f"{cell}+1", f" {cell}", None]})
    expected = [cell, f"'{cell}\n", f"'{cell}+1", f" {cell}", None]
    assert escape_formulas(table)["id"].to_pylist() == expected
    assert [each and escape_formula(each) for each in table["id"].to_pylist()] == expected


@pytest.mark.parametrize("cell", ["@SUM(1)", "@a_name_of_17_char", "-1-1", "+1", "-", "--1", "-1.", "-.5", "'-1", "@"])
def test_what_only_begins_like_a_number_or_a_handle_is_guarded(cell: str) -> None:
    assert escape_formulas(pa.table({"id": [cell]}))["id"].to_pylist() == [escape_formula(cell)] == [f"'{cell}"]


@given(st.text(alphabet="'=+-@＝1.a_( \n", max_size=20))
def test_what_was_guarded_comes_back_as_it_was(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell
    assert escape_formulas(pa.table({"id": [cell]}))["id"].to_pylist() == [escape_formula(cell)]


def test_raw_csv_leaves_every_cell_as_it_is(few: Path, tmp_path: Path) -> None:
    few.write_text("id,text\n=2+3,fire\n=4,\n")
    score(few, tmp_path / "guarded.csv", LengthModel())
    score(few, tmp_path / "raw.csv", LengthModel(), raw_csv=True)
    ids = [read_any(tmp_path / f"{name}.csv")[0]["id"] for name in ("guarded", "raw")]
    assert ids == ["'=2+3", "=2+3"]
    assert '"=4"' in read_any(tmp_path / "raw.quarantine.csv")[0]["record"]


def test_a_users_file_of_the_name_of_the_quarantine_is_neither_deleted_nor_replaced(few: Path, tmp_path: Path) -> None:
    (tmp_path / "scored.quarantine.csv").write_text("mine")
    few.write_text("id,text\n1,fire\n")
    with pytest.raises(RefusedOutput, match=r"scored\.quarantine\.csv is not replaced"):
        score(few, tmp_path / "scored.csv", DyingModel(1, 0))  # which fails when it is asked
    score(few, tmp_path / "scored.csv", LengthModel(), outputs=Outputs(overwrite=True))
    assert (tmp_path / "scored.quarantine.csv.bak").read_text() == "mine"
    assert not (tmp_path / "scored.quarantine.csv").exists()


def test_a_folder_of_parts_that_was_changed_is_refused_before_any_work(few: Path, tmp_path: Path) -> None:
    score(few, f"{tmp_path}/parts/", LengthModel())
    (tmp_path / "parts" / "part-00000.parquet").write_text("mine")
    with pytest.raises(RefusedOutput, match=r"part-00000\.parquet"):
        score(few, f"{tmp_path}/parts/", DyingModel(1, 0))
    assert (tmp_path / "parts" / "part-00000.parquet").read_text() == "mine"


@pytest.mark.parametrize("text", ['"', "\\", "a\nb", "\u2028 é 🔥", "", "\x00"])
def test_a_line_of_json_says_what_the_cell_says(text: str) -> None:
    (line,) = formats.json_lines(pa.table({"id": [text], "label": pa.array([None], pa.int8())}))
    assert json.loads(line) == {"id": text, "label": None}


def test_parts_hold_the_bits_of_one_file_and_the_manifest_their_digests(whole: Path) -> None:
    """BatchModel would answer otherwise had the size of parts changed what is asked about together."""
    parts = whole / "parts"
    manifest = json.loads((parts / "manifest.json").read_text())
    assert [(part["name"], part["rows"]) for part in manifest["parts"]] == [
        ("part-00000.parquet", 40_000),
        ("part-00001.parquet", 40_000),
        ("part-00002.parquet", 40_000),
        ("part-00003.parquet", 29_850),
    ]
    assert all(part["sha256"] == file_sha256(parts / part["name"]) for part in manifest["parts"])
    together = pa.concat_tables(pq.read_table(parts / part["name"]) for part in manifest["parts"])
    assert together.equals(pq.read_table(whole / "one.parquet"))
    assert together["id"].to_pylist() == [str(number) for number in range(ROWS) if number % 1_000 != 7]
    assert (manifest["read"], manifest["rows"], manifest["quarantined"]) == (ROWS, 149_850, 150)
    assert len(pq.read_table(parts / "quarantine.parquet")) == 150


@pytest.mark.parametrize("out", ["one.parquet", "parts/"])
def test_what_was_killed_goes_on_and_ends_with_the_same_bytes(
    many: Path, whole: Path, tmp_path: Path, home: Path, out: str
) -> None:
    done = subprocess.run([*KILL, str(many), f"{tmp_path}/{out}", "17", "SIGKILL"], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / out).exists()
    written = score(many, f"{tmp_path}/{out}", BatchModel(), **({"partition_rows": 40_000} if out[-1] == "/" else {}))
    assert written["resumed_rows"] == progress_store.PART_ROWS
    ours, expected = tmp_path / out, whole / out
    assert contents(ours) == contents(expected) if ours.is_dir() else ours.read_bytes() == expected.read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert not list(checkpoints.checkpoints_home().glob("*"))
    assert score(many, f"{tmp_path}/again.csv", BatchModel())["resumed_rows"] == 0


def test_ctrl_c_leaves_the_old_file_and_the_work_that_was_done(
    many: Path, whole: Path, tmp_path: Path, home: Path
) -> None:
    out = tmp_path / "one.parquet"
    Outputs().write_text(out, "old")
    done = subprocess.run([*KILL, str(many), str(out), "17", "SIGINT"], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in done.stderr
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert score(many, out, BatchModel())["resumed_rows"] == progress_store.PART_ROWS
    assert out.read_bytes() == (whole / "one.parquet").read_bytes()


@pytest.fixture
def killed(many: Path, tmp_path: Path, home: Path) -> Path:
    """The finished part that a scoring has left which an error ended."""
    with pytest.raises(ZeroDivisionError):
        score(many, tmp_path / "x.csv", DyingModel(17, 0))
    return min(checkpoints.checkpoints_home().glob("score-*/[0-9]*.parquet"))


def test_another_model_or_source_starts_afresh(killed: Path, many: Path, tmp_path: Path) -> None:
    assert score(many, tmp_path / "x.csv", BatchModel(), "another")["resumed_rows"] == 0
    assert score(many / "b.csv", tmp_path / "x.csv", BatchModel())["resumed_rows"] == 0
    assert score(many, tmp_path / "x.csv", BatchModel(), encoding="latin-1")["resumed_rows"] == 0
    assert killed.exists()


def test_a_part_that_was_damaged_is_scored_again(killed: Path, many: Path, whole: Path, tmp_path: Path) -> None:
    killed.write_bytes(killed.read_bytes()[:-1] + b"?")
    assert score(many, tmp_path / "one.parquet", BatchModel())["resumed_rows"] == 0
    assert (tmp_path / "one.parquet").read_bytes() == (whole / "one.parquet").read_bytes()


def test_rows_that_do_not_add_up_are_not_put_in_place(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "scored.csv"
    Outputs().write_text(out, "old")
    monkeypatch.setattr(output.ModelInfo, "rows_of", lambda *_: iter(()))
    with pytest.raises(RuntimeError, match=r"5 rows read, 3 scored \(0 written\), 2 not \(2 written\)"):
        score(few, out, LengthModel())
    assert out.read_text() == "old"
    assert not (tmp_path / "scored.quarantine.csv").exists()


def test_two_scores_at_once_into_one_place_both_end_whole(many: Path, whole: Path, tmp_path: Path, home: Path) -> None:
    """The second waits: it would do the same work. Two of different models do not, and the later one's file stays."""
    results: list[Any] = []
    names = ["batch", "batch", "another"]

    def run(name: str) -> None:
        results.append(score(many, f"{tmp_path}/parts/", BatchModel(), name, partition_rows=40_000))

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result["rows"] for result in results] == [149_850] * 3
    parts = sorted((tmp_path / "parts").glob("part-*.parquet"))
    assert {row for part in parts for row in pq.read_table(part, columns=["model"])["model"].to_pylist()} in (
        {"batch"},
        {"another"},
    )
    if json.loads((tmp_path / "parts" / "manifest.json").read_text())["model"] == "batch":
        assert contents(tmp_path / "parts") == contents(whole / "parts")


def test_a_folder_written_again_holds_the_new_parts_alone(few: Path, many: Path, tmp_path: Path) -> None:
    out = f"{tmp_path}/parts"
    score(many, f"{out}/", BatchModel(), partition_rows=40_000)
    score(few, out, LengthModel())
    assert sorted(contents(Path(out))) == ["manifest.json", "part-00000.parquet", "quarantine.parquet"]
    few.write_text("id,text\n")
    score(few, out, LengthModel())
    assert sorted(contents(Path(out))) == ["manifest.json", "part-00000.parquet"]
    assert pq.read_table(f"{out}/part-00000.parquet").schema == COLUMNS


@pytest.mark.parametrize(
    ("out", "rows", "message"),
    [
        ("scored.xls", None, "end its name in"),
        ("nowhere/scored.csv", None, "make it first"),
        ("nowhere/parts/", None, "make it first"),
        ("scored.csv", 10, "end the name in /"),
        ("few.csv/", None, "is a file"),
        ("", None, "holds other files"),
    ],
)
def test_an_impossible_output_is_refused_before_any_work(few: Path, out: str, rows: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scoring.Destination(f"{few.parent}/{out}", rows).check()


def test_chunks_are_counted_from_the_first_row_whatever_was_done(many: Path) -> None:
    whole = list(rows.Reader(sources.read_tweets(many, labelled=False)).chunks())
    assert [len(chunk) for chunk in whole] == [rows.CHUNK_ROWS] * 18 + [ROWS % rows.CHUNK_ROWS]
    reader = rows.Reader(sources.read_tweets(many, labelled=False))
    rest = list(reader.chunks(done=7 * rows.CHUNK_ROWS))
    assert all(one.equals(other) for one, other in zip(rest, whole[7:], strict=True))
    assert reader.rows == ROWS


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "zip", "jsonl", "parquet", "json"])
def test_a_source_of_any_form_is_scored_alike_and_its_rows_are_known_before(
    tmp_path: Path, home: Path, kind: str
) -> None:
    table = pd.DataFrame({"id": range(1_000), "text": [f"fire {number}" for number in range(1_000)]})
    path = tmp_path / f"tweets.{kind}"
    match kind:
        case "csv":
            table.to_csv(path, index=False)
        case "csv.gz":
            path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("tweets.csv", table.to_csv(index=False))
        case "parquet":
            table.to_parquet(path)
        case _:
            table.to_json(path, orient="records", lines=kind == "jsonl")
    expected = rows.expected_rows(path)
    assert expected is None if kind == "json" else abs(expected - 1_000) <= 1
    assert score(path, tmp_path / "scored.parquet", BatchModel())["rows"] == 1_000
    probabilities = pq.read_table(tmp_path / "scored.parquet")["probability"].to_numpy()
    assert (probabilities == BatchModel().predict(table)["probability"]).all()


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A disk of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs a file system of its own, which may not be mounted here: {error}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("out", ["one.csv", "one.jsonl", "parts/"])
def test_a_full_disk_leaves_nothing_half_written_and_is_named(
    many: Path, small_disk: Path, home: Path, out: str
) -> None:
    (small_disk / "filler").write_bytes(os.urandom(900_000))
    with pytest.raises(OSError, match="No space left") as caught:
        score(many, f"{small_disk}/{out}", BatchModel())
    assert errors.in_words(caught.value) == (
        f"the disk that holds {small_disk} is full: free some space, or write elsewhere"
    )
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
    (small_disk / "filler").unlink()
    out = out.replace(".csv", ".parquet").replace(".jsonl", ".parquet")  # which fits
    assert score(many, f"{small_disk}/{out}", BatchModel())["resumed_rows"] == 2 * progress_store.PART_ROWS


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    source, out, asked, number = sys.argv[1:]
    options = {"partition_rows": 40_000} if out.endswith("/") else {}
    score(Path(source), out, DyingModel(int(asked), getattr(signal, number)), **options)
