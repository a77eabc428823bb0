"""Posts of the Fediverse (Mastodon's outbox and API, ActivityPub) and of Bluesky (the AT protocol)."""

from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from tasks.sources.shapes.base import Record, Shaped, first_text, nested, objects, scalars_of

POST = "app.bsky.feed.post"
NOTES = frozenset({"Note", "Article", "Question", "Page"})
ACTIVITIES = frozenset({"Create", "Announce", "Like", "Delete", "Update", "Follow", "Undo", "Add", "Remove"})
STATUS_FIELDS = frozenset({"account", "visibility", "spoiler_text", "reblog", "in_reply_to_id"})
PARAGRAPHS = frozenset({"p", "div", "li", "blockquote", "pre"})
UNSHOWN = frozenset({"script", "style", "head"})


def read_mastodon(value: Record) -> Shaped | None:
    """The posts of an outbox, an activity, a note or a status of the API; None where it is none of them."""
    if isinstance(items := value.get("orderedItems"), list):
        return _gather("Mastodon outbox", (_activity(each) for each in items))
    if value.get("type") in ACTIVITIES and "object" in value:
        return _gather("ActivityPub", [_activity(value)])
    if value.get("type") in NOTES and isinstance(value.get("content"), str):
        return _gather("ActivityPub", [_note(value)])
    if isinstance(value.get("content"), str) and not STATUS_FIELDS.isdisjoint(value):
        return _gather("Mastodon status", [_status(value)])
    return None


def read_bluesky(value: Record) -> Shaped | None:
    """The posts of a line of the firehose, a record, a post as seen, or a page of them; None where it is none."""
    for name in ("feed", "posts", "records"):
        if objects(value.get(name)) and all(_bluesky(each) is not None for each in value[name]):
            return _gather("Bluesky page", (_bluesky(each) for each in value[name]))
    found = _bluesky(value)
    return None if found is None else _gather("Bluesky", [found])


def html_text(html: str) -> str:
    r"""The text that HTML shows.

    >>> html_text("<p>Fire &amp; smoke<br>near <b>Oakton</b></p><p>Run!</p>")
    'Fire & smoke\nnear Oakton\n\nRun!'
    """
    parser = _TextOfHtml()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts).strip()


class _TextOfHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unshown = 0

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self._unshown += tag in UNSHOWN
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unshown = max(0, self._unshown - (tag in UNSHOWN))
        if tag in PARAGRAPHS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self.parts.append(data)


def _gather(shape: str, found: Iterable[Record | str | None]) -> Shaped:
    """Records, and what is none counted by its name."""
    shaped = Shaped(shape, [], Counter())
    for each in found:
        if isinstance(each, dict):
            shaped.records.append(each)
        else:
            shaped.others[each or "entry that is not a post"] += 1
    return shaped


def _activity(value: Any) -> Record | str:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "Create" and nested(value, "object").get("type") in NOTES:
        return _note(value["object"])
    return {"Announce": "boost", "Like": "like"}.get(str(kind), f"activity {str(kind)[:30]}")


def _note(note: Record) -> Record:
    record = scalars_of(note)
    record["text"] = html_text(record.pop("content", None) or "")
    return record


def _status(status: Record) -> Record:
    """A status; of a boost, the one that was boosted."""
    boosted = nested(status, "reblog")
    record = scalars_of(status)
    record["text"] = html_text(first_text(boosted, "content") or record["content"])
    del record["content"]
    return record


def _bluesky(value: Record) -> Record | str | None:
    """A post, what else it is in words, or None for anything that is not Bluesky's."""
    if value.get("kind") in ("commit", "identity", "account") and "did" in value:
        return _commit(value)
    if isinstance(value.get("post"), dict):  # an entry of a feed, with reply and reason beside the post
        return _bluesky(value["post"])
    record = next((each for name in ("record", "value") if (each := nested(value, name))), value)
    if record.get("$type") == POST and isinstance(record.get("text"), str):
        return _post(record, value, first_text(value, "uri"))
    return None


def _commit(event: Record) -> Record | str:
    commit = nested(event, "commit")
    record = nested(commit, "record")
    if commit.get("operation") == "create" and commit.get("collection") == POST and isinstance(record.get("text"), str):
        return _post(record, event, f"at://{event['did']}/{POST}/{commit.get('rkey')}")
    what = f"{commit.get('operation')} of {commit.get('collection')}" if commit else f"{event['kind']} event"
    return what[:60]


def _post(record: Record, around: Record, address: str | None) -> Record:
    fields = scalars_of(around) | scalars_of(record)
    return fields if address is None else fields | {"id": address}
