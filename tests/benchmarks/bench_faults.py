"""What the machine does to a retraining: signals, a full disk, a server that dies, a tracking server that goes away.

    python tests/benchmarks/bench_faults.py

Each fault strikes in mid-run. The command must end by itself with a clear message, or go on where that is possible;
nothing may be RUNNING or half written afterwards, and the same command must then end with the artifacts and scores of
an undisturbed run. A full disk needs the right to mount one, and is left out, aloud, where there is none.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from bench_kills import STAGES, faults, made, query, start
from ports import free_port

from tasks.runtime import servers
from tasks.tracking import ui_server

RECIPE = """
name = "faults"
embeddings = [{ architecture = "skip-gram", dimensions = 16, epochs = 4 }]
classifiers = [{ kind = "lstm", features = "skip-gram", units = 16, epochs = 6, patience = 6 }]
"""
DOWN_SECONDS = 30
DISK_MEGABYTES = (7, 12)  # full while databases are made; full among the models


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, result and messages of a run that has come to its end."""
    out, errors = process.communicate(timeout=600)
    return process.returncode, out, errors


def when_in(stage: str, home: Path, process: subprocess.Popen[str]) -> None:
    """Return once the run is in this step; end the benchmark if it never is."""
    while (stage,) not in query(home, STAGES):
        if process.poll() is not None:
            raise SystemExit(f"the run was over before {stage}: {process.communicate()[1]}")
        time.sleep(0.05)


def whole(home: Path, recipe: Path) -> dict[str, Any]:
    """Everything that an undisturbed run makes in this folder, faults included."""
    code, out, errors = ended(start(home, recipe))
    if code:
        raise SystemExit(f"the run ended with code {code}:\n{errors}")
    summary = json.loads(out)
    if wrong := faults(home, summary, None):
        raise SystemExit(f"{home}: {wrong}")
    return made(home, summary)


def told(name: str, errors: str, began: float) -> None:
    """Print the fault, and the message that the user saw."""
    message = " ".join(line for line in errors.splitlines() if not line.startswith("  ") or "tracking server" in line)
    print(f"{name:24} {time.monotonic() - began:5.0f} s   {message[:300]}", flush=True)


def by_signal(number: signal.Signals, stage: str) -> Callable[[Path, Path], str]:
    """A run that gets this signal in this step."""

    def strike(home: Path, recipe: Path) -> str:
        process = start(home, recipe)
        when_in(stage, home, process)
        process.send_signal(number)
        code, _, errors = ended(process)
        assert code == 130, (code, errors)
        assert "the same command goes on from there" in errors, errors
        return errors

    return strike


def by_death_of_server(home: Path, recipe: Path) -> str:
    """A run whose Prefect server is killed, as the kernel does when memory runs out."""
    process = start(home, recipe)
    when_in("train_vectors", home, process)
    for child in psutil.Process(process.pid).children():
        if "uvicorn" in " ".join(child.cmdline()):
            child.kill()
    code, _, errors = ended(process)
    assert code in (0, 1), (code, errors)
    return errors or "went on to its end"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own for this folder."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def on_full_disk(home: Path, recipe: Path) -> str:
    """A run on a disk that is too small; then the disk grows."""
    code, _, errors = ended(start(home, recipe))
    assert code == 1, (code, errors)
    assert "is full" in errors, errors
    subprocess.run(["mount", "-o", "remount,size=1g", str(home)], check=True)
    return errors


def try_out(name: str, strike: Callable[[Path, Path], str], home: Path, recipe: Path, expected: dict[str, Any]) -> None:
    """Let the fault strike, then see that the same command ends as if it had not."""
    began = time.monotonic()
    errors = strike(home, recipe)
    told(name, errors, began)
    again = whole(home, recipe)
    differs = [each for each in expected if again.get(each) != expected[each]]
    if differs:
        raise SystemExit(f"after {name}, {differs} differ: {home}")


def without_tracking_server(folder: Path, recipe: Path, expected: dict[str, Any]) -> None:
    """A run whose tracking server goes away for half a minute, and comes back."""
    began, port = time.monotonic(), free_port()
    home = folder / "tracked"
    (home / "mlflow").mkdir(parents=True)

    def serve() -> servers.Server:
        os.environ["CRISISFLOW_HOME"] = str(home)
        server = ui_server.start_mlflow(port)
        server.wait_until_healthy()
        return server

    server = serve()
    process = start(home, recipe, MLFLOW_TRACKING_URI=server.url)
    when_in("count_words", home, process)
    server.stop()
    time.sleep(DOWN_SECONDS)
    server = serve()
    code, out, errors = ended(process)
    server.stop()
    assert code == 0, errors
    assert "does not answer: trying again" in errors, errors
    told(f"server down {DOWN_SECONDS} s", errors, began)
    summary = json.loads(out)
    again = made(home, summary)
    differs = [each for each in expected if again.get(each) != expected[each]]
    if differs or faults(home, summary, None):
        raise SystemExit(f"after the server came back: {differs}, {faults(home, summary, None)}")


def with_full_disk(folder: Path, recipe: Path, expected: dict[str, Any], megabytes: int) -> None:
    """A run on a disk of so many megabytes, where there may be one."""
    home = folder / f"disk-{megabytes}"
    try:
        with small_disk(home, megabytes):
            try_out(f"disk of {megabytes} MB", on_full_disk, home, recipe, expected)
    except subprocess.CalledProcessError as error:
        print(f"disk of {megabytes} MB: left out, for no file system can be mounted here ({error})")


def main() -> None:
    """Every fault once, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", default=["signals", "prefect", "tracking", "disk"])
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="crisisflow-faults-"))
    recipe = folder / "faults.toml"
    recipe.write_text(RECIPE)
    expected = whole(folder / "whole", recipe)
    print(f"undisturbed: {len(expected)} digests", flush=True)
    if "tracking" in given.faults:
        without_tracking_server(folder, recipe, expected)
    if "disk" in given.faults:
        for megabytes in DISK_MEGABYTES:
            with_full_disk(folder, recipe, expected, megabytes)
    if "signals" in given.faults:
        try_out("Ctrl-C", by_signal(signal.SIGINT, "train_vectors"), folder / "int", recipe, expected)
        try_out("SIGTERM", by_signal(signal.SIGTERM, "train_network"), folder / "term", recipe, expected)
    if "prefect" in given.faults:
        try_out("Prefect server killed", by_death_of_server, folder / "server", recipe, expected)


if __name__ == "__main__":
    main()
