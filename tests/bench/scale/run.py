#!/usr/bin/env python3
"""Measures ingestion, freshness and page queries with more and more events stored, all by the same program."""

import argparse
import collections
import contextlib
import os
import pathlib
import statistics
import sys
import time
import urllib.parse
from dataclasses import dataclass

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "fault")]
import circumstances
from plot import Plot
from stage import Failure
from subject import DATABASE, SETTINGS, print_program
from whole import Whole, folder_in

MOST_LOST = 0.10
PREFIX = "scale"  # one for all: the ids of all loads together are in no order
FILL = 500_000  # events of one load between two sizes
DONATIONS = {"type": "object", "properties": {"amount": {"type": "number", "minimum": 0}}}
LATE_PAGES = 50  # before the one that is measured, if there are so many
USER = 4711  # whose pages far behind are asked for
QUESTIONS = {
    "all": {}, "oldest first": {"order": "asc"}, "event name": {"eventName": "donation"},
    "invalid": {"isValid": "false"},
    "invalid of a name": {"eventName": "donation", "isValid": "false"},
    "an hour": {"from": "2026-01-20T00:00:00Z", "to": "2026-01-20T01:00:00Z"}, "user": {"userId": "u{user:04}", "limit": "50"}}  # each user has 100 events of a million
WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'"
SIZE = f"SELECT pg_database_size('{DATABASE}')"


@dataclass
class Used:
    seconds: float = 0  # of the processor
    wal_bytes: int = 0

    def per(self, events):
        return {"microsecondsPerEvent": self.seconds * 1e6 / events, "walBytesPerEvent": self.wal_bytes / events}


class Bench:
    def __init__(self, options, whole):
        self.options, self.whole = options, whole
        self.first = 0  # the number of the next event

    def load(self, **how):
        found = self.whole.generate(prefix=PREFIX, first=self.first, scatter=True, mixed=True, batch=self.options.batch,
                                connections=self.options.connections, **how)
        self.first += found["sent"]
        return found

    def measure(self):
        whole = self.whole
        whole.start(whole.sync)
        whole.partner.describe("donation", DONATIONS)
        sizes = []
        for millions in self.options.millions:
            self.fill(round(millions * 1e6))
            self.say(f"measuring at {millions} million")
            sizes.append({"millions": millions, "storedBefore": self.whole.stored(), **self.at_this_size(),
                          "diskGigabytes": whole.sql(SIZE)[0][0] / 1e9})
            for name, (value, _, unit) in figures(sizes[-1]).items():
                self.say(f"  {name}: {value:,.2f} {unit}")
        return sizes

    def fill(self, target):
        """As clients do it; more than the sync worker can take waits until it has taken the rest."""
        while (missing := target - self.whole.stored()) > 0:
            self.say(f"filling, {missing:,} events to go")
            self.load(watch=False, warm_up=0, seconds=3600, max_events=min(FILL, missing))
            self.whole.drain()
        self.whole.sql("VACUUM ANALYZE")  # as autovacuum would in time, so that no size meets it
        self.whole.sql("CHECKPOINT")

    def at_this_size(self):
        whole, options, ingestion, projection = self.whole, self.options, [], []
        for _ in range(options.rounds):
            whole.sync.terminate()
            with self.used_by("api") as used:
                found = self.load(watch=False, warm_up=1, seconds=options.seconds)
            ingestion.append(found | used.per(found["sent"]))
            whole.start(whole.sync)
            with self.used_by("sync") as used:
                seconds, events = whole.drain()
            projection.append({"eventsPerSecond": events / seconds, **used.per(events)})
        fresh = self.load(rate=options.rate, warm_up=2, seconds=options.seconds * 2)
        whole.drain()
        whole.sql("CHECKPOINT")  # what was written is not to be met by the pages
        return {"ingestion": ingestion, "projection": projection, "fresh": fresh,
                "pages": self.pages()}

    @contextlib.contextmanager
    def used_by(self, part):
        """What this part and PostgreSQL use meanwhile."""
        used = Used()
        cpu, wal = self.whole.cpu(), self.whole.sql(WAL)[0][0]
        yield used
        after = self.whole.cpu()
        used.seconds = sum(after[one] - cpu[one] for one in (part, "postgresql"))
        used.wal_bytes = int(self.whole.sql(WAL)[0][0] - wal)

    def pages(self):
        """Milliseconds of first pages, and of pages far behind them. All questions in turn, so that what disturbs one
        disturbs all."""
        seconds = collections.defaultdict(list)
        cursors = {name: self.late(question) for name, question in QUESTIONS.items()}
        for number in range(self.options.pages):
            for name, question in QUESTIONS.items():
                seconds[name, "first"].append(self.page(question, user=number * 37 % 10_000)[1])
                if cursors[name]:
                    seconds[name, "late"].append(self.page(question, cursors[name], USER)[1])
        found = collections.defaultdict(dict)
        for (name, where), taken in seconds.items():
            found[name][where] = _milliseconds(taken)
        return found

    def late(self, question):
        """The cursor of a full page far behind; nothing when there is none."""
        cursor = None
        for _ in range(LATE_PAGES):
            cursor = self.page(question, cursor, USER)[0]["nextCursor"]
            if not cursor:
                return None
        return cursor if self.page(question, cursor, USER)[0]["nextCursor"] else None

    def page(self, question, cursor=None, user=0):
        parameters = {name: value.format(user=user) for name, value in question.items()}
        if cursor:
            parameters["cursor"] = cursor
        return self.whole.ask(f"/api/events/partner-system/{self.whole.partner.flagging}?"
                              f"{urllib.parse.urlencode(parameters)}")

    @staticmethod
    def say(text):
        print(text, file=sys.stderr, flush=True)


