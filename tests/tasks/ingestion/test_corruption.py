"""Spoilt rows among good ones: each is caught under its rule or repaired, no good row is touched, every count is exact.

Fifteen kinds, 5,000 rows here; `make bench-corruption` does the same with 100,000.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from corruption import CORRUPTIONS, CorruptedFile, corrupt, write_csv

from models.sample import COLUMNS, clean_rows
from tasks import sources
from tasks.ingestion import ingest_tweets
from tasks.ingestion.retry import retry_tweets

ROWS, EACH = 5_000, 20


@dataclass(frozen=True)
class Ingested:
    """The clean file and the spoilt one, and the tables made of them."""

    spoilt: CorruptedFile
    clean_source: Path
    clean: Path
    table: Path

    def rows(self, name: str = "tweets.parquet") -> pa.Table:
        return pq.read_table(self.table / name)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("corruption")
    rows = clean_rows(ROWS, seed=5)
    spoilt = corrupt(rows, COLUMNS, EACH, seed=5)
    for name, data in (("clean", write_csv(rows, COLUMNS)), ("spoilt", spoilt.data)):
        (folder / name).mkdir()
        (folder / name / "tweets.csv").write_bytes(data)
    source = sources.fetch(folder / "clean" / "tweets.csv")
    return Ingested(
        spoilt, source, ingest_tweets(source), ingest_tweets(sources.fetch(folder / "spoilt" / "tweets.csv"))
    )


def test_every_spoilt_row_is_caught_under_its_rule_and_no_other_row_is(ingested: Ingested) -> None:
    quarantine = ingested.rows("quarantine.parquet")
    caught = dict(zip(quarantine["source_row"].to_pylist(), quarantine["rule"].to_pylist(), strict=True))
    assert caught == ingested.spoilt.rules
    assert Counter(ingested.spoilt.kinds.values()) == {kind.name: EACH for kind in CORRUPTIONS}


def test_all_other_rows_are_those_of_the_clean_file_repaired_ones_included(ingested: Ingested) -> None:
    clean = pq.read_table(ingested.clean / "tweets.parquet")
    assert len(clean) == ROWS
    unspoilt = pc.invert(pc.is_in(clean["source_row"], pa.array(list(ingested.spoilt.rules), pa.int64())))
    assert ingested.rows().equals(clean.filter(unspoilt))


def test_every_count_is_exact(ingested: Ingested) -> None:
    report = json.loads((ingested.table / "report.json").read_text())
    bad = len(ingested.spoilt.rules)
    assert [report["counts"][name] for name in ("read", "kept", "quarantined")] == [ROWS, ROWS - bad, bad]
    assert report["rules"] == Counter(ingested.spoilt.rules.values())


def test_a_retry_with_the_clean_file_gives_the_clean_table(ingested: Ingested) -> None:
    retried = retry_tweets(ingested.table, ingested.clean_source)
    assert pq.read_table(retried / "tweets.parquet").equals(pq.read_table(ingested.clean / "tweets.parquet"))
    assert pq.read_metadata(retried / "quarantine.parquet").num_rows == 0
