"""Sentences and what fills them: reports, figures of speech, and pairs that differ in one thing."""

PLACES = ("Spokane", "Fresno", "Tulsa", "Leeds", "Manila", "Adelaide", "Nairobi", "Calgary")
HAZARDS = ("fire", "flood", "explosion", "earthquake", "tornado", "landslide", "crash", "wildfire")
VENUES = ("school", "hospital", "station", "market", "church", "factory")
COUNTS = ("3", "12", "40", "250")

REPORTS = (
    "{hazard} in {place}, {count} people injured",
    "Breaking: {hazard} near the {venue} in {place}, police and rescue crews on the way",
    "Families evacuated after a {hazard} destroyed homes in {place}",
    "{count} dead and dozens missing after the {hazard} in {place}",
    "Emergency crews search for survivors of the {hazard} at the {venue} in {place}",
    "Roads closed around {place} because of the {hazard}, stay away from the {venue}",
)
JOKES = (
    "my new haircut is a total disaster lol",
    "this mixtape is fire",
    "that exam was a train wreck and I loved every minute",
    "I am drowning in homework, send coffee",
    "my phone battery died again, what a catastrophe haha",
    "she is the bomb, best concert of my life",
    "our team got destroyed tonight but the party was an explosion of fun",
    "my inbox exploded after the holiday",
    "watching a movie about a tornado with popcorn tonight",
    "if this song comes on again I will burn down the dance floor",
)
# (a report, the same denied)
NEGATIONS = (
    ("There is a {hazard} in {place}", "There is no {hazard} in {place}"),
    ("There was a {hazard} at the {venue}", "There was not a {hazard} at the {venue}"),
    ("The {hazard} in {place} is real", "The {hazard} in {place} is not real"),
    ("Police confirm a {hazard} at the {venue} in {place}", "Police deny a {hazard} at the {venue} in {place}"),
    ("People were injured by the {hazard} in {place}", "Nobody was injured, there never was a {hazard} in {place}"),
)
# (meant literally, the same word as a figure of speech)
FIGURES = (
    ("The forest near {place} is on fire", "The band in {place} was on fire"),
    ("A bomb exploded at the {venue} in {place}", "My head exploded when I saw the dress"),
    ("The flood in {place} reached the {venue}", "A flood of emails reached my desk"),
    ("An avalanche buried {count} skiers near {place}", "An avalanche of memes buried my timeline"),
    ("The earthquake in {place} destroyed the {venue}", "That earthquake of a guitar solo destroyed me"),
    ("A train was wrecked near {place}, {count} injured", "My outfit is a train wreck today"),
    ("The storm hit {place} and tore off roofs", "The new single took {place} by storm"),
    ("Crash on the road to {place}, two cars burning", "I want to crash on my sofa and eat pizza"),
)
# (a report, the same as an exercise or a story)
STAGED = (
    ("{hazard} at the {venue} in {place}", "{hazard} drill at the {venue} in {place}"),
    ("A {hazard} destroyed the {venue}", "A {hazard} destroyed the {venue} in the new movie"),
    ("The {hazard} in {place} was terrible", "The video game about the {hazard} in {place} was terrible"),
)
# (nothing happened, something did)
EVENTS = (
    ("Traffic is slow near {place}", "Traffic is slow near {place} after a {hazard}, {count} people injured"),
    ("We are at the {venue} in {place}", "We were evacuated from the {venue} in {place}, the {hazard} is spreading"),
    ("Good morning {place}", "Good morning {place}, rescue teams are still searching for victims of the {hazard}"),
    ("Walking past the {venue}", "Walking past the {venue} destroyed by the {hazard} in {place}"),
)
ADDRESSES = ("http://t.co/a1B2c3D4e5", "https://t.co/Zz9Yy8Xx7W", "http://bit.ly/1xYzAbC", "https://example.org/news/7")
NAMES = ("@anna_92", "@JohnDoe", "@newsdesk24", "@xX_max_Xx")
NUMBERS = ("7", "31", "86", "1,500")
