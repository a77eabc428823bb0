"""The routes without a network: what is answered, in which form, and what stands in the log."""

import asyncio
import dataclasses
import json
import logging
import re
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.text_kinds import TextKind
from models.drift.familiarity import Familiarity
from models.settings import TextSettings
from tasks.service.app import create_app
from tasks.service.limits import Limits
from tasks.service.served_model import ServedModel
from tasks.service.state import Service

KNOWN = {"fire": 0.9, "train wreck": 0.2}


def by_heart(texts: pa.Array, keywords: pa.Array) -> np.ndarray:
    """0.9 for a fire, 0.2 for a train wreck, 0.5 with any keyword; other texts are errors that quote them."""
    pairs = zip(texts.to_pylist(), keywords.to_pylist(), strict=True)
    return np.array([0.5 if keyword else KNOWN[text] for text, keyword in pairs])


def model(version: str = "3", probabilities: Callable[..., np.ndarray] = by_heart) -> ServedModel:
    classifier: Any = SimpleNamespace(name="by heart", threshold=0.5, probabilities=probabilities, text=TextSettings())
    uri, when = f"models:/crisisflow/{version}", "2026-01-01T00:00:00+00:00"
    return ServedModel("by heart", version, uri, "0123", "abcd", when, classifier)


def service(limits: Limits | None = None, used: ServedModel | None = None) -> Service:
    made = Service(limits or Limits())
    made.put_in_use(used or model())
    return made


