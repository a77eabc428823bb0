"""HTTP against a real server on loopback that stalls, truncates, lies, redirects and comes back."""

import hashlib
import logging
import os
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks import sources
from tasks.runtime import state_folder
from tasks.runtime.redaction import fill_placeholders, hide_secrets, redact
from tasks.sources import SourceError, SourceLimits, fetch
from tasks.sources.http_transport import CountingBackend

BODY = b"id,text,target\n1,Forest fire near La Ronge,1\n"
CHECKSUM = hashlib.sha256(BODY).hexdigest()
QUICK = SourceLimits(read_seconds=0.3, connect_seconds=2, total_seconds=10, attempts=3, backoff_seconds=0.01)


@dataclass
class Script:
    """What the server does for each path, and what it was asked."""

    failures_left: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.script.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
        if self.script.failures_left.get(path, 0):
            self.script.failures_left[path] -= 1
            self.answer(503, retry_after="0")
            return
        getattr(self, "get_" + path.strip("/").partition("/")[0].partition(".")[0].replace("-", "_"))()

    def get_tweets(self) -> None:
        if self.headers.get("if-none-match") == '"v1"':
            self.answer(304)
        else:
            self.answer(200, BODY, etag='"v1"', content_type="text/csv")

    def get_truncates(self) -> None:
        self.answer(200, BODY[:20], content_length=str(len(BODY)), connection="close")
        self.close_connection = True

    def get_announces_too_little(self) -> None:
        self.answer(200, BODY, content_length="15", connection="close")
        self.close_connection = True

    def get_sends_the_rest_later(self) -> None:
        self.answer(200, BODY[:15])
        self.wfile.flush()
        time.sleep(0.05)
        self.wfile.write(BODY[15:])

    def get_stalls(self) -> None:
        self.answer(200, BODY[:10], content_length=str(len(BODY)))
        self.wfile.flush()
        self.script.release.wait(5)

    def get_drips(self) -> None:
        self.answer(200, b"", content_length="1000")
        for _ in range(50):
            self.wfile.write(b"x")
            self.wfile.flush()
            if self.script.release.wait(0.05):
                return

    def get_redirects(self) -> None:
        self.answer(302, location="/tweets.csv")

    def get_to_our_disk(self) -> None:
        self.answer(302, location="file:///etc/passwd")

    def get_to_the_metadata_of_a_cloud(self) -> None:
        self.answer(302, location="http://169.254.169.254/latest/meta-data/iam/security-credentials/")

    def get_to_the_office(self) -> None:
        self.answer(302, location="http://10.0.0.1/tweets.csv")

    def get_round_and_round(self) -> None:
        self.answer(302, location="/round-and-round")

    def get_missing(self) -> None:
        self.answer(404)

    def get_large(self) -> None:
        self.answer(200, b"x" * 5000)

    def get_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for _ in range(100):
            self.wfile.write(b"x" * 1000)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script: Script, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is what we test."""

    httpd = Quiet(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    script.release.set()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def received(snapshot: Path) -> bytes:
    (path,) = sources.snapshot_files(snapshot).values()
    return path.read_bytes()


def test_a_file_is_kept_as_received_with_its_provenance(server: str) -> None:
    snapshot = fetch(f"{server}/tweets.csv", QUICK)
    (line,) = sources.provenance(snapshot)
    assert received(snapshot) == BODY
    assert (line["size"], line["sha256"], line["etag"], line["content_type"]) == (
        len(BODY),
        CHECKSUM,
        '"v1"',
        "text/csv",
    )
    assert line["source"] == f"{server}/tweets.csv"
    assert line["time"]


def test_an_unchanged_file_is_not_received_again(server: str, script: Script) -> None:
    first, second = fetch(f"{server}/tweets.csv", QUICK), fetch(f"{server}/tweets.csv", QUICK)
    assert first == second
    assert script.asked[1][1]["if-none-match"] == '"v1"'
    assert [line["answer"] for line in sources.provenance(first)] == ["200 OK", "304 Not Modified"]


def test_a_damaged_snapshot_is_received_anew(server: str, script: Script) -> None:
    first = fetch(f"{server}/tweets.csv", QUICK)
    (path,) = sources.snapshot_files(first).values()
    path.write_bytes(b"other bytes")
    assert received(fetch(f"{server}/tweets.csv", QUICK)) == BODY
    assert "if-none-match" not in script.asked[1][1]


def test_pinned_bytes_that_are_here_need_no_network(server: str, script: Script) -> None:
    pinned = f"{server}/tweets.csv#sha256={CHECKSUM}"
    assert fetch(pinned, QUICK) == fetch(pinned, QUICK)
    assert script.paths == ["/tweets.csv"]


def test_other_bytes_than_pinned_are_refused(server: str) -> None:
    with pytest.raises(SourceError, match=f"SHA-256 {CHECKSUM}, not the {'0' * 64}"):
        fetch(f"{server}/tweets.csv#sha256={'0' * 64}", QUICK)
    assert not list((state_folder.state_home() / "store" / "raw").glob("[!.]*"))


def test_a_server_that_is_busy_is_asked_again(server: str, script: Script) -> None:
    script.failures_left["/tweets.csv"] = 2
    assert received(fetch(f"{server}/tweets.csv", QUICK)) == BODY
    assert len(script.asked) == 3


def test_a_server_that_stays_busy_ends_in_a_connection_error(server: str, script: Script) -> None:
    script.failures_left["/tweets.csv"] = 9
    with pytest.raises(ConnectionError, match="no whole answer in 3 attempts; the last: HTTP 503"):
        fetch(f"{server}/tweets.csv", QUICK)


def test_nobody_listening_ends_in_a_connection_error(home: Path) -> None:
    with pytest.raises(ConnectionError, match="3 attempts"):
        fetch("http://127.0.0.1:9/tweets.csv", QUICK)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("truncates", "incomplete message body|without sending complete"),
        ("announces-too-little", "more bytes came than the 15 that Content-Length announced"),
        ("sends-the-rest-later", "more bytes came than the 15 that Content-Length announced"),
        ("stalls", "timed out"),
    ],
)
def test_half_a_file_is_never_taken_for_a_whole_one(server: str, script: Script, path: str, complaint: str) -> None:
    with pytest.raises(ConnectionError, match=complaint):
        fetch(f"{server}/{path}", QUICK)
    assert len(script.asked) == QUICK.attempts
    assert not list((state_folder.state_home() / "store" / "raw").glob("[!.]*"))


def test_a_body_that_drips_ends_at_the_total_time(server: str) -> None:
    with pytest.raises(TimeoutError, match=r"not received in 0\.4 s"):
        fetch(f"{server}/drips", SourceLimits(read_seconds=1, total_seconds=0.4))


def test_redirects_are_followed_over_http(server: str, script: Script) -> None:
    assert received(fetch(f"{server}/redirects", QUICK)) == BODY
    assert script.paths == ["/redirects", "/tweets.csv"]


def test_a_redirect_to_our_own_disk_is_refused(server: str) -> None:
    with pytest.raises(SourceError, match="redirects to file://: only http and https"):
        fetch(f"{server}/to-our-disk", QUICK)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("to-the-metadata-of-a-cloud", r"169\.254\.169\.254, a link-local or reserved address: never read from"),
        ("to-the-office", "a loopback address redirects to 10.0.0.1, a private one: refused"),
    ],
)
def test_a_redirect_to_what_only_we_can_reach_is_refused(server: str, path: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        fetch(f"{server}/{path}", QUICK)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "2852039166"])
def test_link_local_addresses_are_never_read_however_they_are_written(home: Path, host: str) -> None:
    with pytest.raises(SourceError, match="link-local or reserved"):
        fetch(f"http://{host}/latest/meta-data", QUICK)


def test_from_a_public_address_only_public_ones_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what a name stands for, not by how it is spelt."""
    names = {"example.org": "93.184.216.34", "cdn.example.org": "93.184.216.35", "inside.example.org": "127.0.0.1"}
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (names[host], 0))])
    backend = CountingBackend()
    assert backend.permitted("example.org") == ["93.184.216.34"]
    assert backend.permitted("cdn.example.org") == ["93.184.216.35"]
    with pytest.raises(SourceError, match=r"a public address redirects to inside\.example\.org, a loopback one"):
        backend.permitted("inside.example.org")


