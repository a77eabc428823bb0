"""A network that learns kinds beside the label keeps them: in its parts, logged, loaded, scored and in an ensemble."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.settings import (
    SPLITS,
    ClassifierSettings,
    EnsembleSettings,
    FrequencySettings,
    LogisticSettings,
    TextSettings,
    VocabularySettings,
)
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import tracking
from tasks.ingestion.kinds import KINDS, NAMES
from tasks.packaging import mlflow_model
from tasks.packaging.mlflow_model import read_about
from tasks.scoring.predicting import AnswerColumns, score_chunk
from tasks.store import formats
from tasks.training.answers import Use
from tasks.training.classifiers import combine_models, train_network
from tasks.training.kind_scores import classify_kinds, read_kind_scores, score_kinds
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start
from tasks.training.served import refit_network

SETTINGS = ClassifierSettings(
    kind="feed-forward", features="scratch", dimensions=8, units=8, batch_size=16, epochs=16, learning_rate=2e-2,
    schedule="one-cycle",
)  # fmt: skip
TEXT = TextSettings()
WORDS = {"damage": "destroyed", "donations": "give", "warning": "beware"}
ORIGINS = {"seen": "eyewitness", "told": "media"}
FILLERS = ("near", "is", "my", "the", "on", "and")


def table(texts: list[str], **columns: Any) -> pa.Table:
    """The texts, one in six for validation and one in three for test, each a group."""
    numbers = pa.array([f"{row} of {len(texts)}" for row in range(len(texts))])
    splits = [("train", "test", "train", "validation", "train", "test")[row % 6] for row in range(len(texts))]
    return pa.table({"id": numbers, "group": numbers, "text": texts, "split": splits, **columns})


def write_tweets() -> tuple[Path, Path, Path]:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 120)
    texts = [
        f"{'fire' if label else 'song'} {' '.join(random.choice(FILLERS, 3))} {row}" for row, label in enumerate(labels)
    ]
    tweets = table(texts, keyword=pa.nulls(120, pa.string()), target=pa.array(labels, pa.int8()))
    tokens = tokenize_texts(pa.array(texts), TEXT)
    words = fit_vocabulary(tokens, VocabularySettings(min_count=1)).to_table()
    return (
        formats.write_artifact("tweets", {"tweets.parquet": tweets}),
        formats.write_tokens([(tweets["id"].combine_chunks(), tokens)]),
        formats.write_artifact("vocabulary", {"vocabulary.parquet": words}),
    )


def write_kinds() -> Path:
    """Words that no tweet has tell the subject and, but for each fifth text, the origin."""
    random = np.random.default_rng(2)
    subjects, words = random.choice(list(WORDS), 240), random.choice(list(ORIGINS), 240)
    texts = [
        f"{WORDS[each]} {' '.join(random.choice(FILLERS, 3))} {word}"
        for each, word in zip(subjects, words, strict=True)
    ]
    origins = [ORIGINS[word] if row % 5 else None for row, word in enumerate(words)]
    kinds = table(texts, subject=subjects, origin=pa.array(origins, pa.string()))
    shard = pa.table({"id": kinds["id"], "tokens": tokenize_texts(pa.array(texts), TEXT).to_arrow()})
    names = {"subject": sorted(WORDS), "origin": ["eyewitness", "media"]}
    return formats.write_artifact("kinds", {KINDS: kinds, NAMES: names, "shard-00000.parquet": shard})


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """A network, its refit, an ensemble of it, and what is found of the kinds it tells."""
    tweets, tokens, vocabulary = write_tweets()
    kinds = write_kinds()
    with tracking.tracked_run("retrain tiny", "retrain") as run:
        labelled, start, use = LabelledInputs(tweets, tokens, kinds), Start(vocabulary), Use(TEXT)
        network = train_network.fn(run, labelled, start, SETTINGS, use, 1)
        again = refit_network.fn(run, labelled, start, SETTINGS, 1, network)
        ensemble = combine_models.fn(
            run, labelled, [network], "ensemble/average", EnsembleSettings(members=("feed-forward/scratch",)), use
        )
        uri = mlflow_model.log_both(run, network / "classifier", again / "classifier", formats.read_tweets(tweets))
        baseline = classify_kinds.fn(run, kinds, FrequencySettings(), LogisticSettings())
        scores = score_kinds.fn(run, kinds, network, baseline, "feed-forward/scratch")
    return {
        "network": network,
        "again": again,
        "ensemble": ensemble,
        "uri": uri,
        "scores": scores,
        "tweets": tweets,
        "run": run,
    }


TEXTS = ["destroyed the seen", "give my told", "beware on seen"]


def test_the_logged_model_tells_the_kinds_of_a_text_as_it_is_served_and_as_it_was_judged(made: dict[str, Any]) -> None:
    for judged in (False, True):
        model = mlflow_model.load_model(made["uri"], judged=judged)
        said = model.predict(pd.DataFrame({"text": TEXTS}))
        assert said["subject"].tolist() == ["damage", "donations", "warning"]
        assert said["origin"].tolist() == ["eyewitness", "media", "eyewitness"]
        assert ((said["subject_probability"] > 1 / 3) & (said["subject_probability"] <= 1)).all()
        assert mlflow_model.kind_names(model) == ("origin", "subject")


def test_a_scored_chunk_has_a_class_and_a_probability_of_each_kind_where_there_is_a_text(made: dict[str, Any]) -> None:
    model = mlflow_model.load_model(made["uri"])
    nothing = pa.nulls(4, pa.string())
    columns = dict.fromkeys(("keyword", "source", "record", "rule"), nothing)
    reason = pa.array([None, "no text", None, None], pa.string())
    rows = pa.table(
        {
            **columns,
            "reason": reason,
            "id": list("abcd"),
            "text": [TEXTS[0], None, *TEXTS[1:]],
            "source_row": pa.nulls(4, pa.int64()),
        }
    )
    answering = AnswerColumns(kinds=mlflow_model.kind_names(model))
    scored = score_chunk(rows, model, None, None, answering)
    assert scored["subject"].to_pylist() == ["damage", None, "donations", "warning"]
    assert [probability is None for probability in scored["subject_probability"].to_pylist()] == [
        False,
        True,
        False,
        False,
    ]
    alone = score_chunk(rows.filter(pa.array([False, True, False, False])), model, None, None, answering)
    assert alone.schema == scored.schema


def test_an_ensemble_tells_what_its_members_tell(made: dict[str, Any]) -> None:
    from models.classifiers.pipeline import assemble

    alone, together = (assemble(formats.read_parts(made[name] / "classifier")) for name in ("network", "ensemble"))
    assert [kind.name for kind in together.kinds] == ["origin", "subject"]
    for own, of_member in zip(
        together.answers(pa.array(TEXTS)).kinds, alone.answers(pa.array(TEXTS)).kinds, strict=True
    ):
        np.testing.assert_allclose(own, of_member)


def test_a_refit_learns_all_texts_of_the_kinds_and_keeps_their_temperatures(made: dict[str, Any]) -> None:
    twin, again = (read_about(made[name] / "classifier") for name in ("network", "again"))
    assert again["kinds"] == twin["kinds"]
    assert again["learned"] == list(SPLITS)


def test_texts_whose_kinds_were_learned_are_among_those_that_the_model_has_learned_from(made: dict[str, Any]) -> None:
    judged = mlflow_model.groups_learned(mlflow_model.load_model(made["uri"], judged=True)).to_pydict()
    tweets = set(formats.read_tweets(made["tweets"])["group"].to_pylist())
    of_kinds = [split for group, split in zip(judged["group"], judged["split"], strict=True) if group not in tweets]
    assert of_kinds == ["train"] * 120
    served = mlflow_model.groups_learned(mlflow_model.load_model(made["uri"]))
    assert len(served) == len(tweets) + 240


def test_scores_of_kinds_stand_beside_those_of_tf_idf_on_held_out_texts(made: dict[str, Any]) -> None:
    found = read_kind_scores(made["scores"])
    assert found["subject"]["rows"] == 80
    assert found["subject"]["macro_f1"] > 0.9
    assert found["subject"]["baseline_macro_f1"] > 0.9
    assert [each["class"] for each in found["subject"]["classes"]] == ["damage", "donations", "warning"]
    assert sum(each["rows"] for each in found["subject"]["classes"]) == 80
    (logged,) = (run for run in tracking.descendants(made["run"].run_id) if run.data.tags["stage"] == "score_kinds")
    assert logged.data.metrics["kinds/subject/macro_f1"] == found["subject"]["macro_f1"]
