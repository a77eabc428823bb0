"""From raw snapshots to checked tables: every row kept or quarantined, every table within its contract or refused."""

from tasks.ingestion.corpus import DOCUMENTS, ingest_corpus
from tasks.ingestion.errors import RefusedTable, UnreconciledError
from tasks.ingestion.retry import retry_tweets
from tasks.ingestion.tweet_rows import TWEETS
from tasks.ingestion.tweets import ingest_tweets
from tasks.sources.records import QUARANTINE

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
