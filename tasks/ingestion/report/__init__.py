"""The data report: one self-contained HTML page, drawn from the figures of an ingest."""

from typing import Any

from tasks.ingestion.report.corpus import corpus_page
from tasks.ingestion.report.tweets import tweets_page


def render_report(report: dict[str, Any]) -> str:
    """The page for the report.json of an ingest of tweets or of a corpus. It needs no network and runs no script."""
    return tweets_page(report) if report["kind"] == "tweets" else corpus_page(report)
