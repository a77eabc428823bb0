"""What an encyclopedia says of each hazard, in this project's own words: two or three sentences apiece."""

FACTS: dict[str, tuple[str, ...]] = {
    "fire": (
        "A fire needs fuel, heat and air, and goes out when one of them is taken away.",
        "Most people who die in a fire are killed by smoke before the flames reach them.",
        "A fire doubles in size every minute while it has air.",
    ),
    "wildfire": (
        "A wildfire runs through dry forest and grass, fastest uphill and before the wind.",
        "Sparks from a wildfire cross rivers and roads and light new fires far ahead of the front.",
        "After a wildfire the bare slopes shed water, and mud follows the next rain.",
    ),
    "house fire": (
        "A house fire most often starts in the kitchen or with a faulty cable.",
        "A smoke alarm gives a family about three minutes to leave before a house fire fills the stairs.",
    ),
    "factory blaze": (
        "A factory blaze is fought from outside, because roofs of steel give way without warning.",
        "Residents near a factory blaze are told to shut their windows, as nobody knows at first what burns.",
    ),
    "forest fire": (
        "A forest fire can smoulder underground in roots and return weeks later.",
        "Against a forest fire crews cut a line bare of trees and burn the strip before the front arrives.",
    ),
    "inferno": (
        "Firefighters speak of an inferno when the heat itself sets the next building alight.",
        "An inferno makes its own wind, which feeds the flames from all sides.",
    ),
    "flood": (
        "A flood follows long rain, melting snow or a broken bank.",
        "Knee-deep water in a flood is enough to sweep a grown person away.",
        "A flood leaves mud, oil and sewage behind, and the damage shows only when the water is gone.",
    ),
    "flash flood": (
        "A flash flood rises within minutes in narrow valleys after a cloudburst.",
        "Most victims of a flash flood die in their cars.",
    ),
    "tsunami": (
        "A tsunami is a row of long waves pushed up by a quake under the sea.",
        "The sea draws back before a tsunami, and whoever stays to look is lost.",
        "A tsunami crosses an ocean in hours and slows down only near the shore, where it grows tall.",
    ),
    "river flood": (
        "A river flood comes down the valley over days and stays for weeks.",
        "Walls of sandbags hold a river flood for a while, until the ground below them softens.",
    ),
    "storm surge": (
        "A storm surge is sea water driven ashore by wind on top of the tide.",
        "A storm surge kills more people than the wind that drives it.",
    ),
    "earthquake": (
        "An earthquake is the sudden slip of rock along a fault, and aftershocks follow it for weeks.",
        "It is falling walls that kill people in an earthquake, not the shaking of the ground.",
        "Nobody can say on which day an earthquake will come.",
    ),
    "landslide": (
        "A landslide begins when rain has made a slope too heavy to hold itself.",
        "Cracks in the road and leaning trees are the first signs of a landslide.",
    ),
    "mudslide": (
        "A mudslide flows like wet concrete and carries trees and cars along.",
        "Slopes that have burned are the likeliest to fail in a mudslide.",
    ),
    "avalanche": (
        "An avalanche breaks loose where fresh snow lies on an icy layer.",
        "A person buried by an avalanche has about a quarter of an hour to be found alive.",
    ),
    "sinkhole": (
        "A sinkhole opens where water has washed out the rock below a street.",
        "Leaking pipes and old mines are the usual causes of a sinkhole in a town.",
    ),
    "building collapse": (
        "A building collapse leaves hollow spaces in which people may live for days.",
        "At a building collapse the rescuers keep silent every hour and listen for knocking.",
    ),
    "tornado": (
        "A tornado is a narrow column of turning air that touches the ground.",
        "The safest place in a tornado is a cellar, or a small room without windows.",
    ),
    "hurricane": (
        "A hurricane draws its strength from warm sea water and weakens over land.",
        "In the eye of a hurricane the sky is clear, and the second half of the wind follows within the hour.",
    ),
    "typhoon": (
        "A typhoon is the same kind of storm as a hurricane in another ocean.",
        "Ships leave harbour before a typhoon, for they are safer at sea than against a wall.",
    ),
    "blizzard": (
        "A blizzard joins heavy snow with strong wind, so that nobody sees the road.",
        "Drivers caught in a blizzard should stay in the car and keep the exhaust free of snow.",
    ),
    "hailstorm": (
        "A hailstorm ruins a harvest in a quarter of an hour.",
        "Roofs of glass and tin suffer most in a hailstorm.",
    ),
    "derailment": (
        "A derailment may be caused by a broken rail, a high speed or an object on the track.",
        "After a derailment cranes lift the carriages one by one.",
    ),
    "train wreck": (
        "A train wreck closes a line for days and fills the hospitals of a whole county.",
        "The first carriage takes most of the force in a train wreck.",
    ),
    "plane crash": (
        "After a plane crash two recorders tell what the pilots said and did.",
        "Most passengers who survive a plane crash leave the cabin within two minutes.",
    ),
    "bus crash": (
        "In a bus crash most of the injured were standing or wore no belt.",
        "A bus crash on a mountain road is hard to reach for ambulances.",
    ),
    "shipwreck": (
        "A shipwreck is often the end of a long chain of small mistakes.",
        "In cold water the survivors of a shipwreck have less than an hour.",
    ),
    "pile-up": (
        "A pile-up happens in fog or on ice, when drivers brake too late.",
        "The danger in a pile-up is not over after the first impact, because more cars arrive.",
    ),
    "explosion": (
        "An explosion is a fire so quick that the air itself becomes a hammer.",
        "Flying glass causes most of the wounds in an explosion.",
    ),
    "gas leak": (
        "A gas leak smells of rotten eggs, because the smell is added on purpose.",
        "Near a gas leak nobody should touch a light switch or a telephone.",
    ),
    "chemical spill": (
        "A chemical spill is covered with foam or sand before anyone may go near.",
        "After a chemical spill the skin is rinsed with plenty of water.",
    ),
    "oil spill": (
        "An oil spill spreads in a thin film and kills birds along the shore.",
        "Floating barriers keep an oil spill away from harbours and marshes.",
    ),
    "bombing": (
        "After a bombing the police look for a second device before they let doctors in.",
        "A bombing wounds far more people than it kills.",
    ),
    "eruption": (
        "An eruption throws ash so high that aircraft must turn back.",
        "Wet ash from an eruption is heavy enough to bring roofs down.",
    ),
}
