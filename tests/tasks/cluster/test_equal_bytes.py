"""What is counted and scored on a cluster has the bytes of one process, however it is cut up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.settings import CooccurrenceSettings, FrequencySettings, TextSettings
from models.text import Tokens
from tasks import scoring, sources, tracking
from tasks.cluster.connection import DaskCluster
from tasks.cluster.units import exchange, running_on, side_by_side
from tasks.packaging import mlflow_model
from tasks.scoring import by_parts, progress_store, rows
from tasks.store import artifact_store, formats
from tasks.training import bags, counting, features

WORDS = [f"word{number}" for number in range(40)]
TEXTS = [" ".join(np.random.default_rng(seed).choice(WORDS, 12)) for seed in range(300)]


def corpus_of(shards: int) -> Path:
    """The texts as a corpus of so many shards."""
    with artifact_store.new_artifact("corpus") as draft:
        for number, part in enumerate(np.array_split(np.array(TEXTS), shards)):
            table = {"document": [f"{number}-{row}" for row in range(len(part))], "text": part.tolist()}
            formats.write_part(draft / f"shard-{number:05}.parquet", pa.table(table))
    return draft.final


def labelled() -> Path:
    """The texts as labelled tweets."""
    columns = {
        "id": [str(number) for number in range(len(TEXTS))],
        "text": TEXTS,
        "keyword": pa.nulls(len(TEXTS), pa.string()),
        "target": pa.array([number % 2 for number in range(len(TEXTS))], pa.int8()),
        "group": [f"g{number}" for number in range(len(TEXTS))],
        "split": ["test" if number % 3 == 0 else "train" for number in range(len(TEXTS))],
    }
    return formats.write_artifact("tweets", {"tweets.parquet": pa.table(columns)})


def digests_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def counted(shards: int) -> dict[str, dict[str, bytes]]:
    """Every file that the counting steps make of the texts, one step after the other."""
    text, tweets, corpus = TextSettings(), labelled(), corpus_of(shards)
    with tracking.tracked_run("featurize", "test") as run:
        tokens = features.tokenize_tweets.fn.__wrapped__(run, tweets, text)
        corpus_tokens = features.tokenize_corpus.fn.__wrapped__(run, [corpus], text)
        choice = CooccurrenceSettings(min_count=2, dimensions=4)
        pairs = features.count_cooccurrences.fn.__wrapped__(run, tweets, tokens, corpus_tokens, choice, 1)
        bag = features.count_words.fn.__wrapped__(run, tweets, tokens, FrequencySettings())
    made = {"tokens": tokens, "corpus": corpus_tokens, "pairs": pairs, "bag": bag}
    return {name: digests_of(folder) for name, folder in made.items()}


def test_tokens_and_counts_are_those_of_one_process_however_they_are_cut(
    cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = counted(1)
    for module in (counting, bags):
        monkeypatch.setattr(module, "SLICE_ROWS", 70)
    alone = counted(5)
    with running_on(cluster):
        assert counted(5) == alone
    assert (alone["pairs"], alone["bag"]) == (whole["pairs"], whole["bag"])


def test_a_whole_step_on_a_worker_gives_the_same_and_its_run_is_recorded_here(cluster: DaskCluster) -> None:
    tweets = labelled()
    with tracking.tracked_run("alone", "test") as run:
        tokens = features.tokenize_tweets.fn(run, tweets, TextSettings())
        bags = features.count_words.fn.__wrapped__(run, tweets, tokens, FrequencySettings())

    with running_on(cluster), tracking.tracked_run("beside", "test") as run:
        settings = [FrequencySettings(), FrequencySettings(max_ngram=1), FrequencySettings()]
        made = side_by_side(lambda each: features.count_words.fn(run, tweets, tokens, each), settings)
    assert made[0] == made[2] == bags
    steps = [each.data for each in tracking.descendants(run.run_id)]
    assert sorted(each.tags["step_outcome"] for each in steps) == ["cached", "run", "run"]
    assert all(each.metrics["features"] > 0 for each in steps)
    assert sorted("computed_seconds" in each.metrics for each in steps) == [False, True, True]


@pytest.fixture
def model(train: Callable[..., Any]) -> Any:
    return train(labelled(), "by-hand", {"word1": 2.0, "word2": 1.5, "word3": -1.0})


def test_scores_are_those_of_one_process_whatever_the_parts(
    cluster: DaskCluster, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "tweets.csv"
    lines = [f"{number},{TEXTS[number % 300]} {number}" for number in range(2 * rows.CHUNK_ROWS + 100)]
    source.write_text("id,text\n" + "\n".join(lines) + "\n5,\n")
    for module in (by_parts, progress_store):
        monkeypatch.setattr(module, "PART_CHUNKS", 1)
    loaded = mlflow_model.load_model(model.model_uri)
    scorer = mlflow_model.scorer_of(loaded)

    def score(name: str, shared: scoring.SharedModel | None) -> dict[str, Any]:
        told = {"familiarity": scorer.familiarity, "learned": scorer.learned, "answering": scorer.answering}
        job = scoring.ScoringJob(sources.fetch(str(source)), str(tmp_path / name), shared_model=shared, **told)
        return job.run(loaded, name, "by-hand", "1")

    alone = score("alone.parquet", None)
    with running_on(cluster), exchange() as folder:
        shared = scoring.SharedModel(mlflow_model.load_scorer, mlflow_model.copy_model(model.model_uri, folder))
        beside = score("beside.parquet", shared)
    assert (tmp_path / "beside.parquet").read_bytes() == (tmp_path / "alone.parquet").read_bytes()
    assert (alone["rows"], alone["quarantined"]) == (beside["rows"], beside["quarantined"])


def test_a_worker_that_scores_leaves_nothing_beside_the_state_folder(cluster: DaskCluster) -> None:
    folders = cluster.client.run(lambda: sorted(__import__("os").listdir(".")))
    assert not any(
        {"mlruns", "mlflow.db", "dask-worker-space", "dask-scratch-space"} & set(names) for names in folders.values()
    )


def test_pieces_of_no_document_are_counted_too(cluster: DaskCluster) -> None:
    tokens = formats.write_tokens([(pa.array([], pa.string()), Tokens.from_lists([]))])
    with running_on(cluster), pytest.raises(ValueError, match="lower min_count"):
        counting.count_pairs(counting.text_pieces_of(None, None, tokens), CooccurrenceSettings())
