"""Each family of writers is told by its habits; without it, its tables are refused or read otherwise."""

from pathlib import Path

import pytest

from tasks.sources import SourceError, deciding, read_tweets
from tasks.sources import habits as known
from tasks.sources.habits import HABITS, Habit

MINIMAL, TEXTS, BY_HAND, CHARACTERS, *OTHERS = HABITS


def habit(encloses: str, quote: str = '"', escape: str = "", escaped: str | None = None) -> Habit:
    """The one habit of these characters."""
    (found,) = (
        each
        for each in OTHERS
        if (each.encloses, each.quote, each.escape) == (encloses, quote, escape) and escaped in (None, each.escaped)
    )
    return found


TABLES = {
    "csv": (MINIMAL, 'id,text,target\n1,"Fire, ""now""",1\n2,calm,0\n', ['Fire, "now"', "calm"]),
    "pyarrow": (TEXTS, '"id","text","target"\n1,"Fire, now",1\n2,"calm",0\n', ["Fire, now", "calm"]),
    "pyarrow, quoting none": (CHARACTERS, '"id","text"\n1,a "word\n2,calm\n', ['a "word', "calm"]),
    "characters": (CHARACTERS, 'id\ttext\ttarget\n1\t"Fire" now\t1\n2\tcalm "\t0\n', ['"Fire" now', 'calm "']),
    "by hand": (BY_HAND, 'id,text,target\n1,"Fire",1\n2,"calm",0\n3,"x",0\n4,fine,0\n', ["Fire", "calm", "x", "fine"]),
    "apostrophes": (habit("needed", "'"), "id,text\n1,'Fire, it''s'\n2,calm\n", ["Fire, it's", "calm"]),
    "all in apostrophes": (habit("texts", "'"), "'id','text'\n'1','Fire, it''s'\n'2','calm'\n", ["Fire, it's", "calm"]),
    "doublequote=False": (
        habit("needed", escape="\\"),
        'id,text,target\n1,"say \\"now\\", b\\\\c",1\n2,calm,0\n3,\\"x,1\n',
        ['say "now", b\\c', "calm", '"x'],
    ),
    "DuckDB, ESCAPE": (
        habit("needed", escape="\\\\"),
        'id,text,target\n1,"Fire, \\"now\\"",1\n2,a\\b,0\n',
        ['Fire, "now"', "a\\b"],
    ),
    "MySQL, enclosed": (
        habit("texts", escape="\\", escaped='"\n\0'),
        '"id","text","target"\n"1","Fire\\\nnow\\0, \\"","1"\n"2",\\N,"0"\n',
        ['Fire\nnow\0, "', None],
    ),
    "R": (
        habit("texts", escape='\\"'),
        '"id","text","target"\n1,"say \\"now\\"",1\n2,"over C:\\",0\n',
        ['say "now"', "over C:\\"],
    ),
    "QUOTE_NONE, escaped": (
        habit("none", escape="\\", escaped='"\r\n'),
        "id,text,target\r\n1,Fire\\, now,1\r\n2,calm,0\r\n",
        ["Fire, now", "calm"],
    ),
    "MySQL, tabs": (
        habit("none", escape="\\", escaped="\n\0"),
        'id\ttext\n1\tFire\\\tnow "\n2\t\\N\n',
        ['Fire\tnow "', None],
    ),
}


def read(path: Path, data: str, encoding: str = "utf-8") -> list[str | None]:
    """The texts of a file that holds this."""
    path.write_bytes(data.encode(encoding))
    rows = [row for batch in read_tweets(path) for row in batch.to_pylist()]
    assert not [row["malformed"] for row in rows if row["malformed"]]
    return [row["text"] for row in rows]


def suffix(data: str) -> str:
    return ".tsv" if "\t" in data.splitlines()[0] else ".csv"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_as_its_writer_meant_it(tmp_path: Path, name: str) -> None:
    _, data, texts = TABLES[name]
    assert read(tmp_path / f"set{suffix(data)}", data) == texts


