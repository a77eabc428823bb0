"""Word vectors from elsewhere: read once, matched with the words of the training tweets, or added to ours."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from models.settings import Architecture, EmbeddingSettings, ExternalVectorSettings
from models.wording import counted
from tasks.runtime.progress import say
from tasks.sources.word_vectors import read_word_vectors
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run
from tasks.training.epoch_log import ordinary_factor

if TYPE_CHECKING:
    from models.text.vocabulary import Vocabulary
    from models.vectors import WordVectors

COVERAGE = "coverage.json"


@step("read external vectors")
def read_external_vectors(run: Run, snapshot: Path, max_words: int) -> Path:
    """The words and vectors of a file of any known format, the first `max_words` of them."""
    vectors = read_word_vectors(snapshot, max_words)
    run.log_metrics({"words": len(vectors), "dimensions": vectors.width})
    if len(vectors) == max_words:
        say(
            f"  read the first {counted(max_words, 'word')} of the vectors: external.max_words in "
            "the recipe is the limit"
        )
    return formats.write_artifact("vector-file", formats.vector_parts(vectors))


@step("match external vectors")
def match_external_vectors(
    run: Run, external: Path, vocabulary: Path, settings: ExternalVectorSettings, lowercase: bool
) -> Path:
    """The vectors of the words of the training tweets and of the first of the file, of norms that models learn with."""
    from models.vectors.matching import external_vectors

    found, coverage = external_vectors(
        formats.read_vectors(external), formats.read_vocabulary(vocabulary), settings, lowercase
    )
    scaled = found.scaled(ordinary_factor(run, found.vectors))
    run.log_metrics({"words": len(scaled), "dimensions": scaled.width, **coverage.metrics()})
    run.tag(coverage=coverage.describe())
    run.log_table({"without a vector": coverage.missing}, "words-without-a-vector")
    parts = {**formats.vector_parts(scaled), COVERAGE: asdict(coverage)}
    return formats.write_artifact("external-vectors", parts)


def describe_coverage(external: Path) -> str:
    """How much of the vocabulary a match covers, in words."""
    from models.vectors.matching import Coverage

    return Coverage(**json.loads((external / COVERAGE).read_text(encoding="utf-8"))).describe()


def starting_vectors(run: Run, external: Path, vocabulary: "Vocabulary", settings: EmbeddingSettings) -> "WordVectors":
    """The external vectors of a vocabulary's words, for a training of vectors to start from; how many is said.

    Raises ValueError when they have another width than the training.
    """
    from models.vectors.matching import external_vectors

    known = formats.read_vectors(external)
    if known.width != settings.dimensions:
        raise ValueError(
            f"the vectors of --vectors have {known.width} numbers each, those to train {settings.dimensions}: "
            f"to start from them, train with dimensions = {known.width} (embed --dimensions {known.width})"
        )
    asis = ExternalVectorSettings(max_vocabulary=0)
    found, coverage = external_vectors(known, vocabulary, asis, lowercase=False)
    say(f"  training starts from external vectors: {coverage.describe()}")
    run.log_metrics(coverage.metrics())
    return found.scaled(ordinary_factor(run, found.vectors))


@step("concatenate external and {architecture} vectors")
def concatenate_vectors(run: Run, external: Path, vectors: Path, architecture: Architecture) -> Path:
    """Both vectors of each word side by side, ours first; the external ones scaled to the median norm of ours."""
    from models.vectors import SubwordVectors
    from models.vectors.matching import concatenate

    ours, theirs = formats.read_vectors(vectors), formats.read_vectors(external)
    both = concatenate(ours, theirs)
    shared = float(pc.mean(pc.is_in(ours.tokens, value_set=theirs.tokens)).as_py())
    run.log_metrics({"words": len(both), "dimensions": both.width, "coverage/own_words": shared})
    if not isinstance(both, SubwordVectors) and any(isinstance(each, SubwordVectors) for each in (ours, theirs)):
        say("  words outside the vocabulary stay unknown: both vectors have n-grams, but cut or hashed differently")
    return formats.write_artifact("external-vectors", formats.vector_parts(both))
