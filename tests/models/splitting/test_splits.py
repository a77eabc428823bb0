"""Near-duplicates share a group, and a group keeps its split whatever arrives."""

from itertools import product
from pathlib import Path
from string import ascii_lowercase

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.settings import SplitSettings
from models.splitting.splits import assign_splits, fold_texts, group_digests
from models.text import repair_texts

TEXT = "Forest fire near La Ronge, Canada"


def group(text: str | None) -> str:
    return group_digests(pa.array([text], pa.string()))[0].as_py()


@pytest.mark.parametrize(
    "copy",
    [
        "FOREST FIRE NEAR LA RONGE CANADA",
        "Forest fire near La Ronge, Canada http://t.co/abc",
        "www.x.org/a Forest fire near La Ronge, Canada!!! 2015",
        "RT @someone: Forest fire near La Ronge, Canada",
        "rt @a RT @b Forest fire near #La #Ronge, Canada @c",
        "Ｆorest fire near La Ronge… Canada 🔥",
    ],
)
def test_copies_of_a_tweet_share_a_group(copy: str) -> None:
    assert group(copy) == group(TEXT)


@pytest.mark.parametrize("other", ["Forest fire near La Ronge", "Forest fires near La Ronge, Canada", "", "12"])
def test_other_texts_have_groups_of_their_own(other: str) -> None:
    assert group(other) != group(TEXT)


@pytest.mark.parametrize(
    ("one", "two"), [("http://t.co/a", "http://t.co/b"), ("12", "13"), ("😀", "🔥"), ("火事だ", "地震だ")]
)
def test_texts_without_latin_letters_are_not_thrown_together(one: str, two: str) -> None:
    assert group(one) != group(two)


def test_a_garbled_copy_meets_the_mended_one() -> None:
    assert group("cafÃ© on fire") == group("café on fire")


def test_a_missing_text_is_an_empty_one() -> None:
    assert group(None) == group("")


@settings(deadline=None)
@given(st.lists(st.text()))
def test_folding_ignores_case_and_neighbours(texts: list[str]) -> None:
    together = fold_texts(pa.array(texts, pa.string())).to_pylist()
    alone = [fold_texts(pa.array([text], pa.string()))[0].as_py() for text in texts]
    assert together == alone


GROUPS = group_digests(pa.array(["".join(letters) for letters in product(ascii_lowercase, repeat=3)]))


def shares(split: SplitSettings) -> dict[str, float]:
    counts = pc.value_counts(assign_splits(GROUPS, split)).to_pylist()
    return {count["values"]: count["counts"] / len(GROUPS) for count in counts}


def test_splits_have_the_shares_asked_for() -> None:
    assert shares(SplitSettings(validation_share=0.1, test_share=0.3)) == pytest.approx(
        {"train": 0.6, "validation": 0.1, "test": 0.3}, abs=0.015
    )


def test_a_share_of_zero_gives_no_row() -> None:
    assert set(shares(SplitSettings(validation_share=0, test_share=0.2))) == {"train", "test"}


def test_a_group_keeps_its_split_whatever_arrives() -> None:
    before = assign_splits(GROUPS.slice(0, 500), SplitSettings()).to_pylist()
    assert assign_splits(GROUPS, SplitSettings()).to_pylist()[:500] == before


def test_a_larger_validation_share_leaves_the_test_rows_alone() -> None:
    small = assign_splits(GROUPS, SplitSettings(validation_share=0.1)).to_pylist()
    large = assign_splits(GROUPS, SplitSettings(validation_share=0.3)).to_pylist()
    assert [split == "test" for split in small] == [split == "test" for split in large]


def test_another_seed_is_another_partition() -> None:
    assert assign_splits(GROUPS, SplitSettings(seed=1)) != assign_splits(GROUPS, SplitSettings(seed=0))


def test_groups_and_splits_are_what_they_were_when_first_published() -> None:
    """Changing these would move test rows into training: never adjust them to a new implementation."""
    groups = group_digests(pa.array([TEXT, "calm", "火事だ"]))
    assert groups.to_pylist() == [
        "f8b74a1f7f096186e908dba2021ee232",
        "c360c6db33a504cb69b31c4af6477d10",
        "fd17c43001e3f5e6acf43b5b4359aa29",
    ]
    assert assign_splits(groups, SplitSettings()).to_pylist() == ["test", "train", "train"]


def test_no_group_of_real_tweets_is_divided(real_data: Path) -> None:
    import pyarrow.csv

    texts, _ = repair_texts(
        pyarrow.csv.read_csv(
            real_data / "disaster_tweets" / "train.csv",
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        )["text"]
    )
    groups = group_digests(texts)
    table = pa.table({"group": groups, "split": assign_splits(groups, SplitSettings())})
    splits = table.group_by("group").aggregate([("split", "count_distinct")])["split_count_distinct"]
    assert pc.max(splits).as_py() == 1
    assert len(splits) < len(table)
