"""The page and what it asks: an answer with its words and twins; nothing inside it that a browser would run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asgi_client import Client
from word_model import served_model, service, write_tweets

from tasks.service import Service
from tasks.service.app import create_app
from tasks.service.limits import RefusedError
from tasks.service.page_routes import Overview
from tasks.service.pages import FOLDER
from tasks.service.rates import RateLimit


def client(served: Service | None = None, overview: Overview | None = None) -> Client:
    return Client(create_app(served or service(), overview=overview), base_url="http://127.0.0.1:8000")


def explain(text: str, served: Service | None = None, **more: Any) -> dict[str, Any]:
    answer = client(served).post("/explain", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_tweet_is_answered_with_the_words_that_speak_for_it_and_against() -> None:
    said = explain("Fire near the movie qwx")
    assert said["label"] == 1
    assert said["threshold"] == 0.5
    assert (said["model"], said["version"]) == ("word weights", "3")
    found = {each["token"]: each for each in said["tokens"]}
    assert {word: round(each["log_odds"], 6) for word, each in found.items()} == {
        "fire": 3.0, "near": 0.1, "the": 0.0, "movie": -2.0, "qwx": 0.0,
    }  # fmt: skip
    assert [found[word]["kind"] for word in ("fire", "movie", "the")] == ["positive", "negative", ""]
    assert (found["fire"]["known"], found["qwx"]["known"]) == (True, False)
    assert "doubt" not in said


def test_the_doubt_of_an_answer_stands_beside_its_words() -> None:
    assert explain("пожар у мельницы")["doubt"] == "unknown script: Cyrillic"


def test_twins_are_the_rows_that_differ_in_case_addresses_and_mentions(tmp_path: Path) -> None:
    served = service(served_model(tweets=write_tweets(tmp_path / "tweets")))
    twins = explain("fire near the MILL @bert", served)["twins"]
    assert twins == {
        "count": 2,
        "shown": [
            {"text": "Fire near the mill! http://t.co/x", "label": 1, "split": "train"},
            {"text": "RT @anna: FIRE near the mill", "label": None, "split": "train"},
        ],
    }
    assert explain("fire near the sea", served)["twins"] == {"count": 0, "shown": []}
    assert explain("fire")["twins"] is None


def test_a_text_of_nothing_has_no_words_and_a_batch_is_refused() -> None:
    assert explain("  ")["probability"] is None
    answer = client().post("/explain", json={"tweets": [{"text": "fire"}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "one_tweet")
    assert client(Service()).post("/explain", json={"text": "fire"}).status_code == 503


@pytest.mark.parametrize(
    "text", ["f " * 12_000, "\u202efire\u202c", "🔥" * 2_000, "<script>alert(1)</script>", "\ud83d!"]
)
def test_hostile_tweets_are_answered(text: str) -> None:
    answer = client().post("/explain", content=json.dumps({"text": text}))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["tokens"]) <= 400


def test_the_page_runs_its_own_files_alone_and_holds_no_script() -> None:
    for path in ("/", "/login"):
        page = client().get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script[^>]*>[^<]|\son\w+=|\sstyle=|javascript:", page.text)
        assert re.findall(r"(?:src|href)=\"([^/d#][^\"]*)", page.text) == []


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_scripts_make_no_markup_of_texts_and_ask_nobody_else(file: Path) -> None:
    answer = client().get(f"/static/{file.name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith({".js": "text/javascript", ".css": "text/css"}[file.suffix])
    source = answer.text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?://|@import", source)


def test_no_other_file_is_handed_out() -> None:
    for name in ("nothing.js", "..%2fapp.py", "%2e%2e/app.py"):
        assert client().get(f"/static/{name}").status_code == 404


def test_every_field_of_the_page_has_a_label_and_changes_are_announced() -> None:
    html = client().get("/").text
    fields = re.findall(r"<(?:input|textarea|select)[^>]*\bid=\"([\w-]+)\"", html)
    assert len(fields) > 5
    assert {name for name in fields if f'for="{name}"' not in html} == set()
    assert html.count('aria-live="polite"') == 3


def test_the_page_of_the_champion_is_the_one_that_was_given() -> None:
    async def made() -> str:
        return "<p>champion</p>"

    async def broken() -> str:
        raise RuntimeError("no database")

    assert client(overview=made).get("/overview").text == "<p>champion</p>"
    assert client(overview=broken).get("/overview").json()["error"]["code"] == "no_overview"


def test_a_rate_limit_counts_each_client_by_itself_and_forgets() -> None:
    now = [0.0]
    rate = RateLimit(2, 60, lambda: now[0])
    rate.count("a"), rate.count("a"), rate.count("b")
    with pytest.raises(RefusedError, match="ask again in 60 s"):
        rate.count("a")
    rate.count("b")
    now[0] = 60.0
    rate.count("a")
