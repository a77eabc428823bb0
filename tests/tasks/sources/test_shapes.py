"""JSON as platforms and programs write it is read whole, one row a text; what is not text is counted."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, SourceError, read_documents, read_tweets
from tasks.sources.records import records_json
from tasks.sources.shapes.flattening import flat_record

FULL = "Flood water rises at the mill and the river authority asks all to move away, the roads are for rescue teams END"
CUT = "Flood water rises at the mill and the river authority asks all to move away, the roads are for… https://t.co/x"


def read(path: Path, columns: ColumnMap | None = None, notes: ReadingNotes | None = None) -> list[dict[str, Any]]:
    names = ["id", "text", "keyword", "location", "label", "malformed"]
    return [row for batch in read_tweets(path, columns, notes=notes) for row in batch.select(names).to_pylist()]


def texts(path: Path, notes: ReadingNotes | None = None) -> list[str | None]:
    return [row["text"] for row in read(path, notes=notes)]


def write(path: Path, *values: Any, indent: int | None = None) -> Path:
    path.write_text("\n".join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values))
    return path


def v1(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "id_str": str(number), "user": {"location": "Oakton", "screen_name": "ann"}, **fields}


def test_tweets_of_a_stream_have_their_full_text_row_by_row_and_notices_are_no_tweets(tmp_path: Path) -> None:
    extended = {"truncated": True, "text": CUT, "extended_tweet": {"full_text": FULL}}
    path = write(
        tmp_path / "stream.jsonl",
        v1(1, text="Fire", truncated=False),
        v1(2, **extended),
        v1(3, text=f"RT @bob: {CUT}", retweeted_status=v1(9, **extended)),
        {"delete": {"status": {"id": 1}}},
        {"limit": {"track": 5}},
        v1(1200000007919023757, full_text=FULL, display_text_range=[0, 9]),
    )
    notes = ReadingNotes()
    rows = read(path, notes=notes)
    assert [row["text"] for row in rows] == ["Fire", FULL, f"RT @bob: {FULL}", FULL]
    assert rows[3]["id"] == "1200000007919023757"
    assert {row["location"] for row in rows} == {"Oakton"}
    assert notes.report()["no_texts"] == {"delete notice of the stream": 1, "limit notice of the stream": 1}


@pytest.mark.parametrize("full_first", [True, False])
def test_flat_tweets_hold_full_text_or_text_and_whichever_is_there_is_read(tmp_path: Path, full_first: bool) -> None:
    rows = [{"id_str": "1", "full_text": "one"}, {"id_str": "2", "text": "two"}]
    assert sorted(map(str, texts(write(tmp_path / "a.jsonl", *rows[:: 1 if full_first else -1])))) == ["one", "two"]


PAGE = {
    "data": [
        {"id": "1", "text": "Fire", "author_id": "7", "entities": {"urls": []}},
        {"id": "2", "text": CUT, "note_tweet": {"text": FULL}, "author_id": "8"},
        {"id": "3", "text": f"RT @bob: {CUT}", "referenced_tweets": [{"type": "retweeted", "id": "9"}]},
        {"id": "4", "text": "a quote", "referenced_tweets": [{"type": "quoted", "id": "9"}]},
    ],
    "includes": {
        "users": [{"id": "7", "username": "ann", "location": "Oakton"}],
        "tweets": [{"id": "9", "text": FULL}],
    },
    "meta": {"result_count": 4, "next_token": "x"},
}


@pytest.mark.parametrize("indent", [None, 2])
def test_pages_of_the_second_api_are_tweets_with_their_full_texts_and_places(
    tmp_path: Path, indent: int | None
) -> None:
    notes = ReadingNotes()
    path = write(tmp_path / "pages.json", PAGE, {"meta": {"result_count": 0}}, {"data": PAGE["data"][0]}, indent=indent)
    rows = read(path, notes=notes)
    assert [row["text"] for row in rows] == ["Fire", FULL, f"RT @bob: {FULL}", "a quote", "Fire"]
    assert [row["location"] for row in rows] == ["Oakton", None, None, None, None]
    assert notes.report()["no_texts"] == {"page without tweets": 1}


def test_flattened_lines_of_twarc_hold_author_and_retweeted_tweet_inside(tmp_path: Path) -> None:
    tweet = {
        "id": "3",
        "text": f"RT @bob: {CUT}",
        "author_id": "7",
        "author": {"username": "ann", "location": "Oakton"},
        "referenced_tweets": [{"type": "retweeted", "id": "9", "text": FULL}],
        "__twarc": {"version": "2"},
    }
    (row,) = read(write(tmp_path / "flat.jsonl", tweet))
    assert (row["text"], row["location"]) == (f"RT @bob: {FULL}", "Oakton")


def test_the_archive_of_an_account_is_read_by_its_content(tmp_path: Path) -> None:
    tweets = [{"tweet": {"id_str": "1", "full_text": "Fire", "entities": {}}}, {"tweet": {"id": "2", "full_text": "b"}}]
    (tmp_path / "tweets.js").write_text(f"window.YTD.tweets.part0 = {json.dumps(tweets, indent=2)}")
    assert texts(tmp_path / "tweets.js") == ["Fire", "b"]
    account = tmp_path / "account.js"
    account.write_text('window.YTD.account.part0 = [{"account": {"username": "ann"}}]')
    notes = ReadingNotes()
    assert texts(tmp_path, notes) == ["Fire", "b"]
    assert notes.passed_over == {"account.js": "the part 'account' of an account archive, which holds no tweets"}
    with pytest.raises(SourceError, match=r"account\.js is the part 'account' of an account archive"):
        texts(account)


MESSAGES = [
    {
        "id": 1,
        "type": "service",
        "date": "2020-01-06",
        "actor": "ann",
        "action": "create_channel",
        "text": "",
        "text_entities": [],
    },
    {"id": 2, "type": "message", "date": "2020-01-06", "from": "ann", "text": "Fire", "text_entities": []},
    {
        "id": 3,
        "type": "message",
        "date": "2020-01-06",
        "from": "ann",
        "text": ["Near ", {"type": "bold", "text": "the mill"}, "!"],
    },
    {
        "id": 4,
        "type": "message",
        "date": "2020-01-06",
        "from": "ann",
        "photo": "x.jpg",
        "text": "",
        "text_entities": [],
    },
]


def test_a_chat_of_telegram_is_its_messages_with_the_parts_of_their_texts_joined(tmp_path: Path) -> None:
    chat = {"name": "Oakton alerts", "type": "public_channel", "id": 77, "messages": MESSAGES}
    notes = ReadingNotes()
    assert texts(write(tmp_path / "result.json", chat, indent=1), notes) == ["Fire", "Near the mill!"]
    assert notes.report()["no_texts"] == {"service message": 1, "message without text": 1}
    everything = {"about": "x", "chats": {"list": [chat, chat | {"id": 78}]}}
    assert [row["id"] for row in read(write(tmp_path / "all.json", everything))] == ["77/2", "77/3", "78/2", "78/3"]
    assert texts(write(tmp_path / "lines.jsonl", *MESSAGES)) == ["Fire", "Near the mill!"]


def test_posts_of_mastodon_are_text_without_markup_and_boosts_are_counted(tmp_path: Path) -> None:
    note = {"type": "Note", "id": "https://a.example/1", "content": "<p>Fire &amp; smoke<br>at <b>the mill</b></p>"}
    outbox = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "type": "OrderedCollection",
        "orderedItems": [
            {"type": "Create", "id": "x", "object": note},
            {"type": "Announce", "id": "y", "object": "https://b.example/2"},
        ],
    }
    notes = ReadingNotes()
    (row,) = read(write(tmp_path / "outbox.json", outbox, indent=2), notes=notes)
    assert (row["id"], row["text"]) == ("https://a.example/1", "Fire & smoke\nat the mill")
    assert notes.report()["no_texts"] == {"boost": 1}
    status = {"id": "5", "content": "", "account": {"acct": "ann"}, "reblog": {"content": note["content"], "id": "9"}}
    assert texts(write(tmp_path / "statuses.json", [status | {"reblog": None, "content": "<p>a</p>"}, status])) == [
        "a",
        "Fire & smoke\nat the mill",
    ]


def test_posts_of_bluesky_are_read_from_the_firehose_and_from_pages(tmp_path: Path) -> None:
    record = {"$type": "app.bsky.feed.post", "text": "Fire", "createdAt": "2024", "langs": ["en"]}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "k", "record": record}
    event = {"did": "did:plc:a", "time_us": 1, "kind": "commit", "commit": commit}
    like = event | {"commit": commit | {"collection": "app.bsky.feed.like", "record": {"subject": {}}}}
    notes = ReadingNotes()
    (row,) = read(
        write(tmp_path / "firehose.jsonl", event, like, event | {"kind": "identity", "commit": {}}), None, notes
    )
    assert (row["id"], row["text"]) == ("at://did:plc:a/app.bsky.feed.post/k", "Fire")
    assert notes.report()["no_texts"] == {"create of app.bsky.feed.like": 1, "identity event": 1}
    post = {"uri": "at://x", "cid": "c", "author": {"handle": "a"}, "record": record}
    for page in ({"feed": [{"post": post, "reply": {}}], "cursor": "c"}, {"posts": [post]}, post):
        assert [(row["id"], row["text"]) for row in read(write(tmp_path / "page.json", page))] == [("at://x", "Fire")]
    listed = {"records": [{"uri": "at://x", "cid": "c", "value": record}], "cursor": "k"}
    assert texts(write(tmp_path / "records.json", listed)) == ["Fire"]


def test_what_mongoexport_wraps_is_unwrapped(tmp_path: Path) -> None:
    line = {"id": {"$numberLong": "1200000007919023757"}, "_id": {"$oid": "5f0"}, "text": "Fire", "target": 1}
    (row,) = read(write(tmp_path / "export.json", line))
    assert (row["id"], row["text"], row["label"]) == ("1200000007919023757", "Fire", "1")
    tweet = v1(3, text=CUT, extended_tweet={"full_text": FULL}) | {"_id": {"$oid": "5f1"}}
    assert texts(write(tmp_path / "tweets.json", tweet, tweet)) == [FULL, FULL]


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
@pytest.mark.parametrize("index", [None, [7, 3, 5], ["x", "y", "z"]])
@pytest.mark.parametrize("indent", [None, 2])
def test_tables_of_pandas_are_read_in_every_orient(
    tmp_path: Path, orient: Any, index: list[Any] | None, indent: int | None
) -> None:
    frame = pd.DataFrame({"id": ["1", "2", "3"], "text": ["Fire", 'a "b" [c]', "d"], "target": [1, None, 0]}, index)
    frame.to_json(tmp_path / "frame.json", orient=orient, indent=indent)
    rows = read(tmp_path / "frame.json")
    assert [(row["id"], row["text"]) for row in rows] == [("1", "Fire"), ("2", 'a "b" [c]'), ("3", "d")]
    assert [row["label"] and float(row["label"]) for row in rows] == [1, None, 0]


def test_rows_without_names_are_numbered_and_the_flag_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "values.json", [["1", "Fire"], ["2", "calm"]])
    assert [row["text"] for row in read(path, ColumnMap(id="1", text="2"))] == ["Fire", "calm"]
    with pytest.raises(MissingColumnError, match=r"its columns are '1', '2'.*--text-column"):
        read(path)


def test_strings_are_texts_and_other_values_are_refused_by_kind(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "set.json", ["Fire, now", "calm"])) == ["Fire, now", "calm"]
    notes = ReadingNotes()
    assert texts(write(tmp_path / "set.jsonl", "Fire, now", "calm"), notes) == ["Fire, now", "calm"]
    assert notes.report()["shapes"] == {"JSON strings": 2}
    (document,) = read_documents(write(tmp_path / "corpus.json", ["Fire"]))
    assert document["text"].to_pylist() == ["Fire"]
    for value, kind in (
        ([1, 2], "numbers"),
        (5, "numbers"),
        (True, "true or false"),
        (None, "null"),
        ({}, "empty objects"),
    ):
        for read_it in (read_tweets, read_documents):
            with pytest.raises(SourceError, match=f"set.json holds {kind}, not objects"):
                list(read_it(write(tmp_path / "set.json", value)))
    with pytest.raises(SourceError, match="an empty JSON array"):
        read(write(tmp_path / "set.json", []))


@pytest.mark.parametrize("between", ["\n", ",\n", ";", " " * 50])
def test_arrays_behind_one_another_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    monkeypatch.setattr("tasks.sources.json_values.PIECE_CHARACTERS", 20)
    pages = [[{"id": f"{page}{row}", "text": "Fire"} for row in range(3)] for page in range(4)]
    (tmp_path / "pages.json").write_text(between.join(map(json.dumps, pages)) + between)
    assert [row["id"] for row in read(tmp_path / "pages.json")] == [
        f"{page}{row}" for page in range(4) for row in range(3)
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "Fire"}] and more', "goes on behind its JSON array, from character 19 on"),
        ('[["1", "Fire"]]\n[["2", "calm"]]', "several JSON arrays and no names of columns"),
    ],
)
def test_what_goes_on_behind_an_array_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "set.json").write_text(content)
    with pytest.raises(SourceError, match=message):
        read(tmp_path / "set.json")


def test_an_object_of_objects_that_could_be_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a row or a column in each.*orient='records'"):
        read(write(tmp_path / "set.json", {"a": {"x": "1", "y": "2"}, "b": {"x": "3", "y": "4"}}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"results": [{"body": "a", "key": 1}, {"body": "b"}], "count": 2},
            r"'results' holds list of 2 objects with body, key",
        ),
        ({"id": 1, "payload": {"body": "a"}}, "not cells of text: payload holds an object with body"),
        ({"id": 1, "text": {"en": "a"}}, "not cells of text: text holds an object with en"),
    ],
)
def test_any_other_nesting_is_refused_with_its_shape(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(write(tmp_path / "set.json", value))


def test_nested_fields_beside_a_text_are_left_out_and_noted(tmp_path: Path) -> None:
    notes = ReadingNotes()
    path = write(tmp_path / "set.jsonl", *({"id": n, "text": "Fire", "tags": ["a"], "meta": {"x": 1}} for n in (1, 2)))
    assert texts(path, notes) == ["Fire", "Fire"]
    assert notes.report()["left_out"] == {"tags": "list of 1 values", "meta": "an object with x"}
    (batch,) = read_tweets(path)
    assert json.loads(records_json(batch)[0])["meta"] == {"x": 1}


def test_a_list_where_other_rows_have_a_text_costs_that_row(tmp_path: Path) -> None:
    rows = read(write(tmp_path / "set.jsonl", {"id": 1, "text": "Fire"}, {"id": 2, "text": ["a", "b"]}))
    assert [row["malformed"] for row in rows] == [None, "text holds list of 2 values, not text"]


def test_nan_in_json_is_missing_and_a_text_that_says_nan_stays(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"id": 1, "text": NaN, "keyword": NaN, "location": NaN}\n{"id": 2, "text": "nan"}\n')
    rows = read(path)
    assert [rows[0][name] for name in ("text", "keyword", "location")] == [None, None, None]
    assert rows[1]["text"] == "nan"


def test_texts_that_the_platform_cut_are_counted(tmp_path: Path) -> None:
    notes = ReadingNotes()
    texts(
        write(tmp_path / "set.jsonl", {"text": CUT}, {"text": "well…"}, {"text": FULL}, {"text": "x" * 120 + "…"}),
        notes,
    )
    assert notes.report()["truncated"] == 2


def test_a_key_that_first_appears_in_a_later_batch_is_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.sources.json_records.BATCH_ROWS", 10)
    rows = [{"text": f"tweet {number}", "about": {"born": "a"}} for number in range(25)]
    late = {"text": "Fire", "target": 1, "tweet_id": "7", "about": {"born": "a", "keyword": "no column"}}
    for path in (write(tmp_path / "set.jsonl", *rows, late), write(tmp_path / "set.json", [*rows, late])):
        found = read(path)
        assert [(row["label"], row["id"]) for row in found[-2:]] == [(None, None), ("1", "7")]
        assert {row["keyword"] for row in found} == {None}
        (first, *_) = read_tweets(path)
        assert [field.name for field in first.schema.field("record").type] == ["text", "target", "tweet_id"]


def test_an_object_longer_than_the_bound_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.sources.json_values.OBJECT_CHARACTERS", 1000)
    monkeypatch.setattr("tasks.sources.json_values.PIECE_CHARACTERS", 100)
    chat = {"name": "a", "messages": [{"id": 1, "type": "message", "date": "d", "text": "Fire"}] * 100}
    with pytest.raises(SourceError, match=r"longer than 1,000 characters.*JSON lines"):
        read(write(tmp_path / "result.json", chat, indent=1))


def test_a_row_that_is_read_a_second_time_has_the_fields_of_its_first_reading() -> None:
    tweet = v1(3, text=CUT, extended_tweet={"full_text": FULL})
    flat = flat_record(tweet)
    assert (flat["text"], flat["location"], flat["id_str"]) == (FULL, "Oakton", "3")
    assert flat_record(flat) == flat
    assert flat_record(["1", "Fire", "too", "many"]) == ["1", "Fire", "too", "many"]
