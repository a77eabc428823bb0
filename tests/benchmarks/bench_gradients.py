"""What the gradient-flow doctor costs beside the training that it watches: its share of each epoch's time.

    python tests/benchmarks/bench_gradients.py --tweets 5000 --epochs 4

Synthetic tweets of real lengths, the default classifier. The first training traces both; read the second.
"""

import argparse
import os
import time

from models.settings import ClassifierSettings
from models.training.checkpoints import TrainingHooks


def main() -> None:
    """Print a line for each of two trainings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    from tasks.runtime import environment

    environment.prepare_environment()
    environment.load_tensorflow()
    from bench_classifiers import VOCABULARY, tweets

    settings = ClassifierSettings(features="scratch", epochs=given.epochs, patience=given.epochs)
    rows = tweets(given.tweets)
    for attempt in ("tracing", "traced"):
        watching, training = watch(rows, settings, VOCABULARY)
        print(f"{attempt}: {watching:.2f} s beside {training:.2f} s of training, {watching / training:.1%}")
    print(f"load {os.getloadavg()[0]:.1f}")


def watch(rows: tuple, settings: ClassifierSettings, vocabulary: int) -> tuple[float, float]:
    """Seconds of diagnoses and seconds of training."""
    from models.recurrent import build_classifier, train_classifier
    from tasks.training.gradient_monitor import GradientRecord

    network, spent = build_classifier(settings, vocabulary, None, 1), []

    def examine(epoch: int, _: object) -> None:
        start = time.perf_counter()
        record.examine(epoch + 1)
        spent.append(time.perf_counter() - start)

    start = time.perf_counter()
    record = GradientRecord(network, *rows, settings)
    spent.append(time.perf_counter() - start)
    one = (rows[0][: rows[1][1]], rows[1][:2], rows[2][:1])
    history = train_classifier(network, rows, one, settings, 1, TrainingHooks(on_epoch=examine))
    return sum(spent), sum(epoch["seconds"] for epoch in history)


if __name__ == "__main__":
    main()
