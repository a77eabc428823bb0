"""Texts with labels of kinds: named by their columns, split by group as the tweets are, not learned where held out."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import TextSettings
from models.splitting.splits import group_digests
from tasks import sources, tracking
from tasks.evaluation.leakage import exclude_texts
from tasks.ingestion.kinds import KINDS, NAMES, _chosen, _class_columns, gather_kinds
from tasks.ingestion.labelled_texts import check_labelled_texts
from tasks.store import formats

TEXT = TextSettings()
CLASSES = ("damage", "donations", "warning")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety texts, each of one type and every other one of a source."""
    folder = tmp_path_factory.mktemp("kinds")
    lines = ["Tweet Text, Information Type,label"]
    lines += [
        f"{CLASSES[n % 3]} at place {chr(97 + n % 26)}{chr(97 + n // 26)},{CLASSES[n % 3]},{'seen' if n % 2 else ''}"
        for n in range(90)
    ]
    lines[1:31] = [f"{line.rpartition(',')[0]},told" for line in lines[1:31]]
    (folder / "kinds.csv").write_text("\n".join(lines) + "\n")
    with tracking.tracked_run("root", "test") as run:
        return check_labelled_texts.fn(run, sources.fetch(str(folder / "kinds.csv")))


def tweets_of(split_of: dict[str, str]) -> Path:
    """Checked tweets of these texts and splits."""
    texts, splits = pa.array(list(split_of), pa.string()), pa.array(list(split_of.values()), pa.string())
    table = pa.table({"text": texts, "group": group_digests(texts), "split": splits})
    return formats.write_artifact("tweets", {"tweets.parquet": table, "report.json": {"split": {"test_share": 0.2}}})


def gathered(checked: Path, tweets: Path, *columns: str) -> Path:
    with tracking.tracked_run("root", "test") as run:
        return gather_kinds.fn(run, [checked], tweets, columns, TEXT)


def test_kinds_are_named_by_their_columns_and_never_as_a_column_of_scores(checked: Path) -> None:
    made = gathered(checked, tweets_of({"fire": "train"}))
    classes = json.loads((made / NAMES).read_text())
    assert classes == {"information_type": list(CLASSES), "kind_label": ["seen", "told"]}
    table = pq.read_table(made / KINDS)
    assert len(table) == len(formats.read_tokens(made)) == 90
    assert set(table["split"].to_pylist()) == {"train", "validation", "test"}
    assert table["kind_label"].null_count == 30
    assert all(
        kind in text
        for text, kind in zip(table["text"].to_pylist(), table["information_type"].to_pylist(), strict=True)
    )


def test_a_column_may_be_chosen_and_one_that_is_not_there_is_refused(checked: Path) -> None:
    tweets = tweets_of({"fire": "train"})
    made = gathered(checked, tweets, "information type")
    assert list(json.loads((made / NAMES).read_text())) == ["information_type"]
    with pytest.raises(
        ValueError, match="no column 'urgency' sorts texts into classes: there are Information Type, label"
    ):
        gathered(checked, tweets, "urgency")


def test_kinds_that_would_share_a_column_of_a_scored_file_are_refused() -> None:
    assert _chosen(["a/type", "b/type", "size"], ()) == {"a/type": "a_type", "b/type": "b_type", "size": "size"}
    with pytest.raises(ValueError, match="type and type_probability would be told in columns of one name"):
        _chosen(["type", "type_probability"], ())
    assert _chosen(["type", "type_probability"], ("Type",)) == {"type": "type"}


def test_a_kind_that_would_share_a_column_with_a_class_of_the_label_is_refused_by_name(home: Path) -> None:
    tweets = formats.write_artifact("tweets", {"report.json": {"classes": ["storm", "x probability"]}})
    columns = _class_columns(tweets)
    with pytest.raises(ValueError, match="Probability Storm would be told in the column probability_storm, as the"):
        _chosen(["Probability Storm"], (), columns)
    with pytest.raises(ValueError, match="as the class 'x probability' of the label is"):
        _chosen(["probability x"], (), columns)
    assert _chosen(["storm"], (), columns) == {"storm": "storm"}


def test_a_text_is_in_the_split_of_its_near_duplicate_among_the_tweets(checked: Path) -> None:
    everywhere = {
        f"RT @me: {CLASSES[n % 3].upper()} at place {chr(97 + n % 26)}{chr(97 + n // 26)}!": "test" for n in range(45)
    }
    table = pq.read_table(gathered(checked, tweets_of(everywhere), "information type") / KINDS)
    held = set(group_digests(pa.array(list(everywhere))).to_pylist())
    splits = [
        split
        for group, split in zip(table["group"].to_pylist(), table["split"].to_pylist(), strict=True)
        if group in held
    ]
    assert splits == ["test"] * 45


def test_what_is_left_to_learn_must_be_of_two_classes(checked: Path) -> None:
    texts = pq.read_table(formats.shards(checked)[0])["text"].to_pylist()
    with pytest.raises(ValueError, match="a kind is learned from texts of two classes at least"):
        gathered(checked, tweets_of(dict.fromkeys(texts, "test")), "information type")


def test_held_out_texts_of_kinds_are_left_out_of_what_networks_are_trained_on_first(checked: Path) -> None:
    tweets = tweets_of({"fire": "train"})
    kinds = pq.read_table(gathered(checked, tweets) / KINDS)
    held = {
        text
        for text, split in zip(kinds["text"].to_pylist(), kinds["split"].to_pylist(), strict=True)
        if split != "train"
    }
    labelled = formats.write_artifact("labelled", {"groups.parquet": pa.table({"group": pa.array([], pa.string())})})
    with tracking.tracked_run("root", "test") as run:
        left = exclude_texts.fn(run, [checked], labelled, [], gathered(checked, tweets))
    texts = set(pq.read_table(formats.shards(left)[0])["text"].to_pylist())
    assert held
    assert not texts & held
    assert len(texts) == 90 - len(held)


def test_the_column_of_the_text_may_be_named(tmp_path: Path) -> None:
    rows = [
        f"{('flood', 'fire')[n % 2]} at place {chr(97 + n % 26)}{chr(97 + n // 26)},{n % 2},{('water', 'heat')[n % 2]}"
        for n in range(60)
    ]
    (tmp_path / "tweets.csv").write_text("\n".join(["said of it,target,what", *rows]) + "\n")
    with tracking.tracked_run("root", "test") as run:
        read = check_labelled_texts.fn(run, sources.fetch(str(tmp_path / "tweets.csv")), None, "said of it")
    table = pq.read_table(gathered(read, tweets_of({"fire": "train"}), "what") / KINDS)
    assert {
        (text.split()[0], what)
        for text, what in zip(*(table[name].to_pylist() for name in ("text", "what")), strict=True)
    } == {
        ("flood", "water"),
        ("fire", "heat"),
    }
