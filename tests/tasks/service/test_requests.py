"""Whatever is posted is understood, or refused with a name for what is wrong and without showing what was posted."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.service.limits import Limits, RefusedError
from tasks.service.requests import Question, Tweet, read_question

SMALL = Limits(tweets=2, characters=10)


def refusal(body: bytes | Any, limits: Limits = SMALL) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_question(body if isinstance(body, bytes) else json.dumps(body).encode(), limits)
    return caught.value


@pytest.mark.parametrize("text", [None, "", " \n\t ", " "])
def test_a_tweet_without_text_is_kept_as_one_that_gets_no_probability(text: str | None) -> None:
    question = read_question(json.dumps({"tweets": [{"text": text}, {"text": "fire"}]}).encode())
    assert question.tweets == (None, Tweet("fire", None))


@pytest.mark.parametrize("text", ["🔥🌊🚨", "half \ud83d pair", "\x00", "ＦＩＲＥ", "x" * 25_000])
def test_odd_text_is_text(text: str) -> None:
    assert read_question(json.dumps({"text": text, "keyword": None}).encode()).tweets == (Tweet(text, None),)


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        (b"", 400, "not_json", "the body is empty"),
        (b"text=fire", 400, "not_json", "not JSON at character 0"),
        (b'{"text": "fire"', 400, "not_json", "not JSON at character 15"),
        (b'{"text": "\xff\xfe"}', 400, "not_json", "in UTF-8"),
        (b"[" * 100_000, 400, "not_json", "not JSON"),
        (b'{"text": ' + b"9" * 5_000 + b"}", 400, "not_json", "not JSON"),
        (None, 422, "wrong_type", "the body must be of type object, got null"),
        (["fire"], 422, "wrong_type", "the body must be of type object, got array"),
        ("fire", 422, "wrong_type", "got string"),
        ({}, 422, "missing", "text is missing"),
        ({"keyword": "fire"}, 422, "missing", "text is missing"),
        ({"text": 7}, 422, "wrong_type", "text must be of type string, got number"),
        ({"text": True}, 422, "wrong_type", "got boolean"),
        ({"text": ["flood", 1]}, 422, "wrong_type", "got array"),
        ({"text": "fire", "keyword": {"a": 1}}, 422, "wrong_type", "keyword must be of type string, got object"),
        ({"text": "fire", "keyowrd": "x"}, 422, "unknown_key", "keyowrd is unknown here"),
        ({"tweets": "fire"}, 422, "wrong_type", "tweets must be of type array, got string"),
        ({"tweets": [], "text": "fire"}, 422, "unknown_key", "text is unknown here"),
        ({"tweets": ["fire"]}, 422, "wrong_type", "tweets[0] must be of type object, got string"),
        ({"tweets": [{"text": "fire"}, {"text": 7.5}]}, 422, "wrong_type", "tweets[1].text must be of type string"),
        ({"tweets": [{"text": "fire"}] * 3}, 422, "too_many_tweets", "tweets holds 3 tweets; at most 2"),
        ({"text": "f" * 11}, 422, "too_long", "text has 11 characters; at most 10 are read"),
        ({"text": "f", "keyword": "f" * 11}, 422, "too_long", "keyword has 11 characters; at most 10"),
    ],
)
def test_what_cannot_be_answered_is_named(body: Any, status: int, code: str, said: str) -> None:
    error = refusal(body)
    assert (error.status, error.code) == (status, code)
    assert said in error.message
    assert error.body()["error"]["field"]


def test_a_limit_is_given_with_the_value_as_numbers() -> None:
    told = refusal({"text": "f" * 100_000}, Limits()).body()["error"]
    assert (told["field"], told["value"], told["limit"]) == ("text", 100_000, 25_000)


def test_an_error_never_quotes_the_tweet() -> None:
    for body in ({"text": ["secret flood"]}, {"text": "secret flood"}, {"tweets": "secret flood"}):
        assert "secret" not in json.dumps(refusal(body).body())


def test_an_empty_batch_is_a_batch() -> None:
    assert read_question(b'{"tweets": []}').tweets == ()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)
       | st.dictionaries(st.sampled_from(["text", "keyword", "tweets", "x"]), inner)))  # fmt: skip
def test_any_json_is_understood_or_refused(value: Any) -> None:
    with suppress(RefusedError):
        assert all(each is None or each.text.strip() for each in read_question(json.dumps(value).encode()).tweets)


@given(st.binary())
def test_any_bytes_are_understood_or_refused(body: bytes) -> None:
    with suppress(RefusedError):
        assert isinstance(read_question(body), Question)
