"""Grouped cross-validation: every labelled row is held out once, and near-duplicates never lie on both sides."""

import hashlib
import heapq

import numpy as np
import pyarrow as pa
from pydantic import Field

from models.seeds import derive_seed
from models.settings import Positive, Settings, Share, SplitSettings
from models.splitting.splits import Strings, assign_splits

UNUSED = "unused"  # the split of rows that a fold neither learns from nor scores


class Fold(Settings):
    """One fold of a partition of groups, and what is done with the rows that it does not hold out."""

    folds: int = Field(5, ge=2, description="Parts that the groups are dealt out to; each is held out once.")
    number: Positive = Field(1, description="Which part is held out, 1 to `folds`.")
    seed: int = Field(1, ge=0, description="Another seed is another partition.")
    validation_share: Share = Field(0.15, description="Share of all groups, out of the rest, that makes the choices.")
    training_share: float = Field(1.0, gt=0, le=1, description="Share of the training groups that is learned from.")

    @property
    def inner_share(self) -> float:
        """The validation share of the groups that are not held out. Raises ValueError when it leaves none to train."""
        share = self.validation_share / (1 - 1 / self.folds)
        if share >= 1:
            raise ValueError(
                f"{self.folds} folds hold out {1 / self.folds:.0%} of the groups and validation takes "
                f"{self.validation_share:.0%}: nothing is left to train on; ask for more folds, or less validation"
            )
        return share

    @property
    def title(self) -> str:
        """How runs call it."""
        share = f", {self.training_share:.0%} of training" if self.training_share < 1 else ""
        return f"{self.subject}, seed {self.seed}{share}"

    @property
    def subject(self) -> str:
        """Which fold it is, whatever the seed."""
        return f"fold {self.number} of {self.folds}"


def assign_folds(groups: Strings, folds: int, seed: int) -> np.ndarray:
    """The fold of each row, int64 (rows,), 1 to `folds`; rows of one group share theirs.

    Groups go, in the order of a hash of seed and group, to the fold with the fewest rows so far: folds differ by one
    group's rows at most, and the order of the rows does not matter. Raises ValueError for fewer groups than folds.
    """
    column = groups.combine_chunks() if isinstance(groups, pa.ChunkedArray) else groups
    encoded = column.dictionary_encode()
    names, members = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    if len(names) < folds:
        raise ValueError(f"{len(names)} groups of tweets cannot be dealt out to {folds} folds: ask for fewer folds")
    sizes = np.bincount(members, minlength=len(names))
    fold_of = np.empty(len(names), np.int64)
    least = [(0, fold) for fold in range(1, folds + 1)]
    for group in sorted(range(len(names)), key=lambda each: _draw(seed, names[each])):
        rows, fold = least[0]
        fold_of[group] = fold
        heapq.heapreplace(least, (rows + int(sizes[group]), fold))
    folds_of_rows: np.ndarray = fold_of[members]
    return folds_of_rows


def fold_splits(groups: Strings, kept: np.ndarray, fold: Fold) -> pa.StringArray:
    """The split of each row in this fold: "test", "validation", "train" or "unused".

    Held-out rows are "test", whether the ingest kept them, bool (rows,), or not; of the others only kept ones are
    used. Training groups for a smaller `training_share` are among those for a larger one, and neither validation nor
    test hang on it.
    """
    held = assign_folds(groups, fold.folds, fold.seed) == fold.number
    return splits_around(groups, held, kept, fold, f"fold-{fold.number}")


def splits_around(groups: Strings, held: np.ndarray, usable: np.ndarray, fold: Fold, draw: str) -> pa.StringArray:
    """The split of each row where those held out, bool (rows,), are "test", and of the others the usable ones are used.

    `draw` names the draws of validation and training groups: folds of one name share them.
    """
    validation = in_share(groups, fold.inner_share, derive_seed(fold.seed, f"{draw}/validation"))
    learned = in_share(groups, fold.training_share, derive_seed(fold.seed, f"{draw}/size"))
    splits = np.where(validation, "validation", np.where(learned, "train", UNUSED))
    splits[~usable] = UNUSED
    splits[held] = "test"
    return pa.array(splits.tolist(), pa.string())


def in_share(groups: Strings, share: float, seed: int) -> np.ndarray:
    """Whether each row's group is in a share of all groups, bool (rows,); a larger share holds the smaller one."""
    if share >= 1:
        return np.ones(len(groups), bool)
    settings = SplitSettings(seed=seed, validation_share=0.0, test_share=share)
    held_out: np.ndarray = np.array(assign_splits(groups, settings).to_pylist()) == "test"
    return held_out


def _draw(seed: int, group: str) -> bytes:
    return hashlib.blake2b(f"fold/{seed}/{group}".encode(), digest_size=16).digest()
