"""What learning from every label is worth: twin and refit on rows that neither has seen, by nested cross-validation.

    python tests/benchmarks/bench_refit.py fit --tweets train.csv --keep FOLDER [--pretrain-on crisislex] [--networks]
    python tests/benchmarks/bench_refit.py report --keep FOLDER

Outer folds, by groups of near-duplicates, hold rows out. The others are split into training, validation and test rows
as a retraining splits them. The twin learns from the training rows, its choices are made on the validation rows; the
refit keeps them and learns from all three. Both answer the rows of the outer fold. Word vectors learn once, from texts
that hold no tweet of the table. `fit` keeps the answers of each fold; folds that are there are not fitted again.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench_choice import Fixed, keep, prepared
from fit_and_report import parsers, run

from models.classifiers.calibration import apply_temperature, fit_temperature
from models.metrics.scores import choose_threshold, classification_metrics
from models.metrics.significance import Predictions, bootstrap_scores, paired_difference
from models.settings import ClassifierSettings, Recipe

SHOWN = ("accuracy", "f1", "log_loss")
RESAMPLES = 2_000


def inner_rows(data: Fixed, held_out: np.ndarray, recipe: Recipe) -> dict[str, np.ndarray]:
    """Row numbers of the inner splits among the rows that the outer fold does not hold out; `all` of them; `outer`."""
    from models.splitting.splits import assign_splits

    splits = np.array(assign_splits(data.table["group"], recipe.split).to_pylist())
    inner = {name: np.flatnonzero((splits == name) & ~held_out) for name in ("train", "validation", "test")}
    return {**inner, "all": np.flatnonzero(~held_out), "outer": np.flatnonzero(held_out)}


def bags(data: Fixed, learned: np.ndarray, recipe: Recipe) -> dict[str, Any]:
    """Document vectors of all rows by representation, what is counted being counted on these rows."""
    from models.classifiers.pipeline import bags_of_words
    from models.frequencies import fit_features

    space = fit_features(data.tokens.take(learned), recipe.frequency)
    return {name: bag(data.tokens, space) for name, bag in bags_of_words().items()}


def linear_answers(
    data: Fixed, rows: dict[str, np.ndarray], labels: np.ndarray, recipe: Recipe, alone: bool
) -> Iterator[tuple[str, float, np.ndarray, np.ndarray]]:
    """Name, threshold, and what twin and refit say of the outer rows, of every linear model, or of NB-SVM alone."""
    from models.classifiers.document_vectors import average_words
    from models.classifiers.logistic import fit_logistic
    from models.classifiers.nb_svm import fit_nb_svm
    from models.classifiers.refitting import refit_logistic, refit_nb_svm

    vectors = {} if alone else data.vectors
    averages = {name: average_words(data.tokens, each) for name, each in vectors.items()}
    twins, refits = ({**bags(data, rows[name], recipe), **averages} for name in ("train", "all"))
    everything = rows["all"]
    groups = data.table["group"].to_numpy(zero_copy_only=False)[everything]
    for name, matrix in twins.items():
        if alone and name != "one-hot":
            continue
        known = [each for split in ("train", "validation") for each in (matrix[rows[split]], labels[rows[split]])]
        more = refits[name]
        if not alone:
            twin, _ = fit_logistic(*known, recipe.logistic)
            again = refit_logistic(more[everything], labels[everything], twin.inverse_strength)
            yield f"logistic/{name}", *_answers(twin, again, matrix, more, rows, labels)
        if name == "one-hot":
            twin, _ = fit_nb_svm(*known, recipe.nb_svm)
            strength = twin.inverse_strength
            again = refit_nb_svm(more[everything], labels[everything], groups, strength, recipe.nb_svm)
            yield f"nb-svm/{name}", *_answers(twin, again, matrix, more, rows, labels)


def _answers(
    twin: Any, again: Any, matrix: Any, more: Any, rows: dict[str, np.ndarray], labels: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    validation = rows["validation"]
    threshold = choose_threshold(labels[validation], twin.predict_probabilities(matrix[validation]))
    said = twin.predict_probabilities(matrix[rows["outer"]])
    return threshold, said, again.predict_probabilities(more[rows["outer"]])


def network_answers(
    data: Fixed, rows: dict[str, np.ndarray], labels: np.ndarray, settings: ClassifierSettings, recipe: Recipe
) -> tuple[float, np.ndarray, np.ndarray]:
    """Threshold, and what twin and refit of a network say of the outer rows."""
    from models.recurrent import build_classifier, predict_probabilities, train_classifier
    from models.seeds import derive_seed
    from models.text.vocabulary import fit_vocabulary
    from models.training.checkpoints import NO_HOOKS

    seed, said, epochs = derive_seed(recipe.seed, settings.name), {}, None
    for learned in ("train", "all"):
        words = fit_vocabulary(data.tokens.take(rows[learned]), recipe.vocabulary)
        words = words.extended(data.vectors[settings.features].tokens)
        vectors = data.vectors[settings.features].rows_for(words.tokens)[0]
        network = build_classifier(settings, len(words), vectors, seed)
        scored = rows["validation" if learned == "train" else "outer"][: None if learned == "train" else 0]
        known, watched = ((*words.encode(data.tokens.take(each)), labels[each]) for each in (rows[learned], scored))
        history = train_classifier(network, known, watched, settings, seed, NO_HOOKS, epochs)
        epochs = len(history)  # a one-cycle schedule is trained to its end
        asked = ("validation", "outer") if learned == "train" else ("outer",)
        for split in asked:
            inputs = words.encode(data.tokens.take(rows[split]))
            said[learned, split] = predict_probabilities(network, *inputs)
    truth, before = labels[rows["validation"]], said["train", "validation"]
    temperature = fit_temperature(truth, before)
    threshold = choose_threshold(truth, apply_temperature(before, temperature))
    return threshold, *(apply_temperature(said[each, "outer"], temperature) for each in ("train", "all"))


def fit(given: argparse.Namespace) -> None:
    """Fit what is missing, and keep it."""
    from models.splitting.folds import assign_folds

    recipe, data = prepared(given)
    kind = "networks" if given.networks else "nb-svm" if given.nb_svm else "linear"
    labels = data.table["target"].to_numpy()
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        folds = assign_folds(data.table["group"], given.folds, seed)
        for number in range(1, given.folds + 1):
            rows = inner_rows(data, folds == number, recipe.model_copy(update={"seed": seed}))
            path = given.keep / f"{kind}-{seed}-{number}.npz"
            if not path.exists():
                _fit_fold(data, rows, labels, recipe.model_copy(update={"seed": seed}), kind, path)


def _fit_fold(
    data: Fixed, rows: dict[str, np.ndarray], labels: np.ndarray, recipe: Recipe, kind: str, path: Path
) -> None:
    began = time.monotonic()
    groups = data.table["group"].to_numpy(zero_copy_only=False).astype(str)[rows["outer"]]
    kept: dict[str, np.ndarray] = {"labels": labels[rows["outer"]], "groups": groups}
    if kind == "networks":
        wanted = [each for each in recipe.classifiers if each.features in data.vectors]
        found: Any = ((each.name, *network_answers(data, rows, labels, each, recipe)) for each in wanted)
    else:
        found = linear_answers(data, rows, labels, recipe, kind == "nb-svm")
    for name, threshold, twin, refit in found:
        kept |= {f"threshold:{name}": np.array(threshold), f"twin:{name}": twin, f"refit:{name}": refit}
    keep(path, kept)
    counts = ", ".join(f"{name} {len(each):,}" for name, each in rows.items())
    print(f"{path.stem}: {counts}; {time.monotonic() - began:.0f} s", flush=True)


def report(given: argparse.Namespace) -> None:
    """Scores of twin and refit over all outer rows, and how sure the difference is."""
    for kind in ("linear", "nb-svm", "networks"):
        folds = [dict(np.load(path, allow_pickle=False)) for path in sorted(given.keep.glob(f"{kind}-*.npz"))]
        if not folds:
            continue
        labels, groups = (np.concatenate([each[name] for each in folds]) for name in ("labels", "groups"))
        print(f"{kind}: {len(folds)} outer folds, {len(labels):,} rows; refit less twin, 95 % interval of the paired")
        print(
            f"bootstrap of groups; mean P(disaster) of twin and refit\n{'':24}"
            + "".join(f"{score:>38}" for score in SHOWN)
        )
        for name in (key.removeprefix("twin:") for key in folds[0] if key.startswith("twin:")):
            print(f"{name:24}" + "".join(f"{each:>38}" for each in _differences(folds, name, labels, groups)))


def _differences(folds: list[dict[str, np.ndarray]], name: str, labels: np.ndarray, groups: np.ndarray) -> list[str]:
    thresholds = np.concatenate([np.full(len(each["labels"]), each[f"threshold:{name}"]) for each in folds])
    said = {
        part: Predictions(np.concatenate([each[f"{part}:{name}"] for each in folds]), thresholds)
        for part in ("twin", "refit")
    }
    drawn = bootstrap_scores(labels, groups, said, 0, RESAMPLES)
    whole = {part: _scores(labels, each) for part, each in said.items()}
    shown = []
    for score in SHOWN:
        gain = whole["refit"][score] - whole["twin"][score]
        low, high = paired_difference(gain, drawn["refit"][score], drawn["twin"][score]).interval
        shown.append(f"{whole['twin'][score]:.4f} {gain:+.4f} ({low:+.4f} to {high:+.4f})")
    means = " to ".join(f"{each.probabilities.mean():.4f}" for each in said.values())
    return [*shown, f"{means} of {labels.mean():.4f}"]


def _scores(labels: np.ndarray, said: Predictions) -> dict[str, float]:
    called = said.called == (labels == 1)
    found = classification_metrics(labels, said.probabilities)
    right = (said.called & (labels == 1)).sum()
    return {
        "accuracy": float(called.mean()),
        "f1": float(2 * right / (said.called.sum() + (labels == 1).sum())),
        "log_loss": found["log_loss"],
    }


def main() -> None:
    """Fit, or report."""
    whole, fitting, _ = parsers(__doc__, fit, report)
    fitting.add_argument("--folds", type=int, default=5)
    fitting.add_argument("--seeds", type=int, default=1)
    fitting.add_argument("--first-seed", type=int, default=1)
    others = fitting.add_mutually_exclusive_group()
    others.add_argument("--networks", action="store_true", help="The recipe's networks instead of the linear models.")
    others.add_argument("--nb-svm", action="store_true", help="Of the linear models NB-SVM alone.")
    run(whole)


if __name__ == "__main__":
    main()
