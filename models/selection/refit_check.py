"""Does a model that was fitted again still say what its judged twin says? Asked of texts that neither learned from.

Every labelled tweet is a text that the refit has learned from, so texts are made: the first half of one tweet and the
second half of another, both from the twin's training rows, which both models know alike. Where there is unlabelled
text, the beginnings of its documents, as long as tweets are, are texts of their own. There is no label for either:
this finds a fit that went wrong, not one that is a little worse.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.seeds import generator
from models.settings import ServedSettings
from models.text import Tokens
from models.wording import counted

MOST_TEXTS = 2_000  # agreement to about a point
TAKEN = 4_000  # documents of unlabelled text that are looked at
ROUNDS = 5  # so that 50 tweets make 250 texts: more of so few would only repeat one another
SHORTEST = 4  # tokens: a text of fewer is half a label


@dataclass(frozen=True)
class Agreement:
    """Refit beside twin on texts of one kind: share of equal labels, means of refit minus twin."""

    texts: int
    agreement: float
    drift: float
    certainty: float

    def faults(self, settings: ServedSettings) -> list[str]:
        """What is beyond the stated bounds, in words."""
        found = []
        if self.agreement < settings.min_agreement:
            found.append(f"equal labels {self.agreement:.3f}, at least {settings.min_agreement:g} wanted")
        if abs(self.drift) > settings.max_drift:
            found.append(f"mean probability {self.drift:+z.3f}, at most {settings.max_drift:g} either way wanted")
        if abs(self.certainty) > settings.max_drift:
            found.append(f"mean certainty {self.certainty:+z.3f}, at most {settings.max_drift:g} either way wanted")
        return found


def measure_agreement(twin: np.ndarray, refit: np.ndarray, called: Sequence[np.ndarray]) -> Agreement:
    """How two models' probabilities of the same texts (texts,), and what they call them, compare; NaN for no texts.

    Of several classes, (texts, classes), the drift is that of the class whose mean moves most.

    >>> measure_agreement(np.array([0.2, 0.9]), np.array([0.6, 0.9]), [np.array([0, 1]), np.array([1, 1])])
    Agreement(texts=2, agreement=0.5, drift=0.2, certainty=-0.1)
    """
    if not len(twin):
        return Agreement(0, float("nan"), float("nan"), float("nan"))
    same = float(np.mean(called[0] == called[1]))
    drifts = np.atleast_1d(np.mean(refit - twin, axis=0))
    drift, certainty = float(drifts[np.abs(drifts).argmax()]), float(np.mean(_certainty(refit) - _certainty(twin)))
    return Agreement(len(twin), same, round(drift, 6), round(certainty, 6))


def _certainty(probabilities: np.ndarray) -> np.ndarray:
    certainty: np.ndarray = np.maximum(probabilities, 1 - probabilities)
    return certainty if probabilities.ndim == 1 else probabilities.max(axis=1)


def decide(found: Mapping[str, Agreement], settings: ServedSettings) -> tuple[bool, str]:
    """Whether the refit is served, and why, by the agreement on each kind of texts.

    Every kind with enough texts must be within the bounds. If no kind has enough, it cannot be told, and what was
    judged is served.
    """
    enough = {kind: each for kind, each in found.items() if each.texts >= settings.min_texts}
    if not enough:
        most = max((each.texts for each in found.values()), default=0)
        return (
            False,
            f"cannot tell whether the refit agrees: {counted(most, 'text')} to ask, {settings.min_texts} wanted",
        )
    faults = [f"{kind}: {fault}" for kind, each in enough.items() for fault in each.faults(settings)]
    if faults:
        return False, f"the refit departs from the judged model ({'; '.join(faults)})"
    words = (f"{each.agreement:.3f} of {each.texts:,} {kind}" for kind, each in enough.items())
    return True, f"the refit gives the label of the judged model to {' and '.join(words)}"


def spliced_texts(train: Sequence[Sequence[str]], labelled: Sequence[Sequence[str]], seed: int) -> list[list[str]]:
    """Texts made of the first half of one training document and the second half of another; none is a labelled one."""
    return _new_texts(_splices(train, generator(seed, "refit/texts")), labelled)


def _splices(documents: Sequence[Sequence[str]], random: np.random.Generator) -> Iterator[Sequence[str]]:
    for _ in range(ROUNDS):
        first, second = random.permutation(len(documents)), random.permutation(len(documents))
        for front, back in zip(first, second, strict=True):
            one, other = documents[front], documents[back]
            yield (*one[: (len(one) + 1) // 2], *other[len(other) // 2 :])


def beginnings(documents: Tokens, labelled: Sequence[Sequence[str]], seed: int) -> list[list[str]]:
    """The beginnings of unlabelled documents, as long as labelled ones drawn by the seed; none that is one of these."""
    random = generator(seed, "refit/beginnings")
    first = documents.take(np.arange(min(len(documents), TAKEN))).to_lists()
    lengths = (len(labelled[int(random.integers(len(labelled)))]) for _ in first)
    return _new_texts((document[:length] for document, length in zip(first, lengths, strict=True)), labelled)


def _new_texts(texts: Iterable[Sequence[str]], labelled: Sequence[Sequence[str]]) -> list[list[str]]:
    """The first MOST_TEXTS different ones that are long enough and no labelled text."""
    known = {tuple(each) for each in labelled}
    made: dict[tuple[str, ...], None] = {}
    for text in map(tuple, texts):
        if len(text) >= SHORTEST and text not in known:
            made[text] = None
        if len(made) == MOST_TEXTS:
            break
    return [list(text) for text in made]
