"""Prefect's server with pages that ask nothing outside this machine, and our start page at `/start`.

Prefect has two user interfaces. The newer one calls an analytics host whatever the settings say, and a cookie or the
address /v2 brings it up where another is the default (`server.ui.v2_enabled`). Without its files the server does not
offer it: it leads every such request to the older one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.database import in_force
from tasks.runtime.state_folder import state_home
from tasks.scheduling import team_server

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

START, START_FILE = "/start", "start.html"  # of the server, and in the state folder
NO_PAGE = "The start page is written when `crisisflow up` has started: try again in a few seconds.\n"


def create_app() -> "FastAPI":
    """The application for uvicorn, made once a process."""
    import prefect
    from prefect.server.api import server
    from starlette.routing import Route

    if in_force() is not None:
        team_server.keep_states()
    prefect.__ui_v2_static_path__ = Path(__file__).parent / "no-newer-pages"
    app = server.create_app(final=True)
    app.router.routes.insert(0, Route(START, start_page))  # before the pages, which take every address
    return app


def start_page(request: "Request") -> "Response":
    """The start page as it was written last."""
    from starlette.responses import HTMLResponse, PlainTextResponse

    file = state_home() / START_FILE
    if not file.exists():
        return PlainTextResponse(NO_PAGE, 503)
    return HTMLResponse(file.read_text(encoding="utf-8"), headers={"Cache-Control": "no-cache"})
