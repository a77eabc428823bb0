"""Every page is a template beside the code that fills it; here it is rendered, in one frame and with one kit.

What comes from data is escaped: templates escape whatever is not markup of the kit's own. A page is one file: no
script, nothing from the network. The browser itself refuses whatever might slip through, by the policy in the page.
"""

import base64
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from models.wording import p_words
from tasks.html import numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parents[1]
MOST_FIGURE_COLUMNS = 8


def render(template: str, **values: Any) -> str:
    """The page of this template ("room/name.html") with these values; `title` and `subtitle` are always needed.

    Raises jinja2.UndefinedError for a value that the template names and that is not given.
    """
    return PAGES.get_template(template).render(values)


def served_policy() -> str:
    """The policy of a page that a server of ours answers: the kit's style, the server's own files, requests to it."""
    policy = PAGES.globals["policy"]
    own = "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    styled = str(policy).replace("style-src", "style-src 'self'")
    return f"{styled}; {own}"


def picture(figure: "Figure") -> str:
    """A figure as an address that holds the picture itself."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"


def _environment() -> Environment:
    """The templates of all rooms, with the kit and the style at hand in each of them."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = (numbers.count, numbers.count_of, numbers.share, numbers.points, numbers.cut, p_words)
    pages.filters.update({function.__name__: function for function in functions})
    style = pages.get_template("html/style.css").render(figure_columns=MOST_FIGURE_COLUMNS)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Nothing but this very style and pictures that are part of the page.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    pages.globals.update(style=Markup(style), policy=Markup(policy))
    pages.globals["kit"] = pages.get_template("html/kit.html").module
    return pages


PAGES = _environment()
