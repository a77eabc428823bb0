"""Seconds of training until the same validation F1 is reached on real tweets, ours and PyTorch's.

    python tests/benchmarks/bench_reaching.py --tweets train.csv [--seeds 3]

Same split, vocabulary, settings, batches and order of batches; PyTorch in length buckets. The target is 0.98 of the
best validation F1 that both reach in all their epochs, whichever is lower, so that neither side sets it alone.
Validation is not timed on either side. A side's time to target is that of the epoch's end at which it is first reached.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow.csv
from rivals import Rows, torch_rival

from models.metrics.scores import classification_metrics
from models.settings import ClassifierSettings, SplitSettings, TextSettings, VocabularySettings
from models.splitting.splits import assign_splits, group_digests
from models.text import repair_texts, tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks.runtime.environment import prepare_environment

SETTINGS = ClassifierSettings(features="scratch", pooling="last", bidirectional=False, max_length=32)
EPOCHS = 6
PATIENT = {"epochs": EPOCHS, "patience": EPOCHS}  # all epochs on both sides
Course = list[tuple[float, float]]  # after each epoch: seconds of training so far, validation F1


def real_rows(path: Path) -> tuple[Rows, Rows, int]:
    """Training and validation rows in the pipeline's own split, and the size of the vocabulary."""
    table = pyarrow.csv.read_csv(path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    texts = repair_texts(table["text"].combine_chunks())[0]
    splits = np.array(assign_splits(group_digests(texts), SplitSettings()).to_pylist())
    tokens, labels = tokenize_texts(texts, TextSettings()), table["target"].to_numpy()
    train, validation = (np.flatnonzero(splits == name) for name in ("train", "validation"))
    words = fit_vocabulary(tokens.take(train), VocabularySettings())
    rows = [(*words.encode(tokens.take(part)), labels[part].astype(np.int8)) for part in (train, validation)]
    return rows[0], rows[1], len(words)


def our_course(train: Rows, validation: Rows, vocabulary: int, seed: int) -> Course:
    """Ours, as the pipeline trains it."""
    from models.recurrent import build_classifier, train_classifier

    history = train_classifier(
        build_classifier(SETTINGS, vocabulary, None, seed), train, validation, SETTINGS.model_copy(update=PATIENT), seed
    )
    seconds = np.cumsum([epoch["seconds"] for epoch in history])
    return [(float(spent), epoch["validation/f1"]) for spent, epoch in zip(seconds, history, strict=True)]


def torch_course(train: Rows, validation: Rows, vocabulary: int, seed: int) -> Course:
    """PyTorch's."""
    rival, spent, course = torch_rival(train, SETTINGS, vocabulary, "bucketed", seed), 0.0, []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        rival.train()
        spent += time.perf_counter() - start
        course.append((spent, classification_metrics(validation[2], rival.predict(validation))["f1"]))
    return course


def seconds_to(target: float, course: Course) -> float:
    """When the course first reaches the target."""
    return next(spent for spent, f1 in course if f1 >= target)


def main() -> None:
    """Print a line for each seed, and the ratio of the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    prepare_environment()
    train, validation, vocabulary = real_rows(given.tweets)
    our_course(train, validation, vocabulary, 0)  # whatever is made once in a process is not timed
    sums = np.zeros(2)
    print(f"{len(train[2]):,} training tweets, {SETTINGS.units} units, {EPOCHS} epochs")
    for seed in range(1, given.seeds + 1):
        courses = [side(train, validation, vocabulary, seed) for side in (our_course, torch_course)]
        best = [max(f1 for _, f1 in course) for course in courses]
        times = [seconds_to(0.98 * min(best), course) for course in courses]
        sums += times
        print(f"seed {seed}: best F1 ours {best[0]:.3f}, PyTorch {best[1]:.3f}; ", end="")
        print(f"to {0.98 * min(best):.3f}: ours {times[0]:.2f} s, PyTorch {times[1]:.2f} s", flush=True)
    print(f"time to the same F1, ours / PyTorch: {sums[0] / sums[1]:.2f}")


if __name__ == "__main__":
    main()
