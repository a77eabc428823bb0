"""Tables by every writer at hand are read as they were written, or not at all; `make bench-files` tries many more."""

import random
from pathlib import Path

import pytest
from bench_files import judge
from table_writers import DEFAULTS, draw_table, suffix_of, writers

FOUND, MISSING = writers()
TABLES = 6


@pytest.mark.parametrize("name", FOUND)
def test_no_table_is_read_otherwise_than_it_was_written(tmp_path: Path, name: str) -> None:
    draw, allowed = random.Random(3), {"right", "half", "shared", "unwritable"}
    if name not in DEFAULTS:
        allowed |= {"refused", "aside", "shared refused"}
    for _ in range(TABLES):
        table = draw_table(draw)
        try:
            data = FOUND[name](table)
        except Exception:  # what a writer cannot write it does not write wrongly
            continue
        verdict, detail = judge(data, table, tmp_path / f"a{suffix_of(name)}", name, FOUND)
        assert verdict in allowed, detail
