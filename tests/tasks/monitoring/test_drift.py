"""Rows are drawn once each, never those that were learned; the verdict on them is recorded with its page."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows.drift import DriftRequest, check_drift
from tasks import registry, sources, tracking
from tasks.monitoring.drift import window_number
from tasks.monitoring.reference import read_reference
from tasks.monitoring.window import draw_window
from tasks.packaging import mlflow_model
from tasks.scoring.rows import Reader
from tasks.sources.tweets import read_tweets
from tasks.store import formats

FIRES = ["fire", "flood", "storm", "smoke", "rescue", "homes", "river"]
PARTIES = ["party", "music", "dance", "tonight", "tickets"]


def written(words: list[str], rows: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join([*draw.choices(words, k=5), "no" + "abcdefghij"[row % 10] + chr(97 + row // 10 % 26)])
            for row in range(rows)]  # fmt: skip


def window(path: Path, learned: list[str], most: int = 10) -> Any:
    chunks = Reader(read_tweets(sources.fetch(path), labelled=False)).chunks()
    from models.splitting.splits import group_digests

    return draw_window(chunks, group_digests(pa.array(learned, pa.string())), most)


def test_copies_and_rows_without_text_are_left_out_and_learned_texts_are_marked(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "tweets.csv"
    path.write_text("id,text\n1,Fire near the mill\n2,fire near the mill!\n3,flood\n4,\n5,smoke\n")
    drawn = window(path, ["FLOOD"])
    found = zip(drawn.rows["text"].to_pylist(), drawn.rows["learned"].to_pylist(), strict=True)
    assert sorted(found) == [("Fire near the mill", False), ("flood", True), ("smoke", False)]
    assert (drawn.read, drawn.without_text, drawn.learned) == (5, 1, 1)


def test_the_same_rows_are_drawn_whatever_their_order(tmp_path: Path, home: Path) -> None:
    lines = [f"{row},{text}" for row, text in enumerate(written(FIRES, 200, 1))]
    drawn = []
    for name, ordered in (("a.csv", lines), ("b.csv", lines[::-1])):
        (tmp_path / name).write_text("\n".join(["id,text", *ordered]) + "\n")
        drawn.append(window(tmp_path / name, [], 20).rows["text"].to_pylist())
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 20


@pytest.fixture
def champion(home: Path, train: Any) -> str:
    """A champion of 400 held-out tweets about fires."""
    from tasks.registry.versions import CHAMPION, MODEL_NAME, register
    from tasks.tracking import client

    texts = written(FIRES, 400, 2)
    labels = [int("fire" in text) for text in texts]
    columns = {"id": list(map(str, range(400))), "text": texts, "keyword": pa.nulls(400, pa.string())}
    table = pa.table({**columns, "target": pa.array(labels, pa.int8()), "group": texts, "split": ["test"] * 400})
    tweets = formats.write_artifact("tweets", {"tweets.parquet": table})
    made = train(tweets, "cautious", {**dict.fromkeys(FIRES, 0.5), "fire": 4.0})
    version = register(
        made.artifact, made.model_uri, made.run_id, {"model": "cautious", "validation_rows": tweets.name}
    )
    client().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    return version


def check(path: Path) -> dict[str, Any]:
    with tracking.tracked_run("drift", "drift") as run:
        return check_drift.fn(run, sources.fetch(path), DriftRequest(source=str(path)))


def test_a_model_without_networks_is_asked_without_tensorflow(
    champion: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_model, "load_tensorflow", lambda: pytest.fail("TensorFlow was loaded"))
    (tmp_path / "one.csv").write_text("id,text\n1,fire\n")
    assert check(tmp_path / "one.csv")["verdict"] == "cannot tell"


def test_a_window_is_judged_against_the_test_rows_and_recorded(champion: str, tmp_path: Path) -> None:
    for name, words in (("fires.csv", FIRES), ("parties.csv", PARTIES)):
        lines = [f"{row},{text}" for row, text in enumerate(written(words, 250, 3))]
        (tmp_path / name).write_text("\n".join(["id,text", *lines]) + "\n")
    same, shifted = check(tmp_path / "fires.csv"), check(tmp_path / "parties.csv")
    assert (same["verdict"], shifted["verdict"]) == ("same", "shifted")
    assert (same["window"], shifted["window"], check(tmp_path / "fires.csv")["window"]) == (1, 2, 1)
    assert window_number(champion, "another") == 3
    assert same["estimate"]["accuracy"] is not None
    assert "script or language" in shifted["estimate"]["why_not"]
    run = tracking.find_runs("tags.verdict = 'shifted'")[0]
    assert run.data.metrics["drift/vocabulary"] > 0.5
    page = tracking.download(run.info.run_id, "drift.html", tmp_path).read_text()
    assert "party" in page


def test_one_test_row_of_each_group_is_compared_with(home: Path) -> None:
    columns = {"text": ["a", "A", "b", "c"], "keyword": [None] * 4, "target": pa.array([1, 1, 0, 0], pa.int8())}
    table = pa.table({**columns, "group": ["a", "a", "b", "c"], "split": ["test", "test", "test", "train"]})
    tweets = formats.write_artifact("tweets", {"tweets.parquet": table})
    reference = read_reference({"validation_rows": tweets.name}, "1")
    assert (reference.rows["text"].to_pylist(), reference.learned.to_pylist()) == (["a", "b"], ["c"])


def test_few_rows_cannot_tell_and_a_model_without_tweets_says_so(champion: str, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("id,text\n1,flood at the harbour\n2,smoke\n")
    found = check(tmp_path / "few.csv")
    assert (found["verdict"], found["measures"], found["rows"]["compared"]) == ("cannot tell", [], 2)
    assert window_number(champion, "another") == 1
    tracking.client().set_model_version_tag(registry.MODEL_NAME, champion, "validation_rows", "gone")
    with pytest.raises(ValueError, match="are not in the store"):
        check(tmp_path / "few.csv")
