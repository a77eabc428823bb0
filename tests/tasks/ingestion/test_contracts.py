"""The contracts, rule by rule, and that a contract that cannot be run is an error and never a verdict."""

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations import ExpectationSuite

from models.settings import ContractSettings
from tasks.ingestion import contracts
from tasks.ingestion.errors import RefusedTable
from tasks.ingestion.expectations import Checker, ContractBrokenError, Violation
from tasks.sources.columns import USUAL_LABELS, fold_word

SOUND = {"malformed": None, "undecodable": None, "raw_text": "Fire", "text": "Fire", "id": "7", "label": "1"}


@pytest.fixture(scope="module")
def labelled() -> Checker:
    return Checker(contracts.labelled_tweets(ContractSettings(max_characters=50), USUAL_LABELS))


def check(checker: Checker, *rows: dict[str, object]) -> dict[int, Violation]:
    frame = pd.DataFrame([{**SOUND, **row} for row in rows]).astype("str").where(lambda cells: cells != "None")
    return checker.violations(pd.DataFrame({name: frame[name].where(frame[name].notna()) for name in frame}))


@pytest.mark.parametrize(
    ("fault", "rule", "reason"),
    [
        ({"malformed": "4 fields instead of 5", "text": None}, "malformed-row", "4 fields instead of 5"),
        ({"undecodable": "text: bytes that are not utf-8", "text": None}, "undecodable-bytes", "not utf-8"),
        ({"raw_text": None, "text": None}, "no-text", "no text"),
        ({"raw_text": "Err:509"}, "spreadsheet-error", "'Err:509'"),
        ({"raw_text": " #REF! "}, "spreadsheet-error", "#REF!"),
        ({"raw_text": "#N/A"}, "spreadsheet-error", "#N/A"),
        ({"raw_text": "########"}, "spreadsheet-error", "####"),
        ({"raw_text": "Fire\x07"}, "control-characters", r"'Fire\x07'"),
        ({"text": "Fire\x81"}, "control-characters", r"'Fire\x81'"),
        ({"text": "F" * 51}, "over-long", "longer than 50 characters"),
        ({"id": None}, "missing-id", "no id"),
        ({"label": None}, "unknown-label", "no label"),
        ({"label": "maybe"}, "unknown-label", "label 'maybe' is none of 0, 1"),
    ],
)
def test_each_fault_of_a_row_is_named(labelled: Checker, fault: dict[str, object], rule: str, reason: str) -> None:
    violations = check(labelled, {}, fault)
    assert list(violations) == [1]
    assert violations[1].rule == rule
    assert reason in violations[1].reason


@pytest.mark.parametrize(
    "text",
    ["Err:509 is what my sheet says", "#REF", "a\tb", "two\nlines", "é ü 火事 😀", "#####fire", "@ # !", "F" * 50],
)
def test_texts_that_only_resemble_a_fault_pass(labelled: Checker, text: str) -> None:
    assert not check(labelled, {"raw_text": text, "text": text})


@pytest.mark.parametrize("word", ["0", "1", "0.0", "true", "on-topic", "Off_Topic", "not relevant"])
def test_usual_labels_pass_once_they_are_folded(labelled: Checker, word: str) -> None:
    assert not check(labelled, {"label": fold_word(word)})


def test_a_row_with_several_faults_is_named_once_by_the_first_rule(labelled: Checker) -> None:
    violations = check(labelled, {"id": None, "label": "maybe", "text": "F" * 60})
    assert [violation.rule for violation in violations.values()] == ["over-long"]


def test_unlabelled_tweets_need_no_label() -> None:
    checker = Checker(contracts.unlabelled_tweets(ContractSettings()))
    assert [each.rule for each in check(checker, {"label": None}, {"id": None}).values()] == ["missing-id"]


def test_documents_need_a_text_and_nothing_else() -> None:
    violations = check(Checker(contracts.documents()), {"id": None, "label": None}, {"text": None})
    assert {row: each.rule for row, each in violations.items()} == {1: "no-text"}


def test_rows_are_told_apart_by_what_they_are_to_others() -> None:
    frame = pd.DataFrame(
        {
            "contradicts": pd.array([None, "a.csv row 3", None, None], "str"),
            "same_id_as": pd.array([None, None, "a.csv row 1", None], "str"),
            "same_text_as": pd.array([None, "a.csv row 1", None, "b.csv row 2"], "str"),
        }
    )
    violations = Checker(contracts.row_relations()).violations(frame)
    assert {row: each.rule for row, each in violations.items()} == {
        1: "conflicting-labels",
        2: "repeated-id",
        3: "duplicate",
    }
    assert violations[3].reason == "the same text as b.csv row 2"


