"""A whole classifier, from raw strings to probabilities: repair, tokens, features and head in one value.

Training, evaluation, batch scoring and serving all predict through this one class, so that no two of them can differ.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.classifiers.calibration import apply_temperature, call_classes
from models.classifiers.text_kinds import TextKind, class_probabilities, read_kinds
from models.settings import CharacterSettings, TextSettings
from models.text import Tokens, repair_keywords, repair_texts, tokenize_texts
from models.wording import snake_case

Probabilities = Callable[[Tokens], np.ndarray]


class Answers(NamedTuple):
    """P(target = 1) float64 (rows,), of several classes (rows, classes), and of each kind those of its classes."""

    probabilities: np.ndarray
    kinds: list[np.ndarray]


class Predictor(NamedTuple):
    """What predicts: P(target = 1) alone, and where there are kinds, both at once; the words that it knows."""

    predict: Probabilities
    known_words: pa.StringArray | None  # None where it reads any word
    answer: Callable[[Tokens], Answers] | None = None
    own_words: pa.StringArray | None = None  # of one that reads any word, those that it has learned


@dataclass(frozen=True)
class TextClassifier:
    """P(text reports a real disaster), and the threshold from which to say so; of what kinds the text is, if known.

    Of several `classes`, by name, it gives the probability of each, and has no threshold.
    """

    name: str
    text: TextSettings
    threshold: float | None
    predict: Probabilities
    known_words: pa.StringArray | None  # all others are alike to it, or nothing; None of one that reads letters
    kinds: tuple[TextKind, ...] = ()
    answer: Callable[[Tokens], Answers] | None = None
    classes: tuple[str, ...] = ()
    own_words: pa.StringArray | None = None  # of one that reads other words by their n-grams, those it has learned

    def call(self, probabilities: np.ndarray) -> np.ndarray:
        """The class of rows with these probabilities, int64 (rows,): of two classes 1 for a disaster."""
        return call_classes(probabilities, self.threshold)

    @property
    def class_columns(self) -> tuple[str, ...]:
        """The column of what is scored that holds the probability of each of several classes."""
        return tuple(map(class_column, self.classes))

    def tokenize(self, texts: pa.Array, keywords: pa.Array | None = None) -> Tokens:
        """The tokens of raw texts (rows,), their keywords in front where the settings ask for it; null is not text."""
        cleaned = None if keywords is None else repair_keywords(keywords)[0]
        return tokenize_rows(repair_texts(texts)[0], cleaned, self.text)

    def probabilities(self, texts: pa.Array, keywords: pa.Array | None = None) -> np.ndarray:
        """P(target = 1) of raw texts, float64 (rows,); of several classes that of each, (rows, classes)."""
        return self.predict(self.tokenize(texts, keywords))

    def answers(self, texts: pa.Array, keywords: pa.Array | None = None) -> Answers:
        """The same, and the probabilities of the classes of each of its kinds; asked once for both."""
        tokens = self.tokenize(texts, keywords)
        return Answers(self.predict(tokens), []) if self.answer is None else self.answer(tokens)


def class_column(name: str) -> str:
    """The column of what is scored that holds the probability of the class of this name.

    >>> class_column("no disaster")
    'probability_no_disaster'
    """
    return f"probability_{snake_case(name)}"


def tokenize_rows(texts: pa.Array, keywords: pa.Array | None, settings: TextSettings) -> Tokens:
    """The tokens of repaired texts (rows,), each with its keyword in front where the settings ask for it."""
    if settings.keyword_in_front and keywords is not None:
        texts = pc.binary_join_element_wise(pc.fill_null(_strings(keywords), ""), _strings(texts), " ")
    return tokenize_texts(texts, settings)


def _strings(column: pa.Array) -> pa.Array:
    """The column with 32-bit offsets: pandas brings the wide ones."""
    return column.cast(pa.string())


def assemble(parts: Mapping[str, Any]) -> TextClassifier:
    """The classifier that these parts make: file names to values, as they were read.

    `classifier.json` says what it is, which classes it tells apart if they are several, and the temperature of its
    probabilities where one was fitted; `logistic.npz` comes with `features.parquet` (bag of words) or `vectors.parquet`
    (mean word vectors); `network.keras` with `vocabulary.parquet`; beside either of the last two, `ngrams.parquet`
    makes the vectors of words never seen; `members` holds the parts of the classifiers of an ensemble by number.
    Raises ValueError for a set of parts that makes no classifier.
    """
    about = parts["classifier.json"]
    if "members" in parts:
        made = _ensemble(parts["members"], about["lines"])
    elif "network.keras" in parts:
        made = _network(parts, read_kinds(about), len(about.get("classes", ())))
    elif "features.parquet" in parts:
        made = Predictor(*_bag_of_words(parts, about))
    elif "vectors.parquet" in parts:
        made = Predictor(*_mean_vectors(parts))
    else:
        raise ValueError(f"these parts make no classifier: {sorted(parts)}")
    predict, answer = _at_temperature(made, about.get("temperature", 1.0))
    text, kinds = TextSettings(**about["text"]), read_kinds(about)
    classes = tuple(about.get("classes", ()))
    known, own = made.known_words, made.own_words
    return TextClassifier(about["name"], text, about["threshold"], predict, known, kinds, answer, classes, own)


def _at_temperature(made: Predictor, temperature: float) -> tuple[Probabilities, Callable[[Tokens], Answers] | None]:
    def answer(tokens: Tokens) -> Answers:
        assert made.answer is not None
        probabilities, kinds = made.answer(tokens)
        return Answers(apply_temperature(probabilities, temperature), kinds)

    return lambda tokens: apply_temperature(made.predict(tokens), temperature), answer if made.answer else None


def _bag_of_words(parts: Mapping[str, Any], about: Mapping[str, Any]) -> tuple[Probabilities, pa.StringArray | None]:
    from models.classifiers.logistic import read_linear
    from models.frequencies import FeatureSpace, character_ngrams

    space = FeatureSpace.from_table(parts["features.parquet"])
    head = read_linear(parts["logistic.npz"])
    if "characters" in about:
        settings = CharacterSettings(**about["characters"])
        matrix = bags_of_words()["one-hot"]
        return lambda tokens: head.predict_probabilities(matrix(character_ngrams(tokens, settings), space)), None
    matrix = bags_of_words()[about["representation"]]
    return lambda tokens: head.predict_probabilities(matrix(tokens, space)), space.words


def bags_of_words() -> dict[str, Callable[[Tokens, Any], Any]]:
    """The functions (tokens, feature space) -> sparse document vectors, by the name of the representation."""
    from models.frequencies import count_matrix, one_hot_matrix, tf_idf_matrix

    return {"one-hot": one_hot_matrix, "count": count_matrix, "tf-idf": tf_idf_matrix}


def _ensemble(members: Mapping[str, Any], lines: Sequence[Sequence[float]]) -> Predictor:
    """The mean of the members' log-odds, each calibrated by its line (slope, offset); the words that any one knows.

    Of the kinds the mean probabilities of those members that know them.
    """
    from models.classifiers.ensemble import mean_log_odds

    asked = [assemble(members[number]) for number in sorted(members, key=int)]
    told = [each.own_words if each.known_words is None else each.known_words for each in asked]
    known = [each for each in told if each is not None]
    words = pc.unique(pa.chunked_array(known, pa.string())) if known else None

    def answer(tokens: Tokens) -> Answers:
        said = [Answers(each.predict(tokens), []) if each.answer is None else each.answer(tokens) for each in asked]
        kinds = zip(*(each.kinds for each in said if each.kinds), strict=True)
        together = mean_log_odds([each.probabilities for each in said], lines)
        return Answers(together, [np.mean(of_kind, axis=0) for of_kind in kinds])

    def predict(tokens: Tokens) -> np.ndarray:
        return mean_log_odds([each.predict(tokens) for each in asked], lines)

    return Predictor(predict, words, answer if any(each.answer for each in asked) else None)


def _mean_vectors(parts: Mapping[str, Any]) -> tuple[Probabilities, pa.StringArray | None]:
    from models.classifiers.document_vectors import average_words
    from models.classifiers.logistic import read_linear
    from models.vectors import SubwordVectors
    from models.vectors.subword_vectors import from_tables

    vectors = from_tables(parts)
    head = read_linear(parts["logistic.npz"])
    words = None if isinstance(vectors, SubwordVectors) else vectors.tokens
    return lambda tokens: head.predict_probabilities(average_words(tokens, vectors)), words


def _network(parts: Mapping[str, Any], kinds: Sequence[TextKind], classes: int) -> Predictor:
    from models.recurrent import frozen_logits
    from models.recurrent.prediction import probabilities_of
    from models.vectors.open_vocabulary import OpenVocabulary

    vocabulary = OpenVocabulary.from_tables(parts)
    ask = frozen_logits(parts["network.keras"])

    def answer(tokens: Tokens) -> Answers:
        logits = ask(*vocabulary.encode(tokens))
        return Answers(probabilities_of(logits, classes), class_probabilities(logits, kinds, classes or 1))

    def predict(tokens: Tokens) -> np.ndarray:
        return probabilities_of(ask(*vocabulary.encode(tokens)), classes)

    words = vocabulary.words.tokens
    known, own = (words, None) if vocabulary.ngrams is None else (None, words)
    return Predictor(predict, known, answer if kinds else None, own)
