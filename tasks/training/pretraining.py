"""Other people's labels: read them, and train a network on all their tasks at once, for classifiers to start from."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.classifiers.text_kinds import NO_LABEL
from models.seeds import derive_seed
from models.settings import NetworkSettings, PretrainingSettings, VocabularySettings
from models.text import Tokens
from models.training.checkpoints import TrainingHooks
from tasks.ingestion.labelled_texts import LABELS
from tasks.runtime import environment
from tasks.runtime.progress import progress
from tasks.steps import step
from tasks.store import formats
from tasks.store.checkpoints import Checkpoints
from tasks.tracking import Run
from tasks.training.epoch_log import EpochLog, ordinary_factor

if TYPE_CHECKING:
    from models.recurrent.pretraining import MultiTaskTexts
    from models.text.vocabulary import Vocabulary
    from models.vectors import WordVectors
    from models.vectors.subword_vectors import NgramVectors

READER = "reader.npz"
RARE = VocabularySettings(
    min_count=5
)  # rarer words of the labelled texts share the unknown id, unless they have vectors


@step("pre-train {network.kind}", hardware=True)
def pretrain_network(
    run: Run,
    tokens: Path,
    labelled: list[Path],
    vectors: Path | None,
    network: NetworkSettings,
    settings: PretrainingSettings,
    seed: int,
) -> Path:
    """Train a network on the tasks of all labelled texts whose tokens are there; keep its word vectors and weights."""
    run.tag(device=environment.load_tensorflow())
    from models.recurrent.network import reader_weights
    from models.recurrent.pretraining import build_multi_task, pretrain

    documents, labels, names = _labels(tokens, labelled)
    words, weights, ngrams = _vocabulary(run, documents, vectors)
    texts = _texts(words.encode(documents), labels, names)
    kept, seed = Checkpoints(run.action_key), derive_seed(seed, "pretraining")
    epochs = EpochLog(run, partial(_named, names=names))
    model = build_multi_task(network, texts.classes, len(words), weights, seed)
    with progress(f"pre-train {network.kind}", total=settings.epochs, unit="epochs") as report:

        def end_epoch(epoch: int, scores: Mapping[str, float]) -> None:
            epochs.record(epoch, scores)
            report(epoch + 1)

        hooks = TrainingHooks(on_epoch=end_epoch, on_checkpoint=kept.save, start=kept.latest())
        history = pretrain(model, texts, network, settings, seed, hooks)
    epochs.rest(history)
    run.log_metrics({"texts": len(texts.labels), "tasks": len(names), "vocabulary": len(words)})
    learned = _word_vectors(words, model.get_layer("embedding").get_weights()[0], ngrams)
    parts = {**formats.vector_parts(learned), READER: reader_weights(model), "tasks.json": names}
    return formats.write_artifact("pretrained", parts)


def _vocabulary(
    run: Run, documents: Tokens, vectors: Path | None
) -> "tuple[Vocabulary, np.ndarray | None, NgramVectors | None]":
    """The frequent words of the documents and those that have vectors; the vectors (words, width) where there are.

    Where the vectors know n-grams, these too, to be read beside the network's own words by what starts from it.
    """
    from models.text.vocabulary import fit_vocabulary
    from models.vectors import SubwordVectors

    words = fit_vocabulary(documents, RARE)
    if vectors is None:
        return words, None, None
    known = formats.read_vectors(vectors)
    words = words.extended(known.tokens)
    rows = known.rows_for(words.tokens)[0]
    factor = ordinary_factor(run, rows)
    return words, rows * factor, known.ngrams.scaled(factor) if isinstance(known, SubwordVectors) else None


def _labels(tokens: Path, labelled: Sequence[Path]) -> tuple[Tokens, pa.Table, dict[str, list[str]]]:
    """Tokens of the documents that carry labels; columns row (of the document), task, label; classes of each task.

    Documents whose tokens were left out, since they are texts that will be scored, are left out here.
    """
    table = pa.concat_tables([pq.read_table(path / LABELS) for path in labelled])
    classes = {
        task: sorted(pc.unique(table.filter(pc.equal(table["task"], task))["label"]).to_pylist())
        for task in sorted(pc.unique(table["task"]).to_pylist())
    }
    ids = pa.chunked_array(
        [pq.read_table(path, columns=["id"])["id"].combine_chunks() for path in formats.shards(tokens)]
    )
    carrying = np.flatnonzero(pc.is_in(ids, pc.unique(table["document"])).to_numpy())
    documents = formats.read_tokens(tokens).take(carrying)
    rows = pc.index_in(table["document"], ids.take(pa.array(carrying)).combine_chunks())
    return documents, table.append_column("row", rows).filter(pc.is_valid(rows)), classes


def _texts(encoded: tuple[np.ndarray, np.ndarray], labels: pa.Table, classes: dict[str, list[str]]) -> "MultiTaskTexts":
    from models.recurrent.pretraining import MultiTaskTexts

    ids, offsets = encoded
    matrix = np.full((len(offsets) - 1, len(classes)), NO_LABEL, np.int32)
    for place, (task, names) in enumerate(classes.items()):
        of_task = labels.filter(pc.equal(labels["task"], task))
        matrix[of_task["row"].to_numpy(), place] = pc.index_in(of_task["label"], pa.array(names)).to_numpy()
    return MultiTaskTexts(ids, offsets, matrix, [len(names) for names in classes.values()])


def _named(scores: Mapping[str, float], names: dict[str, list[str]]) -> dict[str, float]:
    """The scores under the names of the tasks, without the signs that MLflow takes no metric with."""
    titles = {f"task/{place}": "task/" + re.sub(r"[^-\w./ ]", "_", task) for place, task in enumerate(names)}
    return {titles.get(name, name): value for name, value in scores.items()}


def _word_vectors(words: "Vocabulary", weights: np.ndarray, ngrams: "NgramVectors | None") -> "WordVectors":
    """Every word's vector, that of the unknown word among them; padding has none."""
    from models.vectors import SubwordVectors, WordVectors

    tokens, learned = words.tokens.slice(1), weights[1:]
    return WordVectors(tokens, learned) if ngrams is None else SubwordVectors(tokens, learned, ngrams, words.counts[1:])
