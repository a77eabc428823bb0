"""Retrain from a fresh clone, replay it, then plant a seed, a row and a line of code, and see where each is found.

    python tests/benchmarks/bench_replay.py
    python tests/benchmarks/bench_replay.py --tweets train.csv --recipe standard

The clone is of the last commit. Each plant changes what was recorded, so that the replay runs something else than the
run did: the recipe's seed beside the run, one row of the raw snapshot (its checksum mended), one line of the code.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks import tracking
from tasks.caching import ROOT
from tasks.store.artifact_store import MANIFEST
from tasks.store.digests import file_sha256

RECIPE = """
name = "replayed"
embeddings = [{ architecture = "skip-gram", dimensions = 50, epochs = 4 }]
classifiers = [{ kind = "lstm", features = "skip-gram", units = 32, epochs = 4 }]
"""
LINE = ("models/text/rules.py", '"<number>"', '"<digits>"')


def crisisflow(clone: Path, home: Path, *arguments: str) -> tuple[int, dict[str, Any], float]:
    """A command over the code of the clone: exit code, its JSON, seconds."""
    start = time.monotonic()
    environment = {**os.environ, "CRISISFLOW_HOME": str(home), "PYTHONPATH": str(clone)}
    command = [sys.executable, "-m", "flows", *arguments, "--json"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return done.returncode, json.loads(done.stdout), time.monotonic() - start


def git(clone: Path, *arguments: str) -> str:
    """What git prints."""
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    return subprocess.check_output(["git", *author, *arguments], cwd=clone, text=True).strip()


def plant_seed(clone: Path, home: Path, run_id: str) -> Callable[[], object]:
    """Another seed in the recipe that was recorded; returns how to undo it."""
    (file,) = (home / "mlflow").rglob(f"{run_id}/artifacts/request.json")
    text = file.read_text()
    request = json.loads(text)
    request["parameters"]["request"]["seed"] = 4711
    file.write_text(json.dumps(request))
    return lambda: file.write_text(text)


def plant_row(clone: Path, home: Path, run_id: str) -> Callable[[], object]:
    """One character of one row of the raw tweets, and the checksum that would betray it."""
    (step,) = (run for run in tracking.descendants(run_id) if run.data.tags["stage"] == "check_tweets")
    raw = home / "store" / "raw" / step.inputs.dataset_inputs[0].dataset.digest
    (file,) = (path for path in (raw / "files").rglob("*") if path.is_file())
    before, manifest = file.read_bytes(), (raw / MANIFEST).read_text()
    middle = before.index(b" the ", len(before) // 2)
    file.write_bytes(before[:middle] + b" teh " + before[middle + 5 :])
    checked = json.loads(manifest)
    checked["files"][file.relative_to(raw).as_posix()]["sha256"] = file_sha256(file)
    (raw / MANIFEST).write_text(json.dumps(checked))
    return lambda: (file.write_bytes(before), (raw / MANIFEST).write_text(manifest))


def plant_line(clone: Path, home: Path, run_id: str) -> Callable[[], object]:
    """A commit that changes one line, recorded as if the run had been of it."""
    name, old, new = LINE
    recorded = git(clone, "rev-parse", "HEAD")
    (clone / name).write_text((clone / name).read_text().replace(old, new, 1))
    git(clone, "commit", "-q", "-a", "-m", "plant")
    tracking.client().set_tag(run_id, "mlflow.source.git.commit", git(clone, "rev-parse", "HEAD"))
    return lambda: tracking.client().set_tag(run_id, "mlflow.source.git.commit", recorded)


def in_words(divergence: dict[str, Any] | None) -> str:
    """Step, settings and element of a divergence."""
    if divergence is None:
        return "nowhere"
    settings = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in divergence["settings"].items())
    found = divergence["difference"] or {}
    place = " ".join(filter(None, (found.get(name) for name in ("file", "part", "element"))))
    values = f"{found.get('recorded')} -> {found.get('replayed')}"[:160]
    return f"{divergence['step']}; {settings or 'same settings'}; {place}: {values}"


def main() -> None:
    """Record, replay, plant, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tweets", help="default: the bundled sample")
    parser.add_argument("--recipe", help="default: one of about a minute")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisisflow-bench-replay-") as folder:
        clone, home, recipe = Path(folder) / "clone", Path(folder) / "home", Path(folder) / "replayed.toml"
        os.environ["CRISISFLOW_HOME"] = str(home)
        recipe.write_text(RECIPE)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        tweets = ["--tweets", options.tweets] if options.tweets else []
        code, run, seconds = crisisflow(clone, home, "retrain", "--recipe", options.recipe or str(recipe), *tweets)
        print(f"recorded in {seconds:.0f} s: {run['steps']['run']} steps, exit code {code}")
        code, result, seconds = crisisflow(clone, home, "replay", run["run_id"])
        same = sum(each["identical"] for each in result["artifacts"])
        print(f"replayed in {seconds:.0f} s: {same} of {len(result['artifacts'])} identical, exit code {code}")
        for plant in (plant_seed, plant_row, plant_line):
            undo = plant(clone, home, run["run_id"])
            code, result, _ = crisisflow(clone, home, "replay", run["run_id"])
            undo()
            print(
                f"{plant.__name__}: exit code {code}, same code {result['same_code']}: {in_words(result['divergence'])}"
            )


if __name__ == "__main__":
    main()
