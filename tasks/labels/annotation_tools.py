"""The JSON of Label Studio and of Argilla, both ways, without their packages.

Label Studio: a list of tasks, each with `data` and `annotations`, whose `result` holds the choices
(https://labelstud.io/guide/task_format). Argilla: a list of records as `Dataset.records.to_json` writes them, each with
`fields`, `metadata` and `responses` by question. What these tools have no place for rides along in `data` and
`metadata`, which they hand back.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from tasks.labels.records import Row

Tool = Literal["label-studio", "argilla"]
FIELD, QUESTION = "text", "label"  # what the project's settings must call the text and the question
TWEET = ("id", "text", "keyword", "asked", "model")
ANNOTATORS = "crisisflow_annotators"  # metadata of Argilla: who a user id is, and when they answered
SUBMITTED = ("submitted", None)


def to_label_studio(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """A task for each tweet, with an annotation for each of its labels."""
    return [
        {
            "data": {name: tweet[name] for name in TWEET if tweet[name] is not None},
            "annotations": [_annotation(each) for each in given],
        }
        for tweet, given in _by_tweet(rows)
    ]


def _annotation(row: Row) -> dict[str, Any]:
    result = {
        "from_name": QUESTION,
        "to_name": FIELD,
        "type": "choices",
        "value": {"choices": [row["label"]]},
        "meta": {"annotator": row["annotator"], "time": row["time"]},
    }
    return {"result": [result], "was_cancelled": False}


def from_label_studio(tasks: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """A row for each annotation that has a choice; of a task without, one row without label."""
    for task in tasks:
        tweet = _strings(task.get("data") or {})
        given = [each for each in task.get("annotations") or () if not each.get("was_cancelled")]
        chosen = [(each, result) for each in given for result in each.get("result") or () if _choice(result)]
        for annotation, result in chosen:
            meta = result.get("meta") or {}
            yield tweet | {
                "label": _choice(result),
                "annotator": meta.get("annotator") or _user(annotation.get("completed_by")),
                "time": meta.get("time") or annotation.get("created_at"),
            }
        if not chosen:
            yield tweet | {"label": None}


def _choice(result: Mapping[str, Any]) -> str | None:
    choices = (result.get("value") or {}).get("choices") or []
    return str(choices[0]) if len(choices) == 1 else None


def _user(user: Any) -> str | None:
    """Who completed an annotation: a number, or an object with an address."""
    if isinstance(user, Mapping):
        return user.get("email") or (None if user.get("id") is None else str(user["id"]))
    return None if user is None else str(user)


def to_argilla(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """A record for each tweet, with a response for each of its labels; annotators get user ids made of their names."""
    return [_record(tweet, given) for tweet, given in _by_tweet(rows)]


def _record(tweet: Row, given: Sequence[Row]) -> dict[str, Any]:
    users = {str(uuid.uuid5(uuid.NAMESPACE_OID, str(each["annotator"]))): each for each in given}
    known = {user: {"annotator": each["annotator"], "time": each["time"]} for user, each in users.items()}
    metadata = {name: tweet[name] for name in TWEET if name not in ("id", FIELD) and tweet[name] is not None}
    responses = [{"value": each["label"], "user_id": user} for user, each in users.items()]
    return {
        "id": tweet["id"],
        "fields": {FIELD: tweet["text"]},
        "metadata": metadata | ({ANNOTATORS: json.dumps(known)} if known else {}),
        "suggestions": {},
        "responses": {QUESTION: responses} if responses else {},
        "vectors": {},
        "status": "completed" if responses else "pending",
    }


def from_argilla(records: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """A row for each submitted response; of a record without, one row without label.

    The responses are those to the question `label`, or to the only question there is.
    """
    for record in records:
        fields, metadata = record.get("fields") or {}, record.get("metadata") or {}
        text = fields.get(FIELD) or (next(iter(fields.values())) if len(fields) == 1 else None)
        tweet = _strings(metadata) | {"id": _string(record.get("id")), "text": _string(text)}
        known = json.loads(metadata.get(ANNOTATORS) or "{}")
        responses = record.get("responses") or {}
        given = responses.get(QUESTION) or (next(iter(responses.values())) if len(responses) == 1 else [])
        submitted = [each for each in given if each.get("status") in SUBMITTED]
        for each in submitted:
            user = known.get(str(each.get("user_id")), {})
            who = user.get("annotator") or _string(each.get("user_id"))
            yield tweet | {"label": _string(each.get("value")), "annotator": who, "time": user.get("time")}
        if not submitted:
            yield tweet | {"label": None}


def tool_of(document: Any) -> Tool | None:
    """Whose JSON this is; None of any other."""
    first = document[0] if isinstance(document, list) and document else None
    if not isinstance(first, Mapping):
        return None
    if isinstance(first.get("data"), Mapping):
        return "label-studio"
    return "argilla" if isinstance(first.get("fields"), Mapping) else None


def _by_tweet(rows: Iterable[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Each tweet once, with the rows of its labels."""
    ordered = sorted(rows, key=lambda row: (str(row["id"]), str(row["text"])))
    for _, group in groupby(ordered, key=lambda row: (row["id"], row["text"])):
        of_tweet = list(group)
        yield of_tweet[0], [each for each in of_tweet if each["label"] is not None]


def _strings(values: Mapping[str, Any]) -> Row:
    return {name: _string(values[name]) for name in TWEET if name in values}


def _string(value: Any) -> str | None:
    return None if value is None else str(value)
