"""The training step of word vectors: what it leaves on its run, and in its artifact."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EmbeddingSettings, PhraseSettings, SubwordSettings, VocabularySettings
from models.text import Tokens, concat
from models.text.phrases import learn_phrases
from models.text.vocabulary import fit_vocabulary
from models.training.divergence import DivergenceError
from models.vectors import SubwordVectors
from tasks import sources, tracking
from tasks.store import formats
from tasks.training.embeddings import (
    UnlabelledText,
    VectorTests,
    score_vectors,
    text_pieces,
    train_vectors,
    vector_tests,
)
from tasks.training.network import Start

PAIRS = "fire0\tfire1\t9\nfire2\tfire3\t8\nfire0\tsong1\t1\nsong2\tfire1\t2\nsong0\tunheard\t5\n"
QUESTIONS = ": topics\nfire0 fire1 song0 song1\nfire0 fire1 song0 unheard\n"
EPOCHS = 3


@dataclass(frozen=True)
class Training:
    """A training step that is done: its run, its artifact, and the files of judgements it was given."""

    run: tracking.Run
    artifact: Path
    judgements: tuple[Path, Path]

    def curve(self, name: str) -> dict[int, float]:
        """A metric by epoch."""
        return {p.step: p.value for p in tracking.client().get_metric_history(self.run.run_id, name)}


SETTINGS = EmbeddingSettings(
    dimensions=8, window=2, min_count=1, subsample=0, epochs=EPOCHS, step_tokens=128, vectors_from="output",
    phrases=PhraseSettings(passes=1, threshold=1.0),
)  # fmt: skip


def two_topics() -> list[list[list[str]]]:
    """Three shards: documents of two topics in the first two, some with a phrase in the third."""
    random = np.random.default_rng(0)
    texts = [[f"{('fire', 'song')[number % 2]}{n}" for n in random.integers(0, 8, 8)] for number in range(300)]
    return [texts[:150], texts[150:], [["la", "ronge"]] * 20]


TEXTS = two_topics()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    """Vectors from the output matrix, over a text in two pieces, with phrases joined, in a state folder apart."""
    folder = tmp_path_factory.mktemp("judgements")
    (folder / "pairs.tsv").write_text(PAIRS)
    (folder / "questions.txt").write_text(QUESTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setattr("tasks.training.embeddings.PIECE_TOKENS", 1300)  # of 1200, 1200 and 40 tokens
        corpus = stored(TEXTS)
        given = sources.fetch(str(folder / "pairs.tsv")), sources.fetch(str(folder / "questions.txt"))
        with tracking.tracked_run("train", "embed") as run:
            made = train_vectors.fn(run, UnlabelledText(corpus), SETTINGS, 1, VectorTests(*given))
        (child,) = tracking.descendants(run.run_id)
        yield Training(tracking.Run(run_id=child.info.run_id, root_id=run.run_id), made, given)


def stored(shards: list[list[list[str]]]) -> Path:
    """Tokenized text of so many shards, in the store."""
    return formats.write_tokens(
        [(pa.array([str(n) for n in range(len(shard))]), Tokens.from_lists(shard)) for shard in shards]
    )


def test_each_epoch_is_scored_as_it_ends(trained: Training) -> None:
    for name in ("similarity/wordsim353", "analogy/total", "words_per_second"):
        assert sorted(trained.curve(name)) == list(range(EPOCHS)), name
    assert trained.curve("similarity/coverage")[0] == 0.8
    assert trained.curve("analogy/coverage")[0] == 0.5


def test_the_loss_is_on_the_run_by_epoch_and_by_words_read(trained: Training) -> None:
    assert sorted(trained.curve("train/loss")) == list(range(EPOCHS))
    read = trained.curve("loss_by_words")
    assert len(read) == EPOCHS
    assert list(read.values()) == list(trained.curve("train/loss").values())
    assert sorted(trained.curve("largest_norm_by_words")) == sorted(read)


def test_a_training_that_diverges_fails_its_run_and_leaves_nothing_to_reuse(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = stored(TEXTS)
    monkeypatch.setattr("models.training.divergence.MOST_LOSS", 0.1)
    with pytest.raises(DivergenceError), tracking.tracked_run("train", "embed") as run:
        train_vectors.fn(run, UnlabelledText(corpus), SETTINGS, 1)
    (child,) = tracking.descendants(run.run_id)
    for each in (child.info.run_id, run.run_id):
        assert tracking.read_run(each).info.status == "FAILED"
    said = child.data.tags["error"]
    assert "skip-gram vectors diverged: its loss is" in said
    assert "at the end of epoch 1; all was well before the first step. Lower learning_rate" in said
    assert not list((home / "store").glob("vectors/*"))
    monkeypatch.undo()
    monkeypatch.setenv("CRISISFLOW_HOME", str(home))
    with tracking.tracked_run("train", "embed") as again:
        train_vectors.fn(again, UnlabelledText(corpus), SETTINGS, 1)
    assert tracking.descendants(again.run_id)[0].data.tags["step_outcome"] == "run"


def test_scoring_the_vectors_later_gives_the_figures_of_the_last_epoch(trained: Training) -> None:
    scored = score_vectors.fn(trained.run, trained.artifact, "skip-gram", *trained.judgements)
    found = json.loads((scored / "scores.json").read_text())
    assert found["similarity/wordsim353"] == pytest.approx(trained.curve("similarity/wordsim353")[EPOCHS - 1])


def test_vectors_of_either_matrix_and_their_mean_are_compared_in_one_run(trained: Training, tmp_path: Path) -> None:
    path = tracking.client().download_artifacts(trained.run.run_id, "input-output-mean.json", str(tmp_path))
    table = json.loads(Path(path).read_text())
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row["vectors"] for row in rows] == ["input", "output", "mean"]
    kept = trained.curve("similarity/wordsim353")[EPOCHS - 1]
    assert rows[1]["similarity/wordsim353"] == pytest.approx(kept)  # the setting asked for the output matrix


def test_the_artifact_holds_vectors_and_contexts_and_phrases(trained: Training) -> None:
    held = {path.name for path in trained.artifact.glob("*.parquet")}
    assert held == {"vectors.parquet", "contexts.parquet", "phrases-1.parquet"}
    assert "la_ronge" in formats.read_vectors(trained.artifact)


def test_map_and_neighbours_and_device_are_on_the_run(trained: Training) -> None:
    found = {file.path for file in tracking.client().list_artifacts(trained.run.run_id)}
    assert found >= {"figures", "nearest-neighbours.json", "input-output-mean.json"}
    assert tracking.read_run(trained.run.run_id).data.tags["device"] == "cpu"


def test_text_larger_than_a_piece_is_read_piece_by_piece_and_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.training.embeddings.PIECE_TOKENS", 1300)
    pieces = text_pieces(UnlabelledText(stored(TEXTS)))
    assert not isinstance(pieces, list)
    for _ in range(2):
        read = list(pieces)
        assert [len(piece.codes) for piece in read] == [1200, 1240]
        assert [line for piece in read for line in piece.to_lists()] == [line for shard in TEXTS for line in shard]


def test_vectors_are_trained_on_the_pieces_one_after_the_other(trained: Training) -> None:
    from models.text.vocabulary import fit_vocabulary_to
    from models.word2vec import train_on_shards

    def digest(pieces: list[Tokens]) -> str:
        joined, _ = learn_phrases(pieces, SETTINGS.phrases)
        vocabulary = fit_vocabulary_to(joined, VocabularySettings(min_count=1))
        shards = [vocabulary.encode(piece) for piece in joined]
        return train_on_shards(shards, vocabulary.tokens, SETTINGS, 1)[0].digest

    first, second, third = (Tokens.from_lists(texts) for texts in TEXTS)
    assert formats.read_vectors(trained.artifact).digest == digest([first, concat([second, third])])
    assert formats.read_vectors(trained.artifact).digest != digest([concat([first, second, third])])


def test_how_much_of_the_judgements_was_understood_is_said_and_logged(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    with tracking.tracked_run("embed", "embed") as run, caplog.at_level("INFO"):
        vector_tests(run, tmp_path / "pairs.tsv", tmp_path / "questions.txt")
    metrics = tracking.read_run(run.run_id).data.metrics
    assert (metrics["similarity/pairs"], metrics["analogy/questions"]) == (5, 2)
    assert "5 word pairs understood" in caplog.text
    assert "2 questions understood" in caplog.text


def test_subwords_and_phrases_together_give_any_word_a_vector(home: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    subwords = SubwordSettings(enabled=True, buckets=1000)
    asked = SETTINGS.model_copy(update={"vectors_from": "input", "subwords": subwords})
    tests = VectorTests(sources.fetch(str(tmp_path / "pairs.tsv")))
    with tracking.tracked_run("train", "embed") as run:
        made = train_vectors.fn(run, UnlabelledText(stored(TEXTS)), asked, 1, tests)
    (child,) = tracking.descendants(run.run_id)
    assert child.data.metrics["similarity/coverage"] == 1  # "unheard" is in none of the texts
    assert child.data.metrics["phrases"] == 1
    known = formats.read_vectors(made)
    assert isinstance(known, SubwordVectors)
    assert child.data.metrics["ngrams"] == len(known.ngrams.buckets)
    assert "la_ronge" in known
    assert known.neighbours("la_rongee", 1)[0][0] == "la_ronge"
    assert known.counts[known.rows["la_ronge"]] == 20
    tweets = fit_vocabulary(Tokens.from_lists([["fire1", "fire1", "firefire", "firefire"]]), VocabularySettings())
    words, start = Start(formats.write_artifact("vocabulary", {"vocabulary.parquet": tweets.to_table()}), made).words()
    assert start[words.words.ids["firefire"]] == pytest.approx(known.ngrams.means(pa.array(["firefire"]))[0][0])
    assert not start[:2].any()  # padding, and the unknown word
    assert words.encode(Tokens.from_lists([["firee"]])).beyond == pytest.approx(
        known.ngrams.means(pa.array(["firee"]))[0]
    )
