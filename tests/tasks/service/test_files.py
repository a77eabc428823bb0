"""Files that people drop: scored by the code of `score`, looked at in parts, gone afterwards, in nobody's way."""

import asyncio
import io
import json
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pyarrow as pa
import pytest
from asgi_client import RUNNER, Client
from word_model import served_model, service

from tasks.runtime.state_folder import state_home
from tasks.service import file_jobs
from tasks.service.access import Access
from tasks.service.app import create_app
from tasks.service.file_jobs import KEPT_SECONDS, FileJobs
from tasks.service.limits import Limits, RefusedError
from tasks.service.scored_file import View, count_rows, select_rows
from tasks.service.served_model import ServedModel

CSV = b"id,text\n1,fire near mill\n2,the party\n3,\n4,=1+1 flood\n5,\xd0\xbf\xd0\xbe\xd0\xb6\xd0\xb0\xd1\x80\n"
PATIENCE_SECONDS = 20
TOKENS = Access({"a" * 24: "anna", "b" * 24: "bert"})


@pytest.fixture(autouse=True)
def state(home: Path) -> Path:
    return home


def send(client: Client, content: bytes = CSV, name: str = "tweets.csv", **columns: str) -> httpx.Response:
    return client.post("/files", params={"name": name, **columns}, content=content)


def finished(client: Client, sent: httpx.Response) -> dict[str, Any]:
    """What is told of the file when it is done, or has failed."""
    assert sent.status_code == 202, sent.text
    end = time.monotonic() + PATIENCE_SECONDS
    while (told := client.get(f"/files/{sent.json()['id']}").json())["state"] not in ("done", "failed"):
        assert time.monotonic() < end, told
        time.sleep(0.01)
    return told


def rows(client: Client, told: dict[str, Any], **view: Any) -> list[dict[str, Any]]:
    return client.get(f"/files/{told['id']}/rows", params=view).json()["rows"]


def workbook() -> bytes:
    book, held = openpyxl.Workbook(), io.BytesIO()
    for line in (["id", "text"], ["1", "fire near mill"], ["2", "the party"]):
        book.active.append(line)
    book.save(held)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"id,text\n1,fire near mill\n2,the party\n"),
        ("a.tsv", b"id\ttext\n1\tfire near mill\n2\tthe party\n"),
        ("a.jsonl", b'{"id": "1", "text": "fire near mill"}\n{"id": "2", "text": "the party"}\n'),
        ("a.xlsx", workbook()),
    ],
)
def test_every_format_is_scored_to_the_same_rows(name: str, content: bytes) -> None:
    client = Client(create_app(service()))
    told = finished(client, send(client, content, name))
    assert told["counts"] == {"rows": 2, "positives": 1, "in_doubt": 0, "not_scored": 0}
    assert (told["model"], told["version"]) == ("word weights", "3")
    found = rows(client, told)
    assert [(each["id"], each["text"], each["label"]) for each in found] == [
        ("1", "fire near mill", 1),
        ("2", "the party", 0),
    ]
    alone = client.post("/predict", json={"text": "fire near mill"}).json()["probability"]
    assert found[0]["probability"] == pytest.approx(alone, abs=1e-12)


def test_rows_are_sorted_and_filtered_over_the_whole_file() -> None:
    client = Client(create_app(service()))
    told = finished(client, send(client))
    assert told["counts"] == {"rows": 5, "positives": 2, "in_doubt": 1, "not_scored": 1}

    def ids(**view: Any) -> list[str]:
        return [each["id"] for each in rows(client, told, **view)]

    assert ids() == ["1", "2", "3", "4", "5"]
    assert ids(descending=True) == ["5", "4", "3", "2", "1"]
    assert ids(sort="probability", descending=True)[:2] == ["1", "4"]
    assert ids(sort="probability", start=1, count=1) == ["5"]
    assert ids(contains="FIRE") == ["1"]
    assert ids(called="1") == ["1", "4"]
    assert ids(called="doubt") == ["5"]
    assert ids(called="unread") == ["3"]
    assert rows(client, told, called="unread")[0]["reason"] == "no text"


