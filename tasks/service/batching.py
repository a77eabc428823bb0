"""Requests answered together: whatever arrives while the model is at work is asked in one go as soon as it is free.

A network's steps over time cost nearly the same for one tweet as for thirty, so this is what carries many single
requests. Requests are not held back: one that finds the model idle is predicted at once, alone.
"""

import asyncio
from bisect import insort
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tasks.service.limits import DEFAULT_LIMITS, RefusedError
from tasks.service.requests import Tweet

Predict = Callable[[Sequence[Tweet]], list[Any]]

# One turn takes so little that a single tweet hardly notices a batch of a thousand in front of it.
TWEETS_AT_ONCE = 256
CHARACTERS_AT_ONCE = 50_000


@dataclass(eq=False)
class _Waiting:
    """The tweets of one request, how many of them were asked, and the answers so far."""

    tweets: Sequence[Tweet]
    answered: asyncio.Future[list[Any]]
    asked: int = 0
    answers: list[Any] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tweets)

    def take(self, answers: Sequence[Any]) -> None:
        """Keep these answers, the next ones in order; when they are all, hand them over."""
        self.answers += answers
        if len(self.answers) == len(self.tweets) and not self.answered.done():
            self.answered.set_result(self.answers)

    def fail(self, error: Exception) -> None:
        """Hand over the error instead."""
        if not self.answered.done():
            self.answered.set_exception(error)


class MicroBatcher:
    """Asks `predict` about the tweets of many requests at once. Belongs to one event loop and one model.

    The thread in which `predict` runs is its own, so another model's batcher works beside it.
    """

    def __init__(self, predict: Predict, most_waiting: int = DEFAULT_LIMITS.waiting) -> None:
        self._predict, self._most_waiting = predict, most_waiting
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._waiting: list[_Waiting] = []
        self._turns: asyncio.Task[None] | None = None

    async def answer(self, tweets: Sequence[Tweet]) -> list[Any]:
        """What `predict` says of these tweets, in order.

        Raises RefusedError when too much is waiting already, and whatever `predict` raises for these tweets.
        """
        if not tweets:
            return []
        if (waiting := sum(map(len, self._waiting))) + len(tweets) > self._most_waiting:
            message = (
                f"{waiting:,} tweets are waiting for an answer, no more than {self._most_waiting:,} may: ask later"
            )
            raise RefusedError(503, "overloaded", message, value=waiting, limit=self._most_waiting)
        request = _Waiting(tweets, asyncio.get_running_loop().create_future())
        insort(self._waiting, request, key=len)  # single tweets before batches; those of one size as they came
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        return await request.answered

    async def _take_turns(self) -> None:
        while self._waiting:
            await self._ask(self._next_turn())

    def _next_turn(self) -> dict[_Waiting, list[Tweet]]:
        """What the model is asked next, by request."""
        turn: dict[_Waiting, list[Tweet]] = {}
        tweets = characters = 0
        while self._waiting and tweets < TWEETS_AT_ONCE and characters < CHARACTERS_AT_ONCE:
            request = self._waiting[0]
            tweet = request.tweets[request.asked]
            turn.setdefault(request, []).append(tweet)
            tweets, characters = tweets + 1, characters + len(tweet.text)
            request.asked += 1
            if request.asked == len(request.tweets):
                self._waiting.pop(0)
        return turn

    async def _ask(self, turn: dict[_Waiting, list[Tweet]]) -> None:
        """Ask the model about these; where that fails, about each request alone, so that only the guilty one fails."""
        try:
            answers = iter(await self._in_thread([tweet for tweets in turn.values() for tweet in tweets]))
        except Exception as error:
            if len(turn) > 1:
                for request, tweets in turn.items():
                    await self._ask({request: tweets})
                return
            (request,) = turn
            self._waiting = [each for each in self._waiting if each is not request]
            request.fail(error)
            return
        for request, tweets in turn.items():
            request.take([next(answers) for _ in tweets])

    async def _in_thread(self, tweets: list[Tweet]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict, tweets)
