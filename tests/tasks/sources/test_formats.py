"""Compressed files, workbooks, dumps and annotated corpora are read; what is not text is named and passed over."""

import bz2
import logging
import lzma
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from tasks.sources import ColumnMap, ReadingNotes, SourceError, SourceLimits, read_documents, read_tweets

CSV = b"id,text,target\n1,Forest fire,1\n2,Nice day,0\n"
PROSE = "Smoke hung over the mill, and two families moved to the school.\n\nNobody was hurt.\n"


def rows(path: Path, columns: ColumnMap | None = None, limits: SourceLimits | None = None) -> list[dict[str, Any]]:
    batches = read_tweets(path, columns, limits=limits or SourceLimits())
    return [row for batch in batches for row in batch.select(["id", "text", "label", "malformed"]).to_pylist()]


def documents(path: Path, notes: ReadingNotes | None = None) -> list[tuple[str, str | None, str | None]]:
    found = [row for batch in read_documents(path, notes=notes) for row in batch.to_pylist()]
    return [(row["document"].partition("#")[2], row["title"], row["text"]) for row in found]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


PACKERS = {".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("parts", [1, 3])
def test_compressed_tables_are_read_whatever_their_name(tmp_path: Path, suffix: str, parts: int) -> None:
    """Also where several streams follow one another, as parallel packers write them."""
    cuts = [CSV] if parts == 1 else [CSV[:10], CSV[10:20], CSV[20:]]
    for name in (f"set.csv{suffix}", "set.csv"):
        (tmp_path / name).write_bytes(b"".join(map(PACKERS[suffix], cuts)))
        assert [row["id"] for row in rows(tmp_path / name)] == ["1", "2"]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_compressed_file_that_breaks_off_is_an_error_not_a_short_table(tmp_path: Path, suffix: str) -> None:
    lines = b"".join(b"%d,%s,1\n" % (number, b"fire " * (number % 7)) for number in range(20_000))
    packed = PACKERS[suffix](b"id,text,target\n" + lines)
    (tmp_path / f"set.csv{suffix}").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceError, match="damaged"):
        rows(tmp_path / f"set.csv{suffix}")


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_bomb_is_told_by_its_ratio_however_it_is_packed(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"bomb.csv{suffix}").write_bytes(PACKERS[suffix](b"id,text\n" + b"0" * (4 << 20)))
    with pytest.raises(SourceError, match="a zip bomb"):
        rows(tmp_path / f"bomb.csv{suffix}", limits=SourceLimits(ratio_grace_bytes=1 << 20))


def test_xz_that_asks_for_gigabytes_of_memory_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 600 << 20}]
    (tmp_path / "set.csv.xz").write_bytes(lzma.compress(CSV, filters=filters))
    with pytest.raises(SourceError, match=r"damaged or cannot be unpacked.*[Mm]emory"):
        rows(tmp_path / "set.csv.xz")


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(path)
    return path


TABLE = [["id", "text", "target"], ["1200000007919023757", "Fire", 1], [], [2.0, 'say "no", now', 0.0], [3, None, True]]


def test_the_only_filled_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "set.xlsx", Tweets=TABLE, Empty=[])
    assert [(row["id"], row["text"], row["label"]) for row in rows(path)] == [
        ("1200000007919023757", "Fire", "1"),
        ("2", 'say "no", now', "0"),
        ("3", None, "true"),
    ]


def test_of_several_sheets_one_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "set.xlsx", Notes=[["about"], ["these"]], Tweets=TABLE)
    with pytest.raises(SourceError, match=r"has 2 sheets, 'Notes', 'Tweets': say which one with --sheet"):
        rows(path)
    assert len(rows(path, ColumnMap(sheet="Tweets"))) == 3
    with pytest.raises(SourceError, match="has no sheet 'Tweet'; its sheets are 'Notes', 'Tweets'"):
        rows(path, ColumnMap(sheet="Tweet"))


def test_cells_of_a_workbook_are_text_and_surplus_ones_cost_their_row(tmp_path: Path) -> None:
    cells = [["id", "text"], [1.2e18, date(2020, 1, 6)], [1, "Fire", None, "more"], [2, 0.5]]
    found = rows(workbook(tmp_path / "set.xlsx", A=cells))
    assert [(row["id"], row["text"]) for row in found] == [
        ("1.2E+18", "2020-01-06T00:00:00"),
        (None, None),
        ("2", "0.5"),
    ]
    assert found[1]["malformed"] == "4 cells instead of 2"


