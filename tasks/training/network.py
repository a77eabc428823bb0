"""The training of one network on labelled tweets: from what it starts, on which rows, with checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.classifiers.text_kinds import NO_LABEL
from models.seeds import derive_seed
from models.settings import ClassifierSettings
from models.text.vocabulary import UNKNOWN_ID
from models.training.checkpoints import Epoch, TrainingHooks
from tasks.runtime import environment
from tasks.runtime.progress import progress
from tasks.steps import Inputs
from tasks.store import formats
from tasks.store.checkpoints import Checkpoints
from tasks.tracking import Run
from tasks.training.epoch_log import EpochLog, ordinary_factor
from tasks.training.gradient_monitor import GradientRecord
from tasks.training.kinds import KindTexts
from tasks.training.labelled_tweets import Labelled
from tasks.training.pretraining import READER

if TYPE_CHECKING:
    import keras

    from models.recurrent.training import LabelledDocuments
    from models.vectors.open_vocabulary import OpenVocabulary


@dataclass(frozen=True)
class Start(Inputs):
    """Where a network begins: the words it knows, and their vectors, or a whole network with its vectors."""

    vocabulary: Path
    vectors: Path | None = None
    pretrained: Path | None = None

    def words(self, others: Sequence[str] = ()) -> tuple["OpenVocabulary", Any]:
        """The vocabulary, extended by others and the words that have vectors, and these (words, width) or None.

        Words outside it are known by their n-grams where the vectors have some.
        """
        from models.vectors import SubwordVectors
        from models.vectors.open_vocabulary import OpenVocabulary

        words = formats.read_vocabulary(self.vocabulary)
        words = words.extended(others) if len(others) else words
        known = self.pretrained or self.vectors
        if known is None:
            return OpenVocabulary(words), None
        vectors = formats.read_vectors(known)
        words = words.extended(vectors.tokens)
        ngrams = vectors.ngrams if isinstance(vectors, SubwordVectors) else None
        return OpenVocabulary(words, ngrams), vectors.rows_for(words.tokens)[0]


def with_kinds(
    rows: "LabelledDocuments", kinds: KindTexts, words: "OpenVocabulary", *splits: str
) -> "LabelledDocuments":
    """Encoded tweets with their labels, then the encoded texts of these splits with theirs of kinds."""
    chosen = kinds.rows(*splits)
    more, places, further = words.encode(kinds.tokens.take(chosen))
    beyond = rows.beyond
    if beyond is not None and further is not None:
        more = np.where(more >= len(words.words), more + len(beyond), more).astype(np.int32)
        beyond = np.concatenate([beyond, further])
    nothing = np.full((len(rows.labels), len(kinds.sizes)), NO_LABEL, np.int32)
    return rows._replace(
        ids=np.concatenate([rows.ids, more]),
        offsets=np.concatenate([rows.offsets, rows.offsets[-1] + places[1:]]),
        labels=np.concatenate([rows.labels, np.full(len(chosen), NO_LABEL)]),
        tasks=np.concatenate([nothing, kinds.labels[chosen]]),
        classes=kinds.sizes,
        beyond=beyond,
    )


def encoded_rows(data: Labelled, words: "OpenVocabulary", *splits: str) -> "LabelledDocuments":
    """The rows of these splits for a network to read, words outside its vocabulary by their n-grams; of none, none."""
    return encode_rows(data, words, data.rows(*splits) if splits else np.empty(0, np.int64))


def encode_rows(data: Labelled, words: "OpenVocabulary", rows: np.ndarray) -> "LabelledDocuments":
    """The same of rows by number."""
    from models.recurrent.training import LabelledDocuments

    ids, offsets, beyond = words.encode(data.tokens.take(rows))
    return LabelledDocuments(ids, offsets, data.labels[rows], beyond=beyond)


class Trained(NamedTuple):
    """A trained network, the words it knows, and the scores of every epoch."""

    network: "keras.Model"
    words: "OpenVocabulary"
    history: list[Epoch]

    @property
    def parts(self) -> dict[str, Any]:
        """What a classifier needs of it, by file name."""
        return {"network.keras": self.network, **self.words.to_tables()}

    @property
    def seconds(self) -> float:
        """How long the epochs took."""
        return sum(epoch["seconds"] for epoch in self.history)

    def kept_epochs(self, settings: ClassifierSettings) -> int:
        """After how many epochs its weights were taken: the best, where it may stop early, else the last."""
        if settings.schedule != "constant":
            return len(self.history)
        return 1 + min(range(len(self.history)), key=lambda epoch: self.history[epoch]["validation/log_loss"])


def _builder(
    run: Run, data: Labelled, start: Start, settings: ClassifierSettings, seed: int, learned: tuple[str, ...]
) -> tuple["OpenVocabulary", Callable[[], "keras.Model"]]:
    """The words that the network reads, and what makes it, untrained; vectors of a wild scale are scaled, and told."""
    from models.recurrent import build_classifier

    words, vectors = start.words(data.kinds.words(*learned) if data.kinds else ())
    if vectors is not None:
        factor = ordinary_factor(run, vectors)
        words, vectors = words.scaled(factor), vectors * factor
    if words.ngrams is not None:
        run.log_metrics({"ngrams": len(words.ngrams.buckets)})
    classes = data.kinds.sizes if data.kinds else ()
    target = data.target.size
    return words, partial(build_classifier, settings, len(words.words), vectors, seed, classes, target)


def _begun(build: Callable[[], "keras.Model"], start: Start) -> "keras.Model":
    """The network before its training, with the weights of a reader that was trained before, where there is one."""
    from models.recurrent import computing_in
    from models.recurrent.network import take_reader_weights

    with computing_in(environment.precision()):
        network = build()
    if start.pretrained is not None:
        take_reader_weights(network, formats.read_arrays(start.pretrained / READER))
    return network


def train(
    run: Run,
    data: Labelled,
    start: Start,
    settings: ClassifierSettings,
    seed: int,
    learned: tuple[str, ...] = ("train",),
    epochs: int | None = None,
) -> Trained:
    """A network trained on the rows of the splits `learned`; validation rows not among them are scored each epoch.

    With `epochs` it trains so many, and does not stop early.
    """
    run.tag(device=environment.load_tensorflow(), precision=environment.precision())
    from models.recurrent import in_float32, train_classifier

    seed, kept = derive_seed(seed, settings.name), Checkpoints(run.action_key)
    words, build = _builder(run, data, start, settings, seed, learned)
    network = _begun(build, start)
    scored = () if "validation" in learned else ("validation",)
    rows = encoded_rows(data, words, *learned)
    log = EpochLog(run)
    shared = np.where(rows.ids < len(words.words), rows.ids, UNKNOWN_ID)  # gradients are measured without n-grams
    gradients = GradientRecord(network, shared, rows.offsets, rows.labels, settings, data.target.size)
    with progress(f"train {settings.name}", total=epochs or settings.epochs, unit="epochs") as report:

        def end_epoch(epoch: int, scores: Mapping[str, float]) -> None:
            log.record(epoch, scores)
            report(epoch + 1)
            gradients.examine(epoch + 1)

        hooks = TrainingHooks(on_epoch=end_epoch, on_checkpoint=kept.save, start=kept.latest())
        known = with_kinds(rows, data.kinds, words, *learned) if data.kinds else rows
        held_out, target = encoded_rows(data, words, *scored), data.target
        history = train_classifier(network, known, held_out, settings, seed, hooks, epochs, target)
    network = in_float32(network, build)
    log.rest(history)
    gradients.log(run)
    return Trained(network, words, history)
