"""The routes of the label queue, and its page."""

from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from tasks.labels.store import MOST_NAME
from tasks.service.answers import KeptLabel, NextTweets, asks, refusals
from tasks.service.bodies import read_body
from tasks.service.guard import NAME
from tasks.service.labelling import GivenLabel, LabelDesk, Sent, TakenBack, check_name
from tasks.service.limits import Limits, RefusedError
from tasks.service.pages import page

LIMITS = Limits(body_bytes=4_096, seconds_to_send=10.0)
MOST_NEXT = 20

Kind = TypeVar("Kind", bound=Sent)


def add_labels(app: FastAPI) -> None:
    """Let the application ask for labels and keep them."""
    desk = LabelDesk()

    @app.get("/label", response_class=HTMLResponse, include_in_schema=False)
    async def label(request: Request) -> Response:
        who = request.scope.get(NAME)
        return page("label.html", "/label", "Label tweets", "What does it report?", annotator=who)

    @app.get("/labels/next", response_model=None, responses=_responses(NextTweets))
    async def next_tweets(
        request: Request,
        annotator: Annotated[str | None, Query(min_length=1, max_length=MOST_NAME)] = None,
        count: Annotated[int, Query(ge=1, le=MOST_NEXT)] = 1,
        overlap: bool = False,
    ) -> dict[str, Any]:
        """The next tweets of the queue for an annotator; with `overlap` also those that others have labelled."""
        return await desk.next(_name(request, annotator), count, overlap)

    @app.post(
        "/labels",
        response_model=None,
        responses=_responses(KeptLabel),
        openapi_extra=asks(GivenLabel.model_json_schema()),
    )
    async def give(request: Request) -> dict[str, Any]:
        """Keep a label of a tweet of the queue, or that it was skipped. The same key twice is one answer."""
        given = await _read(request, GivenLabel)
        return await desk.give(_name(request, given.annotator), given)

    @app.post(
        "/labels/undo",
        response_model=None,
        responses=_responses(KeptLabel),
        openapi_extra=asks(TakenBack.model_json_schema()),
    )
    async def take_back(request: Request) -> dict[str, Any]:
        """Undo the annotator's last answer. The same key twice is one undo."""
        sent = await _read(request, TakenBack)
        return await desk.take_back(_name(request, sent.annotator), sent)


async def _read(request: Request, kind: type[Kind]) -> Kind:
    body = await read_body(request, LIMITS)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, wrong["loc"])) or "body"
        raise RefusedError(422, "wrong_value", f"{field}: {wrong['msg']}", field=field) from None


def _name(request: Request, said: str | None) -> str:
    """Who answers: whose token it is, else who the request says. Raises RefusedError where the two differ."""
    own = request.scope.get(NAME)
    if own is None:
        return check_name(said or "")
    if said not in (None, own):
        raise RefusedError(409, "other_annotator", f"this is signed in as {own}, and the answer is another's")
    return check_name(own)


def _responses(model: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "description": "Done."}, **refusals(404, 408, 409, 413, 422, 503)}
