#!/usr/bin/env python3
"""Measures questions of analysts with more and more events stored, while others are ingested."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass
from typing import Callable

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH.parent / "fault"), str(pathlib.Path(__file__).resolve().parent)]
import circumstances
from circumstances import BenchError, program
from plot import Plot
from stage import Failure, wait_until
from subject import SETTINGS, print_program, spread
from tenants import DAYS, NAMES, PARTNERS, SYSTEMS_EACH, Questions, Tenants, event_name
from whole import Watch, folder_in, memory_megabytes

PAGE_GOAL, STATISTICS_GOAL, CACHED_GOAL = 20, 30, 2  # milliseconds
FUNNEL_GOAL = 2  # seconds
FLATNESS_GOAL, EDGE_SHARE_GOAL = 1.5, 0.5
LATE_PAGE = 1_000
LATE_PAGES = 20  # different ones that are measured, from there on
CACHED_RATE = 1_000  # questions a second
FUNNELS = 5
# Statements that go through events; all others are shorter than what lies between two looks.
ANALYSES = """
SELECT count(*) FROM pg_stat_activity
 WHERE state = 'active' AND pid <> pg_backend_pid() AND clock_timestamp() - query_start > interval '100 milliseconds'
   AND query ILIKE '%read.tracking_events_read_model%'"""
WRK_CONNECTIONS = 16
HTTP_WORKERS = 2  # of the API by default, and of the bare edge beside it
WRK_SCRIPT = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass
class Filter:
    name: str
    draw: Callable  # parameters, by Questions
    common: dict  # parameters that many events fit: their late pages are measured
    is_indexed: bool = True
    follows_correlation: bool = False  # the events are of one system, which is to be asked


FILTERS = [
    Filter("none", lambda q: {}, {}),
    Filter("eventName", lambda q: {"eventName": q.name()}, {"eventName": event_name(0)}),
    Filter("userId", lambda q: {"userId": f"u{q.user():06}"}, {"userId": "u000000"}),
    Filter("anonymousId", lambda q: {"anonymousId": f"a{q.user() * 3:06}"}, {"anonymousId": "a000000"}),
    Filter("isValid=false", lambda q: {"isValid": "false"}, {"isValid": "false"}),
    Filter("isValid=false, eventName", lambda q: {"isValid": "false", "eventName": q.name()},
           {"isValid": "false", "eventName": event_name(0)}),
    Filter("verdict=invalid", lambda q: {"verdict": "invalid"}, {"verdict": "invalid"}),
    Filter("correlationId", None, None, follows_correlation=True),
    Filter("a day", lambda q: (lambda back: {"from": q.day(back + 1), "to": q.day(back)})(q.random.random() * (DAYS - 1)),
           None),
    Filter("30 days", lambda q: {"from": q.day(31), "to": q.day(1)}, {"from": "{from}", "to": "{to}"}),
    Filter("violation.keyword", lambda q: {"violation.keyword": "minimum"}, {"violation.keyword": "minimum"}),
    Filter("violation.pointer", lambda q: {"violation.pointer": "/amount"}, {"violation.pointer": "/amount"}),
    Filter("property.currency", lambda q: {"property.currency": "EUR"}, {"property.currency": "EUR"}, False),
    Filter("property.amount>=900", lambda q: {"property.amount>": "900"}, {"property.amount>": "900"}, False),
    Filter("eventName, property.amount<150", lambda q: {"eventName": q.name(), "property.amount<": "150"},
           {"eventName": event_name(0), "property.amount<": "150"}, False),
    Filter("userId, eventName", lambda q: {"userId": f"u{q.user():06}", "eventName": q.name()},
           {"userId": "u000000", "eventName": event_name(0)}, False),
]


def target(path, parameters):
    return path + "?" + urllib.parse.urlencode(parameters) if parameters else path


class Bench:
    def __init__(self, options, tenants):
        self.options, self.tenants = options, tenants

    @staticmethod
    def say(text):
        print(text, file=sys.stderr, flush=True)

    def probe(self, targets, *, requests, past_cache=True, **how):
        """What the probe measured with these questions, asked in turn over connections that are kept."""
        command = [self.tenants.probe, "--port", str(self.tenants.api.port), "--token", self.tenants.person,
                   "--requests", str(requests)] + (["--past-cache"] if past_cache else [])
        for name, value in how.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        done = subprocess.run(command, input="\n".join(targets) + "\n", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        return json.loads(done.stdout)

    def measure(self):
        tenants, options = self.tenants, self.options
        tenants.probe = str(options.build / "tests/bench/bench_query_probe")
        tenants.start(tenants.sync)
        results = {"sizes": []}
        for millions in options.millions:
            filled = tenants.fill(round(millions * 1e6), self.say)
            tenants.log_in()
            questions, meanwhile = Questions(tenants), {}
            self.say(f"measuring at {millions:g} million")
            began, cpu = time.monotonic(), tenants.cpu()
            with tenants.ingesting(options.rate, meanwhile):
                size = {"millions": millions, "filledPerSecond": filled, "storedBefore": tenants.stored(),
                        "pages": self.pages(questions), "statistics": self.statistics(questions)}
            used = {part: (after - cpu[part]) / (time.monotonic() - began) for part, after in tenants.cpu().items()}
            results["sizes"].append(size | {"ingestion": meanwhile, "coresUsed": used, "load": os.getloadavg()})
        tenants.log_in()
        results["funnel"] = self.funnel(Questions(tenants))
        results["cached"] = self.cached(Questions(tenants))
        results["ofPartners"] = [[partner, count] for partner, count in tenants.events_of_partners()]
        return results

    # --- pages ------------------------------------------------------------------------------------------------------

    def pages(self, questions):
        found = []
        for one in FILTERS:
            if self.options.only and self.options.only not in one.name:
                continue
            for kind in ("system", "partner"):
                for order in ("desc", "asc"):
                    found.append({"filter": one.name, "isIndexed": one.is_indexed, "of": kind, "order": order,
                                  "first": self.first_pages(questions, one, kind, order),
                                  "late": self.late_pages(questions, one, kind, order)})
                    self.say_page(found[-1])
        return found

    def say_page(self, cell):
        late = cell["late"]
        after = (f"; page {late['page']:,}: {late['p50Milliseconds']:.1f}, {late['p99Milliseconds']:.1f}" if late else "")
        self.say(f"  {cell['filter']}, {cell['of']}, {cell['order']}: {cell['first']['p50Milliseconds']:.1f}, "
                 f"{cell['first']['p99Milliseconds']:.1f} ms{after}")

    def first_pages(self, questions, one, kind, order):
        targets = []
        for _ in range(self.options.requests):
            if one.follows_correlation:
                correlated = questions.random.choice(questions.correlated)
                path, parameters = questions.of_scope(kind, correlated), {"correlationId": correlated[0]}
            else:
                path, parameters = questions.scope(kind), one.draw(questions)
            targets.append(target(path, parameters | {"order": order}))
        return self.probe(targets, requests=len(targets), warm_up=min(10, len(targets)))

    def late_pages(self, questions, one, kind, order):
        """The thousandth page and some that follow, or those before the last one; nothing when there is no such."""
        if one.common is None:
            return None
        days = {"from": questions.day(31), "to": questions.day(1)}
        parameters = {name: value.format(**days) for name, value in one.common.items()} | {"order": order}
        path, cursor, before = questions.busiest(kind), None, 0
        # Cursors do not know how long pages are.
        while before < LATE_PAGE - 1:
            many = min(10, LATE_PAGE - 1 - before)
            following = self.next_cursor(path, parameters | {"limit": 100 * many}, cursor)
            if not following:
                break
            cursor, before = following, before + many
        if not cursor:
            return None
        cursors = [cursor]
        while len(cursors) < LATE_PAGES and (following := self.next_cursor(path, parameters, cursors[-1])):
            cursors.append(following)
        targets = [target(path, parameters | {"cursor": one}) for one in cursors]
        return {"page": before + 1} | self.probe(targets, requests=self.options.late_requests, warm_up=10)

    def next_cursor(self, path, parameters, cursor):
        text = self.tenants.get(target(path, parameters | ({"cursor": cursor} if cursor else {})))
        found = re.search(rb'"nextCursor":(?:"([^"]*)"|null)', text[-400:])
        return found.group(1).decode() if found and found.group(1) else None

    # --- statistics -------------------------------------------------------------------------------------------------

    def statistics(self, questions):
        """Of 30 days at hour grain, as far as the API has such."""
        routes, found = self.tenants.routes(), {}
        kinds = {"partner": "/api/statistics/partner/{id}", "system": "/api/statistics/partner-system/{id}"}
        for kind, route in kinds.items():
            for name, ending, more in (("totals", "", {}), ("by hour", "/timeseries", {"interval": "hour"}),
                                       ("by hour and name", "/timeseries", {"interval": "hour", "groupBy": "eventName"}),
                                       ("by hour and verdict", "/timeseries", {"interval": "hour", "groupBy": "isValid"})):
                if route + ending not in routes:
                    continue
                targets = []
                for _ in range(self.options.requests):
                    scope = questions.scope(kind).replace("/api/events/", "/api/statistics/")
                    back = 1 + questions.random.randrange(4 * 24) / 24
                    targets.append(target(scope + ending, {"from": questions.day(back + 30), "to": questions.day(back)} | more))
                found[f"{kind}, {name}"] = self.probe(targets, requests=len(targets), warm_up=10)
                self.say(f"  statistics of a {kind}, {name}: {found[f'{kind}, {name}']['p99Milliseconds']:.1f} ms")
        return found

    # --- funnels ----------------------------------------------------------------------------------------------------

    def funnel(self, questions):
        """Three steps over all events of the busiest partner, and what that costs ingestion; nothing without the route."""
        tenants, options = self.tenants, self.options
        if "/api/statistics/partner/{id}/funnels" not in tenants.routes():
            return None
        path = questions.busiest("partner").replace("/api/events/", "/api/statistics/") + "/funnels"
        asked = target(path, {"from": questions.day(DAYS + 1), "to": questions.day(-1), "windowSeconds": 86_400} | {
            f"step.{step + 1}": event_name(step) for step in range(3)})
        without, with_funnels, seconds = {}, {}, []
        with tenants.ingesting(options.rate, without):
            time.sleep(options.seconds)
        with tenants.ingesting(options.rate, with_funnels), \
             Watch(lambda: memory_megabytes([tenants.api.process.pid])["private"], 0.05) as memory:
            for number in range(FUNNELS):
                began = time.monotonic()
                answer = json.loads(tenants.get(asked + f"&step.3.property.amount%3E={number}"))
                seconds.append(time.monotonic() - began)
        megabytes = [value for _, value in memory.samples]
        found = {"seconds": seconds, "events": answer["events"], "people": [one["people"] for one in answer["steps"]],
                 "ingestionWithout": without, "ingestionMeanwhile": with_funnels,
                 "megabytesMore": max(megabytes) - megabytes[0], "secondsUntilCancelled": self.cancel(asked)}
        self.say(f"  funnel: {max(seconds):.2f} s, cancelled after {found['secondsUntilCancelled']:.2f} s")
        return found

    def cancel(self, asked):
        """Seconds from a client's hanging up until no statement of its analysis runs any more."""
        with socket.create_connection(("127.0.0.1", self.tenants.api.port)) as client:
            client.sendall(f"GET {asked}&step.3.property.amount%3E=x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                           f"{self.tenants.person}\r\n\r\n".encode())
            time.sleep(0.2)
        return wait_until("the analysis is cancelled", lambda: self.tenants.sql(ANALYSES)[0][0] == 0, 30)

    # --- cached -----------------------------------------------------------------------------------------------------

    def cached(self, questions):
        """Answers of the cache beside the bare edge with the same bytes, in turn."""
        days = {"from": questions.day(31), "to": questions.day(1)}
        asked = {"an event": target(questions.busiest("partner"), days | {"limit": 1}),
                 "a page of 100": target(questions.busiest("partner"), days)}
        if "/api/statistics/partner/{id}" in self.tenants.routes():
            statistics_path = questions.busiest("partner").replace("/api/events/", "/api/statistics/")
            asked["statistics"] = target(statistics_path, days)
            asked["statistics by hour"] = target(statistics_path + "/timeseries", days | {"interval": "hour"})
        found = {}
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.tenants.ingesting(self.options.rate))
            script = self.tenants.folder / "done.lua"
            script.write_text(WRK_SCRIPT)
            for name, question in asked.items():
                body = self.tenants.folder / "body"
                body.write_bytes(self.tenants.get(question))
                with bare_edge(self.options.build, body) as edge:
                    rounds = []
                    for _ in range(self.options.rounds):
                        rounds.append({
                            "edge": self.wrk(edge, "/", script),
                            "cached": self.wrk(self.tenants.api.port, question, script),
                            "paced": self.probe([question], requests=CACHED_RATE * self.options.seconds, past_cache=False,
                                                rate=CACHED_RATE, connections=8, warm_up=100)})
                found[name] = {
                    "bytes": rounds[0]["paced"]["bytes"], "rounds": rounds,
                    "requestsPerSecond": spread([one["cached"]["requestsPerSecond"] for one in rounds]),
                    "edgeRequestsPerSecond": spread([one["edge"]["requestsPerSecond"] for one in rounds]),
                    "ratio": spread([one["cached"]["requestsPerSecond"] / one["edge"]["requestsPerSecond"]
                                     for one in rounds]),
                    "p50Milliseconds": spread([one["paced"]["p50Milliseconds"] for one in rounds]),
                    "p99Milliseconds": spread([one["paced"]["p99Milliseconds"] for one in rounds])}
                self.say(f"  cached, {name}: {found[name]['ratio']['median']:.2f} of the edge, "
                         f"{found[name]['p99Milliseconds']['median']:.2f} ms")
        return found

    def wrk(self, port, question, script):
        done = subprocess.run(
            [program("wrk", "wrk"), "-t1", f"-c{WRK_CONNECTIONS}", f"-d{self.options.seconds}s", "--latency", "-s",
             str(script), "-H", f"Authorization: Bearer {self.tenants.person}", f"http://127.0.0.1:{port}{question}"],
            capture_output=True, text=True, check=False)
        result = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not result:
            raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
        result = json.loads(result.group(1))
        if result["errors"] or not result["requests"]:
            raise BenchError(f"{question}: {result['errors']} errors in {result['requests']} requests")
        return {"requestsPerSecond": result["requests"] / (result["microseconds"] / 1e6),
                "p50Milliseconds": result["p50"] / 1000, "p99Milliseconds": result["p99"] / 1000}


