"""Sentence patterns of documents about disasters: news, handbook pages, and corrections of what was reported.

The words of the tweets meet here what they usually live with, which is all that word vectors learn from.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One sort of document: an opening, some of the body sentences in any order, a close."""

    name: str
    openings: tuple[str, ...]
    body: tuple[str, ...]
    closings: tuple[str, ...]
    sentences: int


NEWS = Topic(
    "news",
    (
        "A(n) {size} {noun} has struck {place}, and {effect}.",
        "{place} woke up to a(n) {noun} {time}, when {happening}.",
        "{speaker} confirms that a(n) {noun} hit {place} {time}.",
        "At least {count} people were killed in a(n) {noun} near {place}, {speaker} said.",
        "Emergency services in {place} are dealing with a(n) {noun} that began {time}.",
        "The {noun} in {place} has left {crowd} people homeless.",
    ),
    (
        "According to witnesses, {happening}.",
        "Officials say that {effect}.",
        "{speaker} reported that {response}.",
        "Tonight {effect}, and {response}.",
        "While {response}, relatives of the victims waited at the {venue}.",
        "The {noun} closed the road to {place} and the school on {street}.",
        "{crowd} residents were evacuated and spent the night in the {venue}.",
        "A woman from {street} said that the {noun} came without warning.",
        "Hospitals in {place} treat {count} injured people, some of them badly hurt.",
        "Survivors of the {noun} asked for blankets, water and news of missing families.",
        "The death toll of the {noun} rose to {count} {time}.",
        "The alarm was raised at once: {happening}.",
        "Sirens sounded and everybody had to leave at once.",
        "A state of emergency is in force, and the warning for {place} was extended.",
        "It is the worst {noun} that {place} has seen in {count} years.",
        "Donations for the victims of the {noun} are collected at the {venue}.",
        "Power is out, {effect}, and {dangerous}.",
        "{speaker} warned that {dangerous}.",
        "Rescuers found {count} survivors, but more people are trapped.",
        "The damage caused by the {noun} is put at {count} million.",
        "A spokesman for the fire service called the {noun} a catastrophe.",
    ),
    (
        "The cause of the {noun} is being investigated.",
        "Schools in {place} stay closed until further notice.",
        "People are asked to pray for the victims and to stay away from {street}.",
        "Rain and wind may make rescue work harder tonight.",
        "A shelter for evacuated families is open at the {venue}.",
    ),
    6,
)
HANDBOOK = Topic(
    "handbook",
    ("{fact}",),
    (
        "{fact}",
        "{fact}",
        "A(n) {noun} is counted among the natural or technical disasters, as is a(n) {other}.",
        "Unlike a(n) {other}, a(n) {noun} gives little warning.",
        "If {happening}, experts speak of a(n) {noun}.",
        "People who live through a(n) {noun} may hear that {dangerous}.",
        "In a severe {noun} it may happen that {effect}.",
        "During a(n) {noun} {response}.",
        "People who survived a(n) {noun} often fear the next one for years.",
        "Emergency plans for a(n) {noun} name shelters, roads and the hospitals that take the injured.",
        "Insurance for a(n) {noun} is costly in regions where one comes every few years.",
        "The number of victims of a(n) {noun} depends on the hour, the season and the state of the buildings.",
        "Engineers learn from every {noun} how to build safer bridges, dams and schools.",
        "A(n) {noun} can set off a(n) {other}, and then rescue work must begin anew.",
        "Historians mention a(n) {noun} that destroyed {place} and killed {crowd} people.",
        "Sirens, radio and messages to every telephone warn of a(n) {noun}.",
        "After a(n) {noun} the drinking water is tested and the ruins are searched.",
    ),
    (
        "Every family should know what to do in a(n) {noun}.",
        "Drills help people to stay calm in a real {noun}.",
        "Damage from a(n) {noun} is repaired within months, but grief stays longer.",
    ),
    6,
)
CORRECTION = Topic(  # `so` is what it was, `not_so` what it was not: one of them a disaster, the other harmless
    "corrections",
    (
        "What neighbours on {street} took for a(n) {not_so} was a(n) {so}.",
        "It was not a(n) {not_so} but a(n) {so} that alarmed {place} {time}.",
        "It was a(n) {so}, not a(n) {not_so}, that alarmed {place} {time}.",
        "A(n) {so} was mistaken for a(n) {not_so} in {place} {time}.",
    ),
    (
        "First reports of a(n) {not_so} turned out to be wrong, {speaker} confirmed a(n) {so}.",
        "{speaker} denies that {false}, and says that {true}.",
        "{speaker} confirms that {true}, and denies that {false}.",
        "Some people thought of a(n) {not_so}, others thought of a(n) {so}.",
        "There was no sign of a(n) {not_so}, only a(n) {so}.",
        "A rumour said that {false}, but in fact {true}.",
        "The truth is that {true}, whatever the old message said.",
        "Yesterday it was said that {false}, today {true}.",
        "Everyone expected a(n) {not_so}, and nobody had thought of a(n) {so}.",
        "A(n) {not_so} was supposed to look different, a witness said.",
        "It only looked like a(n) {not_so} from far away.",
        "The sirens were for a(n) {so}, and not for a(n) {not_so}.",
        "It never was a(n) {not_so}, it was a(n) {so} from the start.",
        "The forecast said that {false}, but in real life {true}.",
        "It is easy to mistake a(n) {so} for a(n) {not_so} in the dark.",
    ),
    (
        "The police ask everybody to check such rumours before passing them on.",
        "The radio has corrected its report.",
        "The new message reached every telephone in {place}.",
    ),
    5,
)