@pytest.mark.parametrize("name", [name for name, (each, *_) in TABLES.items() if each in OTHERS])
def test_without_its_habit_a_table_is_not_read_so(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed, data, texts = TABLES[name]
    monkeypatch.setattr(known, "HABITS", tuple(each for each in HABITS if each != needed))
    try:
        found: object = read(tmp_path / f"set{suffix(data)}", data)
    except (SourceError, AssertionError) as error:
        found = error
    assert found != texts


def test_unicode_text_of_excel_quotes_commas_without_need(tmp_path: Path) -> None:
    data = 'id\ttext\r\n1\t"Fire, now"\r\n2\tcalm\r\n'
    assert read(tmp_path / "set.txt", data, "utf-16") == ["Fire, now", "calm"]


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ("id,text\r1,Fire\nnow\r2,calm\r", ["Fire\nnow", "calm"]),
        ("id,text\n1,Fire\rnow\n2,calm\n", ["Fire\rnow", "calm"]),
        ("id,text\r\n1,Fire\r\n2,calm\r\n", ["Fire", "calm"]),
        ('id,text\n1,"Fire\n\nnow"\n2,calm\n', ["Fire\n\nnow", "calm"]),
    ],
    ids=["CR", "LF", "CRLF", "blank line"],
)
def test_the_header_tells_what_ends_a_row(tmp_path: Path, data: str, texts: list[str]) -> None:
    assert read(tmp_path / "set.csv", data) == texts


@pytest.mark.parametrize("data", ['id,text,target\n"1","calm","0"\n', '"id","text"\n"1","calm"\n'])
def test_one_row_in_needless_quotes_is_read(tmp_path: Path, data: str) -> None:
    assert read(tmp_path / "set.csv", data) == ["calm"]


def test_two_families_that_explain_different_tables_are_refused(tmp_path: Path) -> None:
    data = "id,text,target\n1,'Fire',1\n2,'calm',0\n3,it's,0\n"
    assert read(tmp_path / "set.csv", data) == ["'Fire'", "'calm'", "it's"]
    data = 'text,target\nfire \\\\\n,1\n"1,2 ;",1\nflood\\" ,0\n'
    with pytest.raises(SourceError, match="--escape backslash or --escape none"):
        read(tmp_path / "doubt.csv", data)


def test_escapes_of_r_stand_below_names_in_quotes_alone(tmp_path: Path) -> None:
    data = TABLES["R"][1].replace('"id","text","target"', "id,text,target")
    assert read(tmp_path / "set.csv", data) == ['"say \\"now\\""', '"over C:\\"']  # undoubled quotes: characters


def test_two_backslashes_before_the_last_quote_may_be_of_r_or_of_an_escape(tmp_path: Path) -> None:
    data = '"id","text","target"\n1,"say \\"now\\"",1\n2,"over C:\\\\",0\n3,"calm",0\n'
    with pytest.raises(SourceError, match="backslashes in it may escape"):
        read(tmp_path / "set.csv", data)


def test_a_damaged_row_decides_nothing_among_many_that_are_sound(tmp_path: Path) -> None:
    sound = "".join(f'{number},"Fire, now",1\n' for number in range(2, 42))
    path = tmp_path / "set.csv"
    path.write_text(f'id,text,target\n1,"never closed,0\n{sound}')
    rows = [row for batch in read_tweets(path) for row in batch.to_pylist()]
    assert [row["text"] for row in rows if not row["malformed"]] == ["Fire, now"] * 40
    assert len([row for row in rows if row["malformed"]]) == 1


def test_among_few_sound_rows_a_damaged_one_is_refused(tmp_path: Path) -> None:
    data = 'id,text,target\n1,"Fire, now",1\n2,"never closed,0\n3,"calm, too",0\n'
    with pytest.raises(SourceError, match="--quoting minimal"):
        read(tmp_path / "set.csv", data)


