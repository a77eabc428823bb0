"""Who waits for whom: nobody alone, everybody together, and nobody for another's mistake."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tasks.service.batching import TWEETS_AT_ONCE, MicroBatcher
from tasks.service.limits import RefusedError
from tasks.service.requests import Tweet


class Model:
    """Answers a tweet with the length of its text; notes what it is asked, and waits before it answers if told to."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, tweets: Sequence[Tweet]) -> list[float]:
        self.asked.append([tweet.text for tweet in tweets])
        assert self.may_go_on.wait(10)
        if any(tweet.text == "poison" for tweet in tweets):
            raise ValueError("poison")
        return [float(len(tweet.text)) for tweet in tweets]


def tweets(*texts: str) -> list[Tweet]:
    return [Tweet(text, None) for text in texts]


def run(scene: Callable[[MicroBatcher, Model], Any], most_waiting: int = 10_000) -> tuple[Any, Model]:
    """What the scene returns, played with a batcher of its own event loop."""
    model = Model()

    async def play() -> Any:
        return await asyncio.wait_for(scene(MicroBatcher(model, most_waiting), model), 20)

    return asyncio.run(play()), model


async def begun(batcher: MicroBatcher, model: Model, *requests: Sequence[Tweet]) -> list[asyncio.Task[list[float]]]:
    """These requests, arriving in this order while the model is at work on a first one; then it may go on."""
    model.may_go_on.clear()
    first = asyncio.create_task(batcher.answer(tweets("first")))
    while not model.asked:
        await asyncio.sleep(0.001)
    rest = []
    for request in requests:
        rest.append(asyncio.create_task(batcher.answer(request)))
        await asyncio.sleep(0)
    model.may_go_on.set()
    return [first, *rest]


def test_a_single_request_is_asked_at_once_and_alone() -> None:
    answers, model = run(lambda batcher, _: batcher.answer(tweets("fire")))
    assert answers == [4.0]
    assert model.asked == [["fire"]]


def test_requests_that_arrive_meanwhile_are_asked_together_and_answered_each_its_own() -> None:
    async def scene(batcher: MicroBatcher, model: Model) -> Any:
        return await asyncio.gather(*await begun(batcher, model, tweets("a"), tweets("bb"), tweets("ccc")))

    answers, model = run(scene)
    assert answers == [[5.0], [1.0], [2.0], [3.0]]
    assert model.asked == [["first"], ["a", "bb", "ccc"]]


def test_a_single_tweet_does_not_wait_for_a_large_batch_in_front_of_it() -> None:
    large = tweets(*["x" * (1 + row % 7) for row in range(1_000)])

    async def scene(batcher: MicroBatcher, model: Model) -> Any:
        return await asyncio.gather(*await begun(batcher, model, large, tweets("single")))

    answers, model = run(scene)
    assert answers[1] == [len(tweet.text) for tweet in large]
    assert model.asked[1][0] == "single"
    assert max(map(len, model.asked)) == TWEETS_AT_ONCE


def test_a_turn_holds_fewer_tweets_when_they_are_long() -> None:
    long = tweets(*["x" * 20_000 for _ in range(9)])
    _, model = run(lambda batcher, _: batcher.answer(long))
    assert [len(turn) for turn in model.asked] == [3, 3, 3]


def test_an_error_of_the_model_hits_only_the_request_that_caused_it() -> None:
    async def scene(batcher: MicroBatcher, model: Model) -> Any:
        requests = await begun(batcher, model, tweets("a"), tweets("poison"), tweets("b", "c"))
        return await asyncio.gather(*requests, return_exceptions=True), await batcher.answer(tweets("later"))

    ((first, a, poisoned, b, ), later), _ = run(scene)  # fmt: skip
    assert (first, a, b, later) == ([5.0], [1.0], [1.0, 1.0], [5.0])
    assert isinstance(poisoned, ValueError)


def test_a_large_batch_with_an_error_in_it_is_not_asked_to_its_end() -> None:
    async def scene(batcher: MicroBatcher, model: Model) -> Any:
        return await asyncio.gather(batcher.answer(tweets("poison", *["x"] * 900)), return_exceptions=True)

    (failed,), model = run(scene)
    assert isinstance(failed, ValueError)
    assert len(model.asked) == 1


def test_more_than_may_wait_is_refused_with_the_numbers() -> None:
    async def scene(batcher: MicroBatcher, model: Model) -> Any:
        requests = await begun(batcher, model, tweets("a", "b"), tweets("c", "d"))
        return await asyncio.gather(*requests, return_exceptions=True)

    (_, served, refused), _ = run(scene, most_waiting=3)
    assert served == [1.0, 1.0]
    assert isinstance(refused, RefusedError)
    assert refused.body()["error"] | {"message": ""} == {"code": "overloaded", "message": "", "value": 2, "limit": 3}


def test_no_tweets_are_answered_without_the_model() -> None:
    answers, model = run(lambda batcher, _: batcher.answer([]))
    assert (answers, model.asked) == ([], [])
