"""Harmless things that sound like disasters: drills, films, fireworks, burnt toast, and exams that are train wrecks."""

# Harmless look-alikes of each family of hazards, without article.
LOOKALIKES = {
    "fire": (
        "bonfire", "barbecue", "smoke machine", "burnt pizza", "fire drill", "campfire", "laser show", "candle display",
        "pan of burnt toast", "fog machine",
    ),
    "water": (
        "water fight", "leaking hose", "pool party", "spilled bucket", "fountain show", "car wash", "broken tap",
        "water slide", "boat race", "swimming gala",
    ),
    "ground": (
        "passing lorry", "dance class", "washing machine", "drum practice", "sandcastle contest", "snowball fight",
        "floor polisher", "moving van", "rock concert", "trampoline class",
    ),
    "wind": (
        "hair dryer", "kite festival", "leaf blower", "pillow fight", "wind machine", "paper plane contest",
        "confetti cannon", "paragliding show", "choir practice", "rattling shutter",
    ),
    "crash": (
        "bumper car ride", "stunt show", "toy train", "crash test", "go-kart race", "shopping trolley race",
        "model plane show", "soapbox race", "parade float", "puppet show",
    ),
    "blast": (
        "burst balloon", "fireworks show", "popped tyre", "champagne cork", "chemistry lesson", "baking contest",
        "paint party", "dropped tray", "soda fountain", "cork cannon",
    ),
}  # fmt: skip
# Harmless whatever the hazard.
REHEARSALS = (
    "drill", "training exercise", "film shoot", "false alarm", "siren test", "school play", "prank", "rehearsal",
    "music video", "video game", "publicity stunt", "safety demonstration", "movie scene", "role play",
)  # fmt: skip
# Look-alikes that are things, not occasions: nobody sells tickets for them.
OBJECTS = (
    "smoke machine", "burnt pizza", "campfire", "pan of burnt toast", "fog machine", "leaking hose", "spilled bucket",
    "broken tap", "passing lorry", "washing machine", "moving van", "floor polisher", "hair dryer", "leaf blower",
    "wind machine", "rattling shutter", "confetti cannon", "toy train", "burst balloon", "popped tyre", "soda fountain",
    "champagne cork", "dropped tray", "cork cannon", "false alarm", "prank",
)  # fmt: skip
STAGED = ("film", "play", "podcast", "documentary", "musical", "series", "opera", "show")
WORKS = (
    "film", "play", "novel", "podcast", "exhibition", "song", "game", "documentary", "comic", "musical", "series",
    "opera", "quiz", "puzzle", "painting", "show",
)  # fmt: skip
TROUBLES = (
    "exam", "haircut", "group project", "Monday meeting", "date", "job interview", "maths test", "birthday cake",
    "commute", "inbox", "outfit", "playlist", "essay", "driving lesson", "budget", "karaoke night", "wifi",
    "dinner", "first day", "presentation", "diet", "gym session",
)  # fmt: skip
ROOMS = ("kitchen", "bedroom", "desk", "car", "bathroom", "locker", "wardrobe", "hair", "handbag", "sofa", "garage")
PARTIES = (
    "birthday party", "exam week", "sleepover", "long weekend", "baking contest", "family visit", "house party",
    "wedding", "school trip", "game night", "art project", "puppy visit",
)  # fmt: skip
TEAMS = ("Harbour Hawks", "Valley Foxes", "Mill Rovers", "Lake Otters", "Canal Kings", "Quarry Bears", "North Larks")
RULES = {
    "rehearsal": REHEARSALS,
    "work": WORKS,
    "trouble": TROUBLES,
    "room": ROOMS,
    "party": PARTIES,
    "team": TEAMS,
}
