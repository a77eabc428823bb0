"""Tweets whose label hangs on order and negation: the same words, the other way round, are the other class.

In each frame `{A}` is what is so and `{B}` is what is not. A disaster as A and something harmless as B is a report;
swapped, it is the all-clear, the joke or the film. A model over single words and word pairs weighs both the same.
"""

from dataclasses import dataclass

import numpy as np

from models.sample.events import STATES, Hazard
from models.sample.figures_of_speech import LOOKALIKES, REHEARSALS
from models.sample.grammar import chance, pick


@dataclass(frozen=True)
class Frames:
    """Frames of one kind: those that training may see, and those kept for the test split."""

    seen: tuple[str, ...]
    held_out: tuple[str, ...]


THINGS = Frames(
    seen=(
        "it was {A}, not {B}",
        "not {B} but {A}",
        "this is not {B}, this is {A}",
        "this is {A}, this is not {B}",
        "{A} rather than {B}",
        "{A} instead of {B}",
        "we expected {B} and got {A}",
        "we got {A} and expected {B}",
        "what looked like {B} turned out to be {A}",
        "it turned out to be {A}, it only looked like {B}",
        "first reported as {B}, now confirmed as {A}",
        "now confirmed as {A}, first reported as {B}",
        "everyone thought it was {B}, it is {A}",
        "it is {A}, everyone thought it was {B}",
        "it never was {B}, it was {A} from the start",
        "no sign of {B}, we found {A}",
        "we found {A} and no sign of {B}",
        "{A} was mistaken for {B}",
        "people mistook {A} for {B}",
        "dreamed of {B}, woke up to {A}",
        "woke up to {A} after I dreamed of {B}",
        "we came for {B} and found {A}",
        "{speaker} confirms {A} and denies {B}",
        "{speaker} denies {B} and confirms {A}",
        "we hoped for {B}, it was {A}",
        "it was {A}, we hoped for {B}",
        "supposed to be {B}, ended up as {A}",
        "it ended up as {A}, supposed to be {B}",
        "{A} is the truth, {B} is the rumour",
        "{B} is the rumour, {A} is the truth",
        "the noise was {A}, not {B}",
        "was it {B} ? no, it was {A}",
        "the sirens were for {A}, not for {B}",
        "{speaker} called it {B}, in fact it is {A}",
        "in fact it is {A}, {speaker} called it {B}",
    ),
    held_out=(
        "it only looked like {B}, it is {A}",
        "{A} is what we got, we expected {B}",
        "the noise was {A}, it was not {B}",
        "{speaker} confirms {A}, first reported as {B}",
        "it was not {B}, it turned out to be {A}",
        "everyone expected {B} and got {A}",
        "we found {A} where everyone hoped for {B}",
        "{A} is the truth, it never was {B}",
        "supposed to be {B}, now confirmed as {A}",
        "we thought it was {B}, in fact it was {A}",
        "in fact it was {A} rather than {B}",
    ),
)
ALONE = Frames(
    seen=(
        "it is {A}",
        "it was {A}",
        "there was {A}",
        "we saw {A}",
        "{A}",
        "{speaker} confirms {A}",
        "it turned out to be {A}",
        "we got {A}",
        "there is {A} going on",
        "woke up to {A}",
        "this is {A}",
        "look, {A}",
        "they found {A}",
        "in fact it is {A}",
    ),
    held_out=("there it is, {A}", "we woke up to {A}", "look, there is {A}", "it is {A} again", "{speaker} saw {A}"),
)
STATUS = Frames(
    seen=(
        "{A}",
        "just heard that {A}",
        "{speaker} says {A}",
        "it is official, {A}",
        "I can see that {A}",
        "we know that {A}",
        "good to know that {A}",
        "{A}, it is official",
        "today {A}",
    ),
    held_out=("we heard that {A}", "it is official that {A}", "{speaker} can see that {A}", "{A}, good to know"),
)
CLAUSES = Frames(
    seen=(
        "{A}, it is not true that {B}",
        "it is not true that {B}, {A}",
        "forget the rumour that {B}, {A}",
        "{A}, forget the rumour that {B}",
        "they told us {B}, but {A}",
        "{A} even though they told us {B}",
        "we thought {B}, now {A}",
        "now {A}, we thought {B}",
        "yesterday {B}, today {A}",
        "today {A}, yesterday {B}",
        "{speaker} denies that {B} and confirms that {A}",
        "{speaker} confirms that {A} and denies that {B}",
        "whoever says {B} is wrong, {A}",
        "{A}, whoever says {B} is wrong",
        "in the film {B}, in real life {A}",
        "in real life {A}, in the film {B}",
        "I dreamed that {B} and woke up to hear {A}",
        "woke up to hear {A}, I dreamed that {B}",
        "the forecast said {B}, in fact {A}",
        "in fact {A}, the forecast said {B}",
        "the old message said {B}, the new one says {A}",
        "the new message says {A}, the old one said {B}",
        "the rumour was that {B}, the truth is that {A}",
        "the truth is that {A}, the rumour was that {B}",
    ),
    held_out=(
        "the rumour was that {B}, in fact {A}",
        "yesterday they told us {B}, today {A}",
        "{speaker} confirms that {A}, it is not true that {B}",
        "in real life {A}, we only thought {B}",
        "now {A}, whoever says {B} is wrong",
        "the truth is that {A}, the forecast said {B}",
        "the old message said {B}, but now {A}",
        "forget the film where {B}, in real life {A}",
    ),
)
SCENES = Frames(
    seen=(
        "{A} looks like {B}",
        "{A} looks just like {B}",
        "{A} reminds me of {B}",
        "looking at {A}, thinking of {B}",
        "imagine {B}, then look at {A}",
        "look at {A} and imagine {B}",
        "think of {B}, that is how {A} looks",
        "{A} could pass for {B}",
        "saw {A}, thought of {B}",
        "I saw {A} and it was like {B}",
        "photo of {A}, it looks like {B}",
        "cleaning up {A}, it feels like {B}",
        "if you know {B}, you know how {A} looks",
    ),
    held_out=(
        "saw {A}, it looks just like {B}",
        "photo of {A}, it could pass for {B}",
        "imagine {B}, that is how {A} looks",
        "cleaning up {A}, it reminds me of {B}",
    ),
)
# (report, figure of speech): the disaster is there, or it is what a film, a song or a book is about.
ROLES: dict[str, tuple[tuple[str, str], ...]] = {
    "seen": (
        ("the {hazard} stops the {work} at the {venue}", "the {work} about the {hazard} stops at the {venue}"),
        (
            "the {hazard} has reached the {venue} during the {work}",
            "the {work} about the {hazard} has reached the {venue}",
        ),
        ("so loud was the {hazard} that we left the {work}", "the {hazard} in the {work} was so loud that we left"),
        (
            "live from {place}: the {hazard} has ended the {work}",
            "live from {place}: the {work} has ended with the {hazard}",
        ),
        ("because of the {hazard} nobody saw the {work}", "nobody saw the {hazard} because of our seats at the {work}"),
        ("the {hazard} came before the {work} was over", "before the {hazard} came the {work} was boring"),
        ("we ran from the {hazard} during the {work}", "we ran to see the {work} about the {hazard}"),
        (
            "the {hazard} took the {venue} in the middle of the {work}",
            "the {hazard} in the middle of the {work} took the prize",
        ),
        (
            "everyone at the {work} is talking, the {hazard} is close",
            "everyone is talking about the {hazard} at the close of the {work}",
        ),
        ("no {work} tonight, the {hazard} is at the {venue}", "tonight at the {venue}: the {work} of the {hazard}"),
        ("the {hazard} closed the {work} in {place}", "the {work} with the {hazard} closed in {place}"),
        ("the {work} is off, the {hazard} hit {place}", "the {hazard} is a hit, the {work} is on in {place}"),
        ("the {hazard} buried the bus of the {team}", "the {team} buried us like the {hazard} buried the bus"),
        (
            "the {hazard} came for the {team} on the way to the cup",
            "the {team} came like a(n) {hazard} on the way to the cup",
        ),
    ),
    "held_out": (
        ("the {hazard} has ended the {work} at the {venue}", "the {work} about the {hazard} has ended at the {venue}"),
        ("the {hazard} came during the {work} and we ran", "the {hazard} came in the middle of the {work}, so boring"),
        (
            "because of the {hazard} the {work} is off in {place}",
            "because of the {hazard} in it the {work} is a hit in {place}",
        ),
        ("we left the {work}, the {hazard} is close to {place}", "we left before the {hazard} in the {work} was over"),
        ("the {hazard} stops the {team} on the way to {place}", "the {team} stops for the {work} about the {hazard}"),
    ),
}

