"""Training speed of a recurrent classifier: ours, Keras as tutorials have it, and PyTorch where it is installed.

    python tests/benchmarks/bench_classifiers.py --tweets 4000 --rounds 5 [--bidirectional]

Same network (embedding trained, one LSTM, last state, dense output), same rows, truncation and batch size. Each lives
in a process of its own with the settings that its users have; rounds alternate, and the best of each is shown, since
other work on the machine slows all of them. CPU seconds of the process stand beside them: a busy machine stretches
those less. The first epoch of each, which traces, is not timed.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from rivals import Rows, torch_rival, tutorial_epoch

from models.settings import ClassifierSettings

VOCABULARY, WIDTH, MAX_LENGTH = 16_000, 100, 32
TORCH = {f"PyTorch, {how}": how for how in ("padded", "bucketed", "packed", "sparse")}


def tweets(count: int) -> Rows:
    """Ids, offsets and labels with the lengths of real tweets (mean 16.7, 90 % up to 25) and Zipf's frequencies."""
    random = np.random.default_rng(0)
    lengths = np.clip(np.round(random.normal(16.7, 6, count)), 2, 37).astype(int)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    chance = 1 / np.arange(2, VOCABULARY)
    ids = random.choice(np.arange(2, VOCABULARY), offsets[-1], p=chance / chance.sum()).astype(np.int32)
    return ids, offsets, random.integers(0, 2, count).astype(np.int8)


def our_epoch(rows: Rows, settings: ClassifierSettings) -> Callable[[], None]:
    """An epoch as the pipeline trains it, one row of validation; seconds of tracing are in none but the first."""
    from models.recurrent import build_classifier
    from models.recurrent.backends import current_backend
    from models.recurrent.losses import LABEL
    from models.recurrent.state import TrainingState
    from models.recurrent.training import LabelledDocuments, epoch_trainer, logit_network, padded_rows
    from models.recurrent.watch import NetworkWatch

    network = logit_network(build_classifier(settings, VOCABULARY, None, 1))
    step = current_backend().training_step(network, LABEL, 0.0)
    train = epoch_trainer(
        step.run,
        padded_rows(LabelledDocuments(*rows), settings),
        settings,
        1,
        NetworkWatch(network, "network", 1.0, 1.0),
    )
    state = TrainingState([*network.variables, *step.variables], [])

    def epoch() -> None:
        state.losses, state.seconds = [], 0.0
        train(state, lambda: None)

    return epoch


def epoch_of(name: str, rows: Rows, settings: ClassifierSettings) -> Callable[[], None]:
    """The epoch of this row of the table."""
    if name == "ours":
        return our_epoch(rows, settings)
    if name == "tutorial Keras":
        return tutorial_epoch(rows, settings, VOCABULARY)
    return torch_rival(rows, settings, VOCABULARY, TORCH[name]).train


def serve(name: str, rows: Rows, settings: ClassifierSettings) -> None:
    """Train an epoch for every line that comes in, and write its seconds, by the clock and of the processor."""
    epoch = epoch_of(name, rows, settings)
    epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        epoch()
        print(json.dumps([time.perf_counter() - start, time.process_time() - used]), flush=True)


def worker(name: str, arguments: list[str]) -> subprocess.Popen:
    """The process of one row of the table; ours has the environment that every command of ours prepares."""
    from tasks.runtime.environment import defaults
    from tasks.runtime.state_folder import state_home

    ours = {**defaults(state_home()), **os.environ} if name == "ours" else os.environ
    environment = {**ours, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, __file__, "--worker", name, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise SystemExit(f"{name} did not start")
    return process


def ask(process: subprocess.Popen) -> list[float]:
    """Seconds of one epoch of this worker, by the clock and of the processor."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bidirectional", action="store_true")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    settings = ClassifierSettings(
        features="scratch",
        pooling="last",
        max_length=MAX_LENGTH,
        dimensions=WIDTH,
        bidirectional=given.bidirectional,
        batch_size=given.batch_size,
    )
    if given.worker:
        serve(given.worker, tweets(given.tweets), settings)
        return
    names = ["ours", "tutorial Keras", *(TORCH if importlib.util.find_spec("torch") else ())]
    if len(names) == 2:
        print("PyTorch is not installed: its rows are left out")
    workers = {name: worker(name, sys.argv[1:]) for name in names}
    rounds = [{name: ask(process) for name, process in workers.items()} for _ in range(given.rounds)]
    for process in workers.values():
        process.terminate()
    table = {name: np.min([each[name] for each in rounds], axis=0) for name in names}
    print(
        f"{given.tweets:,} tweets, {settings.units} units, batch {settings.batch_size}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'training':20} {'tweets/s':>10} {'ours / it':>10} {'per CPU s':>10} {'ours / it':>10}")
    for name, (seconds, used) in table.items():
        wall, cpu = seconds / table["ours"][0], used / table["ours"][1]
        print(f"{name:20} {given.tweets / seconds:10,.0f} {wall:10.2f} {given.tweets / used:10,.0f} {cpu:10.2f}")


if __name__ == "__main__":
    main()
