"""Lineage as a page: the picture first, then where every byte, row, setting and line of code came from."""

from tasks.html.pages import render
from tasks.lineage.picture import picture
from tasks.lineage.tracing import Lineage

FEW_FILES = 3  # of one source; more are folded away


def lineage_page(lineage: Lineage) -> str:
    """The whole page."""
    return render(
        "lineage/lineage.html",
        title=f"Lineage: {lineage.target.title}",
        subtitle="What became of it." if lineage.target.forward else "Where it came from, back to the raw bytes.",
        picture=picture(lineage),
        lineage=lineage,
        few_files=FEW_FILES,
    )
