"""Files of human judgements, in the layouts in which they are published, give the words and scores that they hold."""

import pytest

from models.vectors.evaluation_files import SimilarityColumns, parse_analogies, parse_similarities

PAIRS = [("tiger", "cat", 7.35), ("king", "queen", 8.58), ("cup", "river", 2.0)]
# The rows of SCWS: number, word, part of speech, word, part of speech, two contexts, the mean, ten raters.
SCWS = "".join(
    f'{number}\t{one}\tn\t{other}\tv\tHe " saw <b>{one}</b> there , once\tand a <b>{other}</b> , too , there\t{score}\t'
    + "\t".join(str(score + (-1) ** rater) for rater in range(10))
    + "\n"
    for number, (one, other, score) in enumerate(PAIRS, 5)
)


@pytest.mark.parametrize(
    "text",
    [
        "# note\ntiger\tcat\t7.35\nking\tqueen\t8.58\ncup\triver\t2.0\n",
        "Word 1,Word 2,Human (mean)\r\ntiger,cat,7.35\r\nking,queen,8.58\r\ncup,river,2\r\n",
        "Word 1\tWord 2\tHuman (mean)\t1\t2\ntiger\tcat\t7.35\t5\t9\nking\tqueen\t8.58\t5\t9\ncup\triver\t2\t1\t9\n",
        "tiger cat 7.35\nking queen 8.58\ncup river 2.0\n",
        "word1\tword2\tmean\trater1\ntiger\tcat\t7,35\t2\nking\tqueen\t8,58\t1\ncup\triver\t2,0\t7\n",
        "tiger;cat;7,35\nking;queen;8,58\ncup;river;2\n",
        "tiger cat 7,35\nking queen 8,58\ncup river 2\n",
        ",word1,word2,score\n0,tiger,cat,7.35\n1,king,queen,8.58\n2,cup,river,2.0\n",
        "1\ttiger\tcat\t7.35\n2\tking\tqueen\t8.58\n3\tcup\triver\t2\n",
        '"word1","word2","score"\n"tiger","cat","7.35"\n"king","queen","8.58"\n"cup","river","2.0"\n',
        "word1 word2 POS SimLex999 conc(w1) SD\ntiger cat N 7.35 3 1\nking queen N 8.58 4 1\ncup river A 2.0 2 1\n",
        "tiger\tcat\tN\t7.35\tSYNONYMS\nking\tqueen\tN\t8.58\tANTONYMS\ncup\triver\tV\t2.0\tNONE\n",
        "tiger\tcat\t7.35\t6.35\t8.35\nking\tqueen\t8.58\t7.58\t9.58\ncup\triver\t2.0\t1.0\t3.0\n",
        "score\tterm1\tterm2\n7.35\ttiger\tcat\n8.58\tking\tqueen\n2.0\tcup\triver\n",
        SCWS,
    ],
    ids=[
        "tabs",
        "header, commas, CRLF",
        "WordSim-353 with raters",
        "blanks",
        "German with raters",
        "semicolons",
        "blanks and decimal commas",
        "pandas index",
        "numbered",
        "quoted",
        "SimLex-999",
        "SimVerb-3500",
        "a mean before its raters",
        "score in front",
        "SCWS",
    ],
)
def test_words_and_score_are_told_by_the_type_of_their_columns(text: str) -> None:
    assert parse_similarities(text) == PAIRS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\t3\t7\nc\td\t4\t1\n", r"not certain which one is the score.*3 \(number\), 4 \(number\).*--score-column"),
        ("tiger,cat,7,35\nking,queen,8,58\n", "not certain which one is the score"),
        ("p1\ttiger\tcat\t7\np2\tking\tqueen\t8\n", "not certain which two columns hold the words.*--word-columns A,B"),
        ("man woman 8\nking queen\nboy girl 7\n", "line 2 must be two words and a number in 3 columns.*'king queen'"),
        ("one two\nthree four\n", "found no line of two words and a number"),
        ("one two three\nthree four five\n", "0 columns hold numbers"),
        ("", "found no line of two words and a number"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_similarities(text)


def test_columns_are_named_where_types_cannot_tell_them() -> None:
    text = "p1\ttiger\tcat\t3\t7.35\np2\tking\tqueen\t4\t8.58\np3\tcup\triver\t4\t2.0\n"
    assert parse_similarities(text, SimilarityColumns(("2", "3"), "5")) == PAIRS
    named = "key\tleft\tright\tfirst\tsecond\n" + text
    assert parse_similarities(named, SimilarityColumns(("left", "right"), "Second")) == PAIRS
    with pytest.raises(ValueError, match="no column 'third'; the columns are 1 'key'"):
        parse_similarities(named, SimilarityColumns(score="third"))
    with pytest.raises(ValueError, match="column 1 holds text, not scores"):
        parse_similarities(named, SimilarityColumns(score="key"))


def test_a_pair_without_a_score_is_left_out() -> None:
    assert parse_similarities("a,b,score\ntiger,cat,7.35\nking,queen,\ncup,river,2\n") == [PAIRS[0], PAIRS[2]]


QUESTIONS = {"all": [("boy", "girl", "king", "queen"), ("Athens", "Greece", "Oslo", "Norway")]}


@pytest.mark.parametrize(
    "text",
    [
        "boy girl king queen\nAthens Greece Oslo Norway\n",
        "word1,word2,word3,word4\nboy,girl,king,queen\nAthens,Greece,Oslo,Norway\n",
        ",a,b,c,d\n0,boy,girl,king,queen\n1,Athens,Greece,Oslo,Norway\n",
        '"boy";"girl";"king";"queen"\n"Athens";"Greece";"Oslo";"Norway"\n',
        "boy\tgirl\tking\tqueen\nAthens\tGreece\tOslo\tNorway\n",
    ],
)
def test_analogies_are_read_from_tables_too(text: str) -> None:
    assert parse_analogies(text) == QUESTIONS


def test_words_of_an_analogy_may_hold_blanks_between_tabs() -> None:
    assert parse_analogies(": capitals\nNew York\tUSA\tOslo\tNorway\n") == {
        "capitals": [("New York", "USA", "Oslo", "Norway")]
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (": a\none two three four\none two three\n", "line 3 must be four words"),
        ("kind,boy,girl,king,queen\nkind,a1,b1,c1,d1\n", "5 of the columns hold words, four are needed"),
        ("one two three\n", "found no line of four words"),
        (": only sections\n", "found no line of four words"),
    ],
)
def test_what_is_no_analogy_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_analogies(text)
