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
from models.training.checkpoints import Epoch, TrainingHooks
from tasks.runtime import environment
from tasks.runtime.progress import progress
from tasks.steps import Inputs
from tasks.store import formats
from tasks.store.checkpoints import Checkpoints
from tasks.tracking import Run
from tasks.training.epoch_log import EpochLog, ordinary_scale
from tasks.training.gradient_monitor import GradientRecord
from tasks.training.kinds import KindTexts
from tasks.training.labelled_tweets import Labelled
from tasks.training.pretraining import READER

if TYPE_CHECKING:
    import keras

    from models.recurrent.training import LabelledDocuments
    from models.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Start(Inputs):
    """Where a network begins: the words it knows, and their vectors, or a whole network with its vectors."""

    vocabulary: Path
    vectors: Path | None = None
    pretrained: Path | None = None

    def words(self, others: Sequence[str] = ()) -> tuple["Vocabulary", Any]:
        """The vocabulary, extended by others and the words that have vectors, and these (words, width) or None."""
        words = formats.read_vocabulary(self.vocabulary)
        words = words.extended(others) if len(others) else words
        known = self.pretrained or self.vectors
        if known is None:
            return words, None
        vectors = formats.read_vectors(known)
        words = words.extended(vectors.tokens)
        return words, vectors.rows_for(words.tokens)[0]


def with_kinds(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], kinds: KindTexts, words: "Vocabulary", *splits: str
) -> "LabelledDocuments":
    """Encoded tweets with their labels, then the encoded texts of these splits with theirs of kinds."""
    from models.recurrent.training import LabelledDocuments

    (ids, offsets, labels), chosen = rows, kinds.rows(*splits)
    more, places = words.encode(kinds.tokens.take(chosen))
    nothing = np.full((len(labels), len(kinds.sizes)), NO_LABEL, np.int32)
    return LabelledDocuments(
        np.concatenate([ids, more]),
        np.concatenate([offsets, offsets[-1] + places[1:]]),
        np.concatenate([labels, np.full(len(chosen), NO_LABEL)]),
        np.concatenate([nothing, kinds.labels[chosen]]),
        kinds.sizes,
    )


class Trained(NamedTuple):
    """A trained network, the words it knows, and the scores of every epoch."""

    network: "keras.Model"
    words: "Vocabulary"
    history: list[Epoch]

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
) -> tuple["Vocabulary", Callable[[], "keras.Model"]]:
    """The words that the network reads, and what makes it, untrained; vectors of a wild scale are scaled, and told."""
    from models.recurrent import build_classifier

    words, vectors = start.words(data.kinds.words(*learned) if data.kinds else ())
    if vectors is not None:
        vectors = ordinary_scale(run, vectors)
    classes = data.kinds.sizes if data.kinds else ()
    return words, partial(build_classifier, settings, len(words), vectors, seed, classes)


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
    rows = data.encoded(words, *learned)
    log, gradients = EpochLog(run), GradientRecord(network, *rows, settings)
    with progress(f"train {settings.name}", total=epochs or settings.epochs, unit="epochs") as report:

        def end_epoch(epoch: int, scores: Mapping[str, float]) -> None:
            log.record(epoch, scores)
            report(epoch + 1)
            gradients.examine(epoch + 1)

        hooks = TrainingHooks(on_epoch=end_epoch, on_checkpoint=kept.save, start=kept.latest())
        known = with_kinds(rows, data.kinds, words, *learned) if data.kinds else rows
        history = train_classifier(network, known, data.encoded(words, *scored), settings, seed, hooks, epochs)
    network = in_float32(network, build)
    log.rest(history)
    gradients.log(run)
    return Trained(network, words, history)
