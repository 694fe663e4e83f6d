#!/usr/bin/env python3
"""Measures the validator beside RapidJSON's own and plain valijson: the same event, the same schema, in turn."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import circumstances
from circumstances import BenchError

OURS = "volcanion"
GOAL_MICROSECONDS = 4.0


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure(binary, rounds, milliseconds):
    process = subprocess.run([binary, str(rounds), str(milliseconds)], stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode != 0:
        raise BenchError(f"{binary} failed; see above")
    return [json.loads(line) for line in process.stdout.splitlines()]


def summary(rounds):
    results = {}
    for name in rounds[0]:
        results[name] = {
            "microsecondsPerEvent": spread([one[name] for one in rounds]),
            "timesOurs": spread([one[name] / one[OURS] for one in rounds]),
        }
    ours = results[OURS]
    ours["goalMicroseconds"] = GOAL_MICROSECONDS
    ours["goalMet"] = ours["microsecondsPerEvent"]["median"] <= GOAL_MICROSECONDS
    return results


def print_table(results):
    def range_of(values):
        return f"{values['median']:.2f} ({values['min']:.2f} - {values['max']:.2f})"

    rows = [("", "us per event", "times ours", "goal")]
    for name, found in results.items():
        goal = f"{GOAL_MICROSECONDS:.0f} us {'met' if found['goalMet'] else 'MISSED'}" if name == OURS else ""
        rows.append((name, range_of(found["microsecondsPerEvent"]), range_of(found["timesOurs"]), goal))
    circumstances.print_table(rows)


def run(options):
    binary = options.build / "tests/bench/bench_validator_judges"
    if not binary.exists():
        raise BenchError(f"{binary} is not built")
    report = {
        "benchmark": "validator",
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": circumstances.machine(),
        "versions": circumstances.built(options.build),
        "millisecondsPerMeasurement": options.milliseconds,
        "loadBefore": os.getloadavg(),
    }
    where, what = report["machine"], report["versions"]
    print(f"machine   {circumstances.machine_line(where)}")
    print(f"program   volcanion {what['volcanion']} ({what['build']}, {what['compiler']})")
    report["rounds"] = measure(binary, options.rounds, options.milliseconds)
    report["loadAfter"] = os.getloadavg()
    report["results"] = summary(report["rounds"])
    print(f"rounds    {options.rounds} of {options.milliseconds} ms for each in turn; load average "
          f"{report['loadBefore'][0]:.2f} before, {report['loadAfter'][0]:.2f} after")
    print()
    print_table(report["results"])
    print("\nProcessor time for parsing and judging one valid event: six properties, an enum, a pattern, a date-time. "
          "Medians\nwith the least and the greatest; RapidJSON does not look at formats.")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench validator",
        description="Measures what it takes to parse and judge an ordinary event: with the validator of the product, "
        "with RapidJSON's SchemaValidator, and with valijson as it comes. The goal is at most "
        f"{GOAL_MICROSECONDS:.0f} microseconds.")
    parser.add_argument("--milliseconds", type=int, default=500,
                        help="length of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured to this file, too")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")
    options = parser.parse_args()
    if options.milliseconds < 1 or options.rounds < 1:
        parser.error("--milliseconds and --rounds are at least 1")
    circumstances.run_as("validator", run, options)


if __name__ == "__main__":
    main()
