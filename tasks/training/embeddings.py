"""CBOW and skip-gram vectors: train on corpus and training tweets, score, save."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.settings import EmbeddingSettings, VocabularySettings
from models.text import Tokens, concat
from models.text.pieces import map_pieces
from models.wording import counted
from tasks.runtime import environment
from tasks.runtime.progress import progress, say
from tasks.steps import Inputs, step
from tasks.store import formats
from tasks.store.checkpoints import Checkpoints
from tasks.tracking import Run, descendants
from tasks.training.epoch_log import EpochLog
from tasks.training.external_vectors import starting_vectors
from tasks.training.features import unlabelled_tokens
from tasks.training.vector_benchmarks import Judgements

if TYPE_CHECKING:
    from models.text.vocabulary import Vocabulary
    from models.vectors import WordVectors
    from models.word2vec.state import Matrices, Source
    from models.word2vec.trainer import Shard

MATRICES: "tuple[Source, ...]" = ("input", "output", "mean")
PIECE_TOKENS = 20_000_000  # some 400 MB while it is trained on; shuffled as a whole, so that no subject comes in a row
MAP_WORDS = 1_000  # of which the map shows the first 200 content words
NEIGHBOUR_WORDS = 200
NEIGHBOUR_ROWS, NEIGHBOURS = 20, 5


@dataclass(frozen=True)
class UnlabelledText(Inputs):
    """The text to learn from: a tokenized corpus, and tweets, of which the training rows are read."""

    corpus_tokens: Path | None = None
    tweets: Path | None = None
    tokens: Path | None = None

    def shards(self) -> Iterator[Tokens]:
        """The tokens, shard after shard."""
        return unlabelled_tokens(self.tweets, self.tokens, self.corpus_tokens)

    def read(self) -> Tokens:
        """The tokens in one piece."""
        return concat(list(self.shards()))


@dataclass(frozen=True)
class VectorTests(Inputs):
    """Files of human judgements, as raw snapshots: word similarities and analogies, either or none."""

    similarities: Path | None = None
    analogies: Path | None = None


NO_TESTS = VectorTests()


def vector_tests(run: Run, similarities: Path | None, analogies: Path | None) -> VectorTests:
    """The files of human judgements as inputs of steps; says, and logs, how much of them was understood."""
    understood = Judgements.read(similarities, analogies).understood()
    if "pairs" in understood:
        run.log_metrics({"similarity/pairs": understood["pairs"]})
        say(f"similarities: {counted(understood['pairs'], 'word pair')} understood")
    if "questions" in understood:
        run.log_metrics({"analogy/questions": understood["questions"]})
        say(f"analogies: {counted(understood['questions'], 'question')} understood")
    return VectorTests(similarities, analogies)


@step("train {settings.architecture} vectors", hardware=True)
def train_vectors(
    run: Run,
    text: UnlabelledText,
    settings: EmbeddingSettings,
    seed: int,
    tests: VectorTests = NO_TESTS,
    start: Path | None = None,
) -> Path:
    """Learn word vectors from the corpus and the training tweets, whose labels are not looked at.

    With files of human judgements, each epoch is scored as it ends, and vectors from either matrix are compared.
    `start` are external vectors that the words they have start from.
    """
    run.tag(device=environment.load_tensorflow())
    from models.text.phrases import learn_phrases
    from models.text.vocabulary import fit_vocabulary_to
    from models.vectors.formats import to_table
    from models.vectors.postprocessing import all_but_the_top

    pieces, phrases = learn_phrases(text_pieces(text), settings.phrases)
    limits = VocabularySettings(min_count=settings.min_count, max_size=settings.max_vocabulary)
    vocabulary = fit_vocabulary_to(pieces, limits)
    epochs = EpochRecorder(run, settings, Judgements.read(tests.similarities, tests.analogies))
    initial = None if start is None else starting_vectors(run, start, vocabulary, settings)
    vectors = _train(map_pieces(pieces, vocabulary.encode), vocabulary, epochs, seed, initial)
    run.log_metrics({"words": int(vocabulary.counts.sum()), "phrases": sum(map(len, phrases))})
    epochs.compare_matrices()
    vectors = all_but_the_top(vectors, settings.remove_components)
    _log_pictures(run, vectors)
    parts = {**formats.vector_parts(vectors), "contexts.parquet": to_table(epochs.last("output"))}
    joined = {f"phrases-{number}.parquet": each.to_table() for number, each in enumerate(phrases, start=1)}
    return formats.write_artifact("vectors", parts | joined)


def _train(
    shards: "Iterable[Shard]",
    vocabulary: "Vocabulary",
    epochs: "EpochRecorder",
    seed: int,
    initial: "WordVectors | None" = None,
) -> "WordVectors":
    """The vectors of the encoded text, the training shown and kept as it goes."""
    from models.vectors import SubwordVectors
    from models.word2vec import TrainingHooks, train_on_shards

    run, settings, kept = epochs.run, epochs.settings, Checkpoints(epochs.run.action_key)
    words = int(vocabulary.counts.sum())
    with progress(f"train {settings.architecture}", settings.epochs_for(words) * words, "words") as report:
        hooks = TrainingHooks(epochs.record, report, epochs.check, kept.save, kept.latest(), initial)
        vectors, history = train_on_shards(shards, vocabulary.tokens, settings, seed, hooks)
    epochs.log.rest(history)
    run.log_metrics({"vocabulary": len(vectors)})
    if isinstance(vectors, SubwordVectors):
        run.log_metrics({"ngrams": len(vectors.ngrams.buckets)})
    return vectors


@dataclass
class EpochRecorder:
    """Puts the scores of each epoch on the run as it ends, and keeps the matrices of the last one."""

    run: Run
    settings: EmbeddingSettings
    judgements: Judgements
    matrices: "Matrices | None" = None
    log: EpochLog = field(init=False)

    def __post_init__(self) -> None:
        """Log to the run."""
        self.log = EpochLog(self.run, _named)

    def record(self, epoch: int, scores: Mapping[str, float], matrices: "Matrices") -> None:
        """What the trainer calls as an epoch ends."""
        self.matrices = matrices
        self.log.record(epoch, {**scores, **self.judgements.scores(self.last(self.settings.vectors_from))})

    def check(self, words: int, seen: Mapping[str, float]) -> None:
        """What the trainer calls several times an epoch: the loss on its sample by words read, and the longest row."""
        self.run.log_history([(words, {"loss_by_words": seen["loss"], "largest_norm_by_words": seen["norm"]})])

    def last(self, source: "Source") -> "WordVectors":
        """The vectors of one of the last epoch's matrices, or of their mean."""
        assert self.matrices is not None, "training ends with an epoch"
        return self.matrices.vectors(source)

    def compare_matrices(self) -> None:
        """Log how good vectors are from the input matrix, the output matrix, and their mean."""
        if self.judgements:
            rows = [{"vectors": source, **self.judgements.scores(self.last(source))} for source in MATRICES]
            self.run.log_table({name: [row[name] for row in rows] for name in rows[0]}, "input-output-mean")


