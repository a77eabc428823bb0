"""A checked table of tweets with what people said of them: rows added, rows corrected, and labels left out aloud."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.labels.usable import QUARANTINED, Given, Verdict, judge
from models.settings import ContractSettings, SplitSettings
from models.splitting.splits import assign_splits
from tasks.ingestion.outputs import QuarantineWriter, reconcile, write_report
from tasks.ingestion.retry import AS_READ, SINCE, Table
from tasks.ingestion.statistics import TweetTally
from tasks.ingestion.token_sample import SAMPLE_ROWS
from tasks.ingestion.tweet_rows import TWEETS, checked_columns, prepare, row_checker
from tasks.labels.snapshot import TABLE
from tasks.sources import ColumnMap
from tasks.sources.records import records_json
from tasks.steps import step
from tasks.store.artifact_store import new_artifact
from tasks.tracking import Run

SOURCE = "labels"  # what the table calls the source of rows that people labelled
OWN_LABELS = "own_labels"  # in the report
NOTHING = pa.scalar(None, pa.string())


@step("add labels")
def add_labels(run: Run, tweets: Path, labels: Path) -> Path:
    """The table with the labels of a snapshot; those that cannot be used are quarantined with the reason."""
    joined = join_labels(tweets, labels)
    figures = Table.read(joined).report[OWN_LABELS]
    run.log_metrics({f"labels/{name}": count for name, count in figures["outcomes"].items()})
    for name in ("report.html", "report.json", "quarantine.parquet"):
        run.log_file(joined / name)
    return joined


def join_labels(tweets: Path, labels: Path) -> Path:
    """The same, unrecorded; the table as it was stays."""
    table = Table.read(tweets)
    joining = _Joining(table, pq.read_table(labels / TABLE))
    with new_artifact("tweets") as draft:
        kept, quarantine = draft / "tweets.parquet", draft / "quarantine.parquet"
        whole = pa.concat_tables([joining.corrected(), joining.added()]).combine_chunks()
        pq.write_table(whole, kept, compression="zstd")
        rejected = [*table.quarantined, *joining.rejected()]
        with QuarantineWriter(quarantine) as bin:
            bin.write(rejected)
        tally = joining.tally(whole, rejected)
        reconcile(tally, [kept], quarantine)
        write_report(draft, joining.report(tally, labels.name))
    return draft.final


class _Joining:
    """One joining in progress: the labels prepared as rows, and a verdict on each."""

    def __init__(self, table: Table, labels: pa.Table) -> None:
        self._table, self._split = table, SplitSettings(**table.report["split"])
        self._classes = table.columns.class_names
        # Of several classes a label is read by its number: a name could be a word that means another.
        self._columns = ColumnMap(classes=tuple(f"{number}={name}" for number, name in enumerate(self._classes)))
        rows = prepare(_as_read(labels, self._classes), self._columns.labels(), TweetTally())
        splits = assign_splits(rows["group"], self._split)
        self._rows = pa.Table.from_batches([rows]).append_column("split", splits)
        self._known = self._labels_of_groups(table.kept)
        self._verdicts = self._judged(rows, labels)

    def _judged(self, rows: pa.RecordBatch, labels: pa.Table) -> list[Verdict]:
        """The verdict on each label; those whose text breaks the contract of tweets do not take part."""
        contract = ContractSettings(**self._table.report["reading"]["contract"])
        frame = rows.select(checked_columns(labelled=True)).to_pandas()
        self._broken = row_checker(contract, self._columns, labelled=True).violations(frame)
        sound = [number for number in range(len(labels)) if number not in self._broken]
        columns = (self._rows["group"], self._rows["split"], self._rows["target"], labels["annotator"], labels["asked"])
        rows_given = zip(*(each.to_pylist() for each in columns), strict=True)
        given = [
            Given(group, split, self._named(target), who, asked) for group, split, target, who, asked in rows_given
        ]
        verdicts = dict(zip(sound, judge([given[number] for number in sound], self._known), strict=True))
        return [verdicts.get(number, Verdict("not-random")) for number in range(len(labels))]

    def _named(self, target: int | None) -> Any:
        """The label as annotators say it."""
        return self._classes[target] if self._classes and target is not None else target

    def _labels_of_groups(self, kept: pa.Table) -> dict[str, set[Any]]:
        known: dict[str, set[Any]] = defaultdict(set)
        for group, target in zip(kept["group"].to_pylist(), kept["target"].to_pylist(), strict=True):
            if target is not None:
                known[group].add(self._named(target))
        return known

    def _where(self, *outcomes: str) -> np.ndarray:
        """The numbers of the labels, of sound texts, with these outcomes."""
        found = [each.outcome in outcomes and number not in self._broken for number, each in enumerate(self._verdicts)]
        return np.flatnonzero(found)

    def corrected(self) -> pa.Table:
        """The rows of the table, those of corrected groups with the new label."""
        fixed = self._rows.take(pa.array(self._where("corrected")))
        kept = self._table.kept
        places = pc.index_in(kept["group"].cast(pa.string()), fixed["group"].combine_chunks().cast(pa.string()))
        target = pc.if_else(pc.is_valid(places), fixed["target"].take(places), kept["target"])
        return kept.set_column(kept.schema.get_field_index("target"), TWEETS.field("target"), target).cast(TWEETS)

    def added(self) -> pa.Table:
        """The rows that are new; one whose id another row has, or that has none, is named by its number."""
        new = self._rows.take(pa.array(self._where("added")))
        taken, ids = set(self._table.kept["id"].to_pylist()), []
        for tweet, number in zip(new["id"].to_pylist(), new["source_row"].to_pylist(), strict=True):
            ids.append(tweet if tweet and tweet not in taken else f"{SOURCE}:{number}")
            taken.add(ids[-1])
        named = new.set_column(new.schema.get_field_index("id"), "id", pa.array(ids, pa.string()))
        return named.select(TWEETS.names).cast(TWEETS)

    def rejected(self) -> list[dict[str, Any]]:
        """The labels that are not used, as rows of the quarantine."""
        numbers = sorted({*self._where(*QUARANTINED).tolist(), *self._broken})
        rows = self._rows.take(pa.array(numbers, pa.int64())).combine_chunks()
        records = records_json(rows.to_batches()[0]) if numbers else []
        return [
            {"source": SOURCE, "source_row": row, "record": record, "rule": rule, "reason": reason}
            for number, row, record in zip(numbers, rows["source_row"].to_pylist(), records, strict=True)
            for rule, reason in [self._why(number)]
        ]

    def _why(self, number: int) -> tuple[str, str]:
        if number in self._broken:
            return self._broken[number].rule, self._broken[number].reason
        return self._verdicts[number].outcome, self._verdicts[number].reason

    def tally(self, whole: pa.Table, rejected: Sequence[dict[str, Any]]) -> TweetTally:
        """The figures of the joined table: as rows read count those of its source, and labels added or left out."""
        tally = TweetTally(self._classes)
        tally.add_quarantined(list(rejected))
        tally.read = len(whole) + len(rejected)
        spacing = max(1, tally.read // SAMPLE_ROWS)
        tally.add_kept(whole, np.arange(len(whole)) % spacing == 0)
        return tally

    def report(self, tally: TweetTally, snapshot: str) -> dict[str, Any]:
        """All figures; those of the source as it was read are the ingest's."""
        before, counted = self._table.report, tally.report()
        counted["counts"]["repaired"] = before["counts"]["repaired"]
        return {
            **counted,
            **{name: before[name] for name in (*AS_READ, "repairs", "raw", "reading")},
            **{name: before[name] for name in SINCE if name in before},
            OWN_LABELS: self._figures(snapshot),
        }

    def _figures(self, snapshot: str) -> dict[str, Any]:
        """What became of the labels."""
        added = self._rows["split"].take(pa.array(self._where("added")))
        return {
            "snapshot": snapshot,
            "table": self._table.path.name,
            "read": len(self._verdicts),
            "outcomes": self._outcomes(),
            "splits": dict(Counter(added.to_pylist())),
        }

    def _outcomes(self) -> dict[str, int]:
        """How many labels were added, corrected a row, and so on; those of texts that break the contract by rule."""
        found = [self._why(number)[0] for number in range(len(self._verdicts))]
        return dict(Counter(found).most_common())


