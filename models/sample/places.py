"""Invented places and the neutral words that reports and small talk share: none of them tells a class apart."""

PLACES = (
    "Brackwell", "Tolmere", "Port Ansel", "Calder Bay", "Lindmoor", "Eastfold", "Quarrydale", "Ravensholt",
    "Sandrick", "Whitmere", "Dunlow", "Oakhaven", "Thornby", "Kestrel Point", "Millbrook Hollow", "Northgate",
    "Amberley Cross", "Stonebridge Heath", "Garrow", "Pellham", "Wexcombe", "Larkfield", "Old Harbour", "Redmarsh",
)  # fmt: skip
REGIONS = (
    "up the valley",
    "along the coast",
    "in the north",
    "in the hills",
    "by the lakes",
    "in the old town",
    "in the delta",
)
STREETS = (
    "Mill Street", "Harbour Road", "Station Road", "Cedar Avenue", "Market Square", "Canal Street", "Chapel Lane",
    "River Walk", "Foundry Road", "Orchard Row", "Bridge Street", "Quarry Lane",
)  # fmt: skip
VENUES = (
    "museum", "theatre", "library", "school", "stadium", "market hall", "town hall", "station", "harbour", "campus",
    "sports hall", "shopping centre",
)  # fmt: skip
SPEAKERS = (
    "the mayor", "the police", "the council", "my neighbour", "a local reporter", "the fire service", "my sister",
    "the radio", "the school", "a witness", "the harbour office", "my landlord",
)  # fmt: skip
TIMES = (
    "this morning", "tonight", "last night", "at noon", "on Monday", "on Friday", "an hour ago", "just now",
    "before dawn", "this afternoon", "at {hour} pm", "around {hour} am",
)  # fmt: skip
HOURS = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "12", "15", "20", "30", "45")
CROWDS = (
    "dozens of",
    "hundreds of",
    "thousands of",
    "about 40",
    "nearly 200",
    "more than 1,000",
    "some 300",
    "over 60",
)
SIZES = ("big", "huge", "small", "loud", "sudden", "strange", "proper", "real", "serious", "nasty")
RULES = {
    "place": PLACES,
    "region": REGIONS,
    "street": STREETS,
    "venue": VENUES,
    "speaker": SPEAKERS,
    "time": TIMES,
    "hour": HOURS,
    "count": COUNTS,
    "crowd": CROWDS,
    "size": SIZES,
    "spot": ("on {street}", "near {street}", "at the {venue}", "behind the {venue}", "across from the {venue}"),
    "where": ("in {place}", "near {place}", "on {street}", "at the {venue}", "{region}", "at the {venue} in {place}"),
}