def test_what_a_small_part_decides_must_hold_for_all_of_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = 'id\ttext\n1\t"whole"\n' + "".join(f'{number}\t"calm" {number}\n' for number in range(2, 60))
    whole = read(tmp_path / "set.tsv", data)
    monkeypatch.setattr(deciding, "EARLY_CHARACTERS", 24)  # where quotes might enclose
    assert read(tmp_path / "set.tsv", data) == whole
    assert whole[:2] == ['"whole"', '"calm" 2']


@pytest.mark.parametrize("rest", ["", "2,caf\u00e9 calm\n"])
def test_half_an_emoji_is_damage_and_no_other_encoding(tmp_path: Path, rest: str) -> None:
    (tmp_path / "set.csv").write_bytes(b"id,text\n1,half \xed\xa0\xbd\n" + rest.encode())
    rows = [row for batch in read_tweets(tmp_path / "set.csv") for row in batch.to_pylist()]
    assert [row["undecodable"] is None for row in rows] == [False, *([True] if rest else [])]


@pytest.mark.parametrize(
    "data",
    [
        'id,text\n1,"#help now"\n2,#help bare\n',  # DuckDB encloses every cell with a hash, others none
        'id,text\r\n1,"#help now"\r\n2,calm\r\n',  # and ends its lines in LF
    ],
)
def test_quotes_around_a_hash_that_duckdb_did_not_write_are_in_doubt(tmp_path: Path, data: str) -> None:
    with pytest.raises(SourceError, match="--quoting minimal or --quoting none"):
        read(tmp_path / "set.csv", data)
    assert read(tmp_path / "set.csv", 'id,text\n1,"#help now"\n2,"#help too"\n') == ["#help now", "#help too"]


def test_a_bare_hash_beside_escaped_quotes_is_not_of_duckdb(tmp_path: Path) -> None:
    data = 'id,text\n1,\\\\N\n2,"calm\\"\n\\" homes"\n3,fire {}\n'  # by pandas, or by DuckDB of other texts
    assert read(tmp_path / "set.csv", data.format("#help")) == ["\\N", 'calm"\n" homes', "fire #help"]
    with pytest.raises(SourceError, match="--escape backslash or --escape none"):
        read(tmp_path / "set.csv", data.format("help"))


def test_lines_of_a_cell_are_no_rows_where_a_quote_is_left_at_an_end(tmp_path: Path) -> None:
    data = '"text","target"\n"calm 1,2""\n"" ",1\n"we ran",0\n'
    assert read(tmp_path / "set.csv", data) == ['calm 1,2"\n" ', "we ran"]


def test_texts_in_crlf_whose_quotes_are_escaped_are_not_of_r(tmp_path: Path) -> None:
    data = '"id","text"\r\n"1","say \\"now\\" C:\\\\"\r\n"2","calm"\r\n'
    assert read(tmp_path / "set.csv", data) == ['say "now" C:\\', "calm"]


def test_names_in_quotes_before_lines_that_end_in_crlf_are_not_what_writers_do_unasked(tmp_path: Path) -> None:
    data = '"text"\r\n"calm \\\\ \r\n"\r\n"#help, now"\r\n'  # QUOTE_ALL, with an escape or without
    with pytest.raises(SourceError, match="--escape backslash or --escape none"):
        read(tmp_path / "set.csv", data)
    assert read(tmp_path / "set.csv", data.replace('"text"', "text")) == ["calm \\\\ \r\n", "#help, now"]


@pytest.mark.parametrize("delimiter", [" ", "\t"])
def test_an_empty_text_in_quotes_does_not_make_the_name_of_a_row_an_id(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "set.tsv").write_text(f'"id"{delimiter}"text"\n"1"{delimiter}1200{delimiter}""\n')  # by R
    (row,) = [row for batch in read_tweets(tmp_path / "set.tsv") for row in batch.to_pylist()]
    assert (row["id"], row["text"]) == ("1200", None)
    (tmp_path / "set.tsv").write_text("id,text\n1200,calm,\n")  # a delimiter at the end of the row
    (row,) = [row for batch in read_tweets(tmp_path / "set.tsv") for row in batch.to_pylist()]
    assert (row["id"], row["text"]) == ("1200", "calm")