def test_a_workbook_in_a_folder_is_one_of_its_tables(tmp_path: Path) -> None:
    workbook(tmp_path / "b.xlsx", A=TABLE)
    (tmp_path / "a.csv").write_bytes(CSV)
    assert len(rows(tmp_path)) == 5


@pytest.mark.parametrize("others", [{}, {"a.csv": CSV}])
def test_a_workbook_in_an_archive_is_read_too(tmp_path: Path, others: dict[str, bytes]) -> None:
    workbook(tmp_path / "b.xlsx", A=TABLE)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(tmp_path / "b.xlsx", "b.xlsx")
        for name, content in others.items():
            archive.writestr(name, content)
    assert len(rows(tmp_path / "set.zip")) == 3 + 2 * len(others)


@pytest.mark.parametrize("content", ["<x/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><workbook>&b;</workbook>", ""])
def test_a_broken_workbook_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "set.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", content)
        archive.writestr("xl/workbook.xml", content)
    with pytest.raises(SourceError, match=r"set\.xlsx is not a sound workbook"):
        rows(path)


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "set.xlsx", A=TABLE)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * (4 << 20))
    with pytest.raises(SourceError, match="a zip bomb"):
        rows(path, limits=SourceLimits(ratio_grace_bytes=1 << 20))


def page(title: str, text: str, ns: int = 0, more: str = "") -> str:
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>{len(title)}</id>{more}<revision><id>99</id>"
        f'<model>wikitext</model><text xml:space="preserve">{text}</text></revision></page>'
    )


DUMP = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/"><siteinfo><sitename>W</sitename></siteinfo>'
    + page("Oakton", "{{Infobox|a=b}} '''Oakton''' is a [[town (place)|town]]&lt;ref&gt;x&lt;/ref&gt; &amp;amp; port.")
    + page("Mill", "[[File:mill.jpg|thumb|A [[mill]]]]\n== Fire ==\n* It burned.\n[[Category:Mills]]")
    + page("Old", "#REDIRECT [[Oakton]]", more='<redirect title="Oakton" />')
    + page("Talk:Mill", "Is it?", ns=1)
    + "</mediawiki>"
)


@pytest.mark.parametrize("packed", [False, True])
def test_a_wiki_dump_is_its_articles_without_markup(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("dump.xml.bz2" if packed else "dump.xml")
    path.write_bytes(bz2.compress(DUMP.encode()) if packed else DUMP.encode())
    notes = ReadingNotes()
    assert documents(path, notes) == [
        ("6", "Oakton", "Oakton is a town & port."),
        ("4", "Mill", "Fire\nIt burned."),
    ]
    assert notes.report()["no_texts"] == {"wiki redirect": 1, "wiki page that is not an article": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (DUMP[:-40], "is not a sound wiki dump"),
        ('<?xml version="1.0"?><mediawiki><!DOCTYPE a [<!ENTITY b "c">]></mediawiki>', "is not a sound wiki dump"),
        ("<mediawiki><page><title>" + "a" * 5000 + "</title></page></mediawiki>", "holds a page of more than 4,000"),
    ],
)
def test_a_hostile_dump_is_refused(tmp_path: Path, content: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.sources.wikis.PAGE_CHARACTERS", 4000)
    (tmp_path / "dump.xml").write_text(content)
    with pytest.raises(SourceError, match=message):
        documents(tmp_path / "dump.xml")


def test_a_dump_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "dump.xml").write_text(DUMP)
    with pytest.raises(SourceError, match="is a wiki dump, no table"):
        rows(tmp_path / "dump.xml")


CONLLU = """# newdoc id = a
# sent_id = s1
# text = Smoke hung over the mill.
1\tSmoke\tsmoke\tNOUN\tNN\t_\t2\tnsubj\t_\t_
2\thung\thang\tVERB\tVBD\t_\t0\troot\t_\t_

# sent_id = s2
1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\tde\tADP\t_\t_\t3\tcase\t_\t_
2\tle\tle\tDET\t_\t_\t3\tdet\t_\t_
3\tpain\tpain\tNOUN\t_\t_\t0\troot\t_\tSpaceAfter=No
3.1\tmissing\tmissing\tVERB\t_\t_\t_\t_\t_\t_
4\t!\t!\tPUNCT\t_\t_\t3\tpunct\t_\t_
"""


