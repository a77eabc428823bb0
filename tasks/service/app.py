"""The routes of the service, and the one form in which it answers errors.

Bodies are read and checked by hand: it is faster than a model class per tweet, can stop a body that is too large before
it is in memory, and says what is wrong in words. The classes below describe the same to readers of `/openapi.json`.
"""

import asyncio
import json
import logging
import traceback
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tasks.service.docs_page import EXAMPLE, docs_page
from tasks.service.limits import Limits, RefusedError
from tasks.service.requests import TWEET, read_question
from tasks.service.state import Service

logger = logging.getLogger(__name__)

OUT_OF_ALL_PROPORTION = 16  # times the largest body

LACKING = "What the model learned from and no tweet of the request gives: labels may be other ones than with it."


DOUBT = "Why the model cannot judge this text, if so: its script, or its words, are not those that it learned from."


class AskedTweet(BaseModel):
    """One tweet."""

    text: str | None = Field(description="The raw text. Null or blank is answered without a probability.")
    keyword: str | None = Field(None, description="The word that it was found by, if any.")


class AskedTweets(BaseModel):
    """A batch of tweets."""

    tweets: list[AskedTweet]


class Answer(BaseModel):
    """What the model says of a tweet."""

    probability: float | None = Field(description="Of a real disaster, 0 to 1; null where there was no text.")
    label: int | None = Field(description="1 from the model's threshold on, else 0; null where there was no text.")
    doubt: str | None = Field(None, description=DOUBT)


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


class Problem(BaseModel):
    """Why there is no answer; `code` is for programs, `message` for people. Often with field, value and limit."""

    code: str
    message: str


class Refusal(BaseModel):
    """Every error has this form."""

    error: Problem


def create_app(service: Service) -> FastAPI:
    """The ASGI application that answers with the model which the service has in use."""
    app = FastAPI(
        title="crisisflow",
        summary="Does a tweet report a real disaster?",
        docs_url=None,
        redoc_url=None,
        exception_handlers={RefusedError: _refused, HTTPException: _not_routed},
    )

    _add_prediction(app, service)
    _add_facts(app, service)
    _add_page(app, service)

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("/docs")

    return app


def _add_prediction(app: FastAPI, service: Service) -> None:
    """Let the application answer questions."""

    @app.post("/predict", response_class=Response, responses=_responses(), openapi_extra=_question_schema())
    async def predict(request: Request) -> Response:
        """The probability that a tweet reports a real disaster, or those of a batch in its order."""
        body = await read_body(request, service.limits)
        question = read_question(body, service.limits, service.model.columns if service.model else {})
        try:
            return _json(await service.answer(question))
        except RefusedError:
            raise
        except Exception as error:
            _log_without_content(error)
            message = "the model failed to answer; the service's log says where"
            raise RefusedError(500, "model_failed", message) from None


