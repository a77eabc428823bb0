"""The pages for people, each from a template beside this file, and the files that they are made of.

Their policy allows scripts and styles of this service alone, none inside a page, and requests to nothing else.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.responses import FileResponse, HTMLResponse, Response

from tasks.html.pages import render, served_policy
from tasks.service.guard import POLICY
from tasks.service.limits import RefusedError

FOLDER = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript", ".css": "text/css"}
PAGES = {"/": "Ask", "/label": "Label", "/overview": "Champion", "/docs": "For programs"}
# `frame-ancestors` stands in the header alone: in a page browsers do not read it, and say so.
IN_PAGE = served_policy().replace("; frame-ancestors 'none'", "")


def page(template: str, here: str, title: str, subtitle: str, status: int = 200, **values: Any) -> Response:
    """The page of this template, with links to the others."""
    html = render(
        f"service/{template}", policy=Markup(IN_PAGE), title=title, subtitle=subtitle, here=here, pages=PAGES, **values
    )
    return HTMLResponse(html, status, {POLICY: served_policy(), "cache-control": "no-store"})


def static_file(name: str) -> Response:
    """A file that pages are made of. Raises RefusedError for any other name."""
    known = {each.name: each for each in FOLDER.iterdir()}
    if name not in known:
        raise RefusedError(404, "not_found", f"there is no {name[:100]}", field="path", value=name[:100])
    path = known[name]
    return FileResponse(path, headers={"cache-control": "no-cache"}, media_type=KINDS[path.suffix])
