#!/usr/bin/env python3
"""Measures the memory of each process at rest, at full load and after, as separate processes and as `volcanion up`."""

import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "fault")]
import circumstances
from plot import Plot
from stage import Failure
from subject import SETTINGS, print_program
from whole import Watch, Whole, WholeUp, folder_in, memory_megabytes

GOAL_MEGABYTES = 128  # the API process at full load
FLAT = 0.05  # of what it was in the second fifth of the load that it may be more in the last
FLAT_MEGABYTES = 4  # less than that is no growth
REST_SECONDS = 5
CALM_SECONDS = 15  # after the load: memory that answers have used goes back every few seconds
PAGE = 1000  # events that an analyst reads once a second
# Of a set size, and of workers that come and go: no measure of growth.
SHARED, VACUUMING = "PostgreSQL, with shared buffers", "PostgreSQL's autovacuum"


class Analyst:
    """Reads a page of many events once a second, from the newest to the oldest, while it is entered."""

    def __init__(self, whole):
        self._whole, self._cursor = whole, None
        self.pages, self.bytes = 0, 0

    def __call__(self):
        path = f"/api/events/partner-system/{self._whole.partner.flagging}?limit={PAGE}"
        page, _ = self._whole.ask(path + (f"&cursor={self._cursor}" if self._cursor else ""))
        self._cursor = page["nextCursor"]
        self.pages += 1
        return len(page["items"])


def sample(whole):
    """Megabytes of each process; of PostgreSQL's processes together, what they share counted once."""
    found = {name: memory_megabytes([pid])["resident"] for name, pid in whole.processes().items()}
    pids = whole.postgres_processes()
    all_of_it = memory_megabytes(pids)
    vacuuming = memory_megabytes([pid for pid in pids if title(pid).startswith("postgres: autovacuum worker")])["private"]
    return {**found, "PostgreSQL, private": all_of_it["private"] - vacuuming, VACUUMING: vacuuming,
            SHARED: all_of_it["proportional"]}


def title(pid):
    with contextlib.suppress(OSError):  # it has ended
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    return ""


def series(samples):
    return {name: [(when, one[name]) for when, one in samples] for name in samples[0][1]}


def measure(options, whole):
    time.sleep(REST_SECONDS)
    rest = sample(whole)
    full, at_full_load, pages = load(options, whole, options.full_seconds, rate=0)
    held, while_held, more_pages = load(options, whole, round(options.minutes * 60), rate=options.rate)
    time.sleep(CALM_SECONDS)
    after, most = sample(whole), series(at_full_load)
    return {"fullLoad": full, "held": held, "pagesRead": pages + more_pages, "samplesAtFullLoad": at_full_load,
            "samples": while_held, "processes": {
                name: {"rest": rest[name], "atFullLoad": max(value for _, value in most[name]), **figures(values),
                       "after": after[name]} for name, values in series(while_held).items()}}


def load(options, whole, seconds, rate):
    """What was measured, megabytes meanwhile and until all is projected, and pages that were read."""
    analyst = Analyst(whole)
    with Watch(lambda: sample(whole), 1) as memory:
        with Watch(analyst, 1):
            found = whole.generate(watch=False, warm_up=1, seconds=seconds, batch=options.batch,
                                   connections=options.connections, scatter=True, rate=rate)
        whole.drain()
    return found, memory.samples, analyst.pages


def figures(values):
    """Whether it grows under a load that is held."""
    end = values[-1][0]

    def between(low, high):
        return statistics.median(value for when, value in values if low * end <= when <= high * end)

    early, late = between(0.2, 0.4), between(0.8, 1.0)
    return {"early": early, "late": late, "most": max(value for _, value in values), "growth": late - early,
            "isFlat": late - early <= max(FLAT_MEGABYTES, FLAT * early)}


