"""Kill `crisisflow score` by SIGKILL at moments drawn over its whole time, run it again, and compare every byte.

    python tests/benchmarks/bench_score_kills.py --data FOLDER_OF_REAL_DATA --kills 8

A folder of parts and a single file by turns, against one Prefect server for all. After the second run there must be the
bytes of a run that was left alone, and nothing else: no draft, no kept work, no run that is RUNNING.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_kills
import million

from tasks.runtime.environment import load_tensorflow
from tasks.store.digests import file_sha256

OUTPUTS = ("parts/", "scored.jsonl")


def command(folder: Path, uri: str, out: str) -> list[str]:
    """The command as a user types it."""
    rows = ["--partition-rows", "70000"] if out.endswith("/") else []
    tweets = ["score", str(folder / "tweets.csv"), "--model", uri]
    return [sys.executable, "-m", "flows", *tweets, "--out", f"{folder}/out/{out}", *rows, "--json"]


def run(asked: list[str], home: Path, kill_after: float | None = None) -> tuple[bool, float]:
    """Whether the command came to its end, and the seconds it took."""
    environment = {**bench_kills.OURS, "CRISISFLOW_HOME": str(home)}
    began = time.monotonic()
    with subprocess.Popen(asked, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            _, errors = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return False, time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"the command ended with code {process.returncode}:\n{errors}")
    return True, time.monotonic() - began


def contents(folder: Path) -> dict[str, str]:
    """The digest of every file below the folder, hidden ones too."""
    return {str(path.relative_to(folder)): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def finished_parts(home: Path) -> int:
    """How many parts of work were kept."""
    return len(list(home.glob("checkpoints/score-*/[0-9]*.parquet")))


def main() -> None:
    """Make tweets and model, then kill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="crisisflow-score-kills-"))
    (folder / "out").mkdir()
    with bench_kills.prefect(folder / "state"):
        load_tensorflow()
        texts = million.real_texts(given.data)
        million.write_csv(folder / "tweets.csv", million.recombined(texts, given.rows, 1))
        uri = million.log_standard_network(texts)
        kill_all(given, folder, uri)


def kill_all(given: argparse.Namespace, folder: Path, uri: str) -> None:
    """Run each form once to its end, then kill; stop at the first difference."""
    expected, seconds, moments = {}, {}, random.Random(given.seed)
    for out in OUTPUTS:
        _, seconds[out] = run(command(folder, uri, out), folder / "state")
        expected[out] = contents(folder / "out")
        subprocess.run(["rm", "-r", *map(str, (folder / "out").iterdir())], check=True)
    print(f"uninterrupted: {' and '.join(f'{taken:.1f} s' for taken in seconds.values())}", flush=True)
    for number in range(given.kills):
        out = OUTPUTS[number % len(OUTPUTS)]
        ended, killed_after = run(command(folder, uri, out), folder / "state", moments.uniform(0, seconds[out]))
        kept = finished_parts(folder / "state")
        _, again = run(command(folder, uri, out), folder / "state")
        left = [*folder.glob("state/**/.draft-*"), *folder.glob("state/checkpoints/*")]
        running = bench_kills.query(folder / "state", "select run_uuid from runs where status = 'RUNNING'")
        same = contents(folder / "out") == expected[out]
        state = "had ended" if ended else f"killed, {kept} parts kept"
        print(
            f"{out:13} {state} after {killed_after:5.1f} s; again {again:5.1f} s: {same=} {left=} {running=}",
            flush=True,
        )
        if not same or left or running:
            raise SystemExit(f"not the same, or something was left: {folder}")
        subprocess.run(["rm", "-r", *map(str, (folder / "out").iterdir())], check=True)
    subprocess.run(["rm", "-r", str(folder)], check=True)


if __name__ == "__main__":
    main()
