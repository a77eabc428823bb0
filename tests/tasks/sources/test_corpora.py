"""Corpora in every form in which they are published become documents."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.sources import ColumnMap, read_documents
from tasks.sources.documents import DOCUMENT_CHARACTERS

EXTRACTED = """<doc id="12" url="http://en.wikipedia.org/wiki?curid=12" title="Anarchism">
Anarchism

A political philosophy.
It has schools.
</doc>
<doc id="25" revid="9" url="u" title="The "Autism" page">
Neurodevelopmental.
</doc>
<doc id="39" url="u" title="Albedo">
</doc>
"""
WIKITEXT = """
 = Robert <unk> =

 He is well @-@ known , 1 @,@ 000 @.@ 5 times .
 = a formula =
 x

 = = Career = =

 He acted .

 = Du Fu =

 A poet .
"""


def read(path: Path, *arguments: object, **options: object) -> list[tuple[str, str | None, str | None]]:
    rows = [
        row
        for batch in read_documents(path, *arguments, **options)  # type: ignore[arg-type]
        for row in batch.select(["document", "title", "text"]).to_pylist()
    ]
    return [(row["document"], row["title"], row["text"]) for row in rows]


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def test_wikiextractor_articles_lose_the_title_repeated_in_front(tmp_path: Path) -> None:
    assert read(write(tmp_path / "wiki_00", EXTRACTED)) == [
        ("wiki_00#12", "Anarchism", "A political philosophy.\nIt has schools."),
        ("wiki_00#25", 'The "Autism" page', "Neurodevelopmental."),
        ("wiki_00#39", "Albedo", None),
    ]


def test_wikiextractor_json_lines_need_no_suffix(tmp_path: Path) -> None:
    lines = [{"id": "7", "title": "Quake", "text": "It shook."}, {"id": "8", "title": "Gone", "text": ""}]
    path = write(tmp_path / "wiki_01", "\n".join(map(json.dumps, lines)))
    assert read(path) == [("wiki_01#7", "Quake", "It shook."), ("wiki_01#8", "Gone", None)]


def test_wikitext_headings_start_documents_and_sections_stay_inside(tmp_path: Path) -> None:
    robert, du_fu = read(write(tmp_path / "wiki.tokens", WIKITEXT))
    assert robert[:2] == ("wiki.tokens#1", "Robert <unk>")
    assert robert[2] is not None
    assert [line.strip() for line in robert[2].splitlines() if line.strip()] == [
        "He is well-known , 1,000.5 times .",
        "= a formula =",
        "x",
        "Career",
        "He acted .",
    ]
    assert du_fu == ("wiki.tokens#2", "Du Fu", "A poet .")


def test_wikitext_is_read_from_its_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wiki.zip", "w") as archive:
        archive.writestr("wiki.train.tokens", WIKITEXT)
    assert [document for document, _, _ in read(tmp_path / "wiki.zip")] == [
        "wiki.zip/wiki.train.tokens#1",
        "wiki.zip/wiki.train.tokens#2",
    ]


def test_plain_text_is_cut_at_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "book.txt", "It was the best of times,\nit was the worst.\n \n\nSecond.\r\n\r\nThird.")
    assert [text for _, _, text in read(path)] == ["It was the best of times,\nit was the worst.", "Second.", "Third."]


def test_lines_stand_alone_where_hardly_any_is_blank(tmp_path: Path) -> None:
    path = write(tmp_path / "tweets.txt", "".join(f"tweet {number}\n" for number in range(40)) + "\nlast\u2028one")
    texts = [text for _, _, text in read(path)]
    assert len(texts) == 41
    assert texts[-1] == "last\u2028one"


def test_a_text_that_is_one_endless_line_is_cut_at_blanks(tmp_path: Path) -> None:
    text = "word " * (DOCUMENT_CHARACTERS // 2)
    pieces = [piece or "" for _, _, piece in read(write(tmp_path / "text8", text))]
    assert len(pieces) == 3
    assert [word for piece in pieces for word in piece.split()] == text.split()


def test_pieces_of_several_endless_texts_have_names_of_their_own_and_none_is_a_scrap(tmp_path: Path) -> None:
    words = [("fire", "flood", "earthquake")[number % 3] for number in range(DOCUMENT_CHARACTERS // 3)]
    lines = " ".join(words) + "\n" + " ".join(reversed(words)) + "\n"
    documents = read(write(tmp_path / "two.txt", lines))
    assert len({name for name, _, _ in documents}) == len(documents) == 6
    assert " ".join(text or "" for _, _, text in documents).split() == lines.split()
    assert min(len(text or "") for _, _, text in documents) > 1000


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_tables_with_a_text_column_are_corpora(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"news.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table({"title": ["A", None], "story": ["one", "two"]}), path)
    else:
        rows = [{"title": "A", "story": "one"}, {"title": None, "story": "two"}]
        write(path, json.dumps(rows) if suffix == "json" else "title,story\nA,one\n,two\n")
    assert read(path, ColumnMap(text="story")) == [(f"news.{suffix}#1", "A", "one"), (f"news.{suffix}#2", None, "two")]


def test_of_a_folder_what_is_no_data_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "one\n\ntwo")
    for name in ("README.md", "README", "LICENSE.txt", "SHA256SUMS", "settings.yaml"):
        write(tmp_path / name, "not text to learn from")
    assert len(read(tmp_path)) == 2


def test_names_of_documents_are_unique_across_files(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        write(tmp_path / name, "one\n\ntwo")
    assert len({document for document, _, _ in read(tmp_path)}) == 4


@pytest.mark.parametrize(
    ("place", "documents", "empty"),
    [
        ("corpora/wikitext-2/wiki.train.tokens.zip", 600, 0),
        ("corpora/wikitext-2/wiki.valid.tokens.zip", 60, 0),
        ("corpora/enwiki_2015", 4256, 1),
        ("corpora/enwikinews", 39_409, 19_941),
        ("tweeteval/irony/*_text.txt", 4_601, 0),
    ],
)
def test_published_corpora_have_the_documents_that_their_sources_state(
    real_data: Path, place: str, documents: int, empty: int
) -> None:
    texts = [text for _, _, text in read(real_data / place)]
    assert (len(texts), texts.count(None)) == (documents, empty)