OPENERS = ("", "", "", "", "update: ", "so ", "listen, ", "ok, ", "for the record: ", "breaking: ", "wow, ", "hey, ")
REMARKS = ("", "", "", ", says {speaker}", ", {speaker} told us", ", pass it on", ", I was there", ", just so you know")
SETTINGS = ("", "", " {where}", " {time}", " {where} {time}")


def frame(kind: str, template: str, rng: np.random.Generator) -> str:
    """The template with a drawn opening and ending, which go with both labels alike.

    A place and a time are added only to what happens, not to scenes, roles and clauses, which have their own.
    """
    setting = pick(SETTINGS, rng) if kind in ("things", "alone") else ""
    remark = pick(REMARKS, rng)
    if "{speaker}" in template + setting and "{speaker}" in remark:
        remark = ""
    return pick(OPENERS, rng) + template + setting + remark


def things(hazard: Hazard, label: int, rng: np.random.Generator) -> dict[str, str]:
    """A disaster and a harmless thing as `A` and `B`, the disaster as A when the label is 1."""
    harmless = pick(LOOKALIKES[hazard.family], rng) if chance(0.6, rng) else pick(REHEARSALS, rng)
    sizes = [pick(("", "", "{size} "), rng) for _ in range(2)]
    return _order("a(n) " + sizes[0] + hazard.noun, "a(n) " + sizes[1] + harmless, label)


def clauses(hazard: Hazard, label: int, rng: np.random.Generator) -> dict[str, str]:
    """A dangerous and a harmless state of affairs as `A` and `B`."""
    if chance(0.25, rng):
        pair = things(hazard, label, rng)
        return {side: f"there was {thing}" for side, thing in pair.items()}
    dangerous, harmless = pick(STATES, rng)
    return _order(dangerous, harmless, label)


def scenes(hazard: Hazard, label: int, rng: np.random.Generator) -> dict[str, str]:
    """A place after a disaster and a room after a party as `A` and `B`."""
    return _order(f"{{street}} after the {hazard.noun}", "my {room} after the {party}", label)


def _order(real: str, harmless: str, label: int) -> dict[str, str]:
    return {"A": real, "B": harmless} if label else {"A": harmless, "B": real}
