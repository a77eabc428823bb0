"""The worked examples that `crisisflow textbook` shows: what agrees, what does not, and that an erratum says why."""

import pytest

from models.textbook.examples import EXAMPLES, find_example
from models.textbook.worked import Line

QUICK = [example for example in EXAMPLES if example.name != "four-kinds"]


def lines_of(name: str) -> dict[str, Line]:
    return {line.item: line for line in find_example(name).lines()}


@pytest.mark.parametrize("example", QUICK, ids=lambda example: example.name)
def test_what_does_not_agree_has_an_erratum_and_what_agrees_has_none(example) -> None:
    lines = example.lines()
    assert lines
    assert [line for line in lines if line.agrees == bool(line.erratum)] == []


def test_the_text_leaves_out_one_data_point_of_eighteen() -> None:
    wrong = [line for line in find_example("one-hot").lines() if not line.agrees]
    assert [(line.item, line.left, line.right) for line in wrong] == [
        ("input this, output is", "–", "0 1 0 0 0 0 0 0 0 0")
    ]
    assert len(lines_of("cbow")) == 18
    assert lines_of("cbow")["data point 2"].agrees
    assert (lines_of("cbow")["data point 3"].left, lines_of("cbow")["data point 3"].right) == ("is this", "this is")


def test_the_skip_gram_table_errs_beside_corpus_alone() -> None:
    wrong = [line for line in find_example("skip-gram").lines() if not line.agrees]
    assert [(line.item, line.left, line.right) for line in wrong] == [("input corpus", "sample corpus", "sample using")]


def test_the_hidden_activation_is_the_printed_row() -> None:
    assert lines_of("hidden")["this times the matrix"].right == "5 6 7 8"
    assert lines_of("hidden")["this and sample, to predict is"].right == "9 10 11 12"


def test_the_last_term_back_through_time_is_nothing() -> None:
    assert set(lines_of("bptt")["term k = 1"].right.split()) == {"0.0000"}
    assert set(lines_of("bptt")["term k = 3"].right.split()) != {"0.0000"}


def test_the_four_kinds_answer_rightly() -> None:
    found: dict[str, dict[str, str]] = {}
    for line in find_example("four-kinds").lines():
        found.setdefault(line.item.partition(":")[0], {})[line.left] = line.right
    assert found["one to one"] == {"hey": "this"}
    assert found["one to many"] == {"(begin)": "hey this is sample corpus using only one context word"}
    assert found["many to one"]["five hundred ninety"] == "even"
    assert found["many to one"]["seven"] == "odd"
    assert found["many to many"]["three hundred twelve"] == "312"


def test_an_unknown_example_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="no example 'cbo': use one of one-hot, cbow,"):
        find_example("cbo")
