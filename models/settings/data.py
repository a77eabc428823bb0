"""Settings of texts, tables and splits."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings.choices import Positive, Settings, Share


class TextSettings(Settings):
    """How a text becomes tokens; the same for training, evaluation and serving."""

    lowercase: bool = Field(True, description="Fold case: tweets shout at random.")
    mask_urls: bool = Field(True, description="Replace every address by <url>: what it is matters, not where it leads.")
    mask_mentions: bool = Field(True, description="Replace every @name by <user>.")
    mask_numbers: bool = Field(True, description="Replace every number by <number>.")
    split_hashtags: bool = Field(False, description="Add the camel-case words of a hashtag after the hashtag itself.")
    split_contractions: bool = Field(True, description="don't -> do n't, so that negation is one token.")
    squeeze_elongations: bool = Field(True, description="soooo -> soo: three or more of one letter become two.")
    keyword_in_front: bool = Field(True, description="Read the keyword, where a tweet has one, as its first words.")
    keep_punctuation: bool = Field(True, description="Keep ! ? ... and emoticons as tokens; other punctuation goes.")


class SplitSettings(Settings):
    """Which share of the tweet groups goes where. A tweet keeps its split whatever arrives later."""

    seed: int = Field(0, description="Changes the whole partition; leave it alone to keep test rows test rows.")
    validation_share: Share = Field(0.1, description="Share of groups for early stopping, thresholds and choices.")
    test_share: Share = Field(0.2, description="Share of groups scored once, at the end.")

    @model_validator(mode="after")
    def leave_rows_to_train_on(self) -> "SplitSettings":
        """Raise ValueError when validation and test leave nothing to train on."""
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                f"validation_share + test_share must be below 1, got {self.validation_share} + {self.test_share}"
            )
        return self


class ContractSettings(Settings):
    """What a table of tweets must look like before anything is learned from it."""

    min_rows: Positive = Field(20, description="Fewer kept rows than this refuse the table.")
    max_characters: Positive = Field(5_000, description="A longer text is quarantined: it is not a tweet.")
    min_positive_share: Share = Field(0.02, description="A rarer positive class refuses a labelled table.")
    max_positive_share: Annotated[float, Field(gt=0, le=1)] = Field(0.98, description="A more common one does too.")
    max_quarantined_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="When more of the rows than this fail, the source is refused: it is not what it says it is."
    )
    max_missing_keyword_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="More rows without a keyword refuse the table; 1 is no limit, for many sources have none."
    )
    max_missing_location_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="More rows without a location refuse the table."
    )


class RetrySettings(Settings):
    """What may differ from the ingest when quarantined rows are judged again; what is not said stays the same."""

    contract: ContractSettings | None = Field(None, description="What rows and the table must look like.")
    positive: tuple[str, ...] = Field(
        (), description="Label words that mean 1; any given replaces those of the ingest."
    )
    negative: tuple[str, ...] = Field((), description="Label words that mean 0.")
    encoding: str | None = Field(
        None, description="How to decode the bytes that could not be decoded, and corrected rows that are not UTF-8."
    )
    delimiter: str | None = Field(None, description="Character between the cells of the corrected rows.")
    quoting: Literal["none", "minimal", "all"] | None = Field(None, description="What quotes are in these.")
    escape: Literal["backslash", "none"] | None = Field(None, description="What backslashes are in these.")
    header: bool | None = Field(None, description="Whether their first line names the columns.")
    sheet: str | None = Field(None, description="Sheet of a workbook of corrected rows.")
    ids: bool = Field(True, description="Whether a column names the tweets; else rows without an id are numbered.")
