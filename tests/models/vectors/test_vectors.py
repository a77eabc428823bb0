"""Questions to word vectors, their evaluation, and the formats shared with gensim."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vectors import UnknownWordError, WordVectors
from models.vectors.evaluation import evaluate_analogies, evaluate_similarities
from models.vectors.evaluation_files import parse_analogies, parse_similarities
from models.vectors.formats import (
    from_table,
    from_word2vec,
    from_word2vec_binary,
    from_word2vec_text,
    to_projector,
    to_table,
    to_word2vec_binary,
    to_word2vec_text,
)

# Two meanings as axes, royalty and gender, and a third for food: sums can be checked by eye.
WORDS = {
    "man": (0, 1, 0),
    "woman": (0, -1, 0),
    "king": (1, 1, 0),
    "queen": (1, -1, 0),
    "prince": (0.9, 1.2, 0.1),
    "bread": (0, 0, 1),
    "butter": (0.1, 0, 1),
}


def vectors_of(words: dict[str, tuple[float, ...]]) -> WordVectors:
    return WordVectors(pa.array(list(words), pa.string()), np.array(list(words.values()), np.float32))


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return vectors_of(WORDS)


def test_the_nearest_word_comes_first_and_never_the_word_itself(vectors: WordVectors) -> None:
    neighbours = vectors.neighbours("king", 3)
    assert neighbours[0][0] == "prince"
    assert "king" not in dict(neighbours)
    assert [score for _, score in neighbours] == sorted((score for _, score in neighbours), reverse=True)


def test_asking_for_more_neighbours_than_there_are_gives_all_others(vectors: WordVectors) -> None:
    assert {word for word, _ in vectors.neighbours("king", 100)} == set(WORDS) - {"king"}


def test_any_vector_has_neighbours_and_one_of_another_width_is_refused(vectors: WordVectors) -> None:
    assert vectors.near(np.array([0, 0, 5], np.float32), 1) == [("bread", 1.0)]
    with pytest.raises(ValueError, match=r"have 3 numbers, got one of shape \(2,\)"):
        vectors.near(np.zeros(2, np.float32))


def test_a_learned_phrase_has_a_vector_of_its_own() -> None:
    vectors = vectors_of({"new": (1, 0), "york": (1, 0.1), "new_york": (0, 1)})
    assert vectors.similarity("new york", "new") == 0
    assert vectors.neighbours("new york") == []


def test_a_phrase_lies_between_its_words(vectors: WordVectors) -> None:
    assert vectors.similarity("king queen", "king") == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert not {"king", "queen"} & dict(vectors.neighbours("king queen")).keys()


@pytest.mark.parametrize("method", ["add", "multiply"])
def test_king_minus_man_plus_woman_is_queen(vectors: WordVectors, method: str) -> None:
    assert vectors.analogy("man", "king", "woman", method=method)[0][0] == "queen"


def test_multiplied_scores_are_those_of_levy_and_goldberg(vectors: WordVectors) -> None:
    def moved(one: str, other: str) -> float:
        return (1 + vectors.similarity(one, other)) / 2

    expected = moved("queen", "king") * moved("queen", "woman") / (moved("queen", "man") + 1e-3)
    assert dict(vectors.analogy("man", "king", "woman", method="multiply"))["queen"] == pytest.approx(
        expected, rel=1e-5
    )


def test_the_odd_one_out_is_found(vectors: WordVectors) -> None:
    assert vectors.doesnt_match(["king", "prince", "bread", "man"]) == "bread"


def test_two_words_have_no_odd_one_out(vectors: WordVectors) -> None:
    with pytest.raises(ValueError, match="at least 3 words, got 2"):
        vectors.doesnt_match(["king", "queen"])


def test_an_unknown_word_is_named_with_close_ones(vectors: WordVectors) -> None:
    with pytest.raises(UnknownWordError, match="'queeen' has no vector; close words that have one: queen"):
        vectors.neighbours("queeen")


def test_a_word_in_capitals_points_to_its_lower_case(vectors: WordVectors) -> None:
    with pytest.raises(UnknownWordError, match="close words that have one: king"):
        vectors.row("King")


def test_a_zero_vector_has_no_direction_and_no_nan() -> None:
    vectors = vectors_of({"a": (0, 0), "b": (1, 0), "c": (0, 1)})
    assert vectors.similarity("a", "b") == 0
    assert all(np.isfinite(score) for _, score in vectors.neighbours("a"))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.zeros((2, 3), np.float64), "float64"),
        (np.zeros((3, 3), np.float32), "2 words need vectors"),
        (np.full((2, 3), np.nan, np.float32), "must be finite"),
    ],
)
def test_wrong_numbers_are_refused(numbers: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WordVectors(pa.array(["a", "b"]), numbers)


def test_a_repeated_word_is_refused() -> None:
    with pytest.raises(ValueError, match="one vector only"):
        WordVectors(pa.array(["a", "a"]), np.zeros((2, 1), np.float32))


def test_rows_for_other_words_are_zero_where_there_is_no_vector(vectors: WordVectors) -> None:
    rows, found = vectors.rows_for(pa.array(["<pad>", "queen", "unheard"]))
    assert rows.tolist() == [[0, 0, 0], [1, -1, 0], [0, 0, 0]]
    assert found.tolist() == [False, True, False]


def test_the_digest_changes_with_a_word_and_with_a_number(vectors: WordVectors) -> None:
    other_word = vectors_of({("loaf" if word == "bread" else word): row for word, row in WORDS.items()})
    other_number = vectors_of(WORDS | {"bread": (0, 0, 1.0001)})
    assert vectors_of(WORDS).digest == vectors.digest
    assert len({vectors.digest, other_word.digest, other_number.digest}) == 3


def test_similarity_is_rank_correlation_over_the_covered_pairs(vectors: WordVectors) -> None:
    pairs = [("King", "prince", 9.0), ("king", "man", 7.0), ("king", "bread", 1.0), ("king", "unheard", 5.0)]
    score = evaluate_similarities(vectors, pairs)
    assert (score.spearman, score.covered, score.coverage) == (pytest.approx(1), 3, 0.75)


def test_analogies_are_scored_by_section_and_in_total(vectors: WordVectors) -> None:
    text = ": royal\nman king woman queen\nwoman queen man bread\n: food\nbread butter king unheard\n"
    scores = evaluate_analogies(vectors, parse_analogies(text))
    assert (scores["royal"].correct, scores["royal"].covered) == (1, 2)
    assert (scores["food"].covered, scores["food"].questions) == (0, 1)
    assert scores["total"].accuracy == 0.5
    assert scores["total"].coverage == pytest.approx(2 / 3)


def gensim_vectors(vectors: WordVectors):
    from gensim.models import KeyedVectors

    known = KeyedVectors(vectors.width)
    known.add_vectors(vectors.tokens.to_pylist(), vectors.vectors)
    return known


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_gensim_reads_what_we_write(vectors: WordVectors, tmp_path: Path, binary: bool) -> None:
    from gensim.models import KeyedVectors

    path = tmp_path / "vectors"
    path.write_bytes(to_word2vec_binary(vectors) if binary else to_word2vec_text(vectors))
    read = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert read.index_to_key == vectors.tokens.to_pylist()
    assert (read.vectors == vectors.vectors).all()


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_we_read_what_gensim_writes(vectors: WordVectors, tmp_path: Path, binary: bool) -> None:
    path = tmp_path / "vectors"
    gensim_vectors(vectors).save_word2vec_format(path, binary=binary)
    read = (from_word2vec_binary if binary else from_word2vec_text)(path.read_bytes())
    assert read.digest == vectors.digest


def test_scores_are_those_of_gensim() -> None:
    from gensim.test.utils import datapath

    path = datapath("wordsim353.tsv")
    pairs = parse_similarities(Path(path).read_text())
    words = sorted({word.lower() for one, other, _ in pairs[:200] for word in (one, other)})
    numbers = np.random.default_rng(3).normal(size=(len(words), 10)).astype(np.float32)
    vectors = WordVectors(pa.array(words), numbers)
    ours = evaluate_similarities(vectors, pairs)
    _, theirs, unknown_percent = gensim_vectors(vectors).evaluate_word_pairs(path)
    assert ours.spearman == pytest.approx(theirs[0], abs=1e-6)
    assert 100 * (1 - ours.coverage) == pytest.approx(unknown_percent)


safe_words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6)
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(safe_words, numbers, numbers), min_size=1, max_size=6, unique_by=lambda row: row[0]))
def test_every_format_gives_back_the_same_bytes(rows: list[tuple[str, float, float]]) -> None:
    vectors = vectors_of({word: (one, other) for word, one, other in rows})
    assert from_word2vec_text(to_word2vec_text(vectors)).digest == vectors.digest
    assert from_word2vec_binary(to_word2vec_binary(vectors)).digest == vectors.digest
    assert from_table(to_table(vectors)).digest == vectors.digest


def test_text_of_word2vec_c_with_its_blanks_and_of_glove_without_a_heading_reads() -> None:
    expected = vectors_of({"a": (1, 2), "b": (3, 4)}).digest
    assert from_word2vec_text(b"2 2\na 1 2 \nb 3 4 \n").digest == expected
    assert from_word2vec_text(b"a 1 2\nb 3 4\n").digest == expected


def test_binary_of_word2vec_c_with_line_ends_reads(vectors: WordVectors) -> None:
    lines = [word.encode() + b" " + row.tobytes() + b"\n" for word, row in zip(WORDS, vectors.vectors, strict=True)]
    assert from_word2vec_binary(b"7 3\n" + b"".join(lines)).digest == vectors.digest


def test_a_binary_cut_short_is_refused(vectors: WordVectors) -> None:
    with pytest.raises(ValueError, match="ends within vector 7 of 7"):
        from_word2vec_binary(to_word2vec_binary(vectors)[:-1])


@pytest.mark.parametrize("text", [b"2 3\na 1 2\nb 3 4\n", b"3 2\na 1 2\nb 3 4\n", b"2 2\na 1 2\nb 3\n"])
def test_text_that_breaks_its_promise_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"promises|width"):
        from_word2vec_text(text)


@pytest.mark.parametrize("heading", [b"", b"4 2\n"])
@pytest.mark.parametrize("odd", [b". . . 5 6", b"caf\xc3 5 6", b"b 5 6", b"e nan 6", b"e 5 inf", b". . 5 6 "])
def test_one_odd_line_of_text_costs_its_word_and_is_named(
    heading: bytes, odd: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    read = from_word2vec_text(heading + b"a 1 2\nb 3 4\n" + odd + b"\nd 7 8\n")
    assert read.digest == vectors_of({"a": (1, 2), "b": (3, 4), "d": (7, 8)}).digest
    assert "1 of 4 words passed over" in caplog.text
    assert odd.rsplit(maxsplit=2)[0].decode("utf-8", "backslashreplace") in caplog.text.replace("\\\\", "\\")


def test_text_whose_first_word_holds_a_blank_is_still_text() -> None:
    assert from_word2vec(b"2 2\nnew york 1 2\nb 3 4\n").tokens.to_pylist() == ["b"]


def test_lines_that_hardly_ever_agree_are_no_vectors() -> None:
    with pytest.raises(ValueError, match="2 of 3 lines differ"):
        from_word2vec_text(b"3 2\na 1 2\nb c 3 4\nd e f 5 6\n")


def binary_of(words: dict[bytes, tuple[float, ...]], line_end: bytes = b"") -> bytes:
    width = len(next(iter(words.values())))
    lines = [word + b" " + np.array(numbers, "<f4").tobytes() + line_end for word, numbers in words.items()]
    return f"{len(words)} {width}\n".encode() + b"".join(lines)


NUMBERS = {
    word: tuple(np.random.default_rng(7).normal(size=(5, 16)).astype("<f4")[row].tolist())
    for row, word in enumerate((b"fire", b"flood", b"quake", b"storm", b"ash"))
}
OTHER = tuple(number / 3 for number in NUMBERS[b"fire"])


@pytest.mark.parametrize("line_end", [b"", b"\n"])
@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("word", [b"paper cup", b"a b c", b"x y"])
def test_a_word_of_a_binary_may_hold_blanks_wherever_it_stands(line_end: bytes, place: int, word: bytes) -> None:
    items = list(NUMBERS.items())
    words = dict([*items[:place], (word, OTHER), *items[place:]])
    read = from_word2vec(binary_of(words, line_end))
    assert read.digest == vectors_of({word.decode(): numbers for word, numbers in words.items()}).digest


@pytest.mark.parametrize(
    ("word", "numbers"), [(b"caf\xc3", OTHER), (b"fire", OTHER), (b"smoke", (float("nan"), *OTHER[1:]))]
)
def test_one_bad_word_of_a_binary_costs_that_word_and_is_named(
    word: bytes, numbers: tuple[float, ...], caplog: pytest.LogCaptureFixture
) -> None:
    data = binary_of(NUMBERS) + word + b" " + np.array(numbers, "<f4").tobytes()
    read = from_word2vec(data.replace(b"5 16\n", b"6 16\n", 1))
    assert read.digest == vectors_of({word.decode(): numbers for word, numbers in NUMBERS.items()}).digest
    assert "1 of 6 words passed over" in caplog.text


def test_bytes_left_behind_the_last_vector_are_refused() -> None:
    with pytest.raises(ValueError, match="6 bytes are left behind the last of 5 vectors"):
        from_word2vec_binary(binary_of(NUMBERS) + b"\x00rest\x01")


def test_a_word_with_a_blank_cannot_be_written_as_text() -> None:
    with pytest.raises(ValueError, match="words with blanks, got 'new york'"):
        to_word2vec_text(vectors_of({"new york": (1, 2)}))


def test_projector_files_have_one_line_a_word(vectors: WordVectors) -> None:
    numbers, words = to_projector(vectors)
    assert words.decode().splitlines() == list(WORDS)
    assert numbers.decode().splitlines()[:2] == ["0\t1\t0", "0\t-1\t0"]
    assert numbers.decode().splitlines()[4] == "0.9\t1.2\t0.1"


@pytest.mark.parametrize("header", [b"9999999999 300\n", b"2 9999999999\n", b"3 4000000000000000000\n"])
def test_a_header_that_promises_terabytes_is_refused_before_any_room_is_made(header: bytes) -> None:
    with pytest.raises(ValueError, match="the first line promises"):
        from_word2vec_binary(header + b"fire " + bytes(8))
