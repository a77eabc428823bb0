"""A model in memory, ready to answer: loaded as `crisisflow score` loads it, and warmed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.classifiers.calibration import call_classes, of_called
from models.drift.familiarity import NO_RECORD, Familiarity
from models.text import Tokens, repair_text, tokenize
from tasks import registry, tracking
from tasks.packaging import mlflow_model
from tasks.packaging.logged_model import text_column
from tasks.service.requests import Tweet
from tasks.service.twins import tweets_of_model

if TYPE_CHECKING:
    from models.classifiers.pipeline import TextClassifier

# A graph is traced at the first call, and later calls prepare kernels for sizes that they have not met.
WARM_UP_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 256, 1, 1, 1)
WARM_UP_WORDS = "Forest fire near La Ronge Sask . Canada : people receive wildfire evacuation orders in California"


class Judgement(NamedTuple):
    """P(real disaster) of a tweet, what keeps the model from judging it, and its class of each kind that is known.

    Of a label of several classes the probability of each by its name, as `classes`, and that of the likeliest.
    """

    probability: float
    doubt: str | None
    kinds: dict[str, dict[str, object]]
    classes: dict[str, float] = {}  # noqa: RUF012 - nothing writes into it


@dataclass(frozen=True)
class ServedModel:
    """A loaded classifier, and where it came from."""

    model: str
    version: str
    uri: str
    run_id: str | None
    commit: str | None
    loaded: str
    classifier: "TextClassifier"
    columns: Mapping[str, str] = field(default_factory=dict)  # of the training source, by meaning
    familiarity: Familiarity = NO_RECORD
    serves: str = "twin"  # or refit: a fit on all labelled rows, whose twin was judged
    tweets: Path | None = None  # its checked tweets, where they are in the store
    logged: Any = None  # as MLflow loaded it; files are scored with it

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the several classes of its label; none of two."""
        return tuple(getattr(self.classifier, "classes", ()))  # earlier releases know none

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of information that it tells of a tweet."""
        return tuple(kind.name for kind in getattr(self.classifier, "kinds", ()))  # earlier releases know none

    @classmethod
    def load(cls, chosen: registry.ChosenModel) -> "ServedModel":
        """The model at this address, warmed. Raises ValueError when there is none, or it may not be run."""
        logged = mlflow_model.load_model(chosen.uri)
        classifier = logged.unwrap_python_model().classifier
        run_id = logged.metadata.run_id
        loaded = datetime.now(UTC).isoformat(timespec="seconds")
        version = chosen.version or _version_in(chosen.uri)
        columns = mlflow_model.column_names(logged)
        familiarity = mlflow_model.familiarity(logged)
        made = cls(
            classifier.name, version, chosen.uri, run_id, _commit_of(run_id), loaded, classifier, columns, familiarity,
            mlflow_model.serves(logged), tweets_of_model(chosen.uri), logged,
        )  # fmt: skip
        made.warm_up()
        return made

    def probabilities(self, tweets: Sequence[Tweet]) -> list[float]:
        """P(real disaster) of each tweet: the bits that the logged model gives for the same tweets in one table.

        Of several classes that of the likeliest. Among others a tweet may differ in the last digits (within 1e-6).
        Raises ArithmeticError for what is none.
        """
        told: list[float] = of_called(self._ask(tweets)[0]).tolist()
        return told

    def judge(self, tweets: Sequence[Tweet]) -> list[Judgement]:
        """What the model says of each tweet, and what keeps it from judging it. Raises as `probabilities` does."""
        said, kinds = self._ask(tweets)
        doubts = self._doubts([tweet.text for tweet in tweets])
        judged = list(map(Judgement, of_called(said).tolist(), doubts, kinds))
        if not self.classes:
            return judged
        of_classes = [dict(zip(self.classes, of_tweet, strict=True)) for of_tweet in said.tolist()]
        return [each._replace(classes=named) for each, named in zip(judged, of_classes, strict=True)]

    def _ask(self, tweets: Sequence[Tweet]) -> tuple[np.ndarray, list[dict[str, dict[str, object]]]]:
        """The probabilities of each tweet, and by kind its likeliest class and the probability of that."""
        texts, keywords = (text_column(column) for column in zip(*tweets, strict=True))
        known = self.classifier.kinds if self.kinds else ()
        if known:
            answers, of_kinds = self.classifier.answers(texts, keywords)
        else:
            answers, of_kinds = self.classifier.probabilities(texts, keywords), []
        if not all(np.isfinite(each).all() for each in (answers, *of_kinds)):
            raise ArithmeticError(f"{self.model} {self.version} answered with values that are not finite numbers")
        told: list[dict[str, dict[str, object]]] = [{} for _ in tweets]
        for kind, of_classes in zip(known, of_kinds, strict=True):
            places, highest = of_classes.argmax(axis=1).tolist(), of_classes.max(axis=1).tolist()
            for of_tweet, place, probability in zip(told, places, highest, strict=True):
                of_tweet[kind.name] = {"label": kind.classes[place], "probability": probability}
        return answers, told

    def _doubts(self, texts: Sequence[str]) -> list[str | None]:
        """Word by word in Python: for a few texts that takes a thirtieth of what Arrow's functions need to begin."""
        column = text_column(texts)
        settings = self.classifier.text
        tokens = Tokens.from_lists([tokenize(repair_text(text), settings) for text in column.to_pylist()])
        doubts: list[str | None] = self.familiarity.doubts(column, tokens).to_pylist()
        return doubts

    def answer(self, judged: Judgement | None) -> dict[str, object]:
        """Probability and label (1 from the model's threshold on) as JSON has them, kinds and a doubt if there are any.

        Of several classes the label is the name of the likeliest, and `classes` has the probability of each. None
        stands for a tweet without text, which has neither.
        """
        if judged is None:
            return {"probability": None, "label": None}
        said: dict[str, object] = {"probability": judged.probability}
        if judged.classes:
            likeliest = max(judged.classes, key=lambda name: judged.classes[name])
            said |= {"label": likeliest, "classes": judged.classes}
        else:
            said["label"] = int(call_classes(np.array([judged.probability]), self.classifier.threshold)[0])
        said |= {"kinds": judged.kinds} if judged.kinds else {}
        return said if judged.doubt is None else {**said, "doubt": judged.doubt}

    def warm_up(self) -> None:
        """Answer as many tweets of as many lengths as it takes for the first request to be as fast as the next."""
        words = WARM_UP_WORDS.split()
        for size in WARM_UP_SIZES:
            tweets = [Tweet(" ".join(words[: 1 + (row + size) % len(words)]), None) for row in range(size)]
            self.probabilities(tweets)

    def facts(self) -> dict[str, object]:
        """What `/version` says of it."""
        return {
            "model": self.model,
            "version": self.version,
            "uri": self.uri,
            "run_id": self.run_id,
            "code_commit": self.commit,
            "loaded": self.loaded,
            "serves": self.serves,
            "columns": dict(self.columns),
        }


def _version_in(uri: str) -> str:
    """The number of a registered version in its address; nothing in any other.

    >>> _version_in("models:/crisisflow/3"), _version_in("runs:/0123/classifier")
    ('3', '')
    """
    found = re.fullmatch(r"models:/[^/@]+/(\d+)", uri)
    return found[1] if found else ""


def _commit_of(run_id: str | None) -> str | None:
    """The commit of the code that trained the model, marked where it had been changed; None where it is unknown."""
    try:
        tags = tracking.read_run(run_id).data.tags if run_id else {}
    except ValueError:  # its run was deleted
        return None
    commit = tags.get("mlflow.source.git.commit")
    return f"{commit}-dirty" if commit and tags.get("dirty") == "true" else commit
