"""A retry of the quarantine: mended rows come back, kept rows stay, every count adds up."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.settings import ContractSettings, RetrySettings
from tasks import sources
from tasks.ingestion import ingest_corpus, ingest_tweets
from tasks.ingestion.corrections import ABOUT_ROW
from tasks.ingestion.retry import retry_tweets
from tasks.sources import ColumnMap, SourceError
from tasks.sources.csv_injection import escape_formula
from tasks.store import artifact_store

WORDS = ["river", "bridge", "market", "school", "harbour", "station"]
SOUND = [
    [str(number), f"Fire at the {first} near the {second}", str(number % 2)]
    for number, (first, second) in enumerate((first, second) for first in WORDS for second in WORDS)
]
BAD = {
    "unknown-label": ["a", "Smoke over the hills", "maybe"],
    "no-text": ["b", " ", "1"],
    "over-long": ["c", "Wind " * 1200, "0"],
    "missing-id": ["", "Nobody named me", "0"],
    "duplicate": ["d", SOUND[0][1], "0"],
    "conflicting-labels": ["e", SOUND[1][1], "0"],
    "malformed-row": ["f", "Storm", "in the valley", "1"],
}
MENDED = {
    "unknown-label": ["a", "Smoke over the hills", "1"],
    "no-text": ["b", "Rain on the roof", "1"],
    "over-long": ["c", "Wind", "0"],
    "missing-id": ["z", "Nobody named me", "0"],
    "duplicate": ["d", "Fire somewhere else", "0"],
    "conflicting-labels": ["e", "Flood somewhere else", "0"],
    "malformed-row": ["f", "Storm, in the valley", "1"],
}


def write(path: Path, rows: list[list[str]], header: tuple[str, ...] = ("id", "text", "target")) -> Path:
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file).writerows([header, *rows])
    return sources.fetch(path)


def table_with(folder: Path, rows: list[list[str]], **options: Any) -> Path:
    """A table of all sound rows with these rows among them."""
    (folder / "source").mkdir(exist_ok=True)
    return ingest_tweets(write(folder / "source" / "set.csv", [*SOUND[:20], *rows, *SOUND[20:]]), **options)


def kept(table: Path) -> list[dict[str, Any]]:
    return pq.read_table(table / "tweets.parquet").to_pylist()


def quarantine(table: Path) -> list[dict[str, Any]]:
    return pq.read_table(table / "quarantine.parquet").to_pylist()


def report(table: Path) -> dict[str, Any]:
    return json.loads((table / "report.json").read_text())


def counts_add_up(table: Path) -> bool:
    counts = report(table)["counts"]
    return counts["read"] == counts["kept"] + counts["quarantined"] == len(kept(table)) + len(quarantine(table))


def corrections(folder: Path, table: Path, mended: dict[str, list[str]]) -> Path:
    """The export of a quarantine, these rules mended in it."""
    rows = [
        ["set.csv", str(row["source_row"]), *mended[row["rule"]]] for row in quarantine(table) if row["rule"] in mended
    ]
    return write(folder / "corrected.csv", rows, ("source", "source_row", "id", "text", "target"))


def test_a_table_retried_with_the_corrected_source_is_the_table_of_that_source(home: Path, tmp_path: Path) -> None:
    bad = [row for rule, row in BAD.items() if rule != "conflicting-labels"]
    good = [row for rule, row in MENDED.items() if rule != "conflicting-labels"]
    corrected = write(tmp_path / "mended.csv", [*SOUND[:20], *good, *SOUND[20:]])
    retried = retry_tweets(table_with(tmp_path, bad), corrected)
    assert kept(retried) == kept(table_with(tmp_path, good))
    assert quarantine(retried) == []
    assert report(retried)["retry"]["returned_by_rule"] == {rule: 1 for rule in sorted(BAD) if "conflict" not in rule}


def test_only_the_rows_that_were_corrected_come_back(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, list(BAD.values()))
    some = {rule: MENDED[rule] for rule in ("unknown-label", "malformed-row")}
    after = retry_tweets(before, corrections(tmp_path, before, some))
    assert [row for row in quarantine(before) if row["rule"] not in some] == quarantine(after)
    assert report(after)["retry"]["returned"] == 2
    assert counts_add_up(before)
    assert counts_add_up(after)


def test_settling_one_side_of_a_contradiction_brings_both_rows_back(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["conflicting-labels"]])
    assert [row["source_row"] for row in quarantine(before)] == [2, 21]
    header = ("source_row", "id", "text", "target")
    corrected = write(tmp_path / "corrected.csv", [["21", "e", SOUND[1][1], "1"]], header)
    after = retry_tweets(before, corrected)
    assert [(row["source_row"], row["rule"]) for row in quarantine(after)] == [(21, "duplicate")]
    assert kept(after)[1]["text"] == SOUND[1][1]


def test_kept_rows_and_their_splits_never_move(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, list(BAD.values()))
    after = retry_tweets(before, corrections(tmp_path, before, MENDED))
    now = {row["source_row"]: row for row in kept(after)}
    assert all(now[row["source_row"]] == row for row in kept(before))
    assert [row["source_row"] for row in kept(after)] == sorted(now)


def test_the_old_table_stays_and_the_new_one_names_both_its_sources(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, list(BAD.values()))
    corrected = corrections(tmp_path, before, MENDED)
    after = retry_tweets(before, corrected)
    artifact_store.verify(before)
    assert report(after)["retry"]["table"] == before.name
    assert report(after)["retry"]["corrected"] == corrected.name


def test_a_changed_limit_lets_rows_back_in(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["over-long"], BAD["no-text"]])
    after = retry_tweets(before, settings=RetrySettings(contract=ContractSettings(max_characters=10_000)))
    assert [row["rule"] for row in quarantine(after)] == ["no-text"]
    assert counts_add_up(after)


def test_label_words_that_are_explained_let_rows_back_in(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["unknown-label"]])
    after = retry_tweets(before, settings=RetrySettings(positive=("1", "maybe"), negative=("0",)))
    assert quarantine(after) == []
    assert next(row for row in kept(after) if row["id"] == "a")["target"] == 1


def test_another_encoding_lets_undecodable_rows_back_in(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [["a", "caf\udce9 on fire", "1"], ["é", "Feuer überall", "1"]])
    assert [row["rule"] for row in quarantine(before)] == ["undecodable-bytes"]
    after = retry_tweets(before, settings=RetrySettings(encoding="latin-1"))
    assert next(row for row in kept(after) if row["id"] == "a")["text"] == "café on fire"
    assert next(row for row in kept(after) if row["id"] == "é")["text"] == "Feuer überall"


def test_a_returning_row_may_not_copy_contradict_or_share_the_id_of_a_kept_one(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["no-text"], BAD["unknown-label"], BAD["missing-id"]])
    mended = {
        "no-text": ["b", SOUND[0][1], SOUND[0][2]],
        "unknown-label": ["a", SOUND[1][1], "0"],
        "missing-id": [SOUND[2][0], "Nobody named me", "0"],
    }
    after = retry_tweets(before, corrections(tmp_path, before, mended))
    assert [(row["rule"], row["reason"]) for row in quarantine(after)] == [
        ("duplicate", "the same text as set.csv row 1"),
        ("conflicting-labels", "the same text has another label in set.csv row 2"),
        ("repeated-id", "the same id as set.csv row 3"),
    ]
    assert kept(after) == kept(before)


def test_a_kept_row_that_is_contradicted_still_holds_its_id(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["no-text"], BAD["unknown-label"]])
    mended = {"no-text": ["b", SOUND[1][1], "0"], "unknown-label": [SOUND[1][0], "Another text", "1"]}
    after = retry_tweets(before, corrections(tmp_path, before, mended))
    assert [row["rule"] for row in quarantine(after)] == ["conflicting-labels", "repeated-id"]
    assert kept(after) == kept(before)


def test_a_retried_table_can_be_retried(home: Path, tmp_path: Path) -> None:
    first = table_with(tmp_path, list(BAD.values()))
    second = retry_tweets(first, corrections(tmp_path, first, {"no-text": MENDED["no-text"]}))
    third = retry_tweets(second, corrections(tmp_path, second, {"malformed-row": MENDED["malformed-row"]}))
    assert len(kept(third)) == len(kept(first)) + 2
    assert counts_add_up(third)
    assert next(row for row in kept(third) if row["id"] == "f")["text"] == "Storm, in the valley"


def test_rows_of_several_files_return_to_their_places(home: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write(tmp_path / "set" / "b.csv", [*SOUND[:18], BAD["no-text"]])
    write(tmp_path / "set" / "a.csv", [BAD["unknown-label"], *SOUND[18:]])
    before = ingest_tweets(sources.fetch(tmp_path / "set"))
    rows = [["b.csv", "19", "b", "Rain on the roof", "1"], ["a.csv", "1", "a", "Smoke over the hills", "1"]]
    corrected = write(tmp_path / "corrected.csv", rows, ("source", "source_row", "id", "text", "target"))
    after = kept(retry_tweets(before, corrected))
    assert [(row["source"], row["source_row"]) for row in after] == [
        *(("a.csv", row) for row in range(1, 20)),
        *(("b.csv", row) for row in range(1, 20)),
    ]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([["set.csv", "1", "x", "Fire", "1"]], "set.csv row 1 is not in this quarantine"),
        ([["set.csv", "21", "x", "Fire", "1"]] * 2, "set.csv row 21 is corrected twice"),
        ([["set.csv", "", "x", "Fire", "1"]], "does not say which row it corrects"),
    ],
)
def test_a_correction_that_fits_no_row_is_refused(
    home: Path, tmp_path: Path, rows: list[list[str]], complaint: str
) -> None:
    before = table_with(tmp_path, [BAD["no-text"]])
    corrected = write(tmp_path / "corrected.csv", rows, ("source", "source_row", "id", "text", "target"))
    with pytest.raises(SourceError, match=complaint):
        retry_tweets(before, corrected)


def test_a_corrected_copy_of_another_length_is_refused(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [BAD["no-text"]])
    with pytest.raises(SourceError, match="has 36 rows, the source had 37"):
        retry_tweets(before, write(tmp_path / "mended.csv", SOUND))


def test_there_must_be_something_to_retry(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to retry"):
        retry_tweets(table_with(tmp_path, []))


def test_a_corpus_is_mended_at_its_source(home: Path, tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text('{"text": "It rained."}\n{"text": ""}\n')
    with pytest.raises(ValueError, match="is a corpus"):
        retry_tweets(ingest_corpus(sources.fetch(tmp_path / "news.jsonl")))


def test_what_was_escaped_for_a_spreadsheet_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [["=1+1", "'=cmd|calc", "maybe"]])
    (row,) = quarantine(before)
    cells = [escape_formula(cell) for cell in json.loads(row["record"]).values()]
    assert cells == ["'=1+1", "''=cmd|calc", "maybe"]
    rows = [["set.csv", str(row["source_row"]), *cells[:2], "1"]]
    after = retry_tweets(before, write(tmp_path / "corrected.csv", rows, (*ABOUT_ROW[:2], "id", "text", "target")))
    assert ("=1+1", "'=cmd|calc") in {(row["id"], row["text"]) for row in kept(after)}


def test_a_corrected_copy_is_read_as_the_table_was(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    columns = ColumnMap(id="1", text="2", label="3", header=False, delimiter=";")

    def write_rows(path: Path, rows: list[list[str]]) -> Path:
        path.write_text("".join(";".join(row) + "\n" for row in rows))
        return sources.fetch(path)

    before = ingest_tweets(write_rows(folder / "set.csv", [*SOUND, ["a", "Smoke over the hills", "maybe"]]), columns)
    corrected = write_rows(tmp_path / "mended.csv", [*SOUND, ["a", "Smoke over the hills", "1"]])
    assert counts_add_up(after := retry_tweets(before, corrected))
    assert report(after)["retry"]["returned"] == 1


def test_the_form_of_the_corrected_rows_can_be_told(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [["a", "Smoke over the hills", "maybe"]])
    row = ("set.csv", str(quarantine(before)[0]["source_row"]), "a", "Fumée\\^ là", "1")
    lines = "^".join(("source", "source_row", "id", "text", "target")) + "\n" + "^".join(row) + "\n"
    (tmp_path / "mended.csv").write_bytes(lines.encode("cp850"))
    settings = RetrySettings(delimiter="^", encoding="cp850", escape="backslash")
    after = retry_tweets(before, sources.fetch(tmp_path / "mended.csv"), settings)
    assert [each["text"] for each in kept(after) if each["id"] == "a"] == ["Fumée^ là"]


def test_rows_without_ids_come_back_numbered(home: Path, tmp_path: Path) -> None:
    before = table_with(tmp_path, [["", "Smoke over the hills", "1"]])
    assert quarantine(before)[0]["rule"] == "missing-id"
    after = retry_tweets(before, settings=RetrySettings(ids=False))
    assert [each["id"] for each in kept(after) if each["text"] == "Smoke over the hills"] == ["set.csv:21"]
