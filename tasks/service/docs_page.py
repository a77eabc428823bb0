"""The page that explains the service in a browser; it loads nothing from elsewhere."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tasks.html.pages import render
from tasks.service.limits import Limits

EXAMPLE = {"text": "Forest fire near La Ronge Sask. Canada", "keyword": "wildfire"}
BATCH = {"tweets": [{"text": "people trapped after quake"}, {"text": "this exam is a train wreck"}]}


def docs_page(
    schema: dict[str, Any],
    address: str,
    limits: Limits,
    asked: Mapping[str, str] = EXAMPLE,
    answer: Mapping[str, Any] | None = None,
) -> str:
    """The routes of this OpenAPI description, how to ask, what is answered to errors, and the limits.

    A form asks about one tweet; it holds what was `asked`, and under it stands the `answer`.
    """
    return render(
        "service/docs.html",
        title=schema["info"]["title"],
        subtitle=schema["info"]["summary"],
        calls=[f"curl {address}/predict -d {shlex.quote(json.dumps(body))}" for body in (EXAMPLE, BATCH)],
        paths=schema["paths"],
        limits=limits,
        asked=asked,
        answer=answer,
    )
