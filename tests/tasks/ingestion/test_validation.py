"""Ingest of tweets and corpora: every row is kept or quarantined, and bad tables are refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from models.settings import ContractSettings, SplitSettings
from tasks import sources
from tasks.ingestion import DOCUMENTS, QUARANTINE, TWEETS, RefusedTable, UnreconciledError, ingest_corpus, ingest_tweets
from tasks.ingestion.outputs import reconcile
from tasks.ingestion.statistics import Tally
from tasks.sources import ColumnMap
from tasks.store import artifact_store

WORDS = ["river", "bridge", "market", "school", "harbour", "station", "garden", "forest", "museum", "village"]
SOUND = [
    f"{number},,,Fire at the {first} near the {second},{number % 2}"
    for number, (first, second) in enumerate((first, second) for first in WORDS for second in WORDS)
]
HEADER = "id,keyword,location,text,target"


def ingest(folder: Path, rows: list[str], header: str = HEADER, **options: Any) -> Path:
    path = folder / "set.csv"
    path.write_bytes("\n".join([header, *rows]).encode("utf-8", "surrogateescape") + b"\n")
    return ingest_tweets(sources.fetch(path), **options)


def kept(artifact: Path) -> pa.Table:
    return pq.read_table(artifact / "tweets.parquet")


def quarantined(artifact: Path) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row in pq.read_table(artifact / "quarantine.parquet").to_pylist():
        rows.setdefault(row["rule"], []).append(row["source_row"] - len(SOUND))
    return rows


def report(artifact: Path) -> dict[str, Any]:
    return json.loads((artifact / "report.json").read_text())


def test_sound_rows_are_kept_grouped_and_split(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, SOUND)
    table = kept(artifact)
    assert table.schema.equals(TWEETS)
    assert table["id"].to_pylist() == [str(number) for number in range(100)]
    assert table["source_row"].to_pylist() == list(range(1, 101))
    assert table["target"].to_pylist() == [number % 2 for number in range(100)]
    assert set(table["split"].to_pylist()) == {"train", "validation", "test"}
    assert pq.read_schema(artifact / "quarantine.parquet").equals(QUARANTINE)
    artifact_store.verify(artifact)


def test_every_kind_of_bad_row_is_quarantined_under_its_rule(home: Path, tmp_path: Path) -> None:
    bad = [
        "a,,,too,many,1",
        "b,,,caf\udce9 on fire,1",
        "c,,,   ,1",
        "d,,,Err:509,0",
        "e,,,bell \x07 rings,0",
        "f,,," + "long " * 2000 + ",0",
        ",,,nobody names me,0",
        "h,,,smoke?,maybe",
        "i,,,smoke!,",
        "j,,,Storm over town,1",
        "k,,,Storm over town,0",
        "l,,,Storm over town,1",
        "7,,,an id that was there,0",
        "n,,,Fire at the river near the river,0",
    ]
    artifact = ingest(tmp_path, [*SOUND, *bad])
    assert quarantined(artifact) == {
        "malformed-row": [1],
        "undecodable-bytes": [2],
        "no-text": [3],
        "spreadsheet-error": [4],
        "control-characters": [5],
        "over-long": [6],
        "missing-id": [7],
        "unknown-label": [8, 9],
        "conflicting-labels": [10, 11, 12],
        "repeated-id": [13],
        "duplicate": [14],
    }
    assert len(kept(artifact)) == len(SOUND)
    assert report(artifact)["counts"] == {
        "read": 114,
        "kept": 100,
        "quarantined": 14,
        "conflicting": 3,
        "duplicates": 1,
        "repaired": 0,
    }


def test_a_quarantined_row_keeps_its_source_its_whole_record_and_a_reason(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, "x,smoke,Rome,Fire at the river near the river,0"])
    (row,) = pq.read_table(artifact / "quarantine.parquet").to_pylist()
    assert (row["source"], row["source_row"]) == ("set.csv", 101)
    assert row["reason"] == "the same text as set.csv row 1"
    assert json.loads(row["record"]) == {
        "id": "x",
        "keyword": "smoke",
        "location": "Rome",
        "text": "Fire at the river near the river",
        "target": "0",
    }


def test_a_copy_of_a_row_that_is_quarantined_itself_is_kept(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, "x,,,Storm,maybe", "y,,,Storm,1", ",,,Rain,1", "z,,,Rain,1"])
    assert quarantined(artifact) == {"unknown-label": [1], "missing-id": [3]}


def test_of_two_texts_under_one_id_none_is_lost_without_need(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, "7,,,Storm,1", "y,,,Storm,1"])
    assert quarantined(artifact) == {"repeated-id": [1]}
    assert kept(artifact)["text"].to_pylist()[-1] == "Storm"


def test_a_row_of_a_conflict_takes_no_other_row_with_it(home: Path, tmp_path: Path) -> None:
    rows = ["x,,,Storm,1", "y,,,Storm,0", "x,,,Rain,1"]
    artifact = ingest(tmp_path, [*SOUND, *rows])
    assert quarantined(artifact) == {"conflicting-labels": [1, 2]}
    assert kept(artifact)["text"].to_pylist()[-1] == "Rain"


def test_texts_are_the_same_only_character_by_character(home: Path, tmp_path: Path) -> None:
    artifact = ingest(
        tmp_path, [*SOUND, "x,,,Fire at the river near the river ,1", "y,,,fire at the river near the river,1"]
    )
    assert quarantined(artifact) == {}
    groups = [kept(artifact)["group"][row].as_py() for row in (0, 100, 101)]
    assert len(set(groups)) == 1


def test_texts_and_keywords_are_repaired_and_the_repairs_counted(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, 'x,forest%20fire,Z\u00c3\u00bcrich,"Smoke &amp; fire\nagain",1'])
    row = kept(artifact).to_pylist()[-1]
    assert (row["keyword"], row["location"], row["text"]) == ("forest fire", "Zürich", "Smoke & fire again")
    assert report(artifact)["repairs"] == {
        "keyword/percent_escapes": 1,
        "location/mojibake": 1,
        "text/html_entities": 1,
        "text/newlines": 1,
    }
    assert report(artifact)["counts"]["repaired"] == 1


def test_word_labels_are_mapped(home: Path, tmp_path: Path) -> None:
    rows = [row[:-1] + ("Related and informative" if row.endswith("1") else "Not related") for row in SOUND]
    columns = ColumnMap(positive=("related and informative",), negative=("Not related",))
    assert pc.sum(kept(ingest(tmp_path, rows, columns=columns))["target"]).as_py() == 50


def test_unlabelled_tweets_have_no_target(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [row[:-2] for row in SOUND], "id,keyword,location,text")
    assert kept(artifact)["target"].null_count == 100
    assert report(artifact)["labelled"] is False


def test_the_same_rows_give_the_same_artifact_and_a_new_row_moves_none(home: Path, tmp_path: Path) -> None:
    first = ingest(tmp_path, SOUND)
    splits = kept(first)["split"].to_pylist()
    assert ingest(tmp_path, SOUND) == first
    assert kept(ingest(tmp_path, ["x,,,One more,1", *SOUND]))["split"].to_pylist()[1:] == splits


def test_split_settings_are_followed(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, SOUND, split=SplitSettings(validation_share=0, test_share=0))
    assert set(kept(artifact)["split"].to_pylist()) == {"train"}


def test_the_rows_of_several_files_are_named_by_file(home: Path, tmp_path: Path) -> None:
    for name, rows in (("a.csv", SOUND), ("b.csv", ["x,,,Fire at the river near the river,0", "y,,,Storm,1"])):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).write_text("\n".join([HEADER, *rows]))
    artifact = ingest_tweets(sources.fetch(tmp_path / "set"))
    (row,) = pq.read_table(artifact / "quarantine.parquet").to_pylist()
    assert (row["source"], row["source_row"], row["reason"]) == ("b.csv", 1, "the same text as a.csv row 1")
    assert kept(artifact).select(["source", "source_row"]).to_pylist()[-1] == {"source": "b.csv", "source_row": 2}


def test_json_lines_are_quarantined_as_they_stood(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    lines = [
        json.dumps({"id": number, "text": row.split(",")[3], "target": number % 2}) for number, row in enumerate(SOUND)
    ]
    odd = '{"id": 500,  "text": "Storm", "target": "maybe", "user": {"name": "x"}}'
    path.write_text("\n".join([*lines, odd, '{"id": 501, "te']))
    rows = pq.read_table(ingest_tweets(sources.fetch(path)) / "quarantine.parquet").to_pylist()
    assert [row["rule"] for row in rows] == ["unknown-label", "malformed-row"]
    assert rows[0]["record"] == odd


@pytest.mark.parametrize(
    ("rows", "settings", "rule", "figure", "threshold"),
    [
        (SOUND[:5], {}, "too-few-rows", "5 rows kept", "at least 20"),
        ([row[:-1] + "1" for row in SOUND], {}, "one-class-only", "1 classes among the labels", "at least 2"),
        (SOUND, {"min_positive_share": 0.6}, "class-balance", "0.5 of the rows are positive", "at least 0.6"),
        (SOUND, {"max_missing_keyword_share": 0.5}, "missing-rate", "1 of the rows have no keyword", "at most 0.5"),
        (
            [*SOUND, *["x"] * 120],
            {},
            "too-many-quarantined",
            "0.5455 of the rows quarantined, 120 of them under malformed-row (1 field instead of 5)",
            "at most 0.5",
        ),
    ],
)
def test_a_bad_table_is_refused_with_rule_figure_threshold_and_three_rows(
    home: Path, tmp_path: Path, rows: list[str], settings: dict[str, Any], rule: str, figure: str, threshold: str
) -> None:
    with pytest.raises(RefusedTable) as refused:
        ingest(tmp_path, rows, contract=ContractSettings(**settings))
    error = refused.value
    assert (error.rule, error.figure) == (rule, figure)
    assert error.threshold.startswith(threshold)
    assert len(error.rows) == 3
    assert all(part in str(error) for part in (rule, figure, threshold, error.rows[0][:40]))
    assert not list((home / "store" / "tweets").iterdir())


@pytest.mark.parametrize(
    ("header", "options", "complaint"),
    [
        ("id,keyword,location,body,target", {}, "--text-column"),
        ("id,keyword,location,text,mood", {"labelled": True}, "--label-column"),
        (HEADER, {"columns": ColumnMap(label="mood")}, "no column 'mood'"),
    ],
)
def test_a_table_without_a_column_it_needs_is_refused(
    home: Path, tmp_path: Path, header: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RefusedTable, match=complaint) as refused:
        ingest(tmp_path, SOUND, header, **options)
    assert refused.value.rule == "missing-column"
    assert len(refused.value.rows) == 3


def test_contamination_counts_the_rows_of_a_second_source_that_are_among_these(home: Path, tmp_path: Path) -> None:
    second = tmp_path / "test.csv"
    second.write_text(
        "id,text\n900,Fire at the river near the river\n901,FIRE at the river near the river http://t.co/x\n"
        "902,Fire 3 at the river near the river\n903,Something new\n904,\n"
    )
    artifact = ingest(tmp_path, SOUND, against=sources.fetch(second))
    assert report(artifact)["contamination"] == {"rows": 5, "exact": 1, "normalised": 2, "folded": 3}


def test_rows_that_go_missing_stop_an_ingest(tmp_path: Path) -> None:
    for name, rows in (("tweets", 3), ("quarantine", 1)):
        pq.write_table(pa.table({"x": range(rows)}), tmp_path / f"{name}.parquet")
    tally = Tally()
    tally.kept, tally.rules = 3, Counter({"no-text": 1})
    tally.read = 4
    reconcile(tally, [tmp_path / "tweets.parquet"], tmp_path / "quarantine.parquet")
    tally.read = 5
    with pytest.raises(UnreconciledError, match=r"5 rows read, 3 kept \(3 written\), 1 quarantined \(1 written\)"):
        reconcile(tally, [tmp_path / "tweets.parquet"], tmp_path / "quarantine.parquet")


def test_nothing_stays_behind_but_the_artifacts(home: Path, tmp_path: Path) -> None:
    ingest(tmp_path, SOUND)
    with pytest.raises(RefusedTable):
        ingest(tmp_path, SOUND[:3])
    assert not list((home / "scratch").iterdir())
    assert len(list((home / "store" / "tweets").iterdir())) == 1


def test_a_corpus_becomes_shards_of_documents(home: Path, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    lines = [
        {"id": number, "title": f"Day {number}", "text": f"It &amp; that happened {number}."} for number in range(5)
    ]
    lines += [{"id": 5, "title": "Empty", "text": "  "}, {"id": 6, "title": "Again", "text": lines[0]["text"]}]
    (tmp_path / "news" / "part_00").write_text("\n".join(map(json.dumps, lines)))
    artifact = ingest_corpus(sources.fetch(tmp_path / "news"))
    (shard,) = artifact.glob("shard-*.parquet")
    table = pq.read_table(shard)
    assert table.schema.equals(DOCUMENTS)
    assert table.to_pylist()[0] == {"document": "part_00#0", "title": "Day 0", "text": "It & that happened 0."}
    assert quarantined_documents(artifact) == [("part_00", 6, "no-text"), ("part_00", 7, "duplicate")]
    assert report(artifact)["counts"] == {
        "read": 7,
        "kept": 5,
        "quarantined": 2,
        "conflicting": 0,
        "duplicates": 1,
        "repaired": 6,
    }


def quarantined_documents(artifact: Path) -> list[tuple[str, int, str]]:
    rows = pq.read_table(artifact / "quarantine.parquet").to_pylist()
    return [(row["source"], row["source_row"], row["rule"]) for row in rows]


def test_a_large_corpus_is_cut_into_shards(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.ingestion.corpus.SHARD_CHARACTERS", 100)
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(f"Paragraph number {number:03} of the text." for number in range(10)))
    shards = sorted(ingest_corpus(sources.fetch(path)).glob("shard-*.parquet"))
    assert [shard.name for shard in shards] == [f"shard-{number:05}.parquet" for number in range(3)]
    texts = [text for shard in shards for text in pq.read_table(shard)["text"].to_pylist()]
    assert texts == [f"Paragraph number {number:03} of the text." for number in range(10)]


def test_a_corpus_of_nothing_is_refused(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    path.write_text('{"id": 1, "text": ""}\n')
    with pytest.raises(RefusedTable, match="no document kept"):
        ingest_corpus(sources.fetch(path))


@pytest.fixture(scope="module")
def disaster_tweets(real_data: Path) -> Path:
    folder = real_data / "disaster_tweets"
    return ingest_tweets(sources.fetch(folder / "train.csv"), against=sources.fetch(folder / "test.csv"))


def test_published_facts_of_the_disaster_tweets_are_found(disaster_tweets: Path) -> None:
    """Counted independently on the raw file; the normalised row by the rule that published counts state."""
    found = report(disaster_tweets)
    assert found["duplicates"]["exact"] == {"texts": 69, "rows": 179, "conflicting_texts": 18, "conflicting_rows": 55}
    assert found["duplicates"]["normalised"] == {
        "texts": 342,
        "rows": 1109,
        "conflicting_texts": 81,
        "conflicting_rows": 297,
    }
    assert (found["contamination"]["rows"], found["contamination"]["normalised"]) == (3263, 460)
    assert found["raw"] == {
        "no_keyword": 61,
        "no_location": 2533,
        "mojibake": 614,
        "html_entities": 359,
        "newlines": 435,
    }


def test_of_the_disaster_tweets_every_row_of_a_conflict_goes_and_of_copies_one_stays(disaster_tweets: Path) -> None:
    found = report(disaster_tweets)
    assert found["rules"] == {"duplicate": 73, "conflicting-labels": 55, "spreadsheet-error": 1}
    assert len(kept(disaster_tweets)) == found["counts"]["kept"] == 7613 - 129


def test_a_copy_saved_by_a_spreadsheet_gives_the_same_tweets(real_data: Path, disaster_tweets: Path) -> None:
    """Three of its locations became dates; nothing else may differ."""
    saved = kept(ingest_tweets(sources.fetch(real_data / "disaster_tweets" / "train_excel_crlf.csv")))
    original = kept(disaster_tweets)
    for name in ("id", "text", "keyword", "target", "source_row", "group", "split"):
        assert saved[name].equals(original[name]), name
    assert pc.sum(pc.not_equal(saved["location"], original["location"])).as_py() == 3


def test_tweets_of_six_crises_are_ingested(home: Path, real_data: Path) -> None:
    artifact = ingest_tweets(sources.fetch(real_data / "crisislex" / "CrisisLexT6"))
    counts = report(artifact)["counts"]
    assert counts["read"] == 60_082 == counts["kept"] + counts["quarantined"]
    assert set(report(artifact)["rules"]) <= {"duplicate", "conflicting-labels", "repeated-id"}
    assert kept(artifact)["id"][0].as_py().isdecimal()
