"""The routes of the service, and the one form in which it answers errors.

Bodies are read and checked by hand: it is faster than a model class per tweet, can stop a body that is too large before
it is in memory, and says what is wrong in words. `answers` describes the same to readers of `/openapi.json`.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from tasks.service.access import EVERYBODY, Access
from tasks.service.answers import AnsweredTweet, AnsweredTweets, AskedTweet, AskedTweets, asks, refusals
from tasks.service.bodies import read_body
from tasks.service.docs_page import EXAMPLE, docs_page
from tasks.service.failing import model_failures
from tasks.service.file_routes import add_files
from tasks.service.guard import Guard
from tasks.service.label_routes import add_labels
from tasks.service.limits import RefusedError
from tasks.service.page_routes import Overview, add_explanation, add_pages, add_sign_in
from tasks.service.requests import TWEET, read_question
from tasks.service.state import Service


def create_app(service: Service, access: Access = EVERYBODY, overview: Overview | None = None) -> FastAPI:
    """The ASGI application that answers with the model which the service has in use.

    `overview` makes the page of the champion.
    """
    app = FastAPI(
        title="crisisflow",
        summary="Does a tweet report a real disaster?",
        docs_url=None,
        redoc_url=None,
        exception_handlers={RefusedError: _refused, HTTPException: _not_routed, RequestValidationError: _invalid},
    )

    _add_prediction(app, service)
    _add_facts(app, service)
    add_explanation(app, service)
    add_pages(app, service, overview)
    app.state.files = add_files(app, service)
    add_labels(app)
    add_sign_in(app, access)
    _add_docs(app, service)
    app.add_middleware(Guard, access=access)
    return app


def _add_prediction(app: FastAPI, service: Service) -> None:
    """Let the application answer questions."""

    @app.post("/predict", response_class=Response, responses=_responses(), openapi_extra=_question_schema())
    async def predict(request: Request) -> Response:
        """The probability that a tweet reports a real disaster, or those of a batch in its order."""
        body = await read_body(request, service.limits)
        question = read_question(body, service.limits, service.model.columns if service.model else {})
        with model_failures():
            return _json(await service.answer(question))


def _add_docs(app: FastAPI, service: Service) -> None:
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


def _json(value: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value, allow_nan=False), status, headers, "application/json")


async def _refused(_request: Request, error: RefusedError) -> Response:
    """The error as its request is told; after one that was not read to its end the connection is of no more use."""
    wait = str(error.details.get("retry_after", 1))
    headers = {each: {"Connection": "close"} for each in (408, 413, 507)}
    headers |= {each: {"Connection": "close", "Retry-After": wait} for each in (429, 503)}
    return _json(error.body(), error.status, headers.get(error.status))


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    """Wrong values in an address in the form of all other errors; the value is not repeated."""
    wrong = error.errors()[0]
    field = str(wrong["loc"][-1])
    refusal = RefusedError(422, "wrong_value", f"{field}: {wrong['msg']}", field=field)
    return _json(refusal.body(), refusal.status)


async def _not_routed(request: Request, error: HTTPException) -> Response:
    """Unknown addresses and methods in the form of all other errors."""
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _methods(request)
        message = f"{request.method} is not answered here, only {headers['Allow']}"
        refusal = RefusedError(405, "method_not_allowed", message, field="method", value=request.method)
    else:
        message = f"there is no {request.url.path[:100]}: see /docs, or POST to /predict"
        refusal = RefusedError(error.status_code, "not_found", message, field="path", value=request.url.path[:100])
    return _json(refusal.body(), refusal.status, headers)


def _methods(request: Request) -> str:
    """All methods that this address answers; one route knows its own alone."""
    routes = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for each in routes for method in getattr(each, "methods", None) or ()}))


def _question_schema() -> dict[str, Any]:
    tweet, batch = AskedTweet.model_json_schema(), AskedTweets.model_json_schema()
    batch["properties"]["tweets"]["items"] = tweet
    del batch["$defs"]
    return asks({"oneOf": [tweet, batch]}, example=EXAMPLE)


def _responses() -> dict[int | str, dict[str, Any]]:
    answered = {"model": AnsweredTweet | AnsweredTweets, "description": "By whom, and what."}
    return {200: answered, **refusals(400, 408, 413, 422, 500, 503)}