def test_the_download_holds_all_rows_and_no_formula() -> None:
    client = Client(create_app(service()))
    told = finished(client, send(client, name="tonight's tweets.csv"))
    answer = client.get(f"/files/{told['id']}/scored.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="tonight_s_tweets-scored.csv"'
    lines = answer.text.splitlines()
    assert lines[0] == '"id","text","probability","label","model","version","doubt","reason"'
    assert len(lines) == 6
    assert '"\'=1+1 flood"' in lines[4]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"number,size\n1,2\n3,4\n", "a.csv"),
        ("a.xlsx", b"PK\x03\x04 broken", "a.xlsx"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "picture.png"),
        ("a.csv", b"id,text\n", "a.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_the_words_of_the_reader(name: str, content: bytes, said: str) -> None:
    client = Client(create_app(service()))
    told = finished(client, send(client, content, name))
    assert told["state"] == "failed"
    assert said in told["message"]
    assert str(state_home()) not in told["message"]
    assert client.get(f"/files/{told['id']}/rows").status_code == 409


def test_columns_may_be_named() -> None:
    client = Client(create_app(service()))
    content = b"a,b\nfire,the party\n"
    assert rows(client, finished(client, send(client, content, text="b")))[0]["text"] == "the party"


def test_more_rows_or_bytes_than_are_taken_are_refused_and_nothing_stays(home: Path) -> None:
    client = Client(create_app(service(limits=Limits(file_rows=3, file_bytes=200))))
    told = finished(client, send(client))
    assert "more than 3 rows" in told["message"]
    assert "crisisflow score" in told["message"]
    refused = send(client, b"x" * 201)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "file_too_large")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10

    assert client.post("/files", params={"name": "a.csv"}, content=unannounced()).status_code == 413
    assert send(client, b"").json()["error"]["code"] == "empty"
    assert list((home / "uploads").iterdir()) == []


