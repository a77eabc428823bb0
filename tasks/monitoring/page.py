"""The drift of a window as a page: the verdict, every measure with its effect, and what shows it."""

from collections.abc import Mapping
from typing import Any

from tasks.html.pages import render

WIDEST = 1.5  # an effect beyond is drawn at the edge
NAMES = {
    "vocabulary": "words of the texts",
    "unknown_words": "share of words that the model does not know",
    "length": "tokens of a text",
    "urls": "texts with an address",
    "hashtags": "texts with a hashtag",
    "language": "texts of mostly unknown words",
    "script": "texts in another script than most",
    "labels": "share of positives, estimated",
    "scores": "probabilities",
}
OF_CLASSES = {
    "labels": "shares of the classes, estimated",
    "scores": "probabilities of the class that is called",
}


def drift_page(result: Mapping[str, Any], title: str) -> str:
    """The whole page."""
    return render(
        "monitoring/drift.html",
        title=f"{title}: {result['verdict']}",
        subtitle=f"{result['reason']}.",
        result=result,
        names=NAMES | (OF_CLASSES if "classes" in result else {}),
        widest=WIDEST,
    )
