"""Columns at scoring are those of training; a source that lacks one is told, and flags have the last word."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tasks import scoring, sources
from tasks.ingestion import ingest_tweets
from tasks.scoring import TrainedColumns
from tasks.sources import ColumnMap
from tasks.training.labelled_tweets import read_columns

TRAINED = {"id": "id", "text": "tweet", "keyword": "topic", "label": "target"}


class KeywordModel:
    """A tweet with a keyword is a disaster; its length says how likely."""

    def predict(self, tweets: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"probability": tweets["text"].str.len() / 100, "label": tweets["keyword"].notna() * 1})


def find(names: list[str], asked: ColumnMap | None = None, trained: dict[str, str] | None = None) -> Any:
    columns = TrainedColumns.of(asked or ColumnMap(), TRAINED if trained is None else trained)
    return columns.find(names, "a.csv"), columns


def test_the_columns_of_training_are_taken_before_any_that_look_likelier() -> None:
    found, columns = find(["id", "text", "tweet", "keyword", "topic"])
    assert found == {"id": "id", "text": "tweet", "keyword": "topic"}
    assert columns.report() == {"columns": found, "doubts": []}


def test_flags_come_before_the_columns_of_training() -> None:
    found, _ = find(["id", "text", "tweet", "keyword", "topic"], ColumnMap(text="text", keyword="keyword"))
    assert (found["text"], found["keyword"]) == ("text", "keyword")


def test_a_file_without_the_keyword_column_of_training_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found, columns = find(["id", "tweet", "search_term"])
    assert found == {"id": "id", "text": "tweet"}
    (doubt,) = columns.report()["doubts"]
    assert doubt.startswith("a.csv lacks the column 'topic', the keyword in training: labels may be other ones")
    assert "'search_term'" in doubt
    assert "--keyword-column" in doubt
    assert doubt in caplog.messages


def test_another_usual_name_is_taken_and_said() -> None:
    found, columns = find(["id", "message", "topic"])
    assert found["text"] == "message"
    assert columns.report()["doubts"] == [
        "a.csv has no column 'tweet', the text in training: 'message' is taken for it"
    ]


def test_a_model_that_learned_without_keywords_reads_none_unless_told() -> None:
    trained = {"text": "text"}
    found, columns = find(["text", "keyword"], trained=trained)
    assert found == {"text": "text"}
    assert "'keyword' is not read" in columns.report()["doubts"][0]
    found, columns = find(["text", "keyword"], ColumnMap(keyword="keyword"), trained)
    assert (found["keyword"], columns.report()["doubts"]) == ("keyword", [])


def test_ids_that_are_not_wanted_are_not_missed() -> None:
    found, columns = find(["tweet", "topic"], ColumnMap(ids=False))
    assert (found, columns.report()["doubts"]) == ({"text": "tweet", "keyword": "topic"}, [])


def test_a_model_of_before_columns_were_kept_is_used_as_ever() -> None:
    asked = ColumnMap(text="tweet")
    assert TrainedColumns.of(asked, {}) is asked


@pytest.mark.parametrize(("asked", "labels"), [(None, 0), ("search_term", 2)])
def test_the_same_tweets_under_other_column_names_are_scored_alike_once_named(
    home: Path, tmp_path: Path, asked: str | None, labels: int
) -> None:
    path = tmp_path / "tonight.csv"
    path.write_text("id,tweet,search_term\n1,water in the street,flood\n2,smoke,wildfire\n3,a fine day,\n")
    columns = TrainedColumns.of(ColumnMap(keyword=asked), TRAINED)
    job = scoring.ScoringJob(sources.fetch(path), str(tmp_path / "scored.csv"), columns)
    written = job.run(KeywordModel(), "k", "k", "1")
    assert written["positives"] == labels
    assert len(written["doubts"]) == (asked is None)
    assert written["columns"].get("keyword") == asked


def test_other_columns_of_training_are_other_work(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,tweet\n1,smoke\n")
    raw = sources.fetch(tmp_path / "a.csv")
    keys = {
        scoring.ScoringJob(raw, "x.csv", TrainedColumns.of(ColumnMap(), trained)).key("model")
        for trained in ({}, TRAINED, {"text": "tweet"})
    }
    assert len(keys) == 3


def test_training_keeps_the_names_and_words_of_its_source(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    rows = [f"{number},fire number {number} burns,hill,{('yep', 'nope')[number % 2]}" for number in range(40)]
    path.write_text("\n".join(["id,tweet,topic,verdict", *rows]))
    columns = ColumnMap(keyword="topic", label="verdict", positive=("yep",), negative=("nope",))
    assert read_columns(ingest_tweets(sources.fetch(path), columns)) == {
        "names": {"id": "id", "text": "tweet", "keyword": "topic", "label": "verdict"},
        "positive": ["yep"],
        "negative": ["nope"],
    }
