"""The label queue over HTTP: answers are kept once, by whom they were given, whatever is sent again."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_client import Client
from word_model import service

from models.labels.budget import Budget
from tasks.labels import queue, store
from tasks.service.access import Access
from tasks.service.app import create_app
from tasks.service.labelling import LEASE_SECONDS, Leases

TEXTS = ["fire near the mill", "a flood", "the party", "evacuated town", "old movie"]
TOKENS = Access({"a" * 24: "anna", "b" * 24: "bert"})
KEYS = [f"{number:032x}" for number in range(20)]


@pytest.fixture(autouse=True)
def questions(home: Path) -> list[queue.Question]:
    """A queue of five tweets."""
    groups = store.groups_of(TEXTS)
    asked = [
        queue.Question(f"t{number}", text, "chosen", "the model is not sure of it", "word weights", group)
        for number, (text, group) in enumerate(zip(TEXTS, groups, strict=True))
    ]
    return queue.ask(Budget.parse("50"), lambda *_: asked)


@pytest.fixture
def client() -> Client:
    return Client(create_app(service()))


def following(client: Client, annotator: str = "anna", count: int = 1, **more: Any) -> list[int]:
    answer = client.get("/labels/next", params={"annotator": annotator, "count": count, **more})
    assert answer.status_code == 200, answer.text
    return [each["number"] for each in answer.json()["tweets"]]


def give(client: Client, question: int, label: int | str | None, key: str, annotator: str = "anna") -> httpx.Response:
    body = {"key": key, "annotator": annotator, "question": question, "label": label}
    return client.post("/labels", json=body)


def take_back(client: Client, answer: str, key: str, annotator: str = "anna") -> httpx.Response:
    return client.post("/labels/undo", json={"key": key, "annotator": annotator, "answer": answer})


def kept() -> list[tuple[str, str, int | str | None]]:
    return [(each.annotator, each.id, each.label) for each in store.standing()]


def test_an_answer_is_kept_with_all_that_the_queue_knows_and_the_next_one_comes(client: Client) -> None:
    first = following(client)
    said = give(client, first[0], 1, KEYS[0]).json()
    assert (said["known"], said["open"]) == (False, 4)
    assert following(client) != first
    (event,) = store.standing()
    assert (event.annotator, event.label, event.asked, event.origin) == ("anna", 1, "chosen", "page")


def test_what_the_model_says_is_not_shown_to_who_labels(client: Client) -> None:
    (tweet,) = client.get("/labels/next?annotator=anna").json()["tweets"]
    assert tweet.keys() == {"number", "id", "text", "keyword"}


def test_an_answer_that_is_sent_again_is_kept_once_also_by_a_service_started_anew(client: Client) -> None:
    (first,) = following(client)
    answers = [give(each, first, 1, KEYS[0]).json() for each in (client, client, Client(create_app(service())))]
    assert [each["known"] for each in answers] == [False, True, True]
    assert len(kept()) == 1


def test_an_undo_takes_back_the_answer_that_it_names_once(client: Client) -> None:
    numbers = following(client, count=2)
    give(client, numbers[0], 1, KEYS[0])
    give(client, numbers[1], 0, KEYS[1])
    assert take_back(client, KEYS[0], KEYS[2]).status_code == 409  # not the last one
    said = [take_back(client, KEYS[1], KEYS[3]).json() for _ in range(2)]
    assert [each["known"] for each in said] == [False, True]
    assert said[0]["label"] == 0
    assert [label for _, _, label in kept()] == [1]
    assert take_back(client, KEYS[0], KEYS[4]).status_code == 200
    assert kept() == []
    assert take_back(client, KEYS[0], KEYS[5]).status_code == 409


def test_an_undone_answer_that_is_sent_again_stays_undone(client: Client) -> None:
    (first,) = following(client)
    give(client, first, 1, KEYS[0])
    take_back(client, KEYS[0], KEYS[1])
    assert give(client, first, 1, KEYS[0]).json()["known"] is True
    assert kept() == []
    give(client, first, 0, KEYS[2])
    assert [label for _, _, label in kept()] == [0]


def test_two_annotators_get_different_tweets_and_nothing_is_lost_or_doubled(client: Client) -> None:
    seen: dict[str, list[int]] = {"anna": [], "bert": []}
    for turn in range(10):
        name = ("anna", "bert")[turn % 2]
        for number in following(client, name, count=1):
            seen[name].append(number)
            for _ in range(2):  # each is sent twice
                assert give(client, number, turn % 2, KEYS[turn], name).status_code == 200
    assert sorted(seen["anna"] + seen["bert"]) == sorted({*seen["anna"], *seen["bert"]})
    assert len(kept()) == len(TEXTS)
    assert {name for name, _, _ in kept()} == {"anna", "bert"}


def test_a_tweet_that_lies_before_one_annotator_comes_to_another_after_a_while(questions: list[queue.Question]) -> None:
    now = [0.0]
    leases = Leases(lambda: now[0])
    assert leases.share_out(questions, "anna", 5) == questions
    assert leases.share_out(questions, "bert", 5) == []
    now[0] = LEASE_SECONDS
    assert leases.share_out(questions, "bert", 1) == questions[:1]
    assert leases.share_out(questions, "anna", 5) == questions[1:]


def test_with_tokens_the_token_says_who_answers_and_no_answer_of_another_is_taken() -> None:
    app = create_app(service(), TOKENS)
    anna = {"authorization": f"Bearer {'a' * 24}"}
    asked = Client(app)
    (tweet,) = asked.get("/labels/next", headers=anna).json()["tweets"]
    body = {"key": KEYS[0], "question": tweet["number"], "label": 1}
    assert asked.post("/labels", json={**body, "annotator": "bert"}, headers=anna).status_code == 409
    assert asked.post("/labels", json=body).status_code == 401
    assert asked.post("/labels", json=body, headers=anna).status_code == 200
    assert kept() == [("anna", tweet["id"], 1)]
    bert = {"authorization": f"Bearer {'b' * 24}"}
    other = asked.get("/labels/next", headers=bert).json()["tweets"][0]
    assert asked.post("/labels", json={**body, "question": other["number"]}, headers=bert).json()["known"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"key": KEYS[0], "annotator": "anna", "question": 1, "label": 2},
        {"key": KEYS[0], "annotator": "anna", "question": 1},
        {"key": "x", "annotator": "anna", "question": 1, "label": 1},
        {"key": KEYS[0], "annotator": "", "question": 1, "label": 1},
        {"key": KEYS[0], "question": 1, "label": 1},
        {"key": KEYS[0], "annotator": "anna", "question": "1", "label": 1},
        {"key": KEYS[0], "annotator": "anna", "question": 1, "label": 1, "more": 1},
        [],
    ],
)
def test_an_answer_in_another_form_is_refused(client: Client, body: Any) -> None:
    answer = client.post("/labels", json=body)
    assert (answer.status_code, "error" in answer.json()) == (422, True)
    assert kept() == []


def test_an_answer_to_no_question_is_refused(client: Client) -> None:
    assert give(client, 999, 1, KEYS[0]).json()["error"]["code"] == "no_question"


def test_the_page_has_a_button_for_every_key(client: Client) -> None:
    html = client.get("/label").text
    for key in "10su":
        assert f'data-key="{key}"' in html
        assert f"<kbd>{key}</kbd>" in html


def test_a_question_of_several_classes_is_answered_by_one_of_their_names(client: Client) -> None:
    text, classes = "sirens are tested", ("no disaster", "storm", "drill")
    asked = queue.Question("c1", text, "chosen", "unsure", "m", store.groups_of([text])[0], classes=classes)
    (question,) = queue.ask(Budget.parse("9"), lambda *_: [asked])
    (tweet,) = client.get("/labels/next?annotator=anna").json()["tweets"]
    assert (tweet["number"], tweet["classes"]) == (question.number, list(classes))
    for wrong in (1, "flood"):
        refused = give(client, question.number, wrong, KEYS[0]).json()["error"]
        assert (refused["code"], refused["field"]) == ("wrong_value", "label")
        assert "no disaster, storm, drill" in refused["message"]
    assert give(client, question.number, "drill", KEYS[1]).status_code == 200
    assert kept() == [("anna", "c1", "drill")]
    assert take_back(client, KEYS[1], KEYS[2]).json()["label"] == "drill"
