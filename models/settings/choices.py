"""The choices that settings name, and what all settings have in common."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Architecture = Literal["skip-gram", "cbow"]
Cell = Literal["rnn", "lstm", "gru"]
Kind = Literal["logistic", "nb-svm", "feed-forward", "rnn", "lstm", "gru", "ensemble"]
Representation = Literal[
    "one-hot",
    "count",
    "tf-idf",
    "characters",
    "co-occurrence",
    "cbow",
    "skip-gram",
    "external",
    "external-cbow",
    "external-skip-gram",
    "scratch",
    "multi-task",
    "average",
]
# Word vectors that a network can start from; external ones are those of --vectors, alone or beside our own.
StartVectors = Literal["scratch", "cbow", "skip-gram", "external", "external-cbow", "external-skip-gram"]
Split = Literal["train", "validation", "test"]
Device = Literal["auto", "cpu", "gpu"]
Precision = Literal["float32", "mixed_bfloat16"]

SPLITS: tuple[Split, ...] = get_args(Split)

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Frozen and strict: a misspelt setting is an error, never a silent default, and numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
