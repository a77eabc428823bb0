"""One logged classifier by every route to it, in an environment that holds only what the model lists.

    python tests/benchmarks/bench_parity.py --data FOLDER_OF_REAL_DATA

Trains the network of the standard recipe (word vectors from scratch, two epochs) on the real tweets, makes a fresh
virtual environment from the model's own requirements, and asks for the probabilities of the same 10,000 real tweets in
one batch: from the training pipeline, `mlflow.pyfunc.load_model` there, `mlflow models serve` there and `crisisflow
score` here. What training recorded for its validation rows is asked for again too, and batches of other sizes, and
input that is not a tweet.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.runtime.environment import prepare_environment

RECIPE = """
name = "parity"
embeddings = []
classifiers = [{ kind = "lstm", features = "scratch", epochs = 2 }]
"""
ODD: list[Any] = [
    None,
    "",
    "🔥🌊🚨",
    "fire " * 20_000,
    7,
    2.5,
    float("nan"),
    ["flood", 1],
    {"a": 1},
    True,
    "half \ud83d pair",
]
BATCHES = (1, 7, 64, 1_000)
PORT = 5811
# Runs in the fresh environment, which has none of this project.
CHILD = """
import json, sys, time
import mlflow, numpy as np, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
rows, validation = (pd.read_parquet(f"{name}.parquet") for name in ("rows", "validation"))
odd = json.load(open("odd.json"))
ask = lambda frame: model.predict(frame)["probability"].to_numpy()
found = {"whole": ask(rows), "validation": ask(validation), "odd": ask(pd.DataFrame({"text": odd}, dtype=object))}
found["numbers"] = ask(pd.DataFrame({"text": [1, 2]}))
found["missing"] = ask(pd.DataFrame({"text": [float("nan")] * 2}))
for size in json.loads(sys.argv[2]):
    count = min(len(rows), 300 * size)
    parts = [ask(rows.iloc[start : start + size]) for start in range(0, count, size)]
    found[f"batches of {size}"] = np.concatenate(parts)
def seconds(frame, times):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask(frame)
        taken.append(time.perf_counter() - start)
    return taken
found["best"] = np.array([min(seconds(rows, 5)), np.median(seconds(rows.iloc[:1], 100))])
np.savez("answers.npz", **found)
"""


def real_tweets(data: Path, count: int = 10_000) -> pd.DataFrame:
    """Columns id, text, keyword: the labelled disaster tweets, then tweets of TweetEval."""
    tweets = pd.read_csv(data / "disaster_tweets" / "train.csv", dtype=str)[["id", "text", "keyword"]]
    lines = (data / "tweeteval" / "sentiment" / "test_text.txt").read_text(encoding="utf-8").split("\n")
    more = pd.DataFrame({"text": [line.strip() for line in lines if line.strip()][: count - len(tweets)]})
    more["id"] = [f"more-{row}" for row in range(len(more))]
    return pd.concat([tweets, more], ignore_index=True)


def crisisflow(*arguments: str) -> dict[str, Any]:
    """What a command prints."""
    command = [sys.executable, "-m", "flows", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def fresh_environment(folder: Path, requirements: Path) -> Path:
    """The Python of a new virtual environment with these requirements and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python, uv = folder / "bin" / "python", Path(sys.prefix) / "bin" / "uv"
    pip = [str(uv), "pip", "install", "--python", str(python)] if uv.exists() else [str(python), "-m", "pip", "install"]
    subprocess.run([*pip, "--quiet", "-r", str(requirements)], check=True)
    return python


