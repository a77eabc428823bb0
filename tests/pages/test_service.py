"""The pages of `crisisflow serve` in a real browser: paste, drop, sort, label; hostile tweets; lost connections."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from word_model import served_model, service, write_tweets

from models.labels.budget import Budget
from tasks.labels import queue, store
from tasks.service.access import EVERYBODY, Access
from tasks.service.app import create_app

TOKEN = "t" * 24
HOSTILE = {
    "script": "<script>document.title='broken'</script><img src=x onerror=alert(1)> fire near the mill",
    "right to left": "\u202efire near the mill\u202c حريق قرب المطحنة",
    "long": "fire" * 1_250,
    "emoji": "🔥👩‍🚒🏴󠁧󠁢󠁳󠁣󠁴󠁿 fire near the mill e\u0301",
}
TWEETS = ["fire near the mill", "a flood", "the party", "evacuated town", "old movie", "near the mill"]


class Server:
    """A service in this process, at an address that it keeps when it starts anew."""

    def __init__(self, folder: Path, access: Access = EVERYBODY) -> None:
        self._access, self._used = access, served_model(tweets=write_tweets(folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        app = create_app(service(self._used), self._access)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < end
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        made = Server(tmp_path_factory.mktemp("tweets") / "checked")
        made.start()
        yield made
        made.stop()


def paste(browser: Any, text: str) -> None:
    browser.run(f"document.getElementById('text').value = {json.dumps(text)}")
    browser.run("document.getElementById('answer').replaceChildren()")
    browser.run("document.getElementById('tweet').requestSubmit()")
    browser.until("document.querySelector('#answer h3') !== null")


def test_a_pasted_tweet_is_answered_by_keyboard_alone(server: Server, browser: Any) -> None:
    browser.open(server.url)
    browser.run("document.getElementById('text').focus()")
    browser.press(*"Fire near the mill")
    browser.press("Tab", "Tab", "Enter")
    browser.until("document.querySelector('#answer h3') !== null")
    shown = browser.text()
    assert "Disaster: probability 94.8 %" in shown
    assert "fire +3.00" in shown
    assert "RT @anna: FIRE near the mill" in shown
    assert browser.faults(server.url) == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_tweets_are_shown_as_text_and_break_nothing(text: str, server: Server, browser: Any) -> None:
    browser.open(server.url, 420)
    paste(browser, text)
    assert browser.run("document.title") == "Does a tweet report a real disaster?"
    assert browser.run("document.querySelectorAll('#answer :is(script, img)').length") == 0
    assert [each for each in browser.audit() if "px wide" in each or "sticks out" in each or "cut off" in each] == []
    assert browser.faults(server.url) == []


@pytest.fixture
def tweets_file(tmp_path: Path) -> Path:
    path = tmp_path / "tonight.csv"
    lines = [f'{n},"{text}"' for n, text in enumerate([*TWEETS, *HOSTILE.values(), "", "=1+1 flood"])]
    path.write_text("\n".join(["id,text", *lines]), encoding="utf-8")
    return path


def test_a_file_is_scored_sorted_filtered_and_taken_along(server: Server, browser: Any, tweets_file: Path) -> None:
    browser.open(server.url)
    browser.choose("#file", tweets_file)
    browser.until(
        "!document.getElementById('scored').hidden && document.querySelectorAll('#rows tbody tr').length === 12"
    )
    assert "tonight.csv: 12 rows" in browser.text()
    browser.run("document.querySelector('[data-sort=probability]').click()")
    browser.until("document.querySelector('th[aria-sort=descending]') !== null")
    first = "document.querySelector('#rows tbody tr td:nth-child(2)').innerText"
    assert browser.run(first) == "94.8 %"
    browser.run("document.querySelector('[data-sort=probability]').click()")
    browser.until("document.querySelector('th[aria-sort=ascending]') !== null")
    assert browser.run("document.activeElement.dataset.sort") == "probability"
    browser.run("document.getElementById('called').value = '0'")
    browser.run("document.getElementById('called').dispatchEvent(new Event('change'))")
    browser.until(f"document.querySelectorAll('#rows tbody tr').length < 12 && {first} === '4.7 %'")
    csv = browser.run("fetch(document.getElementById('download').href).then((answer) => answer.text())")
    assert csv.count("\n") >= 13
    assert "'=1+1 flood" in csv
    assert browser.faults(server.url) == []


def test_a_dropped_file_that_cannot_be_read_is_told_in_the_readers_words(server: Server, browser: Any) -> None:
    browser.open(server.url)
    drop = """(() => {
      const data = new DataTransfer();
      data.items.add(new File(["number,size\\n1,2\\n"], "sizes.csv"));
      document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    })()"""
    browser.run(drop)
    browser.until("document.querySelector('#progress .fault') !== null")
    assert "sizes.csv" in browser.text()
    assert browser.run("document.getElementById('scored').hidden") is True
    assert browser.faults(server.url) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1_600])
def test_the_pages_are_readable(width: int, scheme: str, server: Server, browser: Any, tweets_file: Path) -> None:
    fill_queue("readable")
    browser.open(server.url, width, scheme)
    paste(browser, "Fire near the movie qwx http://t.co/x")
    browser.choose("#file", tweets_file)
    browser.until("!document.getElementById('scored').hidden")
    assert browser.audit() == []
    browser.open(f"{server.url}/label", width, scheme)
    browser.run("(document.getElementById('name').value = 'reader', document.getElementById('who').requestSubmit())")
    browser.until("document.getElementById('question').innerText !== ''")
    assert browser.audit() == []


def fill_queue(name: str) -> None:
    """Six tweets that were not asked about before."""
    letters = name.replace(" ", "")
    texts = [f"{each} {letters}" for each in TWEETS]
    asked = [
        queue.Question(f"{letters}{number}", text, "chosen", "why", "word weights", group)
        for number, (text, group) in enumerate(zip(texts, store.groups_of(texts), strict=True))
    ]
    queue.ask(Budget.parse("50"), lambda *_: asked)


def labels(name: str) -> list[int | None]:
    return [each.label for each in store.standing() if each.annotator == name]


def begin(browser: Any, server: Server, name: str) -> None:
    browser.open(f"{server.url}/label")
    browser.run("localStorage.clear(), sessionStorage.clear()")
    browser.run(f"(document.getElementById('name').value = '{name}', document.getElementById('who').requestSubmit())")
    browser.run("document.activeElement.blur()")
    browser.until("document.getElementById('question').innerText !== ''")


def wait_for(name: str, expected: list[int | None]) -> None:
    end = time.monotonic() + 20
    while labels(name) != expected:
        assert time.monotonic() < end, labels(name)
        time.sleep(0.02)


def test_labels_are_given_by_keys_and_taken_back(server: Server, browser: Any) -> None:
    fill_queue("by keys")
    begin(browser, server, "keyed")
    seen = browser.run("document.getElementById('question').innerText")
    browser.press("1")
    assert browser.run("document.getElementById('question').innerText") != seen
    browser.press("0", "s", "u", "u")
    browser.press("1")
    wait_for("keyed", [1, 1])
    browser.until("document.getElementById('state').innerText.includes('Every answer is kept')")
    assert browser.faults(server.url) == []


def test_answers_outlive_a_service_that_stops_and_a_page_that_is_loaded_anew(server: Server, browser: Any) -> None:
    fill_queue("outlive")
    begin(browser, server, "steady")
    browser.press("1")
    wait_for("steady", [1])
    server.stop()
    browser.press("0", "1", "u")
    browser.until("document.getElementById('state').innerText.includes('not sent yet')")
    assert labels("steady") == [1]
    server.start()
    browser.open(f"{server.url}/label")  # what was not sent lies in the browser
    browser.until("document.getElementById('name').value === 'steady'")
    browser.run("document.getElementById('who').requestSubmit()")
    wait_for("steady", [1, 0])
    browser.until("document.getElementById('state').innerText.includes('Every answer is kept')")
    assert len({each.text_group for each in store.standing() if each.annotator == "steady"}) == 2


def test_what_another_annotator_answers_meanwhile_is_neither_lost_nor_doubled(server: Server, browser: Any) -> None:
    fill_queue("two at once")
    before = len(store.standing())

    async def answer() -> int:
        given = 0
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            for _ in range(4):
                told = (await client.get("/labels/next?annotator=program")).json()
                for tweet in told["tweets"]:
                    body = {"key": f"{given:032x}", "annotator": "program", "question": tweet["number"], "label": 0}
                    given += (await client.post("/labels", json=body)).status_code == 200
        return given

    begin(browser, server, "human")
    other = asyncio.run(answer())
    browser.press("1", "1")
    wait_for("human", [1, 1])
    answered = store.standing()[before:]
    assert len(answered) == 2 + other
    assert len({each.text_group for each in answered}) == len(answered)


def test_with_tokens_the_page_asks_for_one_and_knows_whose_it_is(tmp_path: Path, browser: Any, home: Path) -> None:
    server = Server(tmp_path / "checked", Access({TOKEN: "anna"}))
    server.start()
    try:
        browser.open(server.url)
        assert browser.run("location.pathname") == "/login"
        browser.run(f"document.getElementById('token').value = '{TOKEN}'")
        browser.run("document.forms[0].requestSubmit()")
        browser.until("location.pathname === '/' && document.readyState === 'complete'")
        paste(browser, "fire near the mill")
        assert "anna" in browser.text()
        assert browser.run("document.cookie") == ""
        assert browser.faults(server.url) == []
    finally:
        server.stop()