def print_table(results):
    rows = [("", "MB at rest", "most at full load", "held, second fifth", "held, last fifth", "after", "flat",
             "of 128 MB")]
    for layout, found in results.items():
        for name, one in found["processes"].items():
            goal = ""
            if name == "api":
                most = max(one["atFullLoad"], one["most"])
                goal = f"{most / GOAL_MEGABYTES:.2f}, {'met' if most < GOAL_MEGABYTES else 'MISSED'}"
            megabytes = (f"{one[key]:.1f}" for key in ("rest", "atFullLoad", "early", "late", "after"))
            flat = "" if name in (SHARED, VACUUMING) else "yes" if one["isFlat"] else "NO"
            rows.append((f"{layout}: {name}", *megabytes, flat, goal))
    circumstances.print_table(rows)


def plot(results):
    drawing = Plot("Memory under a load that is held", "seconds", "megabytes", log_y=True,
                   goals=[("goal for the API: 128 MB", GOAL_MEGABYTES)])
    for layout, found in results.items():
        for name, values in series(found["samples"]).items():
            drawing.add(f"{layout}: {name}", values, dashed=name.startswith("PostgreSQL"))
    return drawing


def run(options):
    report = {"benchmark": "memory", **circumstances.report_head(options.build), "batch": options.batch,
              "connections": options.connections, "fullSeconds": options.full_seconds, "minutes": options.minutes,
              "rate": options.rate,
              "postgresSettings": SETTINGS}
    results = {}
    for layout in options.layouts:
        kind = Whole if layout == "processes" else WholeUp
        with folder_in(options.directory) as folder, kind(options.build, folder) as whole:
            if layout == "processes":
                whole.start(whole.sync)
            results[layout] = measure(options, whole)
    report["results"], report["loadAfter"] = results, os.getloadavg()
    one = next(iter(results.values()))["held"]
    report["eventBytes"] = one["eventBytes"]
    print_program(report, circumstances.load_line(report))
    print(f"events    {one['eventBytes']} bytes as sent, unique ids in no order, judged by a schema, all valid; "
          f"batches of {options.batch} over {options.connections} connections; a page of {PAGE:,} events "
          "is read every second; generator, processes and PostgreSQL share the machine")
    print(f"loads     full: as fast as they are answered for {options.full_seconds} s, until all is projected; held: "
          f"{options.rate:,} events/s for {options.minutes:g} minutes")
    for layout, found in results.items():
        for name in ("fullLoad", "held"):
            print(f"found     {layout}, {name}: {found[name]['eventsPerSecond']:,.0f} events/s acknowledged, "
                  f"{found[name]['refused']:,} refused")
    print(f"flat      the last fifth at most {FLAT:.0%}, or {FLAT_MEGABYTES} MB, above the second\n")
    print_table(results)
    circumstances.write_results(options, report, plot(results))


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench memory",
        description="Measures the resident memory of `volcanion api`, `volcanion sync`, `volcanion up` and PostgreSQL "
        "at rest, at full load and after it. The goals: flat over 10 minutes, and the API below 128 MB.")
    parser.add_argument("--minutes", type=float, default=10,
                        help="of the load that is held, for each layout (default %(default)s)")
    parser.add_argument("--rate", type=int, default=25_000,
                        help="events/s of that load (default %(default)s: 15 million events and 40 GB in 10 minutes)")
    parser.add_argument("--full-seconds", type=int, default=15,
                        help="of the load before it, as fast as it is answered (default %(default)s)")
    parser.add_argument("--layouts", type=lambda text: text.split(","), default=["processes", "up"],
                        help="processes, up, or both (default processes,up)")
    parser.add_argument("--batch", type=int, default=500, help="events in a request (default %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="of the generator (default %(default)s)")
    circumstances.add_options(parser)
    options = parser.parse_args()
    if options.minutes <= 0 or min(options.rate, options.full_seconds, options.batch, options.connections) < 1:
        parser.error("numbers are above 0")
    if not set(options.layouts) <= {"processes", "up"}:
        parser.error("--layouts are processes and up")
    circumstances.run_as("memory", run, options, Failure)


if __name__ == "__main__":
    main()
