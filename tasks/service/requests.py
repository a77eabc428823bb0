"""The body of a request as the tweets that it asks about, checked; what is wrong with it is named, never shown.

A tweet without text (null, empty, white space) is not an error: like `crisisflow score`, the service answers it
without a probability, so that one such row does not cost the whole batch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from models.wording import counted
from tasks.service.limits import DEFAULT_LIMITS, Limits, RefusedError

TWEET = ("text", "keyword")
NO_COLUMNS: Mapping[str, str] = {}
Kind = TypeVar("Kind")
KINDS: dict[type, str] = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean"}


class Tweet(NamedTuple):
    """What is asked about: a text, and the keyword that it was found by where there is one."""

    text: str
    keyword: str | None


@dataclass(frozen=True)
class Question:
    """The tweets of one request; None stands for one without text. `single` if it was not a batch.

    `keywords` says whether any of them names a keyword, be it null.
    """

    tweets: tuple[Tweet | None, ...]
    single: bool
    keywords: bool = False


def read_question(body: bytes, limits: Limits = DEFAULT_LIMITS, columns: Mapping[str, str] = NO_COLUMNS) -> Question:
    """The tweet, or the batch of tweets, of this JSON. Raises RefusedError.

    Text and keyword may also go by the names of the model's training source (`columns`, by meaning).

    >>> read_question(b'{"text": "Forest fire near La Ronge"}')
    Question(tweets=(Tweet(text='Forest fire near La Ronge', keyword=None),), single=True, keywords=False)
    >>> read_question(b'{"tweets": [{"text": "ablaze", "keyword": "fire"}, {"text": " "}]}')
    Question(tweets=(Tweet(text='ablaze', keyword='fire'), None), single=False, keywords=True)
    """
    asked = _parsed(body)
    if "tweets" not in asked:
        asked = _renamed(asked, "", columns)
        return Question((_tweet(asked, "", limits),), True, "keyword" in asked)
    _refuse_unknown(asked, ("tweets",), "")
    _of_kind(asked["tweets"], "tweets", list)
    if (count := len(asked["tweets"])) > limits.tweets:
        message = (
            f"tweets holds {counted(count, 'tweet')}; at most {limits.tweets:,} are answered at "
            "once: send several batches"
        )
        raise RefusedError(422, "too_many_tweets", message, field="tweets", value=count, limit=limits.tweets)
    items = [_item(each, f"tweets[{row}]", columns) for row, each in enumerate(asked["tweets"])]
    tweets = tuple(_tweet(each, f"tweets[{row}].", limits) for row, each in enumerate(items))
    return Question(tweets, False, any("keyword" in each for each in items))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos:,}" if isinstance(error, json.JSONDecodeError) else ""
        what = "the body is empty" if not body.strip() else f"the body is not JSON{where}"
        message = f'{what}: send {{"text": "..."}} or {{"tweets": [{{"text": "..."}}, ...]}} in UTF-8'
        raise RefusedError(400, "not_json", message, field="body") from None
    return _of_kind(asked, "the body", dict)


def _item(value: Any, place: str, columns: Mapping[str, str]) -> dict[str, Any]:
    return _renamed(_of_kind(value, place, dict), f"{place}.", columns)


def _renamed(value: dict[str, Any], place: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """The tweet with `text` and `keyword` for the names that the training source had for them."""
    names = {columns[meaning]: meaning for meaning in TWEET if columns.get(meaning) not in (None, *TWEET)}
    if not names:
        return value
    for name in names.keys() & value.keys():
        if names[name] in value:
            message = f"{place}{name[:40]} and {place}{names[name]} are the same: leave one of the two"
            raise RefusedError(422, "given_twice", message, field=f"{place}{name[:40]}")
    return {names.get(name, name): each for name, each in value.items()}


def _tweet(value: dict[str, Any], place: str, limits: Limits) -> Tweet | None:
    _refuse_unknown(value, TWEET, place)
    if "text" not in value:
        raise RefusedError(422, "missing", f"{place}text is missing: every tweet needs one", field=f"{place}text")
    text, keyword = (_string(value.get(name), f"{place}{name}", limits) for name in ("text", "keyword"))
    return Tweet(text, keyword) if text is not None and text.strip() else None


def _string(value: Any, place: str, limits: Limits) -> str | None:
    """The value, if it is a string of allowed length, or null."""
    if value is None:
        return None
    text = _of_kind(value, place, str)
    if len(text) > limits.characters:
        message = f"{place} has {len(text):,} characters; at most {limits.characters:,} are read"
        raise RefusedError(422, "too_long", message, field=place, value=len(text), limit=limits.characters)
    return text


def _of_kind(value: Any, place: str, kind: type[Kind]) -> Kind:
    """The value, if it is of this kind. Raises RefusedError otherwise."""
    if not isinstance(value, kind):
        found = "null" if value is None else KINDS[type(value)]
        message = f"{place} must be of type {KINDS[kind]}, got {found}"
        raise RefusedError(422, "wrong_type", message, field=place.removeprefix("the "), value=found, limit=KINDS[kind])
    return value


def _refuse_unknown(value: dict[str, Any], known: tuple[str, ...], place: str) -> None:
    """A misspelt `keyword` would otherwise be passed over in silence, and change the answer."""
    for key in value.keys() - set(known):
        shown = f"{place}{key[:40]}"
        message = f"{shown} is unknown here: a tweet has text and keyword, a batch has tweets"
        raise RefusedError(422, "unknown_key", message, field=shown, value=key[:40], limit=list(known))