def test_an_upload_that_stalls_is_given_up_and_requests_go_on_meanwhile(home: Path) -> None:
    app = create_app(service(limits=Limits(seconds_to_send_file=0.3)))

    async def stalling() -> AsyncIterator[bytes]:
        yield CSV
        await asyncio.sleep(10)

    async def scene() -> tuple[int, list[int]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            stalled = asyncio.create_task(client.post("/files?name=a.csv", content=stalling()))
            asked = [(await client.post("/predict", json={"text": "fire"})).status_code for _ in range(5)]
            return (await stalled).status_code, asked

    assert RUNNER.run(scene()) == (408, [200] * 5)
    assert list((home / "uploads").iterdir()) == []


def test_a_cut_connection_leaves_nothing(home: Path) -> None:
    app = create_app(service())
    said: list[Any] = []
    messages = iter([{"type": "http.request", "body": CSV, "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def answer(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/files", "raw_path": b"/files", "root_path": "", "query_string": b"name=a.csv",
        "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    RUNNER.run(app(scope, receive, answer))
    assert said[0]["status"] == 400
    assert list((home / "uploads").iterdir()) == []


def held_model(go_on: threading.Event) -> ServedModel:
    """A model that scores no file before it may go on."""
    made = served_model()
    predict = made.logged.predict

    class Held:
        def predict(self, frame: Any) -> Any:
            assert go_on.wait(PATIENCE_SECONDS)
            return predict(frame)

        def unwrap_python_model(self) -> Any:
            return made.logged.unwrap_python_model()

    return served_model(logged=Held())


def test_files_wait_for_one_another_say_how_many_are_ahead_and_single_tweets_do_not_wait(home: Path) -> None:
    go_on = threading.Event()
    client = Client(create_app(service(held_model(go_on))))
    try:
        sent = [send(client) for _ in range(5)]
        assert [each.status_code for each in sent] == [202] * 4 + [503]
        assert [client.get(f"/files/{each.json()['id']}").json()["ahead"] for each in sent[:4]] == [0, 1, 2, 3]
        assert client.post("/predict", json={"text": "fire"}).status_code == 200
        assert client.delete(f"/files/{sent[1].json()['id']}").status_code == 200
    finally:
        go_on.set()
    assert [finished(client, each)["state"] for each in (sent[0], sent[2], sent[3])] == ["done"] * 3
    assert client.get(f"/files/{sent[1].json()['id']}").status_code == 404
    assert list((home / "uploads").iterdir()) == []


def test_nobody_sees_the_file_of_another() -> None:
    app = create_app(service(), TOKENS)
    anna, bert = Client(app), Client(app)
    headers = {name: {"authorization": f"Bearer {name[0] * 24}"} for name in ("anna", "bert")}
    sent = anna.post("/files?name=a.csv", content=CSV, headers=headers["anna"]).json()
    for path in ("", "/rows", "/scored.csv"):
        assert bert.get(f"/files/{sent['id']}{path}", headers=headers["bert"]).status_code == 404
    assert bert.delete(f"/files/{sent['id']}", headers=headers["bert"]).status_code == 404
    assert anna.get(f"/files/{sent['id']}", headers=headers["anna"]).status_code == 200


def test_a_file_that_nobody_looks_at_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(FileJobs.__init__, "__defaults__", (lambda: now[0],))
    client = Client(create_app(service()))
    told = finished(client, send(client))
    now[0] = KEPT_SECONDS
    assert rows(client, told)
    now[0] = 2 * KEPT_SECONDS + 1
    assert client.get(f"/files/{told['id']}").status_code == 404


def test_scored_files_hold_a_bounded_share_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(create_app(service()))
    first = finished(client, send(client))
    monkeypatch.setattr(file_jobs, "MOST_KEPT_BYTES", 10)
    second = finished(client, send(client))
    assert client.get(f"/files/{first['id']}").status_code == 404
    assert client.get(f"/files/{second['id']}").status_code == 200


def test_the_name_of_a_file_leads_nowhere_else(home: Path) -> None:
    client = Client(create_app(service()))
    for name in ("../../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "*.csv", ".csv"):
        assert finished(client, send(client, name=name))["name"].endswith("csv"), name
    assert not list(home.rglob("*evil*"))


def test_the_description_knows_what_the_file_routes_answer() -> None:
    described = Client(create_app(service())).get("/openapi.json").json()["paths"]
    assert {"202", "408", "413", "503", "507"} < described["/files"]["post"]["responses"].keys()
    assert json.dumps(described).count("octet-stream") == 1


def test_an_address_with_several_methods_names_them_all() -> None:
    answer = Client(create_app(service())).request("OPTIONS", "/files/x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


def test_a_model_that_fails_says_nothing_of_the_tweet() -> None:
    class Broken:
        def predict(self, frame: Any) -> Any:
            raise KeyError("fire near mill")

    client = Client(create_app(service(served_model(logged=Broken()))))
    told = finished(client, send(client))
    assert told["message"] == "the file could not be scored (KeyError)"


def test_too_many_of_one_client_are_refused_with_a_word() -> None:
    from tasks.service.uploads import Uploads

    uploads = Uploads()
    with uploads.place("a"), uploads.place("a"), uploads.place("b"):
        third = uploads.place("a")
        with pytest.raises(RefusedError, match="on their way: 3 files, of them yours 2"):
            third.__enter__()
    with uploads.place("a"):
        pass


def test_rows_tell_the_kinds_of_information_and_are_filtered_by_the_name_of_a_class() -> None:
    columns = {
        "id": ["1", "2"], "text": ["fire", "song"], "probability": [0.9, 0.8], "label": ["storm", "none"],
        "doubt": pa.nulls(2, pa.string()), "reason": pa.nulls(2, pa.string()), "probability_storm": [0.9, 0.2],
        "source": ["seen", "told"], "source_probability": [0.7, 0.6],
    }  # fmt: skip
    table = pa.table(columns)
    found = select_rows(table, View(called="=storm"))
    assert found["matching"] == 1
    assert found["rows"][0]["kinds"] == {"source": "seen"}
    assert count_rows(table, ("storm", "none", "drill"))["classes"] == {"storm": 1, "none": 1, "drill": 0}
