"""Quotes, escapes, row names and line ends: decided by the file, so that no row swallows another; doubt is refused."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.sources import ColumnMap, ReadingNotes, SourceError, read_tweets
from tasks.sources.lines import BLOCK_CHARACTERS

HEADER = "id\ttext\ttarget\n"


def read(path: Path, content: str, columns: ColumnMap | None = None, notes: ReadingNotes | None = None) -> pa.Table:
    path.write_bytes(content.encode())
    batches = read_tweets(path, columns, notes=notes)
    return pa.Table.from_batches([batch.drop_columns(["record"]) for batch in batches])


def texts(path: Path, content: str, columns: ColumnMap | None = None) -> list[str | None]:
    table = read(path, content, columns)
    assert table["malformed"].null_count == len(table)
    return table["text"].to_pylist()


def test_quotes_that_do_not_close_are_characters(tmp_path: Path) -> None:
    """Read as syntax, the first quote would swallow the row after it, and give its text the label of that row."""
    content = HEADER + '1\t"Fire at the mill\t0\n2\tFlood in Oakton\t1\n3\tthey said"\t1\n'
    content += "4\tcalm\t0\n5\thot\t1\n6\tdry\t0\n"
    assert texts(tmp_path / "a.tsv", content)[:3] == ['"Fire at the mill', "Flood in Oakton", 'they said"']


def test_quotes_that_are_not_doubled_inside_are_characters(tmp_path: Path) -> None:
    content = HEADER + '1\t"Evacuate" is what they said\t1\n2\t"all of it"\t0\n'
    assert texts(tmp_path / "a.tsv", content) == ['"Evacuate" is what they said', '"all of it"']


def test_quotes_around_the_cells_that_need_them_are_syntax(tmp_path: Path) -> None:
    content = HEADER + '1\t"He said ""run"""\t0\n2\tcalm\t1\n'
    assert texts(tmp_path / "a.tsv", content) == ['He said "run"', "calm"]


@pytest.mark.parametrize("kind", ["none", "minimal"])
def test_both_kinds_in_one_file_are_refused_until_said(tmp_path: Path, kind: str) -> None:
    content = 'id,text,target\n1,"Fire,1\n2,"so, calm",0\n3,hot,0\n'
    with pytest.raises(SourceError, match=r"--quoting minimal .* or --quoting none"):
        read(tmp_path / "a.csv", content)
    table = read(tmp_path / "a.csv", content, ColumnMap(quoting=kind))
    assert table["id"].to_pylist() == ([None, "2", "3"] if kind == "minimal" else ["1", None, "3"])


def test_needless_quotes_among_plain_cells_are_refused(tmp_path: Path) -> None:
    content = 'id,text\n1,Fire\n2,"calm"\n3,hot\n'
    with pytest.raises(SourceError, match=r"may enclose cells or be characters .*\"calm\""):
        read(tmp_path / "a.csv", content)
    assert texts(tmp_path / "a.csv", content, ColumnMap(quoting="none")) == ["Fire", '"calm"', "hot"]


def test_a_cell_that_holds_whole_rows_is_set_aside(tmp_path: Path) -> None:
    """A row in it fits the columns by number, id and label: it was not part of a text."""
    sound = "".join(f'{number},"so, calm {number}",{number % 2}\n' for number in range(10, 60))
    table = read(tmp_path / "a.csv", f'id,text,target\n{sound}61,"Fire, fire\n62,flood,1\n63,hot",1\n')
    assert table["malformed"].to_pylist()[-1] == (
        "a cell in quotes holds what look like whole rows: a quote that is not closed?"
    )
    assert len(table) == 51


def test_a_text_of_several_lines_stays_one_text(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", 'id,text,target\n1,"Fire,\n2 dead\nsmoke",1\n2,calm,0\n') == [
        "Fire,\n2 dead\nsmoke",
        "calm",
    ]


