"""From raw snapshots to checked tables: every row kept or quarantined, every table within its contract or refused."""

from tasks.validation.corpus import DOCUMENTS, ingest_corpus
from tasks.validation.refusals import RefusedTable, UnreconciledError
from tasks.validation.retry import retry_tweets
from tasks.validation.tweets import TWEETS, ingest_tweets
from tasks.validation.writing import QUARANTINE

__all__ = [
    "DOCUMENTS",
    "QUARANTINE",
    "TWEETS",
    "RefusedTable",
    "UnreconciledError",
    "ingest_corpus",
    "ingest_tweets",
    "retry_tweets",
]
