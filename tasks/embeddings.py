"""CBOW and skip-gram vectors: train on corpus and training tweets, score, save."""

from pathlib import Path
from typing import Any

from models.settings import EmbeddingSettings, VocabularySettings
from models.text import concat
from tasks import artifacts, environment
from tasks.frequencies import unlabelled_tokens
from tasks.progress import progress
from tasks.steps import step
from tasks.tracking import Run

EVALUATION_WORDS = 30_000  # the usual vocabulary limit of the analogy test
MAP_WORDS = 200


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
    environment.load_tensorflow()
    from models.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors as train

    everything = concat(list(unlabelled_tokens(tweets, tokens, corpus_tokens)))
    limits = VocabularySettings(min_count=settings.min_count, max_size=settings.max_vocabulary)
    vocabulary = fit_vocabulary(everything, limits)
    ids, offsets = vocabulary.encode(everything)
    with progress(f"train {settings.architecture}", total=len(ids) * settings.epochs, unit="words") as report:
        vectors, history = train(ids, offsets, vocabulary, settings, seed, on_progress=report)
    run.log_history([(int(each["epoch"]), _numbers(each)) for each in history])
    run.log_metrics({"vocabulary": len(vectors), "words": len(ids)})
    _log_pictures(run, vectors)
    return artifacts.write_artifact("vectors", {"vectors.parquet": vectors.to_table()})


def _numbers(entry: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in entry.items() if name != "epoch"}


def _log_pictures(run: Run, vectors: Any) -> None:
    from models.figures import vector_map

    run.log_figure(vector_map(vectors, MAP_WORDS), "vector-map")
    words = [word for word in vectors.most_frequent(40) if word.isalpha()][:20]
    rows = {word: [f"{other} {score:.2f}" for other, score in vectors.neighbours(word, 5)] for word in words}
    columns = {
        "word": list(rows),
        **{str(n + 1): [found[n] if n < len(found) else "" for found in rows.values()] for n in range(5)},
    }
    run.log_table(columns, "nearest-neighbours")


@step("score {architecture} vectors")
def score_vectors(
    run: Run, vectors: Path, architecture: str, similarities: Path | None, analogies: Path | None
) -> Path:
    """Score word vectors on a similarity file and an analogy file, whichever is given."""
    from models import vectors as word_vectors

    table = artifacts.read_vectors(vectors)
    scores: dict[str, float] = {}
    if similarities is not None:
        pairs = word_vectors.parse_similarities(artifacts.read_raw_text(similarities))
        result = word_vectors.evaluate_similarities(table, pairs)
        scores |= {"similarity/wordsim353": result.spearman, "similarity/coverage": result.coverage}
    if analogies is not None:
        questions = word_vectors.parse_analogies(artifacts.read_raw_text(analogies))
        result = word_vectors.evaluate_analogies(table, questions, EVALUATION_WORDS)
        scores |= {"analogy/total": result.total, "analogy/coverage": result.coverage}
    run.log_metrics(scores)
    return artifacts.write_artifact("vector-scores", {"scores.json": scores})
