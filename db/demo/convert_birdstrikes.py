#!/usr/bin/env python3
"""Converts birdstrikes.csv of the vega-datasets collection to the demo's events.

Usage: db/demo/convert_birdstrikes.py birdstrikes.csv [wildlife_strikes.ndjson.gz]

Writes one event a line, as `POST /api/events/ingest` takes them, compressed with gzip. The same input gives the same
bytes: the header of the archive holds neither a time nor a name.

What the source says is kept as it is, its mess included: damage classes `B` and `C`, which mean nothing, the asterisk in
an operator's name, unknown species. A speed that is not given is left out. The source knows the day of a strike and a
rough time of day, but neither an hour nor a time zone, so every event is put at noon UTC of its day, and what it says
about the time of day is a property of its own.
"""

import csv
import gzip
import io
import json
import pathlib
import sys

# Property of the event, column of the source.
TEXTS = {
    "airport": "Airport Name",
    "aircraft": "Aircraft Make Model",
    "damage": "Effect Amount of damage",
    "operator": "Aircraft Airline Operator",
    "originState": "Origin State",
    "phaseOfFlight": "Phase of flight",
    "wildlifeSize": "Wildlife Size",
    "wildlifeSpecies": "Wildlife Species",
    "timeOfDay": "Time of day",
}
NUMBERS = {
    "costOther": "Cost Other",
    "costRepair": "Cost Repair",
    "costTotal": "Cost Total $",
    "speedKnots": "Speed IAS in knots",
}


def event_of(number, row):
    properties = {name: row[column] for name, column in TEXTS.items()}
    properties |= {name: int(row[column]) for name, column in NUMBERS.items() if row[column] != ""}
    return {
        "eventId": f"strike-{number:05}",
        "eventName": "wildlife_strike_reported",
        "eventTimestamp": f"{row['Flight Date']}T12:00:00Z",
        "properties": properties,
    }


def convert(source, target):
    """Returns the number of events written."""
    count = 0
    with open(source, encoding="utf-8", newline="") as csv_file, open(target, "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as archive:
            with io.TextIOWrapper(archive, encoding="utf-8", newline="\n") as lines:
                for count, row in enumerate(csv.DictReader(csv_file), start=1):
                    json.dump(event_of(count, row), lines, ensure_ascii=False, separators=(",", ":"))
                    lines.write("\n")
    return count


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv or "-h" in sys.argv else 2
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).with_name("wildlife_strikes.ndjson.gz")
    print(f"{convert(sys.argv[1], target)} events in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