def _milliseconds(seconds):
    ordered = sorted(seconds)
    return {"p50": statistics.median(ordered) * 1000, "most": ordered[-1] * 1000}


def figures(size):
    """Name: (value, whether more is better, unit)."""
    found = {}
    for part in ("ingestion", "projection"):
        for name, key, more_is_better, unit in (("alone", "eventsPerSecond", True, "events/s"),
                                                ("processor", "microsecondsPerEvent", False, "us/event"),
                                                ("WAL", "walBytesPerEvent", False, "bytes/event")):
            found[f"{part}, {name}"] = statistics.median(one[key] for one in size[part]), more_is_better, unit
    for name in ("P50", "P99"):
        found[f"readable, {name.lower()}"] = size["fresh"][f"readable{name}Milliseconds"], False, "ms"
    for name, page in size["pages"].items():
        found[f"first page, {name}"] = page["first"]["p50"], False, "ms"
        if "late" in page:
            found[f"late page, {name}"] = page["late"]["p50"], False, "ms"
    return found


def compare(sizes):
    """Each figure at each size, and the share of the first size's that the last one has lost."""
    each = [figures(size) for size in sizes]
    rows = {}
    for name, (at_first, more_is_better, unit) in each[0].items():
        if not all(name in one for one in each):
            continue
        values = [one[name][0] for one in each]
        lost = 1 - values[-1] / at_first if more_is_better else values[-1] / at_first - 1
        rows[name] = {"unit": unit, "values": values, "ratio": values[-1] / at_first, "lost": lost,
                      "goalMet": lost <= MOST_LOST if unit in ("events/s", "ms") else None}  # others explain these
    return rows


def print_table(sizes, rows):
    table = [("", "unit", *(f"{size['millions']:g} million" for size in sizes), "last of first", "at most 10 % lost")]
    for name, row in rows.items():
        values = (f"{value:,.0f}" if value >= 1000 else f"{value:.2f}" for value in row["values"])
        met = {True: "met", False: "MISSED", None: ""}[row["goalMet"]]
        table.append((name, row["unit"], *values, f"{row['ratio']:.2f}", met))
    circumstances.print_table(table)


def plot(sizes, rows):
    drawing = Plot("Growth", "million stored events", "of what it is at the first size")
    for name, row in rows.items():
        if name in ("ingestion, alone", "projection, alone", "readable, p50", "readable, p99", "first page, all",
                    "late page, all", "first page, user"):
            drawing.add(name, [(size["millions"], value / row["values"][0])
                               for size, value in zip(sizes, row["values"])])
    return drawing


def run(options):
    report = {"benchmark": "scale", **circumstances.report_head(options.build), "batch": options.batch,
              "connections": options.connections, "secondsPerMeasurement": options.seconds, "rounds": options.rounds,
              "rate": options.rate, "postgresSettings": SETTINGS}
    with folder_in(options.directory) as folder, Whole(options.build, folder) as whole:
        sizes = Bench(options, whole).measure()
    report["sizes"], report["loadAfter"] = sizes, os.getloadavg()
    report["eventBytes"] = sizes[0]["fresh"]["eventBytes"]
    report["results"] = rows = compare(sizes)
    print_program(report, circumstances.load_line(report))
    print(f"events    {report['eventBytes']} bytes as sent, unique ids in no order, one system, judged by a schema, "
          f"1 in 100 invalid, 1 in 10 of another name, 10,000 users; batches of {options.batch} over "
          f"{options.connections} connections; generator, API, sync and PostgreSQL share the machine")
    print(f"measured  after VACUUM ANALYZE; ingestion and projection each alone, medians of {options.rounds} rounds of "
          f"{options.seconds} s; readable after the answer at {options.rate:,} events/s; pages of 100 events past "
          f"the cache, medians of {options.pages}, late: {LATE_PAGES} pages further, if that is full")
    disk = (f"{size['diskGigabytes']:.1f} GB at {size['millions']:g} million" for size in sizes)
    print(f"disk      {', '.join(disk)}\n")
    print_table(sizes, rows)
    circumstances.write_results(options, report, plot(sizes, rows))


def sizes_of(text):
    sizes = [float(part) for part in text.split(",")]
    if sizes != sorted(sizes) or sizes[0] <= 0:
        raise ValueError
    return sizes


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench scale",
        description="Measures ingestion, projection, freshness and page queries at several numbers of stored events. "
        "The goal is that at most 10 % is lost on the way from the first to the last. 20 million take some 50 GB.")
    parser.add_argument("--millions", type=sizes_of, default=[1, 5, 20], help="of stored events (default 1,5,20)")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of ingestion and projection (default %(default)s)")
    parser.add_argument("--rate", type=int, default=10_000,
                        help="events/s when freshness is measured (default %(default)s)")
    parser.add_argument("--pages", type=int, default=200, help="measurements of each page (default %(default)s)")
    parser.add_argument("--batch", type=int, default=500, help="events in a request (default %(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="of the generator (default %(default)s)")
    circumstances.add_options(parser)
    options = parser.parse_args()
    if min(options.seconds, options.rounds, options.rate, options.pages, options.batch, options.connections) < 1:
        parser.error("numbers are at least 1")
    circumstances.run_as("scale", run, options, Failure)


if __name__ == "__main__":
    main()