@contextlib.contextmanager
def bare_edge(build, body):
    process = subprocess.Popen([build / "tests/bench/bench_edge_server", "at-once", f"@{body}", str(HTTP_WORKERS)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=10)


# --- results --------------------------------------------------------------------------------------------------------


def cells_of(size):
    """Every measurement of pages, by name."""
    return {(cell["filter"], cell["of"], cell["order"], where): cell[where] | {"isIndexed": cell["isIndexed"]}
            for cell in size["pages"] for where in ("first", "late") if cell[where]}


def growth(of_first, of_last, figure):
    """How many times as long a page by each filter takes at the last size, over scopes and orders: of one cell alone, a
    p99 hangs on five questions. With fewer events stored, some pages are not full: those are no measure."""
    sums = collections.defaultdict(lambda: [0, 0])
    for key, cell in of_last.items():
        if key in of_first and cell["bytes"] < 1.1 * of_first[key]["bytes"]:
            sums[key[0]][0] += of_first[key][figure]
            sums[key[0]][1] += cell[figure]
    return {name: last / first for name, (first, last) in sums.items()}


def goals(results):
    """Name: (what was found, the goal, whether more is better). The worst counts."""
    found, last = {}, results["sizes"][-1]
    for where in ("first", "late"):
        of_last = {key: cell for key, cell in cells_of(last).items() if key[3] == where and cell["isIndexed"]}
        if not of_last:
            continue
        worst = max(of_last, key=lambda key: of_last[key]["p99Milliseconds"])
        found[f"{where} page, p99 ms ({', '.join(worst[:3])})"] = of_last[worst]["p99Milliseconds"], PAGE_GOAL, False
        if len(results["sizes"]) == 1:
            continue
        of_first = cells_of(results["sizes"][0])
        for which in ("p50", "p99"):
            ratios = growth(of_first, of_last, f"{which}Milliseconds")
            if not ratios:
                continue
            worst = max(ratios, key=ratios.get)
            found[f"{where} page, {which} of that at {results['sizes'][0]['millions']:g} million ({worst})"] = (
                ratios[worst], FLATNESS_GOAL, False)
    if last["statistics"]:
        worst = max(last["statistics"], key=lambda name: last["statistics"][name]["p99Milliseconds"])
        found[f"statistics, p99 ms ({worst})"] = last["statistics"][worst]["p99Milliseconds"], STATISTICS_GOAL, False
    if results["funnel"]:
        found["funnel, s (the slowest)"] = max(results["funnel"]["seconds"]), FUNNEL_GOAL, False
    for name, cached in results["cached"].items():
        found[f"cached, {name}, p99 ms"] = cached["p99Milliseconds"]["median"], CACHED_GOAL, False
        found[f"cached, {name}, of the bare edge"] = cached["ratio"]["median"], EDGE_SHARE_GOAL, True
    return {name: {"found": value, "goal": goal, "met": value >= goal if more_is_better else value <= goal}
            for name, (value, goal, more_is_better) in found.items()}


def print_pages(sizes):
    head = ["page of 100, p50 and p99 ms", "of", "order"]
    for size in sizes:
        head += [f"first, {size['millions']:g} million", f"late, {size['millions']:g} million", "page"]
    rows, each = [tuple(head)], [cells_of(size) for size in sizes]
    for name, of, order in dict.fromkeys(key[:3] for key in each[-1]):
        row = [name, of, order]
        for cells in each:
            for where in ("first", "late"):
                cell = cells.get((name, of, order, where))
                row.append(f"{cell['p50Milliseconds']:.1f}, {cell['p99Milliseconds']:.1f}" if cell else "")
            row.append(f"{cell['page']:,}" if cell else "")
        rows.append(tuple(row))
    circumstances.print_table(rows)


def print_statistics(sizes):
    if not sizes[-1]["statistics"]:
        return
    rows = [("30 days, p50 and p99 ms", *(f"{size['millions']:g} million" for size in sizes))]
    for name in sizes[-1]["statistics"]:
        rows.append((f"statistics of a {name}", *(f"{size['statistics'][name]['p50Milliseconds']:.1f}, "
                                                  f"{size['statistics'][name]['p99Milliseconds']:.1f}" for size in sizes)))
    print()
    circumstances.print_table(rows)


def print_funnel(funnel):
    if not funnel:
        return
    without, meanwhile = funnel["ingestionWithout"], funnel["ingestionMeanwhile"]
    print(f"\nfunnel    three steps, {funnel['events']:,} events looked at: "
          f"{', '.join(f'{one:.2f}' for one in funnel['seconds'])} s; {funnel['megabytesMore']:.0f} MB more of the API's; "
          f"no statement {funnel['secondsUntilCancelled']:.2f} s after its client hung up")
    if meanwhile:
        print(f"          meanwhile {meanwhile['eventsPerSecond']:,.0f} events/s ingested, answered after "
              f"{meanwhile['p50Milliseconds']:.1f}, {meanwhile['p99Milliseconds']:.1f} ms (p50, p99); without it "
              f"{without['p50Milliseconds']:.1f}, {without['p99Milliseconds']:.1f} ms")


def print_cached(cached):
    rows = [("cached", "bytes", "requests/s", "the bare edge", "ratio", "p50 ms", "p99 ms")]
    for name, found in cached.items():
        rows.append((name, f"{found['bytes']:,.0f}",
                     *(f"{found[key]['median']:,.0f} ({found[key]['min']:,.0f} - {found[key]['max']:,.0f})"
                       for key in ("requestsPerSecond", "edgeRequestsPerSecond")),
                     f"{found['ratio']['median']:.2f}", f"{found['p50Milliseconds']['median']:.2f}",
                     f"{found['p99Milliseconds']['median']:.2f}"))
    print()
    circumstances.print_table(rows)


def plot(results):
    drawing = Plot("Uncached pages", "million stored events", "p99 in milliseconds", log_y=True,
                   goals=[("goal", PAGE_GOAL)])
    each = [cells_of(size) for size in results["sizes"]]
    for where in ("first", "late"):
        for name in ("none", "eventName", "userId", "isValid=false"):
            key = (name, "partner", "desc", where)
            points = [(size["millions"], cells[key]["p99Milliseconds"])
                      for size, cells in zip(results["sizes"], each) if key in cells]
            drawing.add(f"{where} page, {name}", points, dashed=where == "late")
    return drawing


def run(options):
    report = {"benchmark": "queries", **circumstances.report_head(options.build), "rate": options.rate,
              "requests": options.requests, "lateRequests": options.late_requests, "postgresSettings": SETTINGS}
    with folder_in(options.directory) as folder, Tenants(options.build, folder) as tenants:
        results = Bench(options, tenants).measure()
    report["results"], report["loadAfter"] = results, os.getloadavg()
    report["goals"] = goals(results)
    print_program(report, circumstances.load_line(report))
    stored = ", ".join(f"{size['storedBefore']:,} in the end filled at {size['filledPerSecond']:,.0f}/s"
                       if size["filledPerSecond"] else f"{size['storedBefore']:,}" for size in results["sizes"])
    busiest = results["ofPartners"][0][1] / sum(count for _, count in results["ofPartners"])
    print(f"events    {PARTNERS} partners, {PARTNERS * SYSTEMS_EACH} systems, {NAMES} event names, 100,000 users, all skewed "
          f"as by Zipf's law (the busiest partner has {busiest:.0%}); over {DAYS} days, 1 in 10 up to two days late; 1 in "
          f"100 invalid; {stored}")
    for size in results["sizes"]:
        used = ", ".join(f"{part} {cores:.2f}" for part, cores in size["coresUsed"].items())
        taken = size["ingestion"]
        told = (f"{taken['eventsPerSecond']:,.0f} events/s ingested, answered after {taken['p50Milliseconds']:.1f} ms (p50), "
                f"{taken['p99Milliseconds']:.1f} ms (p99)" if taken else "nothing ingested")
        print(f"meanwhile at {size['millions']:g} million: {told}; cores used: {used}")
    asked = max((cell["first"]["clientMicroseconds"] for cell in results["sizes"][-1]["pages"]), default=0)
    print(f"asked     over one connection that is kept, past the cache, {options.requests} questions of each kind with "
          f"parameters drawn anew, late pages {options.late_requests} times (the {LATE_PAGE:,}th and {LATE_PAGES - 1} that "
          f"follow, or the last ones); of it at most {asked:.0f} us are the client's\n"
          f"cached    p50 and p99 at {CACHED_RATE:,} questions/s over 8 connections; requests/s by wrk -t1 over "
          f"{WRK_CONNECTIONS}, beside the bare edge with the same body and as many workers, in turn\n")
    print_pages(results["sizes"])
    print_statistics(results["sizes"])
    print_funnel(results["funnel"])
    print_cached(results["cached"])
    print()
    for name, goal in report["goals"].items():
        print(f"goal      {name}: {goal['found']:.2f} of {goal['goal']:g}, {'met' if goal['met'] else 'MISSED'}")
    circumstances.write_results(options, report, plot(results))


def sizes_of(text):
    sizes = [float(part) for part in text.split(",")]
    if sizes != sorted(sizes) or sizes[0] <= 0:
        raise ValueError
    return sizes


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench queries",
        description="Measures pages, statistics and cached answers at several numbers of stored events, while others are "
        "ingested. The goals: a page by an indexed filter within 20 ms (p99) and flat, 30 days of statistics within 30 ms, "
        "a cached answer within 2 ms and half as many a second as the bare edge gives. 5 million events take some 12 GB. "
        "A short run: --millions 0.02 --requests 20 --late-requests 20 --seconds 1 --rounds 1.")
    parser.add_argument("--millions", type=sizes_of, default=[0.5, 5], help="of stored events (default 0.5,5)")
    parser.add_argument("--rate", type=int, default=2_000, help="events/s that come meanwhile (default %(default)s)")
    parser.add_argument("--requests", type=int, default=500, help="for each kind of question (default %(default)s)")
    parser.add_argument("--late-requests", type=int, default=500, help="for each kind of late page (default %(default)s)")
    parser.add_argument("--only", metavar="TEXT", help="only filters with this in their names")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement of cached answers (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of those (default %(default)s)")
    circumstances.add_options(parser)
    options = parser.parse_args()
    options.build = options.build.resolve()
    if min(options.requests, options.late_requests, options.seconds, options.rounds) < 1 or options.rate < 0:
        parser.error("numbers are at least 1, the rate at least 0")
    circumstances.run_as("queries", run, options, Failure)


if __name__ == "__main__":
    main()
