"""The worked examples of the teaching text on one page for students."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.html.pages import render


def textbook_page(examples: Sequence[Mapping[str, Any]]) -> str:
    """The whole page, from what `crisisflow textbook --json` prints of each example."""
    return render(
        "html/textbook.html",
        title="The teaching text, worked through" if len(examples) != 1 else examples[0]["title"],
        subtitle="Deep learning for natural language processing: what the text prints, what is computed, where it errs",
        examples=examples,
    )
