"""Chats as Telegram Desktop exports them: a text is a string, or a list of strings, links, mentions and the like."""

from collections import Counter
from typing import Any

from tasks.sources.shapes.base import Record, Shaped, nested, objects, scalars_of

MESSAGE_TYPES = frozenset({"message", "service"})


def read_telegram(value: Record) -> Shaped | None:
    """The messages of an export of one chat or of all, or of one message; None where it is none of them."""
    if _is_message(value):
        return _read_messages([(value, None)])
    chats = [chat for name in ("chats", "left_chats") for chat in objects(nested(value, name).get("list"))]
    if chats:
        return _read_messages([(message, chat) for chat in chats for message in objects(chat.get("messages"))], True)
    messages = objects(value.get("messages"))
    if messages and all(map(_is_message, messages)):
        return _read_messages([(message, value) for message in messages])
    return None


def text_of(text: Any) -> str:
    """The text of a message, its parts joined.

    >>> text_of(["Fire near ", {"type": "bold", "text": "the mill"}, "!"])
    'Fire near the mill!'
    """
    if isinstance(text, list):
        return "".join(map(text_of, text))
    if isinstance(text, dict):
        return text_of(text.get("text", ""))
    return text if isinstance(text, str) else ""


def _is_message(value: Record) -> bool:
    return value.get("type") in MESSAGE_TYPES and "text" in value and ("date" in value or "date_unixtime" in value)


def _read_messages(messages: list[tuple[Record, Record | None]], several_chats: bool = False) -> Shaped:
    shaped = Shaped("Telegram export", [], Counter())
    for message, chat in messages:
        text = text_of(message.get("text"))
        if message.get("type") == "service":
            shaped.others["service message"] += 1
        elif not text.strip():
            shaped.others["message without text"] += 1
        else:
            shaped.records.append(_record(message, text, chat or {}, several_chats))
    return shaped


def _record(message: Record, text: str, chat: Record, several_chats: bool) -> Record:
    """Messages are numbered within their chat: of several chats, the chat's id stands before it."""
    record = scalars_of(message) | {"text": text}
    if several_chats and "id" in record:
        record["id"] = f"{chat.get('id')}/{record['id']}"
    if chat.get("name"):
        record["chat"] = chat["name"]
    return record
