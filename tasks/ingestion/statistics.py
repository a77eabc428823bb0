"""The figures of a data report, added up batch by batch in bounded memory."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import SPLITS
from tasks.ingestion.keyword_counts import KeywordCounts
from tasks.ingestion.token_sample import NO_LABEL, TWO, TokenSample, count_classes
from tasks.sources.records import to_json

MOST_WORDS, MOST_CHARACTERS, CHARACTERS_PER_BAR = 60, 400, 10
EXAMPLES = 3
KEYWORDS = 15
# Before repair, on the text as it came.
RAW_FACTS = {"mojibake": r"[\x80-\x9f]", "html_entities": r"&#?\w+;", "newlines": r"\n"}

QUARANTINE_FIGURES = ("kept", "quarantined_share")

Row = dict[str, Any]


class Tally:
    """Rows read, repaired, kept and quarantined, and examples of the latter."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        """`classes` are the names of those of a label of more than two."""
        self.classes = classes
        self.read = self.kept = self.repaired = 0
        self.raw: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()  # as `fold_word` folds them
        self.examples: dict[str, list[Row]] = defaultdict(list)
        self.tokens = TokenSample(classes)

    @property
    def quarantined(self) -> int:
        """Rows quarantined, under whatever rule."""
        return sum(self.rules.values())

    def add_raw(self, batch: pa.RecordBatch) -> None:
        """Count a batch as it came."""
        self.read += batch.num_rows
        for name in {"keyword", "location"}.intersection(batch.schema.names):
            self.raw[f"no_{name}"] += batch[name].null_count
        for name, pattern in RAW_FACTS.items():
            self.raw[name] += pc.sum(pc.match_substring_regex(batch["text"], pattern), min_count=0).as_py()

    def add_labels(self, labels: pa.Array) -> None:
        """Count the words of a label column."""
        for each in pc.value_counts(labels.drop_null()).to_pylist():
            self.labels[each["values"]] += each["counts"]

    def add_quarantined(self, rows: list[Row]) -> None:
        """Count quarantined rows (columns of the quarantine), and keep the first of every rule as examples."""
        for row in rows:
            self.rules[row["rule"]] += 1
            if len(self.examples[row["rule"]]) < EXAMPLES:
                self.examples[row["rule"]].append(row)

    def include(self, later: "Tally") -> None:
        """Add the figures of rows that come after these."""
        for name in ("read", "kept", "repaired"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in ("raw", "repairs", "rules", "labels"):
            getattr(self, name).update(getattr(later, name))
        _add_examples(self.examples, later.examples)
        self.tokens.include(later.tokens)

    def counts(self) -> dict[str, int]:
        """The figures that every report begins with."""
        return {
            "read": self.read,
            "kept": self.kept,
            "quarantined": self.quarantined,
            "conflicting": self.rules["conflicting-labels"],
            "duplicates": self.rules["duplicate"],
            "repaired": self.repaired,
        }

    def report(self) -> dict[str, Any]:
        """All figures as plain values."""
        return {
            "counts": self.counts(),
            "repairs": dict(sorted(self.repairs.items())),
            "raw": dict(sorted(self.raw.items())),
            "rules": dict(sorted(self.rules.items(), key=lambda each: (-each[1], each[0]))),
            "examples": dict(sorted(self.examples.items())),
            "tokens": self.tokens.top(),
        }


class TweetTally(Tally):
    """Also how labels, splits, lengths and keywords are distributed."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        super().__init__(classes)
        self._labels = tuple(map(str, range(len(classes) or TWO)))
        self.splits: Counter[tuple[str, str]] = Counter()
        self.missing: Counter[str] = Counter()
        self.keywords = KeywordCounts()
        self._shown: dict[str, list[str]] = defaultdict(list)
        self.words = np.zeros((len(self._labels) + 1, MOST_WORDS + 1), np.int64)
        self.characters = np.zeros((len(self._labels) + 1, MOST_CHARACTERS // CHARACTERS_PER_BAR + 1), np.int64)

    def add_kept(self, kept: pa.Table, sampled: np.ndarray, rows: np.ndarray | None = None) -> None:
        """Count kept rows (schema of the table of tweets); `sampled` says whose words to look at, bool (rows,).

        `rows` are their numbers in the source, where they are a part of it; `settle` once all before one were counted.
        """
        label = pc.fill_null(kept["target"].cast(pa.string()), NO_LABEL)
        self.kept += len(kept)
        for split, name, count in _pairs(kept["split"], label):
            self.splits[split, name] += count
        for name in ("keyword", "location"):
            self.missing[name] += kept[name].null_count
        self._add_lengths(kept["text"], kept["target"])
        self._add_keywords(kept["keyword"], label, np.zeros(len(kept), np.int64) if rows is None else rows)
        self._remember(kept, label)
        training = kept["split"].to_numpy(zero_copy_only=False) == "train"
        chosen = pa.array(np.logical_and(sampled, training))
        self.tokens.add(kept["text"].filter(chosen), label.filter(chosen))

    def _add_lengths(self, texts: pa.ChunkedArray, targets: pa.ChunkedArray) -> None:
        codes = pc.fill_null(targets, len(self._labels)).to_numpy().astype(np.int64)
        words = np.minimum(pc.count_substring_regex(texts, r"\S+").to_numpy(), MOST_WORDS)
        characters = np.minimum(pc.utf8_length(texts).to_numpy(), MOST_CHARACTERS) // CHARACTERS_PER_BAR
        self.words += _bars(codes, words, self.words.shape)
        self.characters += _bars(codes, characters, self.characters.shape)

    def _remember(self, kept: pa.Table, label: pa.ChunkedArray) -> None:
        """Keep the first rows of every label, and without keyword or location, for a refusal to show."""
        missing = {f"missing_{name}_share": pc.is_null(kept[name]) for name in ("keyword", "location")}
        for name, mask in ({each: pc.equal(label, each) for each in (*self._labels, NO_LABEL)} | missing).items():
            wanted = EXAMPLES - len(self._shown[name])
            if wanted:
                rows = kept.filter(mask).slice(0, wanted).select(["source", "source_row", "id", "text", "target"])
                self._shown[name] += [to_json(row) for row in rows.to_pylist()]

    def _add_keywords(self, keywords: pa.ChunkedArray, label: pa.ChunkedArray, rows: np.ndarray) -> None:
        given = pc.is_valid(keywords)
        numbers = rows[given.to_numpy()]
        self.keywords.add(keywords.filter(given), label.filter(given), numbers)

    def include(self, later: Tally) -> None:
        """Add the figures of rows that come after these."""
        super().include(later)
        if isinstance(later, TweetTally):
            self.splits.update(later.splits)
            self.missing.update(later.missing)
            self.keywords.include(later.keywords)
            _add_examples(self._shown, later._shown)
            self.words += later.words
            self.characters += later.characters

    def figures(self) -> dict[str, float]:
        """What the contract of a whole table looks at; shares of nothing are 0."""
        labels: Counter[str] = Counter()
        for (_, label), count in self.splits.items():
            labels[label] += count
        known = [labels[each] for each in self._labels]
        learned = [self.splits["train", each] for each in self._labels]
        return {
            "kept": self.kept,
            "quarantined_share": self.quarantined / max(self.read, 1),
            "classes": sum(rows > 0 for rows in known),
            "positive_share": labels["1"] / max(sum(known), 1),
            "commonest_share": max(known) / max(sum(known), 1),
            "rarest_rows": min(learned),
            **{f"missing_{name}_share": self.missing[name] / max(self.kept, 1) for name in ("keyword", "location")},
        }

    def commonest_fault(self, figure: str) -> str:
        """Why most of the rows that are missing were quarantined, for the `figures` that rows are missing from.

        Of too rare a class, which it is.
        """
        if figure == "rarest_rows":
            rarest = min(self._labels, key=lambda each: self.splits["train", each])
            return f" ({self.classes[int(rarest)]}): bring more, or give its values the words of another class"
        if figure not in QUARANTINE_FIGURES or not self.rules:
            return ""
        rule, rows = self.rules.most_common(1)[0]
        return f", {rows} of them under {rule} ({self.examples[rule][0]['reason']})"

    def offending_rows(self, figure: str) -> list[str]:
        """Up to three rows, as JSON, that made one of the `figures` what it is."""
        if figure in QUARANTINE_FIGURES:
            rows = [row["record"] for examples in self.examples.values() for row in examples]
            return (rows or list(chain.from_iterable(self._shown.values())))[:EXAMPLES]
        if figure in ("classes", "positive_share", "commonest_share", "rarest_rows"):
            of_label = {each: sum(self.splits[split, each] for split in SPLITS) for each in self._labels}
            return self._shown[max(of_label, key=lambda each: of_label[each])]
        return self._shown[figure]

    def report(self) -> dict[str, Any]:
        """All figures as plain values."""
        return super().report() | {
            "splits": {split: self._split(split) for split in SPLITS},
            "missing": dict(self.missing),
            "words": self._by_label(self.words),
            "characters": self._by_label(self.characters),
            "keywords": self._top_keywords(),
            **({"classes": list(self.classes)} if self.classes else {}),
        }

    def _split(self, split: str) -> Row:
        counts = {label: self.splits[split, label] for label in (*self._labels, NO_LABEL)}
        negatives = {} if self.classes else {"negatives": counts["0"]}
        return {"rows": sum(counts.values()), **count_classes(counts, self.classes), **negatives}

    def _by_label(self, bars: np.ndarray) -> dict[str, list[int]]:
        """The bars of every label that occurs."""
        return {label: row.tolist() for label, row in zip((*self._labels, NO_LABEL), bars, strict=True) if row.any()}

    def _top_keywords(self) -> list[Row]:
        counts, totals = self.keywords.totals(), Counter[str]()
        for (keyword, _), count in counts.items():
            totals[keyword] += count
        ranked = sorted(totals.items(), key=lambda each: (-each[1], each[0]))[:KEYWORDS]
        return [
            {
                "keyword": word,
                "rows": count,
                **count_classes({label: counts[word, label] for label in self._labels}, self.classes),
            }
            for word, count in ranked
        ]


class DocumentTally(Tally):
    """Also how long documents are, and how many words there are together."""

    def __init__(self) -> None:
        super().__init__()
        self.words = 0
        self.lengths = np.zeros(32, np.int64)  # bar i: documents of 2^i to 2^(i+1) - 1 words

    def add_kept(self, kept: pa.Table, sampled: np.ndarray) -> None:
        """Count kept documents; `sampled` says whose words to look at, bool (rows,)."""
        self.kept += len(kept)
        words = pc.count_substring_regex(kept["text"], r"\S+").to_numpy()
        self.words += int(words.sum())
        self.lengths += np.bincount(np.log2(np.maximum(words, 1)).astype(np.int64), minlength=len(self.lengths))
        texts = kept["text"].filter(pa.array(sampled))
        beginnings = pc.utf8_slice_codeunits(texts, 0, 2000)
        self.tokens.add(beginnings, pa.chunked_array([[NO_LABEL] * len(texts)], pa.string()))

    def report(self) -> dict[str, Any]:
        """All figures as plain values."""
        return super().report() | {"total_words": self.words, "lengths": np.trim_zeros(self.lengths, "b").tolist()}


def _add_examples(known: dict[str, list[Any]], later: dict[str, list[Any]]) -> None:
    """Add later examples of each name, until there are enough."""
    for name, examples in later.items():
        known[name] += examples[: EXAMPLES - len(known[name])]


def _bars(codes: np.ndarray, lengths: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How many rows have each label code and length."""
    return np.bincount(codes * shape[1] + lengths, minlength=shape[0] * shape[1]).reshape(shape)


def _pairs(first: pa.ChunkedArray, second: pa.ChunkedArray) -> list[tuple[str, str, int]]:
    """How often each pair of values occurs."""
    table = pa.table({"first": first, "second": second})
    counted = table.group_by(["first", "second"]).aggregate([([], "count_all")]).to_pylist()
    return [(row["first"], row["second"], row["count_all"]) for row in counted]