def _named(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores under the names that every training has."""
    return {"train/loss" if name == "loss" else name: value for name, value in scores.items()}


def text_pieces(text: UnlabelledText) -> Iterable[Tokens]:
    """The text in pieces: a list of one where it is small, else pieces that are read again each time."""
    pieces = TextPieces(text)
    first = list(islice(pieces, 2))
    return first if len(first) < 2 else pieces


@dataclass(frozen=True)
class TextPieces:
    """Shards of the text put together up to PIECE_TOKENS: what is shuffled together, and all that is in memory."""

    text: UnlabelledText

    def __iter__(self) -> Iterator[Tokens]:
        """From the store, piece after piece; at least one, be it empty."""
        held: list[Tokens] = []
        for shard in self.text.shards():
            if held and sum(len(each.codes) for each in held) + len(shard.codes) > PIECE_TOKENS:
                yield concat(held)
                held = []
            held.append(shard)
        yield concat(held)


def _log_pictures(run: Run, vectors: "WordVectors") -> None:
    """A map of the most frequent words, and the neighbours of some of them."""
    from models.figures import vector_map

    run.log_figure(vector_map(vectors.vectors[:MAP_WORDS], vectors.tokens[:MAP_WORDS].to_pylist()), "vector-map")
    words = [word for word in vectors.tokens[:NEIGHBOUR_WORDS].to_pylist() if word.isalpha() and len(word) > 3][
        :NEIGHBOUR_ROWS
    ]
    found = [[f"{other} {cosine:.2f}" for other, cosine in vectors.neighbours(word, NEIGHBOURS)] for word in words]
    columns = {"word": words}
    for place in range(NEIGHBOURS):
        columns[str(place + 1)] = [row[place] if place < len(row) else "" for row in found]
    run.log_table(columns, "nearest-neighbours")


@step("score {architecture} vectors", hardware=True)
def score_vectors(
    run: Run, vectors: Path, architecture: str, similarities: Path | None, analogies: Path | None
) -> Path:
    """Score word vectors on a similarity file and an analogy file, whichever is given."""
    scores = Judgements.read(similarities, analogies).scores(formats.read_vectors(vectors))
    run.log_metrics(scores)
    return formats.write_artifact("vector-scores", {"scores.json": scores})


def embedding_summary(run: Run, settings: EmbeddingSettings, vectors: Path) -> dict[str, Any]:
    """What `embed --json` prints of the vectors trained under this run."""
    metrics: dict[str, float] = {}
    for each in descendants(run.root_id):
        metrics |= each.data.metrics
    return {
        "run_id": run.run_id,
        "architecture": settings.architecture,
        "dimensions": settings.dimensions,
        "epochs": settings.epochs_for(int(metrics["words"])),
        "words": int(metrics["words"]),
        "vocabulary": int(metrics["vocabulary"]),
        "ngrams": int(metrics.get("ngrams", 0)),
        "words_per_second": metrics["words_per_second"],
        "wordsim353": metrics.get("similarity/wordsim353"),
        "analogy": metrics.get("analogy/total"),
        "pairs": _count(metrics.get("similarity/pairs")),
        "questions": _count(metrics.get("analogy/questions")),
        "vectors": str(vectors / "vectors.parquet"),
        "digest": vectors.name,
    }


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)
