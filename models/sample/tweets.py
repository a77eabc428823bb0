"""Labelled tweets from families of templates; each family belongs to training or to the test split, never to both.

A pipeline splits by a hash of the folded text (`models.splitting.splits`). So the generator asks that very function
where a candidate would land and keeps it only when that is where its family belongs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from models.sample import contrasts, figures_of_speech, places
from models.sample.contrasts import CLAUSES, ROLES, SCENES, THINGS, Frames
from models.sample.events import FAMILIES, HAZARDS, Hazard
from models.sample.grammar import Rules, chance, expand, mend, pick, sentence_case
from models.sample.noise import add_noise, short_address
from models.sample.statements import FIGURES, REPORTS, SMALL_TALK
from models.seeds import generator
from models.settings import SplitSettings
from models.splitting.splits import assign_splits, fold_texts, group_digests
from models.text import repair_texts

# Tweets wanted of each kind, as shares; what is decided by order alone is somewhat more than half.
SHARES = {
    "things": 0.21,
    "clauses": 0.12,
    "scenes": 0.04,
    "roles": 0.07,
    "alone": 0.16,
    "status": 0.06,
    "reports": 0.16,
    "figures": 0.13,
    "talk": 0.05,
}
TEST_SHARE = SplitSettings().test_share
POSITIVE_SHARE = 0.45  # of the tweets whose order decides
BATCH = 64  # candidates split at a time: repair and hashing work on columns
ROAMING = tuple(hazard for hazard in HAZARDS if hazard.family in ("fire", "water", "wind"))  # these can reach a place
RULES = {**places.RULES, **figures_of_speech.RULES}
OTHER_KEYWORDS = (
    "ablaze", "panic", "screaming", "emergency", "sirens", "wrecked", "drown", "crush", "rescued", "injured",
)  # fmt: skip


@dataclass(frozen=True)
class Tweet:
    """One row of the sample. `family` names the template it came from and is not written to the file."""

    text: str
    target: int
    keyword: str
    location: str
    family: str
    held_out: bool


def draw_tweets(rows: int, seed: int) -> list[Tweet]:
    """This many clean tweets, shuffled: no two of the same folded text but for a few reposts, all labels consistent."""
    rng = generator(seed, "sample/tweets/order")
    reposts = rows // 75
    drawn: list[Tweet] = []
    taken: set[str] = set()
    for kind, share in SHARES.items():
        wanted = round(share * (rows - reposts))
        held_out = round(wanted * TEST_SHARE)
        for is_held_out, count in ((False, wanted - held_out), (True, held_out)):
            own = generator(seed, f"sample/tweets/{kind}/{'held-out' if is_held_out else 'seen'}")
            drawn += _draw_kind(kind, is_held_out, count, taken, own)
    drawn += [_repost(drawn[int(rng.integers(len(drawn)))], rng) for _ in range(reposts)]
    return [drawn[place] for place in rng.permutation(len(drawn))]


def _draw_kind(kind: str, held_out: bool, wanted: int, taken: set[str], rng: np.random.Generator) -> list[Tweet]:
    """The first candidates of this kind that land in their own split; `taken` (folded texts) grows."""
    kept: list[Tweet] = []
    for tweet, folded, at_home in _candidates(kind, held_out, rng):
        if len(kept) == wanted:
            break
        if at_home and folded not in taken:
            taken.add(folded)
            kept.append(tweet)
    return kept


def _candidates(kind: str, held_out: bool, rng: np.random.Generator) -> Iterator[tuple[Tweet, str, bool]]:
    """Endless candidates, each with its folded text and whether both its raw and its repaired form land at home."""
    while True:
        batch = [_draw(kind, held_out, rng) for _ in range(BATCH)]
        raw = pa.array([tweet.text for tweet in batch], pa.string())
        repaired, _ = repair_texts(raw)
        homes = [[(split == "test") == held_out for split in splits_of(texts)] for texts in (raw, repaired)]
        yield from zip(batch, fold_texts(repaired).to_pylist(), map(all, zip(*homes, strict=True)), strict=True)


def splits_of(texts: pa.Array) -> list[str]:
    """Where a pipeline with default settings puts each text: train, validation or test."""
    return list(assign_splits(group_digests(texts), SplitSettings()).to_pylist())


def _draw(kind: str, held_out: bool, rng: np.random.Generator) -> Tweet:
    """One tweet of this kind, noise and all."""
    hazard = pick(ROAMING if kind == "roles" else HAZARDS, rng)
    keyword = hazard.keyword
    if kind in ("reports", "figures", "talk"):
        text, target, number = _plain(kind, held_out, hazard, rng)
    else:
        text, target, number = _contrast(kind, held_out, hazard, rng)
    if hazard.noun not in text or chance(0.75, rng):
        keyword = pick(OTHER_KEYWORDS, rng)
    text = expand(text, _one_spot(rng), rng)
    text = add_noise(sentence_case(mend(text)), keyword, rng)
    shown = "" if chance(0.03, rng) else keyword
    return Tweet(text, target, shown, _location(rng), f"{kind}/{'held-out' if held_out else 'seen'}/{number}", held_out)


def _plain(kind: str, held_out: bool, hazard: Hazard, rng: np.random.Generator) -> tuple[str, int, int]:
    """Template, label and number of a report, a figure of speech or small talk."""
    frames = {"reports": REPORTS, "figures": FIGURES, "talk": SMALL_TALK}[kind]
    text, number = _frame(frames, held_out, rng)
    family = FAMILIES[hazard.family]
    fillers = {
        "noun": hazard.noun,
        "happening": pick(family.happenings, rng),
        "effect": pick(family.effects, rng),
        "response": pick(family.responses, rng),
    }
    return _fill(text, fillers), int(kind == "reports"), number


def _contrast(kind: str, held_out: bool, hazard: Hazard, rng: np.random.Generator) -> tuple[str, int, int]:
    """Template, label and number of a tweet whose order decides."""
    target = int(chance(POSITIVE_SHARE, rng))
    if kind == "roles":
        pairs = ROLES["held_out" if held_out else "seen"]
        number = int(rng.integers(len(pairs)))
        text = _fill(pairs[number][1 - target], {"hazard": hazard.noun})
    else:
        frames, fillers = {
            "things": (THINGS, contrasts.things),
            "alone": (contrasts.ALONE, contrasts.things),
            "status": (contrasts.STATUS, contrasts.clauses),
            "clauses": (CLAUSES, contrasts.clauses),
            "scenes": (SCENES, contrasts.scenes),
        }[kind]
        text, number = _frame(frames, held_out, rng)
        text = _fill(text, fillers(hazard, target, rng))
    return contrasts.frame(kind, text, rng), target, number


def _one_spot(rng: np.random.Generator) -> Rules:
    """The rules with one place, street and building drawn for the whole tweet: people speak of one spot at a time."""
    return RULES | {slot: (pick(RULES[slot], rng),) for slot in ("place", "street", "venue")}


def _frame(frames: Frames, held_out: bool, rng: np.random.Generator) -> tuple[str, int]:
    texts = frames.held_out if held_out else frames.seen
    number = int(rng.integers(len(texts)))
    return texts[number], number


def _fill(text: str, fillers: dict[str, str]) -> str:
    """The template with these slots filled and all others left for the grammar."""
    for slot, filler in fillers.items():
        text = text.replace("{" + slot + "}", filler)
    return text


def _location(rng: np.random.Generator) -> str:
    """What people put in that field: a third nothing, mostly a place, sometimes a joke."""
    if chance(0.33, rng):
        return ""
    odd = ("somewhere over the rainbow", "304", "11/4", "your timeline", "✨ moon ✨", "worldwide", "here & there")
    return pick(odd, rng) if chance(0.15, rng) else pick(places.PLACES, rng)


def _repost(tweet: Tweet, rng: np.random.Generator) -> Tweet:
    """The same tweet with another address: a near-duplicate, which stays in the same group."""
    return replace(tweet, text=f"{tweet.text} {short_address(rng)}", location=_location(rng))
