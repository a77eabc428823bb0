"""Runs a contract over a frame and says which rows break which rule. An expectation that fails to run is an error."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Violation:
    """One row that breaks a rule: the rule, the reason in words, and what the expectation says about itself."""

    rule: str
    reason: str
    column: str
    meta: dict[str, Any]


class ContractBrokenError(RuntimeError):
    """An expectation raised instead of judging: the contract is at fault, not the data."""


class Checker:
    """A contract, ready to be run over one frame after another."""

    def __init__(self, suite: "ExpectationSuite") -> None:
        asset = _context().data_sources.add_pandas("frames").add_dataframe_asset("frame")
        self._frames = asset.add_batch_definition_whole_dataframe("all of it")
        self._suite = suite

    def violations(self, frame: "pd.DataFrame") -> dict[int, Violation]:
        """Row number -> the first rule of the suite that the row breaks; rows that break none are absent.

        The frame must have a RangeIndex. Raises ContractBrokenError when an expectation cannot be evaluated.
        """
        if frame.empty:
            return {}
        batch = self._frames.get_batch(batch_parameters={"dataframe": frame})
        outcome = batch.validate(self._suite, result_format={"result_format": "COMPLETE"})
        failed = [result for result in outcome.results if not result.success]
        for result in failed:
            _raise_if_it_raised(result)
        found: dict[int, Violation] = {}
        for config, result in sorted(((_config(each), each) for each in failed), key=lambda each: each[0].meta["rank"]):
            column = config.kwargs["column"]
            values = frame[column].to_numpy()  # not the "unexpected_list", which ends at 200
            for row in result.result["unexpected_index_list"]:
                if row not in found:
                    value = values[row]
                    reason = config.meta["reason"].replace("{value}", str(value)).replace("{found}", _shown(value))
                    found[row] = Violation(config.meta["rule"], reason, column, config.meta)
        return found


def _context() -> "AbstractDataContext":
    """A context in memory only: no page folders, no progress bars, telemetry disabled."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types import base

    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=base.ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _config(result: "ExpectationValidationResult") -> Any:
    """What the expectation says about itself, `meta` and `kwargs`."""
    if result.expectation_config is None or "rank" not in (result.expectation_config.meta or {}):
        raise ContractBrokenError(f"an expectation without rule: {result}")
    return result.expectation_config


def _raise_if_it_raised(result: Any) -> None:
    """Great Expectations reports an exception as a mere failure; where it says so depends on how far it came."""
    info = result.exception_info or {}
    for each in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if each.get("raised_exception"):
            raise ContractBrokenError(f"{result.expectation_config.type} raised: {each.get('exception_message')}")
    named, failing = result.result.get("unexpected_index_list"), result.result.get("unexpected_count")
    if not named or len(named) != failing:
        raise ContractBrokenError(f"{result.expectation_config.type} failed and does not name them, rows: {failing}")


def _shown(value: Any) -> str:
    """A value of the data for people: quoted, on one line, short, its controls visible."""
    text = str(value)
    return repr(text[:SHOWN_CHARACTERS]) + ("…" if len(text) > SHOWN_CHARACTERS else "")
