#!/usr/bin/env python3
"""Measures the whole way of an event at once: the highest rate that is held, and how fresh reads are at half of it."""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "fault")]
import circumstances
from circumstances import BenchError
from plot import Plot
from stage import Failure
from subject import SETTINGS, print_program
from whole import Watch, Whole, folder_in

GOALS = {"eventsPerSecond": 25_000, "p50Milliseconds": 100, "p99Milliseconds": 500}
# Of what ingestion and projection, each with the whole machine for itself, could do in turn.
STEPS = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
ACKNOWLEDGED = 0.99  # of what was offered
GROWTH_SECONDS = 0.5  # of events that the outbox may have more in the last quarter than in the first
HOLD_AGAIN = 0.95  # of the middle between a rate that was not held and what was kept up with: the next one
MOST_HOLDS = 4
WARM_UP_SECONDS = 3
PARTS = ("api", "sync", "postgresql", "generator")
# Between reads that tell what is readable. Each costs most of a millisecond, which a full machine feels.
COARSE_SECONDS, FINE_SECONDS = 0.05, 0.01


class Bench:
    def __init__(self, options, whole):
        self.options, self.whole = options, whole

    def load(self, seconds, **how):
        """A measurement, with what each part used per event and how much was queued in its first and last quarter."""
        before, whole = self.whole.cpu(), self.whole
        with Watch(whole.queued, 0.5) as queued:
            found = whole.generate(seconds=seconds, batch=self.options.batch, connections=self.options.connections,
                               scatter=True, **how)
        # All that was sent is readable when the generator ends, if it watched.
        found["microsecondsPerEvent"] = {
            part: (used - before[part]) * 1e6 / found["sent"] for part, used in whole.cpu().items()}
        found["microsecondsPerEvent"]["generator"] = found["cpuSeconds"] * 1e6 / found["sent"]
        warm_up = how["warm_up"]
        values = [value for when, value in queued.samples if warm_up <= when <= warm_up + seconds]
        quarter = max(1, len(values) // 4)
        found["queued"] = {"first": statistics.median(values[:quarter]), "last": statistics.median(values[-quarter:]),
                           "most": max(values)}
        return found

    def at(self, rate, seconds, watch_seconds=COARSE_SECONDS):
        """Whether a rate is held, and what was measured."""
        found = self.load(seconds, rate=rate, warm_up=WARM_UP_SECONDS, watch_seconds=watch_seconds)
        found["offeredPerSecond"] = rate
        growth = found["queued"]["last"] - found["queued"]["first"]
        found["held"] = (found["eventsPerSecond"] >= ACKNOWLEDGED * rate and found["refused"] == 0
                         and found["unread"] == 0 and growth <= GROWTH_SECONDS * rate)
        self.whole.drain()
        self.say(f"{rate:,.0f} events/s for {seconds} s: {'held' if found['held'] else 'not held'}; readable "
                 f"{found['readableP50Milliseconds']:.0f}, {found['readableP99Milliseconds']:.0f} ms; queued "
                 f"{found['queued']['first']:,.0f}, {found['queued']['last']:,.0f}")
        return found

    @staticmethod
    def say(text):
        print(text, file=sys.stderr, flush=True)

    def measure(self):
        whole, options = self.whole, self.options
        whole.start(whole.sync)
        self.load(2, warm_up=1)
        whole.drain()
        whole.sync.terminate()
        alone = self.load(options.step_seconds, watch=False, warm_up=1)
        whole.start(whole.sync)
        seconds, events = whole.drain()
        results = {"ingestionAlone": alone, "projectionAlone": {"events": events, "eventsPerSecond": events / seconds}}
        self.say(f"alone: ingestion {alone['eventsPerSecond']:,.0f} events/s, projection {events / seconds:,.0f}")
        in_turn = 1 / (1 / alone["eventsPerSecond"] + seconds / events)
        results["inTurn"] = {"eventsPerSecond": in_turn}
        results["steps"] = self.search(in_turn)
        results["holds"] = self.hold([one["offeredPerSecond"] for one in results["steps"] if one["held"]])
        results["held"] = results["holds"][-1] if results["holds"][-1]["held"] else None
        rate = results["held"]["offeredPerSecond"] if results["held"] else results["holds"][-1]["offeredPerSecond"]
        results["half"] = self.at(rate / 2, options.fresh_seconds, FINE_SECONDS)
        results["storedEvents"] = whole.stored()
        return results

    def search(self, in_turn):
        steps = []
        rates = [round(share * in_turn, -2) for share in STEPS]
        if self.options.highest:
            rates = [rate for rate in rates if rate < self.options.highest] + [self.options.highest]
        for rate in rates:
            steps.append(self.at(rate, self.options.step_seconds))
            if not steps[-1]["held"]:
                break
        return steps

    def hold(self, held):
        if not held:
            raise BenchError("not even the least rate is held")
        rate, holds = max(held), []
        while len(holds) < MOST_HOLDS:
            holds.append(self.at(rate, self.options.hold_seconds))
            if holds[-1]["held"]:
                break
            # What is behind gets less than its share of the processor: more than was kept up with may be held.
            rate = round(HOLD_AGAIN * (rate + min(rate, kept_up(holds[-1], self.options.hold_seconds))) / 2, -2)
        return holds


def kept_up(found, seconds):
    """Events a second that left the outbox, from its first quarter to its last."""
    return found["eventsPerSecond"] - (found["queued"]["last"] - found["queued"]["first"]) / (0.75 * seconds)


def goals(results):
    """Each with what was found and whether it is met."""
    half, held = results["half"], results["held"]
    found = {"eventsPerSecond": held["eventsPerSecond"] if held else 0,
             "p50Milliseconds": half["readableP50Milliseconds"], "p99Milliseconds": half["readableP99Milliseconds"]}
    return {name: {"goal": goal, "found": found[name], "ratio": found[name] / goal,
                   "met": found[name] >= ACKNOWLEDGED * goal if name == "eventsPerSecond" else found[name] <= goal}
            for name, goal in GOALS.items()}


def print_table(results):
    rows = [("", "offered/s", "acknowledged/s", "of in turn", "answered p50, p99 ms", "readable p50, p99 ms",
             "reflected p50, p99 ms", "queued first, last", "us API", "us sync", "us PostgreSQL", "us generator")]
    in_turn = results["inTurn"]["eventsPerSecond"]

    def row(name, found):
        used = found.get("microsecondsPerEvent", {})

        def times(of):
            keys = [f"{of}{which}Milliseconds" for which in (("P50", "P99") if of else ("p50", "p99"))]
            return ", ".join(f"{found[key]:,.1f}" for key in keys if key in found)

        offered = f"{found['offeredPerSecond']:,.0f}" if "offeredPerSecond" in found else ""
        queued = f"{found['queued']['first']:,.0f}, {found['queued']['last']:,.0f}" if "queued" in found else ""
        parts = (f"{used[part]:.1f}" if part in used else "" for part in PARTS)
        rows.append((name, offered, f"{found['eventsPerSecond']:,.0f}", f"{found['eventsPerSecond'] / in_turn:.2f}",
                     times(""), times("readable"), times("reflected"), queued, *parts))

    row("ingestion alone", results["ingestionAlone"])
    row("projection alone", results["projectionAlone"])
    row("in turn", results["inTurn"])
    for found in results["steps"]:
        row("step" if found["held"] else "step, not held", found)
    for found in results["holds"]:
        row("held" if found["held"] else "not held", found)
    row("half", results["half"])
    circumstances.print_table(rows)


def plot(results):
    steps = sorted(results["steps"], key=lambda one: one["eventsPerSecond"])
    longer = [*results["holds"], results["half"]]
    drawing = Plot("Throughput against latency, end to end", "acknowledged events per second", "milliseconds",
                   log_y=True, goals=[("goal for readable, p50, at half the rate", GOALS["p50Milliseconds"]),
                                      ("goal for readable, p99, at half the rate", GOALS["p99Milliseconds"])])
    for name, key, dashed in (("answered, p50", "p50Milliseconds", False), ("answered, p99", "p99Milliseconds", False),
                              ("readable after the answer, p50", "readableP50Milliseconds", True),
                              ("readable after the answer, p99", "readableP99Milliseconds", True)):
        drawing.add(name, [(one["eventsPerSecond"], max(one[key], 0.01)) for one in steps], dashed=dashed)
    for name, key in (("for longer: readable, p50", "readableP50Milliseconds"),
                      ("for longer: readable, p99", "readableP99Milliseconds")):
        drawing.add(name, [(one["eventsPerSecond"], max(one[key], 0.01)) for one in longer], joined=False)
    return drawing


def run(options):
    report = {"benchmark": "end-to-end", **circumstances.report_head(options.build), "batch": options.batch,
              "connections": options.connections, "stepSeconds": options.step_seconds,
              "holdSeconds": options.hold_seconds, "freshSeconds": options.fresh_seconds,
              "postgresSettings": SETTINGS}
    with folder_in(options.directory) as folder, Whole(options.build, folder) as whole:
        results = Bench(options, whole).measure()
    report["loadAfter"] = os.getloadavg()
    report["eventBytes"] = results["half"]["eventBytes"]
    report["results"], report["goals"] = results, goals(results)
    print_program(report, circumstances.load_line(report))
    print(f"events    {report['eventBytes']} bytes as sent, unique ids in no order, judged by a schema, all valid; "
          f"batches of {options.batch} over {options.connections} connections; {results['storedEvents']:,} stored at "
          "the end; generator, API, sync and PostgreSQL share the machine")
    print(f"in turn   what is left of ingestion alone and projection alone when they share the time\n"
          f"held      acknowledged as offered, none refused, and in the last quarter at most {GROWTH_SECONDS} s of "
          "events more in the outbox than in the first\n"
          f"readable  from the answer for one of 19 single events a second to a page that has it; one is read every "
          f"{FINE_SECONDS * 1000:.0f} ms at half the rate, every {COARSE_SECONDS * 1000:.0f} ms otherwise\n"
          "reflected from the answer for any event to a page whose asOf has reached its position\n")
    print_table(results)
    print()
    for name, goal in report["goals"].items():
        print(f"goal      {name} {goal['goal']:,}: {goal['found']:,.0f}, {goal['ratio']:.2f} of it, "
              f"{'met' if goal['met'] else 'MISSED'}")
    circumstances.write_results(options, report, plot(results))


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench end-to-end",
        description="Measures the highest rate of events that is acknowledged, projected and readable for two minutes "
        "without a queue that grows, and how long acknowledged events take to be readable at half that rate. The goals "
        "are 25,000 events a second, and 100 ms (p50) and 500 ms (p99).")
    parser.add_argument("--batch", type=int, default=500, help="events in a request (default %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="of the generator (default %(default)s)")
    parser.add_argument("--step-seconds", type=int, default=8, help="of each rate tried (default %(default)s)")
    parser.add_argument("--hold-seconds", type=int, default=120, help="of the rate that is held (default %(default)s)")
    parser.add_argument("--fresh-seconds", type=int, default=30, help="at half that rate (default %(default)s)")
    parser.add_argument("--highest", type=int, default=0,
                        help="events/s: no higher rate is tried; 0 (the default): whatever is held")
    circumstances.add_options(parser)
    options = parser.parse_args()
    if min(options.batch, options.connections, options.step_seconds, options.hold_seconds, options.fresh_seconds) < 1:
        parser.error("numbers are at least 1")
    circumstances.run_as("end-to-end", run, options, Failure)


if __name__ == "__main__":
    main()