def ask(served: Service, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
    """The answer to one request; a body that is not bytes is sent as JSON."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            return await client.request(method, path, content=content, **more)

    return asyncio.run(send())


def predict(body: Any, served: Service | None = None) -> tuple[int, Any]:
    answer = ask(served or service(), "POST", "/predict", body)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()


def test_a_tweet_is_answered_with_probability_label_and_who_says_so() -> None:
    whose = {"model": "by heart", "version": "3"}
    assert predict({"text": "fire"}) == (200, {"probability": 0.9, "label": 1, **whose})
    assert predict({"text": "anything", "keyword": "x"}) == (200, {"probability": 0.5, "label": 1, **whose})


def test_a_batch_is_answered_in_its_order_and_rows_without_text_get_no_probability() -> None:
    texts = ["fire", None, "train wreck", "  "]
    status, answer = predict({"tweets": [{"text": text} for text in texts]})
    assert status == 200
    nothing = {"probability": None, "label": None}
    expected = [{"probability": 0.9, "label": 1}, nothing, {"probability": 0.2, "label": 0}, nothing]
    assert answer == {"predictions": expected, "model": "by heart", "version": "3"}
    assert predict({"tweets": []})[1]["predictions"] == []
    assert predict({"text": ""})[1] == nothing | {"model": "by heart", "version": "3"}


def test_a_text_that_the_model_cannot_judge_carries_the_doubt_and_others_none() -> None:
    learned = Familiarity(frozenset({"Latin"}), pa.array(["fire", "train", "wreck"]))
    used = dataclasses.replace(model(probabilities=lambda texts, _: np.full(len(texts), 0.9)), familiarity=learned)
    tweets = [{"text": text} for text in ("fire", "пожар", "qwxz http://t.co/x", None)]
    predictions = predict({"tweets": tweets}, service(used=used))[1]["predictions"]
    said = {"probability": 0.9, "label": 1}
    assert predictions[0] == said
    assert predictions[1] == said | {"doubt": "unknown script: Cyrillic"}
    assert predictions[2] == said | {"doubt": "no known word"}
    assert predictions[3] == {"probability": None, "label": None}


def test_kinds_of_information_are_told_where_the_model_knows_them() -> None:
    used = model()
    kinds = (TextKind("source", ("eyewitness", "media")), TextKind("subject", ("damage", "warning")))
    of_classes = [np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]])]
    used.classifier.kinds = kinds  # type: ignore[misc]
    used.classifier.answers = lambda texts, keywords: (by_heart(texts, keywords), of_classes)  # type: ignore[method-assign]
    status, said = predict({"text": "fire"}, service(used=used))
    assert status == 200
    assert said["kinds"] == {
        "source": {"label": "media", "probability": 0.75},
        "subject": {"label": "damage", "probability": 0.5},
    }
    assert "kinds" not in predict({"text": "fire"})[1]


def test_of_several_classes_the_likeliest_is_told_by_name_and_the_probability_of_each() -> None:
    used = model(probabilities=lambda texts, _: np.array([[0.2, 0.5, 0.3]] * len(texts)))
    used.classifier.classes = ("none", "storm", "drill")  # type: ignore[misc]
    status, said = predict({"text": "fire"}, service(used=used))
    classes = {"none": 0.2, "storm": 0.5, "drill": 0.3}
    assert (status, said["label"], said["probability"], said["classes"]) == (200, "storm", 0.5, classes)
    assert "classes" not in predict({"text": "fire"})[1]
    assert "storm" in ask(service(used=used), "GET", "/").text  # as a filter of the table


def test_every_error_has_one_form() -> None:
    limits = Limits(body_bytes=30, characters=20)
    answers = [
        ask(service(), "POST", "/predict", b"no json"),
        ask(service(), "POST", "/predict", {"text": 7}),
        ask(service(limits), "POST", "/predict", {"text": "f" * 21}),
        ask(service(), "GET", "/predict"),
        ask(service(), "GET", "/nowhere"),
        ask(service(), "POST", "/predict", {"text": "makes the model fail"}),
        ask(Service(), "POST", "/predict", {"text": "fire"}),
        ask(Service(), "GET", "/version"),
    ]
    assert [answer.status_code for answer in answers] == [400, 422, 413, 405, 404, 500, 503, 503]
    for answer in answers:
        assert {"code", "message"} <= answer.json()["error"].keys()
        assert answer.headers["content-type"] == "application/json"
    assert answers[3].headers["allow"] == "POST"
    assert answers[-1].headers["retry-after"] == "1"


def test_a_body_that_is_too_large_is_refused_when_it_has_been_sent() -> None:
    status, answer = predict(b" " * 6_000, service(Limits(body_bytes=5_000)))
    assert status == 413
    assert answer["error"]["message"].startswith("the body has 6,000 bytes; at most 5,000 are read")
    assert answer["error"] | {"message": ""} == {
        "code": "body_too_large", "message": "", "field": "body", "value": 6_000, "limit": 5_000,
    }  # fmt: skip


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    sent = []

    async def endless() -> Any:
        for part in range(1_000):
            sent.append(part)
            yield b" " * 1_000

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(service(Limits(body_bytes=5_000))))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/predict", content=endless())

    assert asyncio.run(send()).status_code == 413
    assert len(sent) < 100
    assert ask(service(), "POST", "/predict", b"x", headers={"content-length": "999999999"}).status_code == 413


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_said() -> None:
    async def stalling() -> Any:
        yield b"{"
        await asyncio.sleep(10)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(service(Limits(seconds_to_send=0.05))))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/predict", content=stalling())

    answer = asyncio.run(send())
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too_slow")


def test_the_client_learns_nothing_of_the_inside_and_the_log_nothing_of_the_tweet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    status, answer = predict({"text": "secret meeting at the mill"})
    assert status == 500
    assert answer == {
        "error": {"code": "model_failed", "message": "the model failed to answer; the service's log says where"}
    }
    assert re.search(r"the model failed with KeyError at .*test_app\.py:\d+ in \S+", caplog.text)
    predict({"text": "fire"})
    predict({"text": ["secret meeting"]})
    assert "secret" not in caplog.text
    assert "mill" not in caplog.text


def test_what_is_no_number_is_an_error_and_no_answer() -> None:
    broken = model(probabilities=lambda texts, keywords: np.array([np.nan]))
    assert predict({"text": "fire"}, service(used=broken))[0] == 500


def test_health_and_version_say_which_model_answers() -> None:
    served = service()
    assert ask(served, "GET", "/health").json() == {"status": "ok", "trouble": "", "model": "by heart", "version": "3"}
    assert ask(served, "GET", "/version").json() == {
        "model": "by heart", "version": "3", "uri": "models:/crisisflow/3", "run_id": "0123", "code_commit": "abcd",
        "serves": "twin",
        "loaded": "2026-01-01T00:00:00+00:00", "columns": {},
    }  # fmt: skip
    assert ask(Service(), "GET", "/health").status_code == 503


def test_a_request_is_answered_to_its_end_by_the_model_that_it_began_with() -> None:
    reached, may_go_on = threading.Event(), threading.Event()

    def slow(texts: pa.Array, keywords: pa.Array) -> np.ndarray:
        reached.set()
        assert may_go_on.wait(10)
        return by_heart(texts, keywords)

    async def scene() -> list[httpx.Response]:
        served = service(used=model("1", slow))
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            old = asyncio.create_task(client.post("/predict", json={"tweets": [{"text": "fire"}] * 600}))
            while not reached.is_set():
                await asyncio.sleep(0.001)
            served.put_in_use(model("2"))
            new = await client.post("/predict", json={"text": "fire"})
            may_go_on.set()
            return [await old, new]

    old, new = asyncio.run(scene())
    assert (old.json()["version"], len(old.json()["predictions"])) == ("1", 600)
    assert new.json()["version"] == "2"


def test_the_page_needs_nothing_from_anywhere_and_runs_no_script() -> None:
    page = ask(service(), "GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page.text)
    assert set(re.findall(r"https?://[^/\s\"'<]+", page.text)) == {"http://127.0.0.1:8000"}
    for shown in ("POST /predict", "GET /health", "25\u202f000", "413"):
        assert shown in page.text


@pytest.mark.parametrize(
    ("typed", "status", "shown"),
    [
        ("text=fire&keyword=", 200, ("0.900", "by heart", ">fire</textarea>")),
        ("text=fire&keyword=arson", 200, ("0.500", 'value="arson"')),
        ("text=+", 200, ("<b>none</b>",)),
        (f"text=%3Cb%3E{'x' * 30_000}", 422, ("at most 25,000 are read", "&lt;b&gt;xx")),
    ],
)
def test_a_tweet_can_be_tried_on_the_page(typed: str, status: int, shown: tuple[str, ...]) -> None:
    page = ask(service(), "POST", "/docs", typed.encode())
    assert page.status_code == status
    assert all(words in page.text for words in shown)
    assert "<b>x" not in page.text


def test_the_page_says_that_there_is_no_model_to_try() -> None:
    page = ask(Service(Limits()), "POST", "/docs", b"text=fire")
    assert page.status_code == 503
    assert "there is no champion yet" in page.text


def test_the_description_for_programs_holds_what_is_asked_and_answered() -> None:
    described = ask(service(), "GET", "/openapi.json").json()
    predict = described["paths"]["/predict"]["post"]
    assert {"400", "413", "422", "500", "503"} < predict["responses"].keys()
    asked = predict["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert [set(each["properties"]) for each in asked] == [{"text", "keyword"}, {"tweets"}]
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described)))
    assert references == described["components"]["schemas"].keys()


def topical() -> Service:
    """A service whose model learned from the columns tweet and topic."""
    return service(used=dataclasses.replace(model(), columns={"text": "tweet", "keyword": "topic"}))


def test_tweets_may_go_by_the_column_names_of_training() -> None:
    assert predict({"tweet": "fire", "topic": "blaze"}, topical())[1]["probability"] == 0.5
    assert predict({"tweets": [{"tweet": "fire", "topic": None}, {"text": "fire"}]}, topical())[1]["predictions"] == [
        {"probability": 0.9, "label": 1},
        {"probability": 0.9, "label": 1},
    ]


def test_a_text_under_both_names_is_refused() -> None:
    status, said = predict({"tweets": [{"tweet": "fire", "text": "flood"}]}, topical())
    assert (status, said["error"]["code"]) == (422, "given_twice")


def test_names_of_another_model_are_unknown() -> None:
    assert predict({"tweet": "fire"})[1]["error"]["code"] == "unknown_key"


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ({"text": "fire"}, ["keyword"]),
        ({"text": "fire", "keyword": None}, None),
        ({"tweets": [{"text": "fire"}, {"text": "fire"}]}, ["keyword"]),
        ({"tweets": [{"text": "fire"}, {"text": "fire", "topic": "x"}]}, None),
    ],
)
def test_a_request_without_the_keywords_that_the_model_learned_from_is_told(body: Any, lacking: Any) -> None:
    assert predict(body, topical())[1].get("lacking") == lacking
    assert "lacking" not in predict({"text": "fire"})[1]