def clean(folder: Path) -> dict[str, str]:
    """The environment of a process that knows nothing of this project, and writes only into the folder."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/none.db", "MLFLOW_DISABLE_TELEMETRY": "true"}


@contextmanager
def served(python: Path, model: Path, folder: Path) -> Iterator[str]:
    """The address at which `mlflow models serve` answers."""
    command = [str(python), "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
    environment = clean(folder) | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(PORT)], cwd=folder, env=environment, stderr=log, stdout=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{PORT}/ping", server, folder / "server.log")
            yield f"http://127.0.0.1:{PORT}/invocations"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(1)
    raise SystemExit(f"the model is not served: {log.read_text()[-2000:]}")


def post(address: str, frame: dict[str, Any]) -> np.ndarray:
    """The probabilities that the server gives for a table in MLflow's split form."""
    body = json.dumps({"dataframe_split": frame}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return np.array([row["probability"] for row in json.load(answer)["predictions"]])


def trained(data: Path, folder: Path) -> tuple[str, Path]:
    """Address of the logged network, and the folder of what its training left."""
    from tasks import tracking
    from tasks.runtime import state_folder

    (folder / "parity.toml").write_text(RECIPE)
    tweets = data / "disaster_tweets" / "train.csv"
    result = crisisflow("retrain", "--tweets", str(tweets), "--recipe", str(folder / "parity.toml"))
    (run_id,) = [model["run_id"] for model in result["models"] if model["name"] == "lstm/scratch"]
    tags = tracking.read_run(run_id).data.tags
    return tags["model_uri"], state_folder.state_home() / "store" / tags["output"]


def validation_rows(artifact: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The raw validation tweets as training read them, and the probabilities that it recorded."""
    from tasks.runtime import state_folder

    recorded = pd.read_parquet(artifact / "predictions.parquet").query("split == 'validation'")
    (table,) = (state_folder.state_home() / "store" / "tweets").glob("*/tweets.parquet")
    tweets = pd.read_parquet(table).set_index("id").loc[recorded["id"], ["text", "keyword"]]
    return tweets.reset_index(drop=True), recorded["probability"].to_numpy()


def odd_rows_are_answered(answers: np.ndarray) -> str:
    """Says so, or which are not."""
    bad = [index for index, value in enumerate(answers) if not 0 <= value <= 1]
    return "all answered" if len(answers) == len(ODD) and not bad else f"NOT ANSWERED: {bad} of {len(answers)}"


def compare(folder: Path, data: Path) -> Iterator[tuple[str, str]]:
    """Rows of the table: a route and what it gave."""
    from mlflow.artifacts import download_artifacts

    from models.classifiers.pipeline import assemble
    from tasks import tracking
    from tasks.packaging.logged_model import read_parts, text_column

    uri, artifact = trained(data, folder)
    tracking.client()
    model = Path(download_artifacts(uri, dst_path=str(folder / "model")))
    rows = real_tweets(data)
    rows.to_csv(folder / "rows.csv", index=False)
    rows[["text", "keyword"]].to_parquet(folder / "rows.parquet")
    validation, recorded = validation_rows(artifact)
    validation.to_parquet(folder / "validation.parquet")
    (folder / "odd.json").write_text(json.dumps(ODD))
    pipeline = assemble(read_parts(artifact / "classifier", "models"))
    expected = pipeline.probabilities(text_column(rows["text"]), text_column(rows["keyword"]))
    yield "rows, one batch", f"{len(rows):,}"
    yield "files of the model that are pickles", str(sum("pkl" in each.name for each in model.rglob("*")))

    python = fresh_environment(folder / "venv", model / "requirements.txt")
    (folder / "child.py").write_text(CHILD)
    command = [str(python), "child.py", str(model), json.dumps(BATCHES)]
    subprocess.run(command, cwd=folder, env=clean(folder), check=True, capture_output=True)
    with np.load(folder / "answers.npz") as arrays:
        fresh = dict(arrays)
    yield from difference("pyfunc.load_model, fresh environment", fresh["whole"], expected)
    yield from difference("the same, validation rows against what training recorded", fresh["validation"], recorded)
    with served(python, model, folder) as address:
        split = json.loads(rows[["text", "keyword"]].to_json(orient="split", index=False, double_precision=15))
        yield from difference("mlflow models serve, fresh environment", post(address, split), expected)
        odd = [[value if value == value else None] for value in ODD]
        answers = post(address, {"columns": ["text"], "data": odd})
        yield "input that is not a tweet, served", odd_rows_are_answered(answers)
    crisisflow("score", str(folder / "rows.csv"), "--model", uri, "--out", str(folder / "scored.parquet"))
    scored = pd.read_parquet(folder / "scored.parquet")["probability"].to_numpy(dtype=float)
    yield from difference("crisisflow score", scored, expected)
    for size in BATCHES:
        part = fresh[f"batches of {size}"]
        yield from difference(f"batches of {size}, fresh environment", part, expected[: len(part)])
    yield "input that is not a tweet, pyfunc", odd_rows_are_answered(fresh["odd"])
    yield "a column of numbers; one without values", f"{fresh['numbers']}; {fresh['missing']}"
    yield "10,000 strings by pyfunc, tweets/s", f"{len(rows) / fresh['best'][0]:,.0f}"
    yield "one string by pyfunc, ms (median)", f"{1e3 * fresh['best'][1]:.1f}"


def difference(route: str, got: np.ndarray, expected: np.ndarray) -> Iterator[tuple[str, str]]:
    """Largest distance, and whether every bit is the same."""
    if got.shape != expected.shape:
        yield route, f"{len(got)} answers for {len(expected)} rows"
        return
    same = "same bits" if got.tobytes() == expected.tobytes() else f"{np.sum(got != expected)} differ"
    yield route, f"max |delta| {np.abs(got - expected).max():.1e}, {same}"


def main() -> None:
    """Print the table as it is found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--home", help="A state folder to keep, so that a second time nothing is trained again.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisisflow-parity-") as name:
        os.environ["CRISISFLOW_HOME"] = given.home or f"{name}/state"
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        prepare_environment()
        print("| route | result |\n|---|---|")
        for route, result in compare(Path(name), given.data):
            print(f"| {route} | {result} |", flush=True)


if __name__ == "__main__":
    main()
