"""A password, a token and a signature typed in an address: in no file of the state folder, and in nothing printed."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROWS = "id,text,target\n" + "".join(f"{number},House {chr(97 + number)} burns,{number % 2}\n" for number in range(26))
SECRETS = ("hunter2pass", "tokenabc123", "sig987xyz")
ASKED: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        ASKED.append(f"{self.path} {self.headers.get('authorization')}")
        found = self.path.startswith("/tweets.csv")
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(ROWS) if found else 0))
        self.end_headers()
        self.wfile.write(ROWS.encode() if found else b"")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://me:{SECRETS[0]}@127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/tweets.csv", "/missing.csv"])
def test_secrets_of_an_address_are_nowhere(
    server: str, prefect_address: str, begin_state: Callable[[Path], Path], tmp_path: Path, path: str
) -> None:
    """The ingest that succeeds, and the one that fails with --debug; MLflow's and Prefect's databases included."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    ASKED.clear()
    url = f"{server}{path}?token={SECRETS[1]}&X-Amz-Signature={SECRETS[2]}"
    done = subprocess.run(
        [sys.executable, "-m", "flows", "ingest", url, "--json", "--debug"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CRISISFLOW_HOME": str(begin_state(tmp_path)),
            "PREFECT_API_URL": prefect_address,
            "PREFECT_LOGGING_LEVEL": "DEBUG",
        },
        timeout=300,
        check=False,
    )
    assert done.returncode == (0 if path == "/tweets.csv" else 2), done.stderr
    assert SECRETS[1] in ASKED[0]
    assert "Basic " in ASKED[0]
    _, _, database = str(PREFECT_API_DATABASE_CONNECTION_URL.value()).partition(":///")
    for files in (tmp_path.rglob("*"), Path(database).parent.glob(f"{Path(database).name}*")):
        written = b"".join(file.read_bytes() for file in files if file.is_file())
        assert path.encode() in written
        assert not [secret for secret in SECRETS if secret.encode() in written]
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
