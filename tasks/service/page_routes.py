"""The routes behind the pages: the pages themselves, signing in and out, and the explanation of a tweet."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tasks.service.access import Access, session_of
from tasks.service.answers import AskedTweet, ExplainedTweet, asks, refusals
from tasks.service.bodies import read_body
from tasks.service.docs_page import EXAMPLE
from tasks.service.explaining import Explainer
from tasks.service.failing import model_failures
from tasks.service.guard import COOKIE, NAME
from tasks.service.limits import Limits, RefusedError
from tasks.service.pages import page, static_file
from tasks.service.rates import RateLimit
from tasks.service.requests import read_question
from tasks.service.state import Service

SIGNED_IN_SECONDS = 30 * 24 * 3600
SIGN_IN_LIMITS = Limits(body_bytes=4_096, seconds_to_send=10.0)
EXPLANATIONS = 120  # a minute, of one client
SIGN_INS = 10
MEBIBYTE = 1 << 20

Overview = Callable[[], Awaitable[str]]


def client_of(request: Request) -> str:
    """Who asks: the annotator where tokens are needed, else the address."""
    return request.scope.get(NAME) or (request.client.host if request.client else "")


def add_pages(app: FastAPI, service: Service, overview: Overview | None) -> None:
    """Let the application answer with pages."""

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def ask(request: Request) -> Response:
        classes = service.model.classes if service.model else ()
        return page(
            "ask.html",
            "/",
            "Of which class is a tweet?" if classes else "Does a tweet report a real disaster?",
            "Paste one, or drop a file of them.",
            annotator=request.scope.get(NAME),
            limits=service.limits,
            classes=classes,
            most_megabytes=service.limits.file_bytes // MEBIBYTE,
            most_rows=service.limits.file_rows,
        )

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        return static_file(name)

    @app.get("/overview", response_class=HTMLResponse, include_in_schema=False)
    async def champion() -> Response:
        if overview is None:
            raise RefusedError(404, "not_found", "this service was started without the page of the champion")
        try:
            return HTMLResponse(await overview(), headers={"cache-control": "no-store"})
        except RuntimeError as error:
            raise RefusedError(503, "no_overview", f"the page of the champion cannot be made: {error}") from None


def add_explanation(app: FastAPI, service: Service) -> None:
    """Let the application explain its answers."""
    explainer, rate = Explainer(service), RateLimit(EXPLANATIONS, 60)
    asked = asks(AskedTweet.model_json_schema(), example=EXAMPLE)

    @app.post("/explain", response_model=None, responses=_responses(), openapi_extra=asked)
    async def explain(request: Request) -> dict[str, object]:
        """The answer to one tweet, the words that speak for and against it, and its twins in the training data."""
        body = await read_body(request, service.limits)
        rate.count(client_of(request))
        question = read_question(body, service.limits, service.model.columns if service.model else {})
        with model_failures():
            return await explainer.explain(question)


def add_sign_in(app: FastAPI, access: Access) -> None:
    """Let browsers show a token once, and keep a cookie."""
    rate = RateLimit(SIGN_INS, 60)

    @app.get("/login", response_class=HTMLResponse, include_in_schema=False)
    async def form() -> Response:
        return _form(200, "")

    @app.post("/login", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        body = await read_body(request, SIGN_IN_LIMITS)
        try:
            rate.count(request.client.host if request.client else "")
        except RefusedError as error:
            return _form(429, error.message)
        (token,) = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[:1]
        if access.name_of_token(token.strip()) is None:
            return _form(403, "No line of the token file holds this token.")
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, session_of(token.strip()), SIGNED_IN_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return answer

    @app.post("/logout", include_in_schema=False)
    async def sign_out() -> Response:
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer


def _form(status: int, trouble: str) -> Response:
    return page("sign_in.html", "", "Sign in", "This service asks for a token.", status, trouble=trouble)


def _responses() -> dict[int | str, dict[str, Any]]:
    answered = {"model": ExplainedTweet, "description": "By whom, what, and why."}
    return {200: answered, **refusals(400, 408, 413, 422, 429, 500, 503)}
