"""`crisisflow serve` as its users meet it: a process, a port, requests, promotions under way, and an end in order."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.gate import Rule, Verdict
from models.settings import ClassifierSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import registry, tracking
from tasks.packaging import mlflow_model
from tasks.runtime.environment import load_tensorflow
from tasks.service import take_port
from tasks.store import formats

TEXTS = [
    f"{what} near the {where} today{' again' * (len(where) % 3)}"
    for what in ("fire", "flood", "concert")
    for where in ("mill", "port", "old inn", "school")
]
PATIENCE_SECONDS = 120


def promote(folder: Path, seed: int) -> str:
    """Make an untrained network with the weights of this seed champion; return its version."""
    from models.recurrent import build_classifier

    words = fit_vocabulary(tokenize_texts(pa.array(TEXTS), TextSettings()), VocabularySettings(min_count=1))
    name = f"lstm/{seed}"
    about = {"name": name, "kind": "lstm", "text": TextSettings().model_dump(), "threshold": 0.5}
    network = build_classifier(ClassifierSettings(units=4, dimensions=5), len(words), None, seed)
    parts = {"classifier.json": about, "network.keras": network, "vocabulary.parquet": words.to_table()}
    formats.write_part(folder / f"lstm-{seed}", parts)
    with tracking.tracked_run(name, "train_network") as run:
        tweets = pa.table({"text": TEXTS, "keyword": pa.nulls(len(TEXTS), pa.string())})
        mlflow_model.log_classifier(run, folder / f"lstm-{seed}", tweets)
    uri = tracking.read_run(run.run_id).data.tags["model_uri"]
    candidate = registry.Candidate(run.run_id, name, uri, name, "rows", 0.5)
    return registry.promote(candidate, lambda _: Verdict((Rule("better", True, "by decree"),))).version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with one champion."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("serve")
        patch.setenv("CRISISFLOW_HOME", str(folder / "state"))
        load_tensorflow()
        promote(folder, 1)
        yield folder


def crisisflow_serve(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flows", "serve", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`crisisflow serve`, looking for promotions often."""
    process = crisisflow_serve("--port", "0", "--every", "0.2")
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def url(server: subprocess.Popen[str]) -> str:
    """Where it says that it answers."""
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"Serving lstm/1, version 1, at (http://127\.0\.0\.1:\d+) ", line)
    assert found, line
    return found[1]


def predict(url: str, body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{url}/predict", json=body, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask_logged(*tables: list[str]) -> list[list[float]]:
    """Probabilities of each table's texts by the logged model, in a process that has only loaded it.

    Where this tiny network was built too, one probability was another in the last digit of its float32 logit.
    """
    code = (
        "import json, sys, pandas as pd; from tasks.packaging import mlflow_model; "
        "from tasks.runtime import environment; environment.prepare_environment(); "
        "model = mlflow_model.load_model('models:/crisisflow/1'); tables = json.loads(sys.argv[1]); "
        "print(json.dumps([model.predict(pd.DataFrame({'text': each}))['probability'].tolist() for each in tables]))"
    )
    command = [sys.executable, "-c", code, json.dumps(tables)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def test_the_bits_that_are_served_are_those_of_the_logged_model(folder: Path, url: str) -> None:
    expected, alone = ask_logged(TEXTS, TEXTS[:1])
    rows = predict(url, {"tweets": [{"text": text} for text in TEXTS]})["predictions"]
    assert [row["probability"] for row in rows] == expected
    assert predict(url, {"text": TEXTS[0]})["probability"] == alone[0]
    assert len(set(expected)) > 3


def test_no_request_fails_while_promotions_are_taken_over(folder: Path, url: str) -> None:
    expected = {"1": None, "2": None}
    answers: list[tuple[str, int, float]] = []
    failed: list[str] = []
    enough = threading.Event()

    def ask(first: int) -> None:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            place = first
            while not enough.is_set():
                place = (place + 1) % len(TEXTS)
                answer = client.post("/predict", json={"text": TEXTS[place]})
                if answer.status_code != 200:
                    failed.append(answer.text)
                else:
                    answers.append((answer.json()["version"], place, answer.json()["probability"]))

    askers = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for asker in askers:
        asker.start()
    try:
        assert promote(folder, 2) == "2"
        wait_for_version(url, "2")
        registry.rollback()
        wait_for_version(url, "1")
    finally:
        enough.set()
        for asker in askers:
            asker.join()
    assert not failed
    for version in expected:
        given = [(place, value) for each, place, value in answers if each == version]
        frame = pd.DataFrame({"text": TEXTS})
        said = mlflow_model.load_model(f"models:/crisisflow/{version}").predict(frame)["probability"].to_numpy()
        assert len({place for place, _ in given}) == len(TEXTS)
        np.testing.assert_allclose([value for _, value in given], said[[place for place, _ in given]], atol=1e-6)


def wait_for_version(url: str, version: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while httpx.get(f"{url}/version", timeout=30, trust_env=False).json()["version"] != version:
        assert time.monotonic() < deadline, f"version {version} was not taken over"
        time.sleep(0.05)


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)


def read_all(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n{", b"413"),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n{", b"400"),
        (b"no http at all\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nA: " + b"a" * 100_000, b"400"),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
def test_hostile_requests_are_answered_and_the_next_one_too(url: str, request_bytes: bytes, status: bytes) -> None:
    connection = connect(url)
    connection.sendall(request_bytes)
    assert read_all(connection).startswith(b"HTTP/1.1 " + status)
    assert predict(url, {"text": TEXTS[0]})["label"] in (0, 1)


def test_it_stops_on_sigterm_when_every_request_is_answered(server: subprocess.Popen[str], url: str) -> None:
    body = json.dumps({"tweets": [{"text": f"{text} {row}"} for row in range(80) for text in TEXTS]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    connections = [connect(url) for _ in range(3)]
    for connection in connections:
        connection.sendall(head + body)
    predict(url, {"text": "the server has begun with those that came before this one"})
    server.send_signal(signal.SIGTERM)
    for connection in connections:
        answer = read_all(connection).partition(b"\r\n\r\n")[2]
        assert len(json.loads(answer)["predictions"]) == 80 * len(TEXTS)
    output, errors = server.communicate(timeout=PATIENCE_SECONDS)
    assert server.returncode == 130
    assert "every request that had begun is answered" in output
    assert "Traceback" not in errors
    assert "fire" not in errors


def test_no_champion_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path))
    process = crisisflow_serve("--port", "0")
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert "there is no champion yet: run `crisisflow retrain` first" in " ".join(errors.split())


def test_an_address_that_cannot_be_had_is_named_with_the_remedy() -> None:
    with closing(take_port("127.0.0.1", 0)) as taken:
        assert taken.proto == socket.IPPROTO_TCP  # or answers wait 40 ms for the client's acknowledgement
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is taken: choose another with --port"):
            take_port("127.0.0.1", port)
    with pytest.raises(ValueError, match=r"192\.0\.2\.1.*--host"):
        take_port("192.0.2.1", 0)
    with pytest.raises(ValueError, match="is not an address of this machine"):
        take_port("no such host.invalid", 0)