def _as_read(labels: pa.Table, classes: Sequence[str]) -> pa.RecordBatch:
    """The labels as `tasks.sources.read_tweets` gives rows; of several classes the number of each."""
    rows = labels.combine_chunks()
    record = rows.to_struct_array().combine_chunks()
    nothing, label = pa.nulls(len(rows), pa.string()), rows["label"]
    if classes:
        label = pc.index_in(label, pa.array(classes, pa.string()))
    columns = {
        "source": pa.array([SOURCE] * len(rows), pa.string()),
        "source_row": rows["number"].combine_chunks(),
        "id": pc.coalesce(pc.if_else(pc.equal(rows["id"], ""), NOTHING, rows["id"]), _numbered(rows)).combine_chunks(),
        "text": rows["text"].combine_chunks(),
        "keyword": rows["keyword"].combine_chunks(),
        "location": nothing,
        "label": label.cast(pa.string()).combine_chunks(),
        "record": record,
        **dict.fromkeys(("malformed", "undecodable", "original"), nothing),
    }
    return pa.RecordBatch.from_pydict(columns)


def _numbered(labels: pa.Table) -> pa.ChunkedArray:
    """An id for each label that has none."""
    return pc.binary_join_element_wise(f"{SOURCE}:", labels["number"].cast(pa.string()), "")
