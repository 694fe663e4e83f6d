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


class Store:
    """The whole of Volcanion with so many events stored."""

    def __init__(self, options, whole, millions):
        self.options, self.whole, self.millions = options, whole, millions
        self.first = 0  # the number of the next event
        self.ingestion, self.projection, self.fresh = [], [], []
        self.page_seconds = collections.defaultdict(list)

    def load(self, **how):
        found = self.whole.generate(prefix=PREFIX, first=self.first, scatter=True, mixed=True, batch=self.options.batch,
                                    connections=self.options.connections, **how)
        self.first += found["sent"]
        return found

    def fill(self):
        """As clients do it; more than the sync worker can take waits until it has taken the rest."""
        whole = self.whole
        whole.start(whole.sync)
        whole.partner.describe("donation", DONATIONS)
        while (missing := round(self.millions * 1e6) - whole.stored()) > 0:
            say(f"filling to {self.millions:g} million, {missing:,} events to go")
            self.load(watch=False, warm_up=0, seconds=3600, max_events=min(FILL, missing))
            whole.drain()
        whole.sql("VACUUM ANALYZE")  # as autovacuum would in time, so that no size meets it
        whole.sql("CHECKPOINT")
        self.stored_before = whole.stored()

    def measure_writing(self):
        whole = self.whole
        whole.sync.terminate()
        with self.used_by("api") as used:
            found = self.load(watch=False, warm_up=1, seconds=self.options.seconds)
        self.ingestion.append(found | used.per(found["sent"]))
        whole.start(whole.sync)
        with self.used_by("sync") as used:
            seconds, events = whole.drain()
        self.projection.append({"eventsPerSecond": events / seconds, **used.per(events)})

    def measure_freshness(self):
        self.fresh.append(self.load(rate=self.options.rate, warm_up=2, seconds=self.options.seconds * 2))
        self.whole.drain()

    @contextlib.contextmanager
    def used_by(self, part):
        """What this part and PostgreSQL use meanwhile."""
        used = Used()
        cpu, wal = self.whole.cpu(), self.whole.sql(WAL)[0][0]
        yield used
        after = self.whole.cpu()
        used.seconds = sum(after[one] - cpu[one] for one in (part, "postgresql"))
        used.wal_bytes = int(self.whole.sql(WAL)[0][0] - wal)

    def prepare_pages(self):
        self.whole.sql("CHECKPOINT")  # what was written is not to be met by the pages
        self.cursors = {name: self.late(question) for name, question in QUESTIONS.items()}

    def measure_pages(self, number):
        """A first page for each question, and one far behind."""
        for name, question in QUESTIONS.items():
            self.page_seconds[name, "first"].append(self.page(question, user=number * 37 % 10_000)[1])
            if self.cursors[name]:
                self.page_seconds[name, "late"].append(self.page(question, self.cursors[name], USER)[1])

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

    def found(self):
        pages = collections.defaultdict(dict)
        for (name, where), taken in self.page_seconds.items():
            pages[name][where] = _milliseconds(taken)
        return {"millions": self.millions, "storedBefore": self.stored_before, "storedAfter": self.whole.stored(),
                "diskGigabytes": self.whole.sql(SIZE)[0][0] / 1e9, "ingestion": self.ingestion,
                "projection": self.projection, "fresh": self.fresh, "pages": pages}


def measure(options, stores):
    """All sizes in turn, each time the other way round, so that what disturbs one disturbs all."""
    for store in stores:
        store.fill()
    for number in range(options.rounds):
        for store in stores[::1 if number % 2 == 0 else -1]:
            store.measure_writing()
            store.measure_freshness()
            say(f"round {number + 1} of {options.rounds}, {store.millions:g} million: ingestion "
                f"{store.ingestion[-1]['eventsPerSecond']:,.0f}, projection "
                f"{store.projection[-1]['eventsPerSecond']:,.0f} events/s, readable "
                f"{store.fresh[-1]['readableP50Milliseconds']:.0f}, {store.fresh[-1]['readableP99Milliseconds']:.0f} ms")
    for store in stores:
        store.prepare_pages()
    for number in range(options.pages):
        for store in stores[::1 if number % 2 == 0 else -1]:
            store.measure_pages(number)
    return [store.found() for store in stores]


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
        found[f"readable, {name.lower()}"] = statistics.median(
            one[f"readable{name}Milliseconds"] for one in size["fresh"]), False, "ms"
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
    with contextlib.ExitStack() as stack:
        folder, stores = stack.enter_context(folder_in(options.directory)), []
        for number, millions in enumerate(options.millions):
            own = folder / str(number)
            own.mkdir(mode=0o755)
            stores.append(Store(options, stack.enter_context(Whole(options.build, own)), millions))
        sizes = measure(options, stores)
    report["sizes"], report["loadAfter"] = sizes, os.getloadavg()
    report["eventBytes"] = sizes[0]["ingestion"][0]["eventBytes"]
    report["results"] = rows = compare(sizes)
    print_program(report, circumstances.load_line(report))
    print(f"events    {report['eventBytes']} bytes as sent, unique ids in no order, one system, judged by a schema, "
          f"1 in 100 invalid, 1 in 10 of another name, 10,000 users; batches of {options.batch} over "
          f"{options.connections} connections; generator, API, sync and PostgreSQL share the machine")
    print(f"measured  one store for each size, in turn, after VACUUM ANALYZE; ingestion and projection each alone, readable "
          f"after the answer at {options.rate:,} events/s, medians of {options.rounds} rounds of {options.seconds} s "
          f"({options.seconds * 2} s at that rate); pages of 100 events past the cache, medians of {options.pages}, late: "
          f"{LATE_PAGES} pages further, if that is full")
    ends = (f"{size['storedAfter'] / 1e6:.1f} million and {size['diskGigabytes']:.1f} GB" for size in sizes)
    print(f"in the end {', '.join(ends)}\n")
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
        "The goal is that at most 10 % is lost on the way from the first to the last. They take some 60 GB.")
    parser.add_argument("--millions", type=sizes_of, default=[1, 5, 20], help="of stored events (default 1,5,20)")
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of all but pages (default %(default)s)")
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
