"""The senses of a word from an earlier training: its text found again, its phrases joined, the answer put in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EmbeddingSettings, PhraseSettings, SubwordSettings
from models.text import Tokens
from models.vectors import SubwordVectors
from tasks import tracking
from tasks.queries import word_senses, word_vectors
from tasks.store import formats
from tasks.training.embeddings import UnlabelledText, train_vectors


def two_topics(documents: int = 400) -> Tokens:
    """Documents about computers or about fruit, an apple in each; and some about a town of two words."""
    random = np.random.default_rng(0)
    texts = []
    for number in range(documents):
        topic = ("chip", "fruit")[number % 2]
        words = [f"{topic}{n}" for n in random.integers(0, 12, 10)]
        texts.append([*words[:5], "apple", *words[5:]])
    return Tokens.from_lists(texts + [["la", "ronge"]] * 30)


@pytest.fixture(scope="module", params=[False, True], ids=["phrases", "phrases and subwords"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A state folder with a run that trained vectors on the two topics, joining one phrase; with subwords, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        text = two_topics()
        tokens = formats.write_tokens([(pa.array([str(n) for n in range(len(text))]), text)])
        phrases = PhraseSettings(passes=1, threshold=0.5)
        subwords = SubwordSettings(enabled=request.param, buckets=1000)
        settings = EmbeddingSettings(
            dimensions=16, window=3, epochs=10, subsample=0, step_tokens=256, phrases=phrases, subwords=subwords
        )
        with tracking.tracked_run("embed", "embed") as run:
            train_vectors.fn(run, UnlabelledText(tokens), settings, 1)
        yield run


def test_a_word_of_two_topics_has_two_senses_that_a_text_tells_apart(trained: tracking.Run) -> None:
    training = word_vectors.find_training(None)
    vectors = word_vectors.artifact_of(training)
    text = word_senses.text_inputs(training)
    with tracking.tracked_run("senses", "senses") as run:
        learned = word_senses.learn_senses.fn(run, vectors, text, word="apple", senses=2, seed=1)
    summary = word_senses.summarize(run, vectors, learned, "apple", 3, "fruit1 fruit2 apple fruit3 fruit4")
    topics = [sense["neighbours"][0]["word"][:4] for sense in summary["senses"]]
    assert sorted(topics) == ["chip", "frui"]
    fruit = topics.index("frui")
    assert summary["senses"][fruit]["probability"] > 0.8
    assert summary["senses"][fruit]["share"] == pytest.approx(0.5, abs=0.05)
    assert all("fruit" in example and "apple" in example for example in summary["senses"][fruit]["examples"])
    (child,) = tracking.descendants(run.run_id)
    assert {file.path for file in tracking.client().list_artifacts(child.info.run_id)} >= {"figures", "output"}
    with pytest.raises(ValueError, match="'apple' does not stand in 'no fruit'"):
        word_senses.probabilities(learned, vectors, "apple", "no fruit")


def test_what_a_user_types_is_a_word_or_a_learned_phrase(trained: tracking.Run) -> None:
    vectors = word_vectors.artifact_of(word_vectors.find_training(trained.run_id))
    assert word_senses.one_word(vectors, "apple") == "apple"
    assert word_senses.one_word(vectors, "la ronge") == "la_ronge"
    subwords = isinstance(formats.read_vectors(vectors), SubwordVectors)
    said = (
        "'aple' is not in the text, .* close words that are: apple" if subwords else "'aple' has no vector; .*: apple"
    )
    with pytest.raises(ValueError, match=said):
        word_senses.one_word(vectors, "aple")


def test_the_text_is_read_with_the_phrases_of_the_vectors(trained: tracking.Run) -> None:
    vectors = word_vectors.artifact_of(word_vectors.find_training(trained.run_id))
    again = word_senses.read_joined(vectors, Tokens.from_lists([["in", "la", "ronge"]]))
    assert again.to_lists() == [["in", "la_ronge"]]


def test_a_text_that_is_gone_is_named(trained: tracking.Run, home: Path) -> None:
    with tracking.tracked_run("elsewhere", "train_vectors") as run:
        run.log_dataset(home / "store" / "tokens" / "0123", "corpus_tokens")
    with pytest.raises(ValueError, match=r"no longer in .*0123: embed it again"):
        word_senses.text_inputs(tracking.read_run(run.run_id))
