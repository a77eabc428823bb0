"""What is being served right now; one value, so that a request sees one model from its first tweet to its last."""

from dataclasses import dataclass, field

from tasks.service.batching import MicroBatcher
from tasks.service.limits import DEFAULT_LIMITS, Limits, RefusedError
from tasks.service.requests import Question
from tasks.service.served_model import ServedModel


@dataclass(frozen=True)
class Serving:
    """A model with the batcher that asks it."""

    model: ServedModel
    batcher: MicroBatcher


@dataclass
class Service:
    """The model in use, replaced as a whole; and what keeps the next one from being looked for, if anything does."""

    limits: Limits = DEFAULT_LIMITS
    trouble: str = ""
    _serving: Serving | None = field(default=None, repr=False)

    @property
    def model(self) -> ServedModel | None:
        """The model in use."""
        return self._serving.model if self._serving else None

    def put_in_use(self, model: ServedModel) -> None:
        """Answer from now on with this model. Requests that have begun are answered by the one they began with."""
        self._serving = Serving(model, MicroBatcher(model.judge, self.limits.waiting))

    async def answer(self, question: Question) -> dict[str, object]:
        """The answer to a question as JSON has it. Raises RefusedError, and what the model raises."""
        serving = self._serving
        if serving is None:
            raise RefusedError(503, "no_model", "there is no champion yet: run `crisisflow retrain`, then ask again")
        given = [tweet for tweet in question.tweets if tweet is not None]
        judged = iter(await serving.batcher.answer(given))
        answers = [serving.model.answer(None if tweet is None else next(judged)) for tweet in question.tweets]
        whose: dict[str, object] = {"model": serving.model.model, "version": serving.model.version}
        if "keyword" in serving.model.columns and not question.keywords:
            whose["lacking"] = ["keyword"]
        return {**answers[0], **whose} if question.single else {"predictions": answers, **whose}
