"""JSON as platforms and programs write it, recognised by its shape and read whole: one flat record for each text.

What has none of the shapes stays as it is; its objects and lists are not cells of text.
"""

from typing import Any

from tasks.sources.shapes.base import Record, Shaped, objects, scalars_of
from tasks.sources.shapes.fediverse import read_bluesky, read_mastodon
from tasks.sources.shapes.mongo import unwrap
from tasks.sources.shapes.pandas_json import numbered, read_pandas
from tasks.sources.shapes.telegram import read_telegram
from tasks.sources.shapes.twitter import read_twitter

__all__ = ["Record", "Shaped", "describe", "numbered", "read_pandas", "read_shape", "scalars_of", "unwrap"]

READERS = (read_twitter, read_telegram, read_mastodon, read_bluesky)
SHOWN_KEYS = 6


def read_shape(value: Record) -> Shaped | None:
    """What an object of a known platform holds; None for any other."""
    return next((shaped for reader in READERS if (shaped := reader(value)) is not None), None)


def describe(value: Any) -> str:
    """The shape of an object or list in words.

    >>> describe([{"id": 1, "text": "a"}, {"id": 2}])
    'list of 2 objects with id, text'
    """
    if isinstance(value, list):
        inner = describe(value[0]).removeprefix("an ").replace("object", "objects", 1) if objects(value) else "values"
        return f"list of {len(value):,} {inner}"
    if not isinstance(value, dict):
        return type(value).__name__
    more = f" and {len(value) - SHOWN_KEYS} more" if len(value) > SHOWN_KEYS else ""
    return f"an object with {', '.join(key[:30] for key in list(value)[:SHOWN_KEYS])}{more}"
