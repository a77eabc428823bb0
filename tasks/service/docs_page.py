"""The page that explains the service to whoever opens it in a browser, with nothing loaded from anywhere."""

import json
import shlex
from typing import Any

from tasks.html.elements import code, count, escape, section, table
from tasks.html.page import page
from tasks.service.limits import Limits

EXAMPLE = {"text": "Forest fire near La Ronge Sask. Canada", "keyword": "wildfire"}
BATCH = {"tweets": [{"text": "people trapped after quake"}, {"text": "this exam is a train wreck"}]}


def docs_page(schema: dict[str, Any], address: str, limits: Limits) -> str:
    """The routes of this OpenAPI description, how to ask, what is answered to errors, and the limits."""
    return page(
        schema["info"]["title"],
        schema["info"]["summary"],
        section("Ask", "From a shell, or with any HTTP client.", _call(address, EXAMPLE), _call(address, BATCH)),
        section("Routes", "The same for programs: /openapi.json.", _routes(schema)),
        section("When there is no answer", "Every error has one form: error.code, error.message.", _errors(schema)),
        section("Limits", "What one request may bring; more is refused with the value and the limit.", _limits(limits)),
    )


def _call(address: str, body: dict[str, Any]) -> str:
    return f"<p>{code(f'curl {address}/predict -d {shlex.quote(json.dumps(body))}')}</p>"


def _routes(schema: dict[str, Any]) -> str:
    rows = [
        (code(f"{method.upper()} {path}"), escape(operation.get("description", "")))
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return table(("route", "answers"), rows)


def _errors(schema: dict[str, Any]) -> str:
    answers = schema["paths"]["/predict"]["post"]["responses"]
    rows = [(code(status), escape(each["description"])) for status, each in answers.items() if status != "200"]
    return table(("status", "why"), rows)


def _limits(limits: Limits) -> str:
    rows = [
        ("bytes of a body", count(limits.body_bytes)),
        ("tweets of a batch", count(limits.tweets)),
        ("characters of a text or keyword", count(limits.characters)),
        ("tweets waiting, of all requests", count(limits.waiting)),
        ("seconds to send a body", count(limits.seconds_to_send)),
    ]
    return table(("of", "at most"), rows, numbers=1)
