"""Which data a retraining reads when no tweets are named: the champion's, and what is assumed of old versions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flows.champion_data import absolute, champion_data, in_json
from flows.ingest import SAMPLE_CORPUS, SAMPLE_TWEETS, TweetSource
from models.gate import Rule, Verdict
from tasks import registry, tracking
from tasks.tracking.requests import FILE

KEPT = Verdict((Rule("better", True, "found so"),))


def set_champion(source: str = "", request: dict[str, Any] | None = None) -> None:
    with tracking.tracked_run("root", "retrain") as run:
        if request is not None:
            run.log_text(json.dumps({"flow": "retrain", "parameters": {"request": request}}), FILE)
        candidate = registry.Candidate(run.run_id, "m", f"runs:/{run.run_id}/model", "model/1", "rows", 0.7)
        candidate = registry.Candidate(**{**vars(candidate), "source": source})
        registry.promote(candidate, lambda _incumbent: KEPT)


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    file = tmp_path / "own.csv"
    file.write_text("text,target\nfire,1\n")
    return file


def test_without_a_champion_the_sample_is_read_and_that_is_said(home: Path) -> None:
    data = champion_data()
    assert (data.tweets.source, data.corpora) == (str(SAMPLE_TWEETS), (str(SAMPLE_CORPUS),))
    assert "there is no champion yet: it retrains on the bundled sample" in data.words


def test_the_tweets_columns_and_texts_of_the_champion_are_read_from_any_folder(
    home: Path, tweets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tweets.parent)
    named = TweetSource(source="own.csv", columns={"label": "target"}, encoding="latin-1")
    set_champion(in_json(named, ("own.csv",), ()))
    monkeypatch.chdir("/")
    data = champion_data()
    assert data.tweets == named.model_copy(update={"source": str(tweets)})
    assert data.corpora == (str(tweets),)
    assert data.words == f"it goes on with the tweets of the champion (version 1): {tweets}"


def test_tweets_in_the_state_folder_are_found_where_it_was_moved_to(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = home / "inbox" / "tweets"
    inbox.mkdir(parents=True)
    (inbox / "own.csv").write_text("text,target\nfire,1\n")
    set_champion(in_json(TweetSource(source=str(inbox)), (str(inbox / "own.csv"),), ()))
    moved = home.rename(tmp_path / "moved")
    monkeypatch.setenv("CRISISFLOW_HOME", str(moved))
    data = champion_data()
    assert data.tweets.source == str(moved / "inbox" / "tweets")
    assert data.corpora == (str(moved / "inbox" / "tweets" / "own.csv"),)


def test_the_vectors_of_the_champion_are_read_again_and_missed_where_they_are_gone(home: Path, tweets: Path) -> None:
    vectors = tweets.with_name("glove.txt")
    vectors.write_text("fire 1 2\n")
    set_champion(in_json(TweetSource(source=str(tweets)), (), (), str(vectors)))
    assert champion_data().vectors == str(vectors)
    vectors.unlink()
    with pytest.raises(ValueError, match=r"version 1\) cannot be read any more: .*glove\.txt"):
        champion_data()


def test_the_kinds_of_the_champion_are_gone_on_with(home: Path, tweets: Path) -> None:
    kinds = tweets.with_name("kinds.csv")
    kinds.write_text("text,type\n")
    set_champion(in_json(TweetSource(source=str(tweets)), (), (), kinds=(str(kinds),), kinds_columns=("type",)))
    data = champion_data()
    assert (data.kinds, data.kinds_columns) == ((str(kinds),), ("type",))
    set_champion(in_json(TweetSource(source=str(tweets)), (), ()))
    assert (champion_data().kinds, champion_data().kinds_columns) == ((), ())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/nowhere/own.csv", r"version 1\) cannot be read any more: .*/nowhere/own\.csv.*--tweets"),
        ("https://me:pw@example.org/t.csv", r"https://\*\*\*@example\.org/t\.csv, whose password is not recorded"),
        ("https://${CRISISFLOW_SECRET_1}@example.org/t.csv", "whose password is not recorded"),
    ],
)
def test_data_that_cannot_be_read_again_are_named_with_the_remedy(home: Path, source: str, said: str) -> None:
    set_champion(in_json(TweetSource(source=source), (), ()))
    with pytest.raises(ValueError, match=said):
        champion_data()


def test_a_version_of_an_earlier_release_is_read_by_the_request_of_its_run(home: Path, tweets: Path) -> None:
    set_champion(request={"tweets": {"source": str(tweets)}, "corpora": ["wiki.txt"]})
    data = champion_data()
    assert (data.tweets.source, data.corpora) == (str(tweets), ())
    assert "recorded by an earlier release; left out, for their folder is not known: wiki.txt" in data.words


def test_an_earlier_version_of_unknown_data_asks_for_tweets(home: Path) -> None:
    set_champion()
    with pytest.raises(ValueError, match=re.escape("learned from: name tweets with --tweets")):
        champion_data()


def test_an_address_is_the_same_in_every_folder() -> None:
    assert [absolute(each) == each for each in ("/a.csv", "s3://b/c", "~/d.csv", "e.csv")] == [True, True, True, False]
