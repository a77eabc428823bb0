"""Tweets as Twitter gives them: v1.1 (streams, twarc), v2 pages and lines (twarc2), the archive of an account.

The field `text` is cut at 140 characters in many of them; the full text stands elsewhere, in another place for each
kind, and differs line by line within one file.
"""

import re
from collections import Counter

from tasks.sources.shapes.base import Record, Shaped, first_text, nested, objects, scalars_of

# https://developer.x.com/en/docs/x-api/v1/tweets/filter-realtime/guides/streaming-message-types
NOTICES = frozenset(
    {"delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect", "warning", "control", "friends"}
)
V1_FIELDS = frozenset({"id_str", "extended_tweet", "retweeted_status", "truncated", "entities", "user", "full_text"})
V2_FIELDS = frozenset(
    {"author_id", "edit_history_tweet_ids", "public_metrics", "referenced_tweets", "conversation_id", "note_tweet"}
)
PAGE_FIELDS = frozenset({"data", "includes", "meta", "errors", "matching_rules", "__twarc", "links", "_links"})
RETWEET = re.compile(r"RT @\w{1,30}: ")


def read_twitter(value: Record) -> Shaped | None:
    """The tweets of one object; None where it is none of Twitter's."""
    if len(value) == 1 and NOTICES.issuperset(value):
        return Shaped("Twitter v1.1 stream", others=Counter({f"{next(iter(value))} notice of the stream": 1}))
    if isinstance(tweet := value.get("tweet"), dict) and len(value) == 1 and first_text(tweet, "full_text", "text"):
        return Shaped("Twitter account archive", [_v1_record(tweet)])
    if _is_v2_page(value):
        return _read_page(value)
    if isinstance(value.get("text"), str) and not V2_FIELDS.isdisjoint(value):
        return Shaped("Twitter v2", [_v2_record(value, {}, {})])
    if first_text(value, "full_text", "text") is not None and not V1_FIELDS.isdisjoint(value):
        return Shaped("Twitter v1.1", [_v1_record(value)])
    return None


def full_text(tweet: Record) -> str | None:
    """The whole text of a tweet of v1.1; of a retweet, that of the tweet retweeted behind "RT @name: "."""
    own = first_text(nested(tweet, "extended_tweet"), "full_text") or first_text(tweet, "full_text", "text")
    return _retweet_text(own, full_text(nested(tweet, "retweeted_status")) if "retweeted_status" in tweet else None)


def _retweet_text(own: str | None, original: str | None) -> str | None:
    if original is None:
        return own
    prefix = RETWEET.match(own or "")
    return f"{prefix[0]}{original}" if prefix else original


def _v1_record(tweet: Record) -> Record:
    record, text = scalars_of(tweet), full_text(tweet)
    record |= {"text": text, "full_text": text}
    return _with_author(record, nested(tweet, "user"), "screen_name")


def _with_author(record: Record, author: Record, name: str) -> Record:
    if "location" not in record:
        record["location"] = first_text(author, "location")
    if author.get(name):
        record.setdefault("user_name", author[name])
    return record


def _is_v2_page(value: Record) -> bool:
    if not PAGE_FIELDS.issuperset(value):
        return False
    if "data" not in value:
        return "meta" in value or "errors" in value
    tweets = objects(value["data"]) or [nested(value, "data")]
    return all(isinstance(tweet.get("text"), str) and "id" in tweet for tweet in tweets) or value["data"] == []


def _read_page(page: Record) -> Shaped:
    includes = nested(page, "includes")
    users = {user.get("id"): user for user in objects(includes.get("users"))}
    tweets = {tweet.get("id"): tweet for tweet in objects(includes.get("tweets"))}
    found = objects(page.get("data")) or [each for each in [nested(page, "data")] if each]
    others = Counter() if found else Counter({"page without tweets": 1})
    return Shaped("Twitter v2 page", [_v2_record(tweet, users, tweets) for tweet in found], others)


def _v2_record(tweet: Record, users: dict[object, Record], tweets: dict[object, Record]) -> Record:
    record = scalars_of(tweet)
    original = None
    for reference in objects(tweet.get("referenced_tweets")):
        if reference.get("type") == "retweeted":  # twarc2 flatten puts the tweet itself into the reference
            original = _v2_text(tweets.get(reference.get("id"), reference))
    record["text"] = _retweet_text(_v2_text(tweet), original)
    return _with_author(record, nested(tweet, "author") or users.get(tweet.get("author_id"), {}), "username")


def _v2_text(tweet: Record) -> str | None:
    return first_text(nested(tweet, "note_tweet"), "text") or first_text(tweet, "text")
