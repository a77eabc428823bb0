"""How often the promotion gate promotes what it should not, and what it should; and what other gates would do.

Simulated (models/sample/challengers.py: 80 % accurate, near-duplicates in groups), 200 trials of each, twelve slices
that say nothing of the models active: equals; a planted gain; a planted loss on a slice; equals compared by the rule
"higher F1 on validation rows", where each is the best of eleven; a year of nightly equals against one and the same
test rows.

With --tweets, real too: a network trained with so many seeds on these tweets, pairs of seeds in either order on the
same test rows. Pairs share their models and rows, so they are not independent trials: the figure says what a nightly
retraining would meet.

    python tests/benchmarks/bench_gate.py [--trials 200] [--tweets train.csv --seeds 15]
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from challengers import held_out_rows, planted_change, seeds_of_one_recipe

from models.gate import Answers, HeldOut, Service, Verdict, judge, selection_bias
from models.settings import GateSettings

SERVED = Service(rows=1_000, milliseconds=40)
SETTINGS = GateSettings()
SHARES = (0.5, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.02, 0.01)
HARMED = "slice 7"  # a tenth of the rows
KAGGLE_ROWS, KAGGLE_VALIDATION = 1_575, 1_150
MODELS_IN_A_RUN, NIGHTS = 11, 365

Pair = tuple[Answers, Answers]
Slices = dict[str, np.ndarray]


def slices_of(random: np.random.Generator, rows: HeldOut) -> Slices:
    """Masks that have nothing to do with the models."""
    return {f"slice {number}": random.random(len(rows)) < share for number, share in enumerate(SHARES)}


def equals(random: np.random.Generator, rows: HeldOut, _slices: Slices) -> Pair:
    """Two seeds of one recipe."""
    first, second = seeds_of_one_recipe(random, rows, 2)
    return first, second


def better(random: np.random.Generator, rows: HeldOut, _slices: Slices) -> Pair:
    """Two points better where 12 % of the rows differ."""
    return planted_change(random, rows, 0.02, 0.12)


def harmful(random: np.random.Generator, rows: HeldOut, slices: Slices) -> Pair:
    """Four points better, and twelve worse on a tenth of the rows."""
    return planted_change(random, rows, np.where(slices[HARMED], -0.12, 0.04), 0.12)


def trials(count: int, rows: int, pair: Callable[[np.random.Generator, HeldOut, Slices], Pair]) -> list[Verdict]:
    """Verdicts on pairs drawn anew, rows and slices included."""
    verdicts = []
    for number in range(count):
        random = np.random.default_rng([number, rows])
        held = held_out_rows(random, rows)
        slices = slices_of(random, held)
        verdicts.append(judge(held, *pair(random, held, slices), slices, SERVED, SETTINGS))
    return verdicts


def promoted(verdicts: list[Verdict]) -> int:
    """How many."""
    return sum(each.promoted for each in verdicts)


def promoted_by_validation(count: int) -> int:
    """Of equals, each the best of its run on validation rows, how many have a higher F1 than the one before on them."""
    from models.metrics.scores import classification_metrics

    found = 0
    for number in range(count):
        random = np.random.default_rng([number, 1])
        rows = held_out_rows(random, KAGGLE_VALIDATION)
        models = seeds_of_one_recipe(random, rows, 2 * MODELS_IN_A_RUN)
        scores = [classification_metrics(rows.labels, each.called.astype(float))["f1"] for each in models]
        found += max(scores[MODELS_IN_A_RUN:]) > max(scores[:MODELS_IN_A_RUN])
    return found


def a_year_of_equals(years: int) -> tuple[float, float, float]:
    """Promotions in a year of nights on the same test rows, the points by which the last champion's own accuracy
    exceeds what it is worth, and the bound that would have been stated.
    """
    count, excess, bounds = 0, [], []
    for year in range(years):
        random = np.random.default_rng([year, 2])
        rows = held_out_rows(random, KAGGLE_ROWS)
        right = [each.right(rows) for each in seeds_of_one_recipe(random, rows, NIGHTS + 1)]
        # A cheap gate of the same level: the paired z of group sums. The bootstrap 365 times a year takes hours.
        champion = right[0]
        for challenger in right[1:]:
            sums = np.bincount(rows.members, weights=challenger.astype(float) - champion)
            error = np.sqrt((sums**2).sum()) or 1.0
            if sums.sum() / error > 1.96:
                champion, count = challenger, count + 1
        # What these rows do to every model alike flatters nobody in particular: take off their mean.
        excess.append(champion.mean() - np.mean([each.mean() for each in right]))
        bounds.append(selection_bias(float(error) / len(rows), NIGHTS))
    return count / years, 100 * float(np.mean(excess)), 100 * float(np.mean(bounds))


def real_seeds(tweets: Path, seeds: int) -> tuple[list[Verdict], float, float]:
    """Verdicts on all ordered pairs of networks that differ in their seed only; their mean accuracy and discordance."""
    from models.metrics.slices import slice_rows
    from tasks import sources
    from tasks.ingestion.tweets import ingest_tweets
    from tasks.runtime.environment import load_tensorflow, prepare_environment
    from tasks.store import formats

    prepare_environment()
    load_tensorflow()
    table = formats.read_tweets(ingest_tweets(sources.fetch(str(tweets))))
    answers = list(train_seeds(table, seeds))
    held = table.take(formats.rows_in(table, "test"))
    rows = HeldOut(held["target"].to_numpy(), held["group"].to_numpy(zero_copy_only=False))
    verdicts = [judge(rows, *pair, slice_rows(held), SERVED, SETTINGS) for pair in itertools.permutations(answers, 2)]
    differing = [np.mean(a.called != b.called) for a, b in itertools.combinations(answers, 2)]
    return verdicts, float(np.mean([each.right(rows).mean() for each in answers])), float(np.mean(differing))


def train_seeds(table: Any, seeds: int) -> Iterator[Answers]:
    """Feed-forward networks over learned word vectors, one for each seed: their answers to the test rows."""
    from models.classifiers.pipeline import tokenize_rows
    from models.metrics.scores import choose_threshold
    from models.recurrent import build_classifier, predict_probabilities, train_classifier
    from models.settings import ClassifierSettings, TextSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary
    from tasks.store.formats import rows_in

    tokens = tokenize_rows(table["text"].combine_chunks(), table["keyword"].combine_chunks(), TextSettings())
    words = fit_vocabulary(tokens.take(rows_in(table, "train")), VocabularySettings())
    labels, inputs = {}, {}
    for split in ("train", "validation", "test"):
        rows = rows_in(table, split)
        labels[split], inputs[split] = table["target"].to_numpy()[rows], words.encode(tokens.take(rows))
    settings = ClassifierSettings(kind="feed-forward", features="scratch", dimensions=32)
    for seed in range(seeds):
        network = build_classifier(settings, len(words), None, seed)
        learned, tuned = ((*inputs[split], labels[split]) for split in ("train", "validation"))
        train_classifier(network, learned, tuned, settings, seed)
        threshold = choose_threshold(labels["validation"], predict_probabilities(network, *inputs["validation"]))
        probabilities = predict_probabilities(network, *inputs["test"])
        yield Answers(probabilities, probabilities >= threshold)


def report(name: str, count: int, of: int, began: float) -> None:
    """One line."""
    print(f"{name}: {count} of {of} ({time.monotonic() - began:.0f} s)", flush=True)


def main(asked: argparse.Namespace) -> None:
    """Every figure, and whether the aims are met."""
    began, count = time.monotonic(), asked.trials
    report(f"equals promoted on {KAGGLE_ROWS:,} rows", promoted(trials(count, KAGGLE_ROWS, equals)), count, began)
    gains = trials(count, 5_000, better)
    report("a gain of two points at 12 % discordance promoted on 5,000 rows", promoted(gains), count, began)
    told = [each.gain.detectable for each in gains if each.gain.detectable is not None]
    print(f"  smallest gain said to be detectable: {100 * np.mean(told):.2f} points")
    print(f"  refused for a slice: {sum(not each.rules[2].kept for each in gains)}")
    harms = trials(count, 5_000, harmful)
    report("better by four points, and worse by twelve on a tenth: refused", count - promoted(harms), count, began)
    report("equals promoted on 5,000 rows", promoted(trials(count, 5_000, equals)), count, began)
    small = trials(count, KAGGLE_ROWS, harmful)
    report(f"  the same on {KAGGLE_ROWS:,} rows", count - promoted(small), count, began)
    by_validation = promoted_by_validation(count)
    report("equals promoted by a higher F1 on validation rows, best of 11 each", by_validation, count, began)
    promotions, excess, bound = a_year_of_equals(max(1, count // 10))
    print(f"365 nights of equals on the same {KAGGLE_ROWS:,} test rows: {promotions:.1f} promotions a year")
    print(f"  the champion's own accuracy flatters it by {excess:.2f} points (bound stated: {bound:.2f})", flush=True)
    if asked.tweets:
        with tempfile.TemporaryDirectory(prefix="crisisflow-gate-") as folder:
            os.environ["CRISISFLOW_HOME"] = folder
            verdicts, accuracy, differing = real_seeds(asked.tweets, asked.seeds)
        print(f"{asked.seeds} real networks, accuracy {accuracy:.3f}, {differing:.1%} of the rows called differently")
        report("  pairs of them promoted", promoted(verdicts), len(verdicts), began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--tweets", type=Path)
    parser.add_argument("--seeds", type=int, default=15)
    main(parser.parse_args())