def test_redirects_in_a_circle_end(server: str, script: Script) -> None:
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        fetch(f"{server}/round-and-round", QUICK)
    assert len(script.asked) == 6


def test_an_address_without_a_file_is_not_tried_again(server: str, script: Script) -> None:
    with pytest.raises(SourceError, match="HTTP 404 Not Found"):
        fetch(f"{server}/missing", QUICK)
    assert len(script.asked) == 1


@pytest.mark.parametrize("path", ["large", "endless"])
def test_a_file_beyond_the_limit_is_refused_announced_or_not(server: str, path: str) -> None:
    with pytest.raises(SourceError, match="the limit is 1,000"):
        fetch(f"{server}/{path}", SourceLimits(download_bytes=1000))


def test_secrets_of_an_address_are_written_nowhere(server: str) -> None:
    secret = server.replace("//", "//user:hunter2@")
    snapshot = fetch(f"{secret}/tweets.csv?page=2&X-Amz-Signature=abc123", QUICK)
    written = b"".join(path.read_bytes() for path in snapshot.parent.rglob("*") if path.is_file())
    assert b"hunter2" not in written
    assert b"abc123" not in written
    assert sources.provenance(snapshot)[0]["source"].endswith("/tweets.csv?page=2&X-Amz-Signature=***")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("zip://a.csv::s3://key:secret@bucket/x?sig=1#f", "zip://a.csv::s3://***@bucket/x?sig=***"),
        ("https://me:p@ss@host/x", "https://***@host/x"),
        ("https://me:p/a?s#s@host/x", "https://***@host/x"),
        ("https:/me:pw@host/x", "https://***@host/x"),
        ("https://host/x?page=2;access_token=a", "https://host/x?page=2;access_token=***"),
        ("https://host/x?%74oken=a", "https://host/x?%74oken=***"),
        ("s3://b/x?X-Amz-Credential=A&X-Amz-Date=2", "s3://b/x?X-Amz-Credential=***&X-Amz-Date=2"),
        ("https://b/x?X-Amz-Signature=a&versionId=7", "https://b/x?X-Amz-Signature=***&versionId=7"),
        ("https://a.blob.core.windows.net/x?sv=2023&sig=a%3D", "https://a.blob.core.windows.net/x?sv=2023&sig=***"),
        ("https://host/x?x=0123456789abcdef0123456789abcdef", "https://host/x?x=***"),
        ("https://host:8080/@me/x?author=x&token=${TOKEN}", "https://host:8080/@me/x?author=x&token=${TOKEN}"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize("address", ["{server}/missing", "http://127.0.0.1:9/x", "http://127.0.0.1:port/x", "https://"])
def test_errors_and_logs_do_not_tell_secrets(server: str, address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = address.format(server=server).replace("//", "//me:hunter2@") + "?token=abc123"
    with pytest.raises((SourceError, ConnectionError)) as caught:
        fetch(url, QUICK)
    told = "".join(traceback.format_exception(caught.value, chain=True)) + caplog.text
    assert "hunter2" not in told
    assert "abc123" not in told


def test_secrets_of_the_command_line_wait_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CRISISFLOW_SECRET_")]:
        monkeypatch.delenv(name)
    url = "https://me:pw@host/x.csv?page=2&token=abc"
    hidden = hide_secrets(url)
    assert hidden == "https://${CRISISFLOW_SECRET_1}@host/x.csv?page=2&token=${CRISISFLOW_SECRET_2}"
    assert hide_secrets(hidden) == hidden
    assert fill_placeholders(hidden) == url
    assert hide_secrets("https://host/x.csv") == "https://host/x.csv"
    for name in ("CRISISFLOW_SECRET_1", "CRISISFLOW_SECRET_2"):
        monkeypatch.delenv(name)


def test_an_address_may_name_variables_of_the_environment(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE_NAME", "tweets")
    assert received(fetch(server + "/${FILE_NAME}.csv", QUICK)) == BODY
    with pytest.raises(ValueError, match=r"NO_SUCH_NAME.*set it"):
        fetch(server + "/${NO_SUCH_NAME}", QUICK)


def test_a_checksum_that_is_none_is_refused_before_anything_is_fetched() -> None:
    with pytest.raises(SourceError, match="64 hexadecimal digits, got 'abc'"):
        fetch("http://127.0.0.1:9/tweets.csv#sha256=abc")
