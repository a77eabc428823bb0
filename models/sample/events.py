"""Real disasters: what they are called, what happens in them, and what people do then."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hazard:
    """One kind of disaster. `family` says which happenings fit it; `keyword` is as in the keyword column."""

    noun: str
    family: str
    keyword: str


@dataclass(frozen=True)
class Family:
    """What hazards of one kind have in common: clauses that are true while they last, and harmless look-alikes."""

    happenings: tuple[str, ...]
    effects: tuple[str, ...]
    responses: tuple[str, ...]


FAMILIES = {
    "fire": Family(
        (
            "flames jumped [the road|the river|the fence] {spot}",
            "smoke is pouring out of [a warehouse|a flat] {spot}",
            "the roof of [a factory|a farm|a bakery] {spot} is burning",
            "a whole block {spot} went up in flames",
            "the fire spread from [a garage|a kitchen|a barn] {spot}",
        ),
        (
            "{count} homes burned down",
            "{crowd} people breathed smoke",
            "{count} people are in hospital with burns",
            "the heat melted the street lamps",
            "a firefighter was hurt",
        ),
        (
            "crews fight the blaze from the air",
            "firefighters hold a line {spot}",
            "engines from {place} are on the way",
            "residents were told to leave at once",
            "hoses run all the way from the canal",
        ),
    ),
    "water": Family(
        (
            "water is up to the windows {spot}",
            "the river broke its banks {spot}",
            "cars are floating {spot}",
            "the wave went over the sea wall {spot}",
            "cellars filled within minutes {spot}",
        ),
        (
            "{count} people are missing",
            "{crowd} homes stand under water",
            "the drinking water is not safe",
            "the current took a footbridge",
            "{count} villages are cut off",
        ),
        (
            "boats bring families out",
            "volunteers fill sandbags {spot}",
            "rescue divers search the water",
            "a helicopter lifts people from roofs",
            "the army opened a shelter at the {venue}",
        ),
    ),
    "ground": Family(
        (
            "walls cracked and chimneys fell {spot}",
            "the slope came down on the road {spot}",
            "the ground opened {spot}",
            "buildings shook for a minute {spot}",
            "rocks buried a car {spot}",
        ),
        (
            "{count} people are trapped under rubble",
            "{crowd} people sleep outside",
            "the old church tower fell",
            "{count} bodies were found",
            "gas and power are cut",
        ),
        (
            "rescuers dig with bare hands",
            "search dogs comb the rubble",
            "engineers check every house",
            "tents went up at the {venue}",
            "survivors were pulled out {spot}",
        ),
    ),
    "wind": Family(
        (
            "wind tore the roofs off {spot}",
            "trees and power lines are down {spot}",
            "gusts tore a crane down {spot}",
            "hail the size of eggs smashed cars {spot}",
            "branches and ice block every road {spot}",
        ),
        (
            "{crowd} homes are without power",
            "{count} people died",
            "the pier was ripped away",
            "{count} lorries lie on their side",
            "crops are flattened for miles",
        ),
        (
            "families moved to the shelter at the {venue}",
            "repair crews work through the night",
            "the coast guard searches for a trawler",
            "crews try to reach stranded drivers",
            "residents were told to stay away from windows",
        ),
    ),
    "crash": Family(
        (
            "wreckage is spread all over {street}",
            "a fire broke out in the wreckage {spot}",
            "brakes failed and people screamed {spot}",
            "a child was pulled from the wreckage {spot}",
            "doors are jammed and smoke is rising {spot}",
        ),
        (
            "{count} passengers were killed",
            "{count} people are injured",
            "{crowd} passengers were on board",
            "fuel is leaking from the wreckage",
            "the route is blocked in both directions",
        ),
        (
            "paramedics treat the injured {spot}",
            "firefighters cut open the wreckage",
            "ambulances line {street}",
            "investigators look for the recorder",
            "a helicopter landed {spot}",
        ),
    ),
    "blast": Family(
        (
            "a loud bang shattered windows {spot}",
            "a pipeline burst {spot}",
            "the front of a building {spot} is gone",
            "a yellow cloud drifts over {place}",
            "ceilings came down {spot}",
        ),
        (
            "{count} workers are missing",
            "{count} people were taken to hospital",
            "{crowd} people have sore eyes",
            "debris landed {spot}",
            "the plant is in ruins",
        ),
        (
            "police cordoned off {street}",
            "residents were told to keep windows shut",
            "bomb experts are on the scene",
            "hospitals called in extra staff",
            "specialists in masks closed the valve",
        ),
    ),
}

HAZARDS = (
    Hazard("fire", "fire", "fire"),
    Hazard("wildfire", "fire", "wildfire"),
    Hazard("house fire", "fire", "house%20fire"),
    Hazard("factory blaze", "fire", "blaze"),
    Hazard("forest fire", "fire", "forest%20fire"),
    Hazard("inferno", "fire", "inferno"),
    Hazard("flood", "water", "flood"),
    Hazard("flash flood", "water", "flash%20flood"),
    Hazard("tsunami", "water", "tsunami"),
    Hazard("river flood", "water", "flooding"),
    Hazard("storm surge", "water", "storm%20surge"),
    Hazard("earthquake", "ground", "earthquake"),
    Hazard("landslide", "ground", "landslide"),
    Hazard("mudslide", "ground", "mudslide"),
    Hazard("avalanche", "ground", "avalanche"),
    Hazard("sinkhole", "ground", "sinkhole"),
    Hazard("building collapse", "ground", "collapse"),
    Hazard("tornado", "wind", "tornado"),
    Hazard("hurricane", "wind", "hurricane"),
    Hazard("typhoon", "wind", "typhoon"),
    Hazard("blizzard", "wind", "blizzard"),
    Hazard("hailstorm", "wind", "hailstorm"),
    Hazard("derailment", "crash", "derailment"),
    Hazard("train wreck", "crash", "wreck"),
    Hazard("plane crash", "crash", "plane%20crash"),
    Hazard("bus crash", "crash", "crash"),
    Hazard("shipwreck", "crash", "shipwreck"),
    Hazard("pile-up", "crash", "collision"),
    Hazard("explosion", "blast", "explosion"),
    Hazard("gas leak", "blast", "gas%20leak"),
    Hazard("chemical spill", "blast", "chemical%20spill"),
    Hazard("oil spill", "blast", "oil%20spill"),
    Hazard("bombing", "blast", "bombing"),
    Hazard("eruption", "blast", "eruption"),
)

# What is true in danger, and what is true when it has passed. Each side is as long as the other and uses plain words.
STATES = (
    ("people are trapped in the {venue}", "people are safe in the {venue}"),
    ("the bridge on {street} is about to fall", "the bridge on {street} is as good as new"),
    ("the road to {place} is cut off", "the road to {place} is wide open"),
    ("the warning for {place} is still in force", "the warning for {place} is a thing of the past"),
    ("the water on {street} is rising fast", "the water on {street} is back to normal"),
    ("the blaze on {street} is out of control", "the grill on {street} is out of charcoal"),
    ("the school in {place} is being evacuated", "the school in {place} is having a quiet day"),
    ("the dam above {place} is about to break", "the dam above {place} is holding well"),
    ("passengers for {place} are badly hurt", "passengers for {place} are on their way home"),
    ("the train to {place} is off the rails", "the train to {place} is on time"),
    ("the {place} ferry is sinking", "the {place} ferry is back in the harbour"),
    ("the roof of the {venue} is coming down", "the roof of the {venue} is in good shape"),
    ("{count} families are missing", "{count} families are all at home"),
    ("the hospital in {place} is full of victims", "the hospital in {place} is calm and quiet"),
    ("the storm is heading for {place}", "the storm is dying at sea"),
    ("gas is leaking on {street}", "kids are playing on {street}"),
    ("rescuers are digging for survivors on {street}", "gardeners are digging for potatoes on {street}"),
    ("the plant in {place} is burning", "the plant in {place} is running well"),
    ("homes on {street} are under water", "homes on {street} are dry and warm"),
    ("everybody at the {venue} must leave now", "everybody at the {venue} may stay now"),
)
