"""How well a retraining chooses among its models: regret of every rule, on the same fitted models.

    python tests/benchmarks/bench_choice.py fit --tweets train.csv --pretrain-on crisislex --keep FOLDER [--splits 50]
    python tests/benchmarks/bench_choice.py report --keep FOLDER

`fit` splits the tweets anew by another split seed, fits every model of the recipe on the training rows, and keeps what
each says of validation and test rows in a file of its own for each split; splits that are there are not fitted again.
Word vectors learn once, from texts that hold no tweet of the table. `report` lets every rule choose by the validation
rows of each split. The regret of a choice is how much worse the chosen model's *mean* test score over all splits is
than that of the model with the best mean: the best of one split is noise.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from fit_and_report import parsers, run
from scipy.special import expit

from models.classifiers.calibration import apply_temperature, fit_temperature, log_odds
from models.metrics.scores import choose_threshold, classification_metrics, platt_line, row_losses
from models.selection import Contender, choose_model, cross_fitted, rank_of
from models.settings import ClassifierSettings, Kind, Recipe

FIRST_SEED = 1_000  # of the splits: no other benchmark's
SCORES = ("log_loss", "f1", "accuracy")


class Fixed(NamedTuple):
    """What all splits share: the tweets, their tokens, word vectors by representation."""

    table: pa.Table
    tokens: Any
    vectors: dict[str, Any]


class Told(NamedTuple):
    """What the validation rows tell of a model: thresholds for accuracy and F1, scores, cross-fitted losses of rows."""

    threshold: float
    threshold_f1: float
    metrics: dict[str, float]
    losses: np.ndarray
    squares: np.ndarray


class Split(NamedTuple):
    """One split: groups of the validation rows, what they tell of every model, and its test scores."""

    groups: np.ndarray
    told: dict[str, Told]
    tested: dict[str, dict[str, float]]


Rule = Callable[[Split], str]


class Rows(NamedTuple):
    """Row numbers of the splits."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def fixed(given: argparse.Namespace, recipe: Recipe) -> Fixed:
    """Tweets and vectors, from the store of `--keep` where an earlier call has made them; without texts no vectors."""
    from flows.ingest import TweetSource, ingest_corpora, ingest_labelled_texts, ingest_tweets
    from tasks import tracking
    from tasks.evaluation.fold_tables import gather_labelled
    from tasks.evaluation.leakage import exclude_texts
    from tasks.store import formats
    from tasks.training.embeddings import UnlabelledText, train_vectors
    from tasks.training.features import count_cooccurrences, tokenize_corpus, tokenize_tweets

    with tracking.tracked_run("choice", "bench") as run:
        tweets = ingest_tweets.fn(TweetSource(source=given.tweets), recipe, run)
        texts = [*ingest_corpora.fn(given.corpus, run), *ingest_labelled_texts.fn(given.pretrain_on, run)]
        ours = formats.read_tokens(tokenize_tweets.fn(run, tweets, recipe.text))
        if not texts:
            return Fixed(formats.read_tweets(tweets), ours, {})
        corpus = [exclude_texts.fn(run, texts, gather_labelled.fn(run, tweets), [])]
        tokens = tokenize_corpus.fn(run, corpus, recipe.text)
        made = {"co-occurrence": count_cooccurrences.fn(run, None, None, tokens, recipe.cooccurrence, recipe.seed)}
        for each in recipe.embeddings:
            text = UnlabelledText(tokens)
            made[each.architecture] = train_vectors.fn(run, text, each, recipe.seed)
    vectors = {name: formats.read_vectors(path) for name, path in made.items()}
    return Fixed(formats.read_tweets(tweets), ours, vectors)


def split_rows(table: pa.Table, recipe: Recipe, number: int) -> Rows:
    """The rows of this split: groups, as `crisisflow retrain` splits them, by a seed of its own."""
    from models.splitting.splits import assign_splits

    settings = recipe.split.model_copy(update={"seed": FIRST_SEED + number})
    splits = np.array(assign_splits(table["group"], settings).to_pylist())
    return Rows(*(np.flatnonzero(splits == name) for name in Rows._fields))


