"""A corpus of short documents in the words of the tweets, for word vectors: news, announcements, diaries and more."""

import re
from collections.abc import Iterator

import numpy as np

from models.sample import figures_of_speech, places
from models.sample.articles import CORRECTION, HANDBOOK, NEWS, Topic
from models.sample.events import FAMILIES, HAZARDS, STATES, Hazard
from models.sample.figures_of_speech import LOOKALIKES, OBJECTS, PARTIES, REHEARSALS, STAGED, TEAMS, TROUBLES, WORKS
from models.sample.grammar import Rules, chance, expand, mend, pick, sentence_case
from models.sample.handbook import FACTS
from models.sample.leisure import DIARY, EVENT, MATCH, REVIEW
from models.sample.places import PLACES
from models.seeds import generator

TOPICS = (NEWS, HANDBOOK, CORRECTION, EVENT, REVIEW, DIARY, MATCH)
# Of each hundred documents. Corrections are the fewest: they put danger and harmless things side by side.
SHARES = {"news": 30, "handbook": 16, "corrections": 6, "events": 16, "reviews": 10, "diaries": 16, "matches": 6}
OCCASIONS = tuple(
    thing for thing in (*(item for group in LOOKALIKES.values() for item in group), *REHEARSALS) if thing not in OBJECTS
)
RULES = {**places.RULES, **figures_of_speech.RULES}


def generate_corpus(seed: int, words: int = 300_000) -> dict[str, list[str]]:
    """Documents by topic, at least this many blank-separated words in all, no two documents alike."""
    if words < 1:
        raise ValueError(f"words must be >= 1, got {words}")
    return {topic.name: _write_topic(topic, words * SHARES[topic.name] // 100 + 1, seed) for topic in TOPICS}


def _write_topic(topic: Topic, words: int, seed: int) -> list[str]:
    written: dict[str, None] = {}  # a set that keeps its order
    count = 0
    for document in _documents(topic, generator(seed, f"sample/corpus/{topic.name}")):
        if document in written:
            continue
        written[document] = None
        count += len(document.split())
        if count >= words:
            break
    return list(written)


def _documents(topic: Topic, rng: np.random.Generator) -> Iterator[str]:
    """Endless documents of one topic, each about one hazard in one place."""
    while True:
        rules = _rules_of_one_document(pick(HAZARDS, rng), rng)
        order = rng.permutation(len(topic.body))[: topic.sentences + int(rng.integers(-1, 3))]
        patterns = [pick(topic.openings, rng), *(topic.body[place] for place in order), pick(topic.closings, rng)]
        sentences = dict.fromkeys(sentence_case(mend(expand(pattern, rules, rng))) for pattern in patterns)
        yield " ".join(sentences)


def _rules_of_one_document(hazard: Hazard, rng: np.random.Generator) -> Rules:
    """The grammar with all that one document sticks to: its place, hazard, occasion, work, teams, and what is true."""
    harmless = pick(LOOKALIKES[hazard.family] + REHEARSALS, rng)
    work = pick(STAGED, rng)
    occasion = pick(OCCASIONS, rng)
    team, rival = (TEAMS[place] for place in rng.permutation(len(TEAMS))[:2])
    dangerous, calm = (tuple(side) for side in zip(*STATES, strict=True))
    is_real = chance(0.5, rng)
    return {
        **RULES,
        **_rules_of_hazard(hazard),
        "place": (pick(PLACES, rng),),
        "dangerous": dangerous,
        "calm": calm,
        "so": (hazard.noun if is_real else harmless,),
        "not_so": (harmless if is_real else hazard.noun,),
        "true": dangerous if is_real else calm,
        "false": calm if is_real else dangerous,
        "object": OBJECTS,
        "occasion": (occasion,),
        "other_occasion": tuple(other for other in OCCASIONS if other != occasion),
        "work": (work,),
        "other_work": tuple(other for other in WORKS if other not in STAGED),
        "trouble": (pick(TROUBLES, rng),),
        "party": (pick(PARTIES, rng),),
        "chamber": ("kitchen", "bedroom", "bathroom", "garage"),
        "team": (team,),
        "rival": (rival,),
    }


def _rules_of_hazard(hazard: Hazard) -> Rules:
    """What follows from the hazard alone: its noun, the others, its facts, what happens, its effects and responses."""
    family = FAMILIES[hazard.family]
    return {
        "noun": (hazard.noun,),
        "other": tuple(other.noun for other in HAZARDS if other is not hazard),
        "fact": FACTS[hazard.noun],
        "happening": family.happenings,
        "effect": family.effects,
        "response": family.responses,
    }


def count_words(corpus: dict[str, list[str]]) -> int:
    """Blank-separated words of all documents."""
    return sum(len(re.findall(r"\S+", document)) for documents in corpus.values() for document in documents)
