"""Why the model answers a tweet as it does: word by word, and with the twins of the tweet in the training data.

An explanation asks the model once for every word, so it runs in a thread of its own, one at a time, beside the thread
that answers `/predict`.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from models.inspection.explanation import Explanation, explain_classes
from tasks.packaging.logged_model import text_column
from tasks.service.limits import RefusedError
from tasks.service.requests import Question, Tweet
from tasks.service.served_model import ServedModel
from tasks.service.state import Service
from tasks.service.twins import find_twins
from tasks.training.explanation_page import MarkedWord, marked_words

MOST_WAITING = 16


class Explainer:
    """Explains single tweets; belongs to one event loop."""

    def __init__(self, service: Service) -> None:
        self._service, self._waiting = service, 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explain")

    async def explain(self, question: Question) -> dict[str, Any]:
        """The answer to the question with threshold, words and twins. Raises RefusedError, and what the model raises.

        A tweet without text has neither.
        """
        if not question.single:
            raise RefusedError(422, "one_tweet", "one tweet is explained at a time: send text, and not tweets")
        if self._waiting >= MOST_WAITING:
            message = f"{self._waiting} explanations are waiting, no more may: ask later"
            raise RefusedError(503, "overloaded", message, value=self._waiting, limit=MOST_WAITING)
        model = self._service.model
        answer = await self._service.answer(question)
        (tweet,) = question.tweets
        if model is None or tweet is None:
            return answer
        self._waiting += 1
        try:
            why = await asyncio.get_running_loop().run_in_executor(self._thread, explained, model, tweet)
        finally:
            self._waiting -= 1
        return {**answer, **why}


def explained(model: ServedModel, tweet: Tweet) -> dict[str, Any]:
    """The words of the tweet and its twins as JSON has them; keys as `crisisflow explain --json` has them.

    `kind` and `strength` say how a word is drawn. Of a label of several classes, and of every kind of information, the
    words of each class, the likeliest first; those of a label are also those of the answer.
    """
    text, keyword = (column.to_pylist()[0] for column in (text_column([tweet.text]), text_column([tweet.keyword])))
    reasons = explain_classes(model.classifier, [text], [keyword])[0]
    explanation = max(reasons.label, key=lambda each: each.probability)
    kinds = {kind.name: kind.classes for kind in model.classifier.kinds} if model.kinds else {}
    told = {name: _classes(classes, reasons.kinds[name]) for name, classes in kinds.items()}
    return {
        "threshold": model.classifier.threshold,
        "probability_of_nothing": explanation.probability_of_nothing,
        "tokens": list(map(_token, marked_words(explanation))),
        "unexplained": explanation.unexplained,
        "twins": find_twins(model.tweets, text),
        **({"explained_classes": _classes(model.classes, reasons.label)} if model.classes else {}),
        **({"explained_kinds": told} if told else {}),
    }


def _classes(names: Sequence[str], explained: Sequence[Explanation]) -> list[dict[str, Any]]:
    """Each class with its probability and words, the likeliest first."""
    found = [
        {"label": name, "probability": each.probability, "tokens": list(map(_token, marked_words(each)))}
        for name, each in zip(names, explained, strict=True)
    ]
    return sorted(found, key=lambda each: -each["probability"])


def _token(word: MarkedWord) -> dict[str, Any]:
    return {
        "token": word.text,
        "log_odds": word.value,
        "known": word.known,
        "kind": word.kind,
        "strength": word.strength,
    }