def test_sentences_of_conllu_are_read_without_their_annotations(tmp_path: Path) -> None:
    (tmp_path / "set.conllu").write_text(CONLLU)
    assert documents(tmp_path / "set.conllu") == [("s1", None, "Smoke hung over the mill."), ("s2", None, "du pain!")]


def test_sentences_of_leipzig_lose_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "eng-sentences.txt").write_text("1\tSmoke hung over the mill.\n2\tThe 7 families moved.\n3\tOnly one\n")
    texts = [text for _, _, text in documents(tmp_path / "eng-sentences.txt")]
    assert texts == ["Smoke hung over the mill.", "The 7 families moved.", "Only one"]


NO_TEXTS = {
    "style.css": "body {\n  margin: 0;\n}\n.note, .hint {\n  color: #fff;\n}\n",
    "program.js": "var a = 1;\nfunction f(x) {\n  return x + a;\n}\nf(2);\n",
    "minified.js": "!function(e,t){var n=e.a;for(var r=0;r<t.length;r++){n[r]=t[r]}return n}(window,[1,2,3]);" * 3,
    "a.rels": '<?xml version="1.0"?><Relationships><Relationship Id="1"/></Relationships>',
    "chapter.xhtml": "<div>Smoke hung over the mill</div>",
    "program.py": "import re\n\n\ndef shout(text):\n    words = text.split()\n    return re.sub('a', 'b', words[0])\n",
    "page.html": "<!-- saved -->\n<html><body><p>Smoke hung over the mill.</p></body></html>",
    "part.htm": "<p class='lead'>Smoke hung over the mill.</p>",
    "counts.txt": "".join(f"{number}\t{number * 17}\t{number / 3}\n" for number in range(40)),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "weights.bin": bytes(range(256)) * 4,
    "paper": b"%PDF-1.7\n" + b"Smoke " * 20,
    "data.sqlite": b"SQLite format 3\x00" + bytes(100),
}


@pytest.mark.parametrize("name", NO_TEXTS)
def test_what_is_no_text_is_never_taken_for_a_corpus(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = NO_TEXTS[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError, match=f"{name} is "):
        documents(tmp_path / name)
    (tmp_path / "text").write_text(PROSE)
    notes = ReadingNotes()
    with caplog.at_level(logging.WARNING):
        assert len(documents(tmp_path, notes)) == 2
    assert list(notes.passed_over) == [name]
    assert f"{name} passed over" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "Дым висел над мельницей; две семьи переехали в школу.\n" * 3,
        "火災發生在磨坊附近，兩個家庭搬到學校。\n" * 4,
        "मिल के ऊपर धुआँ था और दो परिवार स्कूल चले गए।\n" * 3,
        "Smoke;\nFire;\nThe mill burns, the river rises;\nand nobody sleeps;\n",
        "😱😱😱 🔥 https://t.co/a1b2c3 #fire @ann\n" * 3,
        "He said: if (x) then {y} [sic]; so it goes.\n" + PROSE,
        "# Notes\n\n<!-- draft -->\n" + PROSE + "\n\n```\nimport re\n```\n" + PROSE,
    ],
)
def test_text_of_any_kind_is_text(tmp_path: Path, text: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "a").write_bytes(text.encode(encoding))
        assert documents(tmp_path / "a")


@pytest.mark.parametrize("member", ["META-INF/container.xml", "word/document.xml"])
def test_a_book_or_document_is_refused_by_its_kind_and_passed_over_among_others(tmp_path: Path, member: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(member, "<x/>")
        archive.writestr("OEBPS/ch1.xhtml", "<p>It was the best of times</p>")
    for read in (documents, rows):
        with pytest.raises(SourceError, match=r"x\.zip is an? (ePub book|Word document): save it as plain text"):
            read(tmp_path / "x.zip")
    (tmp_path / "a.txt").write_text(PROSE)
    assert len(documents(tmp_path)) == 2


@pytest.mark.parametrize("name", ["notes.md", "page.html", "story.py"])
def test_texts_among_others_are_told_by_content_not_by_name(tmp_path: Path, name: str) -> None:
    for each in ("a.txt", name):
        (tmp_path / each).write_text(PROSE)
    assert len(documents(tmp_path)) == 4


def test_a_sheet_is_named_on_the_command_line_and_travels_with_the_columns() -> None:
    from flows.cli.options import LabelledTable

    assert LabelledTable(sheet="Tweets").column_map() == ColumnMap(sheet="Tweets")