def _add_page(app: FastAPI, service: Service) -> None:
    """Let the application explain itself in a browser, and answer about one tweet there, without a script."""

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs(request: Request) -> str:
        return docs_page(app.openapi(), _address(request), service.limits)

    @app.post("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def answer_on_page(request: Request) -> HTMLResponse:
        form = parse_qs((await read_body(request, service.limits)).decode("utf-8", "replace"), max_num_fields=10)
        asked = {name: form.get(name, [""])[0] for name in TWEET}
        given = {name: value for name, value in asked.items() if value or name == "text"}
        status, answer = 200, {}
        try:
            answer = await service.answer(read_question(json.dumps(given).encode(), service.limits))
        except RefusedError as error:
            status, answer = error.status, {"error": error.message}
        return HTMLResponse(docs_page(app.openapi(), _address(request), service.limits, asked, answer), status)


def _address(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _add_facts(app: FastAPI, service: Service) -> None:
    """Let the application say how it is and which model answers."""

    @app.get("/health", response_class=Response)
    async def health() -> Response:
        """200 when there is a model to answer with, else 503; `trouble` says what keeps promotions from arriving."""
        model = service.model
        facts = {"status": "ok" if model else "waiting for a champion", "trouble": service.trouble}
        return _json(facts | ({"model": model.model, "version": model.version} if model else {}), 200 if model else 503)

    @app.get("/version", response_class=Response)
    async def version() -> Response:
        """Which model answers, the run that trained it, the commit of its code, and when it was loaded."""
        if (model := service.model) is None:
            raise RefusedError(503, "no_model", "there is no champion yet: run `crisisflow retrain`, then ask again")
        return _json(model.facts())


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body. Raises RefusedError for one that is too large, which is never held, and for one that stays out.

    A client that is still sending when the connection closes would see that instead of the answer, so the rest of a
    body that is not out of all proportion is taken in, and dropped.
    """
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    if size > limits.body_bytes * OUT_OF_ALL_PROPORTION:
        raise _too_large(size, limits)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.seconds_to_send):
            async for part in request.stream():
                size += len(part)
                if size <= limits.body_bytes:
                    body += part
                elif size > limits.body_bytes * OUT_OF_ALL_PROPORTION:
                    break
    except TimeoutError:
        message = f"the body did not arrive within {limits.seconds_to_send:g} s"
        raise RefusedError(408, "too_slow", message, field="body", limit=limits.seconds_to_send) from None
    if size > limits.body_bytes:
        raise _too_large(size, limits)
    return bytes(body)


def _too_large(found: int, limits: Limits) -> RefusedError:
    message = f"the body has {found:,} bytes; at most {limits.body_bytes:,} are read: send smaller batches"
    return RefusedError(413, "body_too_large", message, field="body", value=found, limit=limits.body_bytes)


def _json(value: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value, allow_nan=False), status, headers, "application/json")


async def _refused(_request: Request, error: RefusedError) -> Response:
    """The error as its request is told; after one that was not read to its end the connection is of no more use."""
    headers = {413: {"Connection": "close"}, 408: {"Connection": "close"}, 503: {"Retry-After": "1"}}
    return _json(error.body(), error.status, headers.get(error.status))


async def _not_routed(request: Request, error: HTTPException) -> Response:
    """Unknown addresses and methods in the form of all other errors."""
    if error.status_code == 405:
        message = f"{request.method} is not answered here, only {(error.headers or {}).get('Allow', 'others')}"
        refusal = RefusedError(405, "method_not_allowed", message, field="method", value=request.method)
    else:
        message = f"there is no {request.url.path[:100]}: see /docs, or POST to /predict"
        refusal = RefusedError(error.status_code, "not_found", message, field="path", value=request.url.path[:100])
    return _json(refusal.body(), refusal.status, dict(error.headers or {}))


def _log_without_content(error: Exception) -> None:
    """Say in the log what failed and where. Messages of errors are left out: they may quote a tweet."""
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("the model failed with %s at %s", type(error).__name__, " < ".join(places[-3:][::-1]))


def _question_schema() -> dict[str, Any]:
    tweet, batch = AskedTweet.model_json_schema(), AskedTweets.model_json_schema()
    batch["properties"]["tweets"]["items"] = tweet
    del batch["$defs"]
    content = {"application/json": {"schema": {"oneOf": [tweet, batch]}, "example": EXAMPLE}}
    return {"requestBody": {"required": True, "content": content}}


def _responses() -> dict[int | str, dict[str, Any]]:
    told = {
        400: "The body is not JSON.",
        413: "The body is too large.",
        422: "A value is missing, unknown, of the wrong type or too long.",
        500: "The model failed.",
        503: "Too much is waiting, or there is no model yet.",
    }
    refusals: dict[int | str, dict[str, Any]]
    refusals = {status: {"model": Refusal, "description": description} for status, description in told.items()}
    return {200: {"model": AnsweredTweet | AnsweredTweets, "description": "By whom, and what."}, **refusals}
