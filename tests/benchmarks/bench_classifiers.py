"""Training speed of a recurrent classifier: ours, Keras as tutorials have it, and PyTorch where it is installed.

    python tests/benchmarks/bench_classifiers.py --tweets 4000 --rounds 3

Same network (embedding trained, one LSTM, last state, dense output), same rows, same truncation, same batch size.
All run with deterministic operations. Tutorial Keras pads every tweet to the longest length and calls `fit`; PyTorch
is shown padded alike. Rounds alternate, the best of each is shown: other work on the machine slows all of them.
Tracing is not timed.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from models.batching import pad_documents
from models.recurrent import build_classifier, predict_probabilities, train_classifier
from models.settings import ClassifierSettings

VOCABULARY, WIDTH, MAX_LENGTH = 16_000, 100, 32


def tweets(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, offsets and labels with the lengths of real tweets (mean 16.7, 90 % up to 25) and Zipf's frequencies."""
    random = np.random.default_rng(0)
    lengths = np.clip(np.round(random.normal(16.7, 6, count)), 2, 37).astype(int)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    chance = 1 / np.arange(2, VOCABULARY)
    ids = random.choice(np.arange(2, VOCABULARY), offsets[-1], p=chance / chance.sum()).astype(np.int32)
    return ids, offsets, random.integers(0, 2, count).astype(np.int8)


def our_epoch(rows: tuple, settings: ClassifierSettings) -> Callable[[], float]:
    """Seconds of one epoch of ours, validation left out; the first call traces."""
    model = build_classifier(settings, VOCABULARY, None, 1)
    one = (rows[0][: rows[1][1]], rows[1][:2], rows[2][:1])

    def epoch() -> float:
        history = train_classifier(model, rows, one, settings.model_copy(update={"epochs": 2}), 1)
        return history[-1]["seconds"]

    return epoch


def tutorial_epoch(rows: tuple, settings: ClassifierSettings) -> Callable[[], float]:
    """Seconds of one epoch of `fit` on padded rows, mask_zero on."""
    import keras

    # Ours has switched on deterministic operations for the process, which ask for a seed.
    keras.utils.set_random_seed(1)
    padded, _ = pad_documents(rows[0], rows[1], MAX_LENGTH)
    layers = [
        keras.layers.Embedding(VOCABULARY, WIDTH, mask_zero=True),
        keras.layers.Dropout(settings.dropout),
        keras.layers.LSTM(settings.units),
        keras.layers.Dropout(settings.dropout),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    if settings.bidirectional:
        layers[2] = keras.layers.Bidirectional(layers[2])
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(settings.learning_rate), "binary_crossentropy")
    # A full batch first: the trace is not timed.
    model.fit(padded[: settings.batch_size * 2], rows[2][: settings.batch_size * 2], settings.batch_size, verbose=0)

    def epoch() -> float:
        start = time.perf_counter()
        model.fit(padded, rows[2], settings.batch_size, verbose=0)
        return time.perf_counter() - start

    return epoch


def torch_epoch(rows: tuple, settings: ClassifierSettings) -> Callable[[], float]:
    """Seconds of one epoch of PyTorch's nn.LSTM on padded rows, Adam over the whole embedding."""
    import torch

    padded, _ = pad_documents(rows[0], rows[1], MAX_LENGTH)
    ids, labels = torch.from_numpy(padded).long(), torch.from_numpy(rows[2]).float()
    directions = 1 + settings.bidirectional
    table = torch.nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
    lstm = torch.nn.LSTM(WIDTH, settings.units, batch_first=True, bidirectional=settings.bidirectional)
    head = torch.nn.Linear(directions * settings.units, 1)
    drop = torch.nn.Dropout(settings.dropout)
    weights = [*table.parameters(), *lstm.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(weights, settings.learning_rate)

    def epoch() -> float:
        start = time.perf_counter()
        for batch in torch.randperm(len(ids)).split(settings.batch_size):
            optimizer.zero_grad()
            _, (state, _) = lstm(drop(table(ids[batch])))
            logits = head(drop(torch.cat(list(state), dim=1))).squeeze(1)
            torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[batch]).backward()
            optimizer.step()
        return time.perf_counter() - start

    return epoch


def rivals(rows: tuple, settings: ClassifierSettings) -> dict[str, Callable[[], float]]:
    """The functions to time, by name."""
    found = {"ours": our_epoch(rows, settings), "tutorial Keras": tutorial_epoch(rows, settings)}
    try:
        import torch  # noqa: F401 - only whether it is there
    except ImportError:
        print("PyTorch is not installed: its row is left out")
        return found
    return {**found, "PyTorch, padded": torch_epoch(rows, settings)}


def scoring_speed(rows: tuple, settings: ClassifierSettings) -> float:
    """Encoded tweets per second through `predict_probabilities`, best of three, warmed."""
    model = build_classifier(settings, VOCABULARY, None, 1)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        predict_probabilities(model, rows[0], rows[1])
        seconds.append(time.perf_counter() - start)
    return len(rows[2]) / min(seconds[1:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bidirectional", action="store_true")
    parser.add_argument("--batch-size", type=int, default=64)
    given = parser.parse_args()
    rows = tweets(given.tweets)
    settings = ClassifierSettings(
        features="scratch",
        pooling="last",
        max_length=MAX_LENGTH,
        bidirectional=given.bidirectional,
        batch_size=given.batch_size,
    )
    timed = rivals(rows, settings)
    best = dict.fromkeys(timed, np.inf)
    for _ in range(given.rounds):
        for name, epoch in timed.items():
            best[name] = min(best[name], epoch())
    print(
        f"{given.tweets:,} tweets, {settings.units} units, batch {settings.batch_size}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'training':20} {'tweets/s':>10} {'ours / it':>10}")
    for name, seconds in best.items():
        print(f"{name:20} {given.tweets / seconds:10,.0f} {seconds / best['ours']:10.2f}")
    print(f"{'scoring, ours':20} {scoring_speed(rows, settings):10,.0f}")


if __name__ == "__main__":
    main()
