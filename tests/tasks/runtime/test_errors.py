"""What the machine does to a run: full disk, no memory, a tracking server that goes away; nothing is lost."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from ports import free_port

from tasks import tracking
from tasks.runtime import atomic_files, errors
from tasks.store import artifact_store
from tasks.tracking.views import view_tags

SMALL_DISK_BYTES = 4 << 20


def caused_by(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as error:
            raise RuntimeError("the flow failed") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "is full"),
        (MemoryError(), "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
    ],
)
def test_a_failure_of_the_machine_is_told_from_the_depth_of_the_chain(cause: Exception, expected: str) -> None:
    words = errors.in_words(caused_by(cause))
    assert words is not None
    assert expected in words


def test_any_other_error_speaks_for_itself() -> None:
    assert errors.in_words(caused_by(ValueError("window must be >= 1, got 0"))) is None


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder on a disk of a few megabytes."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "tmpfs", str(tmp_path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs a file system of its own, which may not be mounted here: {error}")
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
    yield tmp_path / "state"
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_leaves_nothing_half_written_and_the_next_try_goes_on(small_disk: Path) -> None:
    atomic_files.write_atomically(small_disk / "record.json", "old")
    with artifact_store.new_artifact("tables") as draft:
        (draft / "first.bin").write_bytes(os.urandom(SMALL_DISK_BYTES // 2))
    with pytest.raises(OSError, match="No space left") as caught, artifact_store.new_artifact("tables") as second:
        (second / "second.bin").write_bytes(os.urandom(SMALL_DISK_BYTES))
    assert "is full" in str(errors.in_words(caught.value))
    with pytest.raises(OSError, match="No space left"):
        atomic_files.write_atomically(small_disk / "record.json", "new" * SMALL_DISK_BYTES)
    assert (small_disk / "record.json").read_text() == "old"
    assert list(small_disk.rglob(".draft-*")) == []
    artifact_store.verify(draft.final)
    (draft.final / "first.bin").unlink()
    with artifact_store.new_artifact("tables") as third:
        (third / "third.bin").write_bytes(os.urandom(SMALL_DISK_BYTES // 2))
    artifact_store.verify(third.final)


def test_a_command_without_memory_says_so_and_closes_its_run(home: Path) -> None:
    script = (
        "from flows.cli.runner import command\n"
        "from tasks import tracking\n"
        "import resource\n"
        "with command(debug=False):\n"
        "    with tracking.tracked_run('greedy', 'retrain') as run:\n"
        "        print(run.run_id, flush=True)\n"
        "        used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "        resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))\n"
        "        try:\n"
        "            bytearray(1 << 30)\n"
        "        finally:\n"
        "            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "out of memory" in done.stderr
    assert "the same command goes on from there" in done.stderr
    assert tracking.client().get_run(done.stdout.strip()).info.status == "FAILED"


class Stub(BaseHTTPRequestHandler):
    """A tracking server that knows one experiment, with our views, and lets nobody change it."""

    views: ClassVar[dict[str, str]] = view_tags()

    def do_GET(self) -> None:
        tags = [{"key": name, "value": value} for name, value in self.views.items()]
        self._answer(200, {"experiment": {"experiment_id": "7", "name": "crisisflow", "tags": tags}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(403, {"error_code": "PERMISSION_DENIED", "message": "you may only look"})

    def _answer(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest reads stderr."""


def test_a_tracking_server_that_comes_back_is_waited_for_and_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    caplog.set_level("INFO")

    def come_back() -> None:
        time.sleep(1)
        with HTTPServer(("127.0.0.1", port), Stub) as server:
            server.timeout = 30
            server.handle_request()

    thread = threading.Thread(target=come_back)
    thread.start()
    assert tracking.experiment_id() == "7"
    thread.join()
    assert f"the tracking server at http://127.0.0.1:{port} does not answer: trying again in" in caplog.text


class OlderStub(Stub):
    """The same without views."""

    views: ClassVar[dict[str, str]] = {}


def test_a_server_whose_experiment_the_user_may_not_change_is_used_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with HTTPServer(("127.0.0.1", 0), OlderStub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        try:
            assert tracking.experiment_id() == "7"
        finally:
            server.shutdown()
            thread.join()
    assert "the views of the experiment are not saved: PERMISSION_DENIED: you may only look" in caplog.text


def test_a_tracking_server_that_stays_away_does_not_hide_the_error_and_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(MlflowException) as caught:
        tracking.read_run("0123")
    words = errors.in_words(caught.value)
    assert words is not None
    assert os.environ["MLFLOW_TRACKING_URI"] in words