def test_every_failing_row_is_found_however_many_there_are(labelled: Checker) -> None:
    """Great Expectations lists 200 unexpected values at most, but all of their places."""
    violations = check(labelled, *[{"label": f"odd {number}"} for number in range(500)])
    assert len(violations) == 500
    assert violations[499].reason.startswith("label 'odd 499'")


def test_a_long_offending_value_is_cut(labelled: Checker) -> None:
    (violation,) = check(labelled, {"label": "x" * 10_000}).values()
    assert len(violation.reason) < 500


def test_an_empty_frame_breaks_nothing(labelled: Checker) -> None:
    assert labelled.violations(pd.DataFrame({name: [] for name in SOUND})) == {}


@pytest.mark.parametrize(
    "expectation",
    [
        gxe.ExpectColumnValuesToNotMatchRegex(column="text", regex="(", meta={"rank": 0, "rule": "x", "reason": ""}),
        gxe.ExpectColumnValuesToNotBeNull(column="no such column", meta={"rank": 0, "rule": "x", "reason": ""}),
    ],
)
def test_an_expectation_that_raises_is_an_error(expectation: gxe.Expectation) -> None:
    suite = ExpectationSuite(name="broken", expectations=[expectation])
    with pytest.raises(ContractBrokenError, match="raised"):
        check(Checker(suite), {})


def test_a_failure_of_the_whole_column_names_no_row_and_is_an_error() -> None:
    expectation = gxe.ExpectColumnMaxToBeBetween(column="id", max_value=0, meta={"rank": 0, "rule": "x", "reason": ""})
    suite = ExpectationSuite(name="aggregate", expectations=[expectation])
    with pytest.raises(ContractBrokenError, match="does not name them"):
        Checker(suite).violations(pd.DataFrame({"id": [1, 2]}))


FIGURES = {
    "kept": 100,
    "quarantined_share": 0.1,
    "classes": 2,
    "positive_share": 0.4,
    "missing_keyword_share": 1.0,
    "missing_location_share": 0.3,
}


@pytest.mark.parametrize(
    ("figures", "settings", "rule", "threshold"),
    [
        ({"kept": 19}, {}, "too-few-rows", "at least 20"),
        ({"quarantined_share": 0.51}, {}, "too-many-quarantined", "at most 0.5"),
        ({"classes": 1, "positive_share": 1.0}, {}, "one-class-only", "at least 2"),
        ({"positive_share": 0.01}, {}, "class-balance", "at least 0.02 and at most 0.98"),
        ({"positive_share": 0.99}, {}, "class-balance", "at least 0.02 and at most 0.98"),
        ({}, {"max_missing_keyword_share": 0.9}, "missing-rate", "at most 0.9"),
        ({}, {"max_missing_location_share": 0.2}, "missing-rate", "at most 0.2"),
    ],
)
def test_each_fault_of_a_table_is_named_with_its_threshold(
    figures: dict[str, float], settings: dict[str, float], rule: str, threshold: str
) -> None:
    suite = contracts.whole_table(ContractSettings(**settings), labelled=True)  # type: ignore[arg-type]
    (violation,) = Checker(suite).violations(pd.DataFrame([FIGURES | figures])).values()
    assert (violation.rule, violation.meta["threshold"]) == (rule, threshold)


def test_a_sound_table_breaks_no_rule() -> None:
    suite = contracts.whole_table(ContractSettings(), labelled=True)
    assert not Checker(suite).violations(pd.DataFrame([FIGURES]))


def test_an_unlabelled_table_is_not_asked_for_classes() -> None:
    suite = contracts.whole_table(ContractSettings(), labelled=False)
    assert not Checker(suite).violations(pd.DataFrame([FIGURES | {"classes": 0, "positive_share": 0.0}]))


def test_a_refusal_without_rows_names_none() -> None:
    assert str(RefusedTable("label-words", "three labels", "two", [])) == (
        "table refused, label-words: three labels; allowed: two."
    )
    assert str(RefusedTable("r", "f", "t", ["{}"])).endswith("Rows that show it:\n  {}")