def test_a_quoting_that_changes_far_down_is_refused(tmp_path: Path) -> None:
    """Decided by the first block; the rest of the file is of another kind."""
    quoted = "".join(f'{number}\t"He said ""{number}"""\t0\n' for number in range(BLOCK_CHARACTERS // 20))
    plain = "".join(f'{number}\t"{number}" he said\t0\n' for number in range(BLOCK_CHARACTERS // 8))
    with pytest.raises(SourceError, match=r"its beginning reads as if .* --quoting none"):
        read(tmp_path / "a.tsv", HEADER + quoted + plain)


def test_quotes_that_first_appear_far_down_are_decided_there(tmp_path: Path) -> None:
    plain = "".join(f"{number}\tcalm day {number}\t0\n" for number in range(BLOCK_CHARACTERS // 15))
    table = read(tmp_path / "a.tsv", HEADER + plain + '7\t"Fire\t1\n8\t"all" is lost\t1\n')
    assert table["text"].to_pylist()[-2:] == ['"Fire', '"all" is lost']


def test_backslashes_before_quotes_are_escapes(tmp_path: Path) -> None:
    content = 'id,text,target\n1,"He said \\"run\\", and ran",0\n2,"C:\\\\temp",1\n3,"calm",0\n'
    assert texts(tmp_path / "a.csv", content) == ['He said "run", and ran', "C:\\temp", "calm"]


def test_backslashes_of_a_comma_separated_file_with_sound_quotes_are_characters(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", 'id,text\n1,"C:\\new, \\\\"\n2,¯\\_(ツ)_/¯\n') == ["C:\\new, \\\\", "¯\\_(ツ)_/¯"]


def test_backslashes_that_may_be_either_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="backslashes in it may escape"):
        read(tmp_path / "a.tsv", HEADER + "1\tC:\\\\temp\t0\n")


DUMP = HEADER + '1\tFire\\nnear\\tthe \\\\ mill\t1\n2\t"Run" he said\t0\n3\t\\N\t0\n4\tlost\\\nand found\t1\n'


@pytest.mark.parametrize("quoting", [None, "none"])
def test_backslashes_escape_where_the_user_says_so(tmp_path: Path, quoting: str | None) -> None:
    found = texts(tmp_path / "dump.tsv", DUMP, ColumnMap(escape="backslash", quoting=quoting))
    assert found == ["Fire\nnear\tthe \\ mill", '"Run" he said', None, "lost\nand found"]


@pytest.mark.parametrize("quoting", [None, "minimal", "all"])
def test_escapes_stand_in_cells_in_quotes_too(tmp_path: Path, quoting: str | None) -> None:
    content = "id;text;target\n" + "".join(f'{number};"a \\"fire\\"; near\\n""town""";1\n' for number in range(4))
    found = texts(tmp_path / "a.csv", content, ColumnMap(escape="backslash", quoting=quoting))
    assert found == ['a "fire"; near\n"town"'] * 4


def test_backslashes_are_characters_where_the_user_says_so(tmp_path: Path) -> None:
    content = HEADER + "1\tC:\\\\temp\t0\n"
    assert texts(tmp_path / "a.tsv", content, ColumnMap(escape="none")) == ["C:\\\\temp"]
    assert texts(tmp_path / "b.tsv", content, ColumnMap(escape="backslash")) == ["C:\\temp"]


def test_quotes_that_are_open_beside_escapes_are_refused_until_said(tmp_path: Path) -> None:
    content = HEADER + '1\t"Fire, big"\t1\n2\tcalm\\tday\t0\n'
    with pytest.raises(SourceError, match="--quoting minimal or --quoting none"):
        read(tmp_path / "a.tsv", content, ColumnMap(escape="backslash"))
    told = {quoting: ColumnMap(escape="backslash", quoting=quoting) for quoting in ("none", "minimal")}
    assert texts(tmp_path / "a.tsv", content, told["none"])[0] == '"Fire, big"'
    assert texts(tmp_path / "a.tsv", content, told["minimal"])[0] == "Fire, big"


def test_a_refusal_for_quotes_names_the_escapes_before_them(tmp_path: Path) -> None:
    content = 'id,text\n"1","a \\"fire\\" in, town\\n x"\n"2","b"\n"3","c"\n"4","d"\n'
    with pytest.raises(SourceError, match="or --escape backslash if"):
        read(tmp_path / "a.csv", content)


@pytest.mark.parametrize("first", ['"text"\t"target"', "text\ttarget"])
def test_one_name_less_than_cells_means_row_names(tmp_path: Path, first: str) -> None:
    table = read(tmp_path / "a.tsv", f'{first}\n"1"\t"Fire"\t0\n"2"\t"Flood"\t1\n"3"\t"calm"\t0\n')
    assert table["text"].to_pylist() == ["Fire", "Flood", "calm"]
    assert table["label"].to_pylist() == ["0", "1", "0"]


def test_a_comma_too_many_in_every_row_shifts_no_column(tmp_path: Path) -> None:
    rows = "".join(f"1{number},Oakton, OR,Fire {number},1\n" for number in range(4))
    with pytest.raises(SourceError, match="one cell more than the header"):
        read(tmp_path / "a.csv", f"id,location,text,target\n{rows}")


def test_a_line_that_names_the_separator_is_obeyed(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", "sep=;\r\nid;text\r\n1;Fire, smoke\r\n2;calm, so calm\r\n") == [
        "Fire, smoke",
        "calm, so calm",
    ]


def test_a_repeated_header_is_set_aside(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "id,text\n1,Fire\nid,text\n2,calm\n")
    assert table["malformed"].to_pylist() == [None, "the header again", None]
    assert json.loads(table["original"].to_pylist()[1]) == ["id", "text"]


def test_one_column_holds_its_commas(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", 'text\nFire, smoke, dust\ncalm\n"quoted, with ""care"""\n') == [
        "Fire, smoke, dust",
        "calm",
        'quoted, with "care"',
    ]


def test_a_bare_return_in_a_file_of_line_feeds_is_text(tmp_path: Path) -> None:
    """This is how pandas writes it."""
    assert texts(tmp_path / "a.csv", "id,text,target\n1,Fire\rsmoke,1\n2,calm,0\n3,hot,0\n") == [
        "Fire\rsmoke",
        "calm",
        "hot",
    ]


def test_without_header_columns_have_numbers(tmp_path: Path) -> None:
    content = '"0","11","Fire, café"\n"4","12","calm"\n'
    with pytest.raises(SourceError, match="say --no-header and give columns by their numbers"):
        read(tmp_path / "a.csv", content)
    columns = ColumnMap(header=False, id="2", text="3", label="1")
    table = read(tmp_path / "a.csv", content, columns)
    assert table.select(["id", "text", "label"]).to_pylist()[0] == {"id": "11", "text": "Fire, café", "label": "0"}
    assert len(table) == 2


def test_a_delimiter_can_be_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="say what separates them with --delimiter"):
        read(tmp_path / "a.csv", "id^text\n1^Fire\n")
    assert texts(tmp_path / "a.csv", "id^text\n1^Fire\n", ColumnMap(delimiter="^")) == ["Fire"]


def test_a_bare_word_for_nothing_among_texts_in_quotes_is_missing(tmp_path: Path) -> None:
    content = 'id,keyword,text\n1,NA,NA\n2,"fire","nan"\n3,"flood","Flood, NA, flood"\n4,NA,"calm"\n'
    table = read(tmp_path / "a.csv", content)
    assert table["text"].to_pylist() == [None, "nan", "Flood, NA, flood", "calm"]
    assert table["keyword"].to_pylist() == [None, "fire", "flood", None]


def test_a_tweet_that_says_nan_stays_one(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", "id,text\n1,nan\n2,None\n3,calm\n") == ["nan", "None", "calm"]


def test_the_notes_say_how_a_table_was_read(tmp_path: Path) -> None:
    notes = ReadingNotes()
    read(tmp_path / "a.tsv", HEADER + '1\t"Evacuate" they said\t1\n', notes=notes)
    assert (notes.files[0].delimiter, notes.files[0].quoting) == ("\t", "quotes are characters")


def test_a_last_text_may_end_in_a_backslash(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", "id,text\n1,calm\n2,Fire \\\n") == ["calm", "Fire \\"]
