"""What the service answers, described for readers of `/openapi.json`. Bodies are read and written by hand."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

LACKING = "What the model learned from and no tweet of the request gives: labels may be other ones than with it."
DOUBT = "Why the model cannot judge this text, if so: its script, or its words, are not those that it learned from."


class AskedTweet(BaseModel):
    """One tweet."""

    model_config = ConfigDict(extra="forbid")
    text: str | None = Field(description="The raw text. Null or blank is answered without a probability.")
    keyword: str | None = Field(None, description="The word that it was found by, if any.")


class AskedTweets(BaseModel):
    """A batch of tweets."""

    model_config = ConfigDict(extra="forbid")
    tweets: list[AskedTweet]


class KindAnswer(BaseModel):
    """What the model says of one kind of information."""

    label: str = Field(description="The likeliest class.")
    probability: float = Field(description="Of that class, 0 to 1.")


class Answer(BaseModel):
    """What the model says of a tweet."""

    probability: float | None = Field(
        description="Of a real disaster, or of the likeliest of several classes, 0 to 1; null where there was no text."
    )
    label: int | str | None = Field(
        description="1 from the model's threshold on, else 0; the likeliest of several classes; null without text."
    )
    classes: dict[str, float] | None = Field(
        None, description="Of a label of several classes the probability of each, by name."
    )
    doubt: str | None = Field(None, description=DOUBT)
    kinds: dict[str, KindAnswer] | None = Field(
        None, description="By name, what kinds of information the tweet holds, where the model has learned any."
    )


class AnsweredTweet(Answer):
    """The answer to one tweet, and who gave it."""

    model: str
    version: str
    lacking: list[str] | None = Field(None, description=LACKING)


class AnsweredTweets(BaseModel):
    """The answers to a batch in its order, all by the same model."""

    predictions: list[Answer]
    model: str
    version: str
    lacking: list[str] | None = Field(None, description=LACKING)


class Token(BaseModel):
    """A word as the model read it."""

    token: str
    log_odds: float = Field(description="By how much the log-odds of a disaster, or of the class, fall without it.")
    known: bool
    kind: str = Field(description="positive, negative, or nothing where it moves little.")
    strength: int = Field(description="How deep it is drawn, 0 to 10.")


class ExplainedClass(KindAnswer):
    """A class, its probability, and the words that speak for and against it."""

    tokens: list[Token]


class Twin(BaseModel):
    """A row of the training data."""

    text: str
    label: int | str | None
    split: str


class Twins(BaseModel):
    """Rows that differ from the tweet in case, addresses, mentions, digits and punctuation alone."""

    count: int
    shown: list[Twin]


class ExplainedTweet(AnsweredTweet):
    """The answer to one tweet, and why."""

    threshold: float | None = None
    probability_of_nothing: float | None = Field(None, description="Before a word is read.")
    tokens: list[Token] | None = None
    unexplained: int | None = Field(None, description="How many words more there are.")
    twins: Twins | None = Field(None, description="Null where the tweets of the model are not in the store.")
    explained_classes: list[ExplainedClass] | None = Field(
        None, description="Every one of several classes, the likeliest first."
    )
    explained_kinds: dict[str, list[ExplainedClass]] | None = Field(
        None, description="By kind of information every class, the likeliest first."
    )


class FileStatus(BaseModel):
    """How far a file is."""

    id: str
    name: str
    state: str = Field(description="waiting, scoring, done or failed.")
    ahead: int = Field(description="How many files are before it.")
    rows: int = Field(description="Rows scored so far.")
    expected: int | None = Field(description="About how many there will be, where that is known.")
    message: str = Field(description="Why it failed.")
    doubts: list[str] = Field(description="What was doubtful of its columns.")
    counts: dict[str, int | dict[str, int]] = Field(
        description="rows, positives (of several classes: classes, by name), in_doubt and not_scored, when it is done."
    )
    model: str
    version: str


class ScoredRow(BaseModel):
    """A row of a file."""

    id: str | None
    text: str | None
    probability: float | None
    label: int | str | None
    doubt: str | None
    kinds: dict[str, str | None] = Field(description="By kind of information the likeliest class.")
    reason: str | None = Field(description="Why it could not be scored.")


class ScoredRows(BaseModel):
    """Some rows of a file, and how many match."""

    rows: list[ScoredRow]
    start: int
    matching: int


class QueuedTweet(BaseModel):
    """A tweet to label."""

    number: int = Field(description="The question, as an answer names it.")
    id: str
    text: str
    keyword: str | None
    classes: list[str] | None = Field(None, description="Of a label of several classes: their names, to choose from.")


class NextTweets(BaseModel):
    """What is to be labelled next."""

    open: int = Field(description="How many questions this annotator may answer; some may be before others now.")
    tweets: list[QueuedTweet]
    annotator: str


class KeptLabel(BaseModel):
    """An answer, or its undo, is kept."""

    known: bool = Field(description="Whether it was kept before, under the same key.")
    open: int
    id: str | None = Field(None, description="Of an undo: the tweet.")
    label: int | str | None = Field(None, description="Of an undo: what was taken back; null was a skip.")


class Problem(BaseModel):
    """Why there is no answer; `code` is for programs, `message` for people. Often with field, value and limit."""

    code: str
    message: str


class Refusal(BaseModel):
    """Every error has this form."""

    error: Problem


WHY = {
    400: "The body is not JSON.",
    401: "A token is needed.",
    403: "The request came under another name, or from a page of another address.",
    404: "There is no such thing, or no longer.",
    408: "The body did not arrive in time.",
    409: "It is not ready yet, or has changed.",
    413: "The body is too large.",
    422: "A value is missing, unknown, of the wrong type or too long.",
    429: "Too many requests of one client.",
    500: "The model failed.",
    503: "Too much is waiting, or there is no model yet.",
    507: "The disk is full.",
}


def asks(schema: dict[str, Any], media_type: str = "application/json", **more: Any) -> dict[str, Any]:
    """The description of a body of this schema, for a route that reads it by hand; `more` may be an example."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema, **more}}}}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The descriptions of these errors, and of those that every route may answer."""
    return {each: {"model": Refusal, "description": WHY[each]} for each in sorted({401, 403, *statuses})}
