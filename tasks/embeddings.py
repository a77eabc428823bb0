"""CBOW and skip-gram vectors: train on corpus and training tweets, score, save."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.settings import EmbeddingSettings, VocabularySettings
from models.text import Tokens, concat
from tasks import artifacts, environment
from tasks.frequencies import unlabelled_tokens
from tasks.progress import progress
from tasks.sources import read_text
from tasks.steps import step
from tasks.tracking import Run, descendants

if TYPE_CHECKING:
    from models.vectors import WordVectors

EVALUATION_WORDS = 30_000  # the usual vocabulary limit of the analogy test
MAP_WORDS = 200
NEIGHBOUR_ROWS, NEIGHBOURS = 20, 5


@step("train {settings.architecture} vectors", hardware=True)
def train_vectors(
    run: Run,
    tweets: Path | None,
    tokens: Path | None,
    corpus_tokens: Path | None,
    settings: EmbeddingSettings,
    seed: int,
) -> Path:
    """Learn word vectors from the corpus and the training tweets, whose labels are not looked at."""
    run.tag(device=environment.load_tensorflow())
    from models.phrases import learn_phrases
    from models.vectors.formats import to_table
    from models.vocabulary import fit_vocabulary
    from models.word2vec.training import train_vectors as train

    everything, phrases = learn_phrases(all_text(tweets, tokens, corpus_tokens), settings.phrases)
    limits = VocabularySettings(min_count=settings.min_count, max_size=settings.max_vocabulary)
    vocabulary = fit_vocabulary(everything, limits)
    ids, offsets = vocabulary.encode(everything)
    with progress(f"train {settings.architecture}", settings.epochs_for(len(ids)) * len(ids), "words") as report:
        vectors, history = train(ids, offsets, vocabulary.tokens, settings, seed, on_progress=report)
    run.log_history(list(enumerate(history)))
    run.log_metrics({"vocabulary": len(vectors), "words": len(ids), "phrases": sum(map(len, phrases))})
    _log_pictures(run, vectors)
    joined = {f"phrases-{number}.parquet": each.to_table() for number, each in enumerate(phrases, start=1)}
    return artifacts.write_artifact("vectors", {"vectors.parquet": to_table(vectors), **joined})


def all_text(tweets: Path | None, tokens: Path | None, corpus_tokens: Path | None) -> Tokens:
    """The text that vectors learn from, in one piece."""
    return concat(list(unlabelled_tokens(tweets, tokens, corpus_tokens)))


def _log_pictures(run: Run, vectors: "WordVectors") -> None:
    """A map of the most frequent words, and the neighbours of some of them."""
    from models.figures import vector_map

    run.log_figure(vector_map(vectors.vectors[:MAP_WORDS], vectors.tokens[:MAP_WORDS].to_pylist()), "vector-map")
    words = [word for word in vectors.tokens[:MAP_WORDS].to_pylist() if word.isalpha() and len(word) > 3][
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
    from models.vectors import evaluation

    table = artifacts.read_vectors(vectors)
    scores: dict[str, float] = {}
    if similarities is not None:
        pairs = evaluation.parse_similarities(read_text(similarities))
        similarity = evaluation.evaluate_similarities(table, pairs)
        scores |= {"similarity/wordsim353": similarity.spearman, "similarity/coverage": similarity.coverage}
    if analogies is not None:
        questions = evaluation.parse_analogies(read_text(analogies))
        analogy = evaluation.evaluate_analogies(table, questions, EVALUATION_WORDS)
        total = analogy["total"]
        scores |= {"analogy/total": total.accuracy, "analogy/coverage": total.coverage}
    run.log_metrics(scores)
    return artifacts.write_artifact("vector-scores", {"scores.json": scores})


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
        "words_per_second": metrics["words_per_second"],
        "wordsim353": metrics.get("similarity/wordsim353"),
        "analogy": metrics.get("analogy/total"),
        "vectors": str(vectors / "vectors.parquet"),
        "digest": vectors.name,
    }