def linear_models(data: Fixed, rows: Rows, labels: np.ndarray, recipe: Recipe) -> Iterator[tuple[str, Any, Any]]:
    """Name, fitted model and document vectors of every linear model."""
    from models.classifiers.document_vectors import average_words
    from models.classifiers.logistic import fit_logistic
    from models.classifiers.nb_svm import fit_nb_svm
    from models.classifiers.pipeline import bags_of_words
    from models.frequencies import fit_features

    space = fit_features(data.tokens.take(rows.train), recipe.frequency)
    matrices = {name: bag(data.tokens, space) for name, bag in bags_of_words().items()}
    matrices |= {name: average_words(data.tokens, each) for name, each in data.vectors.items()}
    for name, matrix in matrices.items():
        known = (matrix[rows.train], labels[rows.train], matrix[rows.validation], labels[rows.validation])
        yield f"logistic/{name}", fit_logistic(*known, recipe.logistic)[0], matrix
        if name == "one-hot":
            yield f"nb-svm/{name}", fit_nb_svm(*known, recipe.nb_svm)[0], matrix


def network_answers(
    data: Fixed, rows: Rows, labels: np.ndarray, settings: ClassifierSettings, recipe: Recipe, seed: int
) -> dict[str, np.ndarray]:
    """What a network trained on the training rows says, uncalibrated, of the other splits."""
    from models.recurrent import build_classifier, predict_probabilities, train_classifier
    from models.seeds import derive_seed
    from models.text.vocabulary import fit_vocabulary

    words, vectors = fit_vocabulary(data.tokens.take(rows.train), recipe.vocabulary), None
    if settings.features in data.vectors:
        words = words.extended(data.vectors[settings.features].tokens)
        vectors = data.vectors[settings.features].rows_for(words.tokens)[0]
    seed = derive_seed(seed, settings.name)
    network = build_classifier(settings, len(words), vectors, seed)
    inputs = {name: words.encode(data.tokens.take(numbers)) for name, numbers in rows._asdict().items()}
    learned, scored = ((*inputs[name], labels[getattr(rows, name)]) for name in ("train", "validation"))
    train_classifier(network, learned, scored, settings, seed)
    return {name: predict_probabilities(network, *inputs[name]) for name in ("validation", "test")}


def fit_split(data: Fixed, recipe: Recipe, number: int) -> dict[str, np.ndarray]:
    """Labels and groups of the rows held out, and by `split:model` what every model says of them, uncalibrated."""
    rows, labels = split_rows(data.table, recipe, number), data.table["target"].to_numpy()
    groups = data.table["group"].to_numpy(zero_copy_only=False).astype(str)
    kept = {}
    for split in ("validation", "test"):
        numbers = getattr(rows, split)
        kept |= {f"labels:{split}": labels[numbers], f"groups:{split}": groups[numbers]}
    for name, model, matrix in linear_models(data, rows, labels, recipe):
        for split in ("validation", "test"):
            kept[f"{split}:{name}"] = model.predict_probabilities(matrix[getattr(rows, split)])
    for settings in recipe.classifiers:
        answers = network_answers(data, rows, labels, settings, recipe, recipe.seed + number)
        kept |= {f"{split}:{settings.name}": said for split, said in answers.items()}
    return kept


def prepared(given: argparse.Namespace) -> tuple[Recipe, Fixed]:
    """The recipe, and what all fits share, made in a state folder beside what is kept."""
    os.environ["CRISISFLOW_HOME"] = str(given.keep / "state")
    from tasks.recipes import load_recipe
    from tasks.runtime.environment import load_tensorflow, prepare_environment
    from tasks.scheduling.prefect_server import prefect_server

    prepare_environment()
    load_tensorflow()
    recipe = load_recipe(given.recipe)
    with prefect_server():
        return recipe, fixed(given, recipe)


def keep(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as a whole, or not at all: a fit that is there is not made again."""
    draft = path.with_suffix(".draft.npz")
    np.savez(draft, allow_pickle=False, **arrays)
    draft.rename(path)


def fit(given: argparse.Namespace) -> None:
    """Fit what is missing, and keep it."""
    recipe, data = prepared(given)
    for number in range(given.splits):
        path = given.keep / f"split-{number:03}.npz"
        if not path.exists():
            began = time.monotonic()
            keep(path, fit_split(data, recipe, number))
            print(f"split {number}: {time.monotonic() - began:.0f} s", flush=True)


def read_split(path: Path) -> Split:
    """What every rule looks at of one split, and the test scores of its models."""
    with np.load(path, allow_pickle=False) as kept:
        held = dict(kept)
    labels, groups = held["labels:validation"], held["groups:validation"]
    names = [key.removeprefix("validation:") for key in held if key.startswith("validation:")]
    told = {name: _told(name, labels, groups, held[f"validation:{name}"]) for name in names}
    tested = {}
    for name, each in told.items():
        said = calibrated(name, labels, held[f"validation:{name}"], held[f"test:{name}"])
        found = classification_metrics(held["labels:test"], said, each.threshold)
        by_f1 = classification_metrics(held["labels:test"], said, each.threshold_f1)
        tested[name] = {score: found[score] for score in SCORES} | {f"{score} *": by_f1[score] for score in SCORES[1:]}
    return Split(groups, told, tested)


def calibrated(name: str, labels: np.ndarray, known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The probabilities asked about, with what the model's kind fits on the validation rows."""
    match kind_of(name):
        case "logistic":
            return asked
        case "nb-svm":
            slope, offset = platt_line(log_odds(known, 1e-6), labels)
            return expit(slope * log_odds(asked, 1e-6) + offset)
        case _:
            return apply_temperature(asked, fit_temperature(labels, known))


def kind_of(name: str) -> Kind:
    """The kind of a model."""
    kind: Kind = name.partition("/")[0]  # type: ignore[assignment]
    return kind


def _told(name: str, labels: np.ndarray, groups: np.ndarray, said: np.ndarray) -> Told:
    def calibrate(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return calibrated(name, labels[known], said[known], said[asked])

    served = calibrated(name, labels, said, said)
    thresholds = choose_threshold(labels, served), choose_threshold(labels, served, "f1")
    found = classification_metrics(labels, served, thresholds[0])
    crossed = cross_fitted(groups, calibrate)
    return Told(*thresholds, found, row_losses(labels, crossed), (crossed - labels) ** 2)


def highest(score: str) -> Rule:
    """Takes the model with the highest score on the validation rows that fitted it."""
    return lambda split: max(split.told, key=lambda name: split.told[name].metrics[score])


def lowest(loss: str) -> Rule:
    """Takes the model with the lowest mean loss by cross-fitted probabilities."""
    return lambda split: min(split.told, key=lambda name: getattr(split.told[name], loss).mean())


def within(errors: float, loss: str = "losses") -> Rule:
    """Takes the simplest within so many standard errors of the paired difference."""

    def rule(split: Split) -> str:
        contenders = [Contender(name, kind_of(name), getattr(each, loss)) for name, each in split.told.items()]
        standings = choose_model(contenders, split.groups).standings
        near = [each for each in standings if each.difference <= errors * each.error]
        return min(near, key=lambda each: (rank_of(kind_of(each.name)), each.loss)).name

    return rule


def now(split: Split) -> str:
    """Takes what a retraining takes."""
    contenders = [Contender(name, kind_of(name), each.losses) for name, each in split.told.items()]
    return choose_model(contenders, split.groups).name


def within_unpaired(split: Split) -> str:
    """Takes the simplest within one standard error of the best one's own score, as Breiman et al. do."""
    best = split.told[lowest("losses")(split)].losses
    limit = best.mean() + best.std(ddof=1) / np.sqrt(len(best))
    tied = [name for name, each in split.told.items() if each.losses.mean() <= limit]
    return min(tied, key=lambda name: (rank_of(kind_of(name)), split.told[name].losses.mean()))


RULES: dict[str, Rule] = {
    "highest validation F1 (before)": highest("f1"),
    "highest validation accuracy": highest("accuracy"),
    "lowest log loss, not cross-fitted": lambda split: min(
        split.told, key=lambda name: split.told[name].metrics["log_loss"]
    ),
    "lowest log loss": lowest("losses"),
    "lowest Brier score": lowest("squares"),
    "simplest within .001 of the lowest (now)": now,
    "simplest within 0.25 paired errors": within(0.25),
    "simplest within 0.25 paired errors, Brier": within(0.25, "squares"),
    "simplest within 0.5 paired errors": within(0.5),
    "simplest within 1 paired error": within(1.0),
    "simplest within 1 paired error, Brier": within(1.0, "squares"),
    "simplest within 1.64 paired errors": within(1.64),
    "simplest within 2 paired errors": within(2.0),
    "simplest within 1 error of the best": within_unpaired,
}
BEFORE = "highest validation F1 (before)"


def report(given: argparse.Namespace) -> None:
    """Mean test scores of the models, choices and regret of every rule, and how sure the difference is."""
    splits = [read_split(path) for path in sorted(given.keep.glob("split-???.npz"))[given.first :]]
    names, scores = list(splits[0].told), list(next(iter(splits[0].tested.values())))
    means = {
        name: {score: float(np.mean([each.tested[name][score] for each in splits])) for score in scores}
        for name in names
    }
    sizes = [len(each.groups) for each in splits]
    print(f"{len(splits)} splits, {min(sizes)} to {max(sizes)} validation rows; * at the threshold for F1")
    print(f"{'mean test score':40}" + "".join(f"{score:>11}" for score in scores))
    for name in names:
        print(f"{name:40}" + "".join(f"{means[name][score]:11.4f}" for score in scores))
    print(f"\n{'mean regret, points':40}" + "".join(f"{score:>11}" for score in scores) + "  chosen")
    regrets = {}
    for rule, choose in RULES.items():
        chosen = [choose(each) for each in splits]
        regrets[rule] = {score: regret(means, chosen, score) for score in scores}
        counts = ", ".join(f"{name} {count}" for name, count in Counter(chosen).most_common())
        print(f"{rule:40}" + "".join(f"{100 * regrets[rule][s].mean():11.2f}" for s in scores) + f"  {counts}")
    print(
        f"\nregret of each rule less that of {BEFORE!r}, points, with a 95 % interval of the paired bootstrap of splits"
    )
    for rule in RULES:
        shown = (_interval(100 * (regrets[rule][s] - regrets[BEFORE][s])) for s in scores)
        print(f"{rule:40}" + "".join(f"  {each}" for each in shown))


def regret(means: Mapping[str, Mapping[str, float]], chosen: list[str], score: str) -> np.ndarray:
    """How much worse the mean test score of each chosen model is than the best mean, (splits,)."""
    sign = -1 if score == "log_loss" else 1
    best = max(sign * each[score] for each in means.values())
    return np.array([best - sign * means[name][score] for name in chosen])


def _interval(differences: np.ndarray) -> str:
    random = np.random.default_rng(0)
    drawn = differences[random.integers(0, len(differences), (10_000, len(differences)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{differences.mean():+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    """Fit, or report."""
    whole, fitting, reporting = parsers(__doc__, fit, report)
    fitting.add_argument("--splits", type=int, default=50)
    reporting.add_argument("--first", type=int, default=0, help="leave out the splits before this one")
    run(whole)


if __name__ == "__main__":
    main()
