#!/usr/bin/env python3
"""Measures the HTTP edge beside nginx: the same request, the same answer, one core each, in turn."""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import circumstances
from circumstances import BenchError, output_of, program

CONNECTIONS = 64
REQUEST_BYTES = 250
PATH = "/api/events/ingest"
ANSWER = '{"eventId":"e1","status":"stored","isValid":true,"schemaVersion":2,"position":"4711","validationErrors":[]}'
GOALS = {"at once": 0.7, "other thread": 0.5}
NGINX = "nginx"
WARM_UP_SECONDS = 1
QUIET = 0.1  # of one core, for everything else
TICKS = os.sysconf("SC_CLK_TCK")

# One worker that closes no connection and writes no log; every path is in its own folder.
NGINX_CONFIG = """
daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 4294967295;
  keepalive_timeout 1h;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{body}'
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {{"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
"""


def request_body():
    event = {"eventName": "purchase", "eventTimestamp": "2026-01-20T10:00:00Z", "userId": "u1", "schemaVersion": 2,
             "properties": {"amount": 12.5, "currency": "EUR", "note": ""}}
    pad = REQUEST_BYTES - len(json.dumps(event))
    event["properties"]["note"] = "x" * pad
    return json.dumps(event)


# --- servers --------------------------------------------------------------------------------------


class Server:
    """A process and its children, pinned to one core."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port

    def cpu_seconds(self):
        ticks = 0
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                head, _, rest = entry.read_text().rpartition(")")
                fields = rest.split()
                if self.process.pid in (int(head.split()[0]), int(fields[1])):
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def check(self, body):
        """That it gives the expected answer, and keeps the connection."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _ in range(2):
            client.request("POST", PATH, body, {"Content-Type": "application/json"})
            answer = client.getresponse()
            text = answer.read().decode()
            if answer.status != 200 or text != ANSWER or answer.will_close:
                raise BenchError(f"{self.name} answered {answer.status} {text!r}")
        client.close()


@contextlib.contextmanager
def edge_server(name, binary, kind, core):
    process = subprocess.Popen([program("taskset", "util-linux"), "-c", str(core), binary, kind, ANSWER],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise BenchError(f"{binary} did not start")
        yield Server(name, process, int(port))
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx_server(folder, core):
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(port=port, answer=ANSWER))
    process = subprocess.Popen(
        [program("taskset", "util-linux"), "-c", str(core), program("nginx", "nginx"), "-p", str(folder) + "/",
         "-c", str(config), "-e", "stderr"], start_new_session=True)
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError("nginx did not start; see above")
            time.sleep(0.02)
        yield Server(NGINX, process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


# --- one measurement ------------------------------------------------------------------------------


def busy_seconds():
    """What all cores have spent on anything."""
    first = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first)
    return (user + nice + system + irq + softirq + steal) / TICKS


def measure(server, seconds, script, core):
    server_before, busy_before, began = server.cpu_seconds(), busy_seconds(), time.monotonic()
    usage_before = os.times()
    done = subprocess.run(
        [program("taskset", "util-linux"), "-c", str(core), program("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}",
         f"-d{seconds}s", "--latency", "-s", str(script), f"http://127.0.0.1:{server.port}{PATH}"],
        capture_output=True, text=True, check=False)
    elapsed = time.monotonic() - began
    usage = os.times()
    client_cpu = usage.children_user + usage.children_system - usage_before.children_user - usage_before.children_system
    server_cpu = server.cpu_seconds() - server_before
    busy = busy_seconds() - busy_before
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise BenchError(f"wrk failed: {done.stdout}{done.stderr}")
    result = json.loads(found.group(1))
    if result["errors"] or not result["requests"]:
        raise BenchError(f"{server.name}: {result['errors']} errors in {result['requests']} requests")
    return {
        "server": server.name,
        "requestsPerSecond": result["requests"] / (result["microseconds"] / 1e6),
        "requestsPerCpuSecond": result["requests"] / max(server_cpu, 1 / TICKS),
        "p50Milliseconds": result["p50"] / 1000,
        "p99Milliseconds": result["p99"] / 1000,
        "serverCpuShare": server_cpu / elapsed,
        "clientCpuShare": client_cpu / elapsed,
        "otherCpuShare": max(0.0, busy - server_cpu - client_cpu) / elapsed,  # of one core
    }


# --- the circumstances ----------------------------------------------------------------------------


def versions(build):
    return {
        **circumstances.built(build),
        "nginx": output_of(program("nginx", "nginx"), "-v").removeprefix("nginx version: "),
        "wrk": " ".join(output_of(program("wrk", "wrk"), "-v").split()[1:2]),
    }


# --- the whole run --------------------------------------------------------------------------------


def summary(rounds, name):
    mine = [by_name[name] for by_name in rounds]
    against = [by_name[NGINX] for by_name in rounds]

    def spread(values):
        return {"median": statistics.median(values), "min": min(values), "max": max(values)}

    def ratio(key):
        in_rounds = [one[key] / other[key] for one, other in zip(mine, against)]
        of_medians = statistics.median(one[key] for one in mine) / statistics.median(one[key] for one in against)
        return {"ofMedians": of_medians, "min": min(in_rounds), "max": max(in_rounds)}

    result = {key: spread([one[key] for one in mine]) for key in mine[0] if key != "server"}
    result["ratio"] = ratio("requestsPerSecond")
    result["cpuRatio"] = ratio("requestsPerCpuSecond")
    if name in GOALS:
        result["goal"] = GOALS[name]
        result["goalMet"] = result["ratio"]["ofMedians"] >= GOALS[name]
    return result


def print_table(report):
    def range_of(spread, form="{:,.0f}"):
        return f"{form.format(spread['median'])} ({form.format(spread['min'])} - {form.format(spread['max'])})"

    def ratio_of(ratio):
        return f"{ratio['ofMedians']:.2f} ({ratio['min']:.2f} - {ratio['max']:.2f})"

    rows = [("", "requests/s", "of nginx", "requests per CPU second", "of nginx", "p50 ms", "p99 ms", "CPU", "goal")]
    for name, found in report["results"].items():
        goal = f"{found['goal']} {'met' if found['goalMet'] else 'MISSED'}" if "goal" in found else ""
        rows.append((name, range_of(found["requestsPerSecond"]), ratio_of(found["ratio"]),
                     range_of(found["requestsPerCpuSecond"]), ratio_of(found["cpuRatio"]),
                     f"{found['p50Milliseconds']['median']:.2f}", f"{found['p99Milliseconds']['median']:.2f}",
                     f"{found['serverCpuShare']['median']:.0%}", goal))
    circumstances.print_table(rows)


def print_circumstances(report):
    where, what = report["machine"], report["versions"]
    print(f"machine   {circumstances.machine_line(where)}")
    print(f"programs  volcanion {what['volcanion']} ({what['build']}, {what['compiler']}); {what['nginx']}; "
          f"wrk {what['wrk']}")
    print(f"request   POST {PATH}, body of {REQUEST_BYTES} bytes; answer 200 with {len(ANSWER)} bytes; "
          f"{CONNECTIONS} connections, kept alive")
    print(f"cores     server on {report['cores']['server']}, one worker thread (and the thread that answers); "
          f"wrk -t1 on {report['cores']['client']}")


def run(options):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("two cores are needed: one for the server, one for the client")
    binary = options.build / "tests/bench/bench_edge_server"
    if not binary.exists():
        raise BenchError(f"{binary} is not built")
    body = request_body()
    report = {
        "benchmark": "edge",
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": circumstances.machine(),
        "versions": versions(options.build),
        "request": {"method": "POST", "path": PATH, "bodyBytes": REQUEST_BYTES, "answerBytes": len(ANSWER)},
        "connections": CONNECTIONS,
        "cores": {"server": cores[-1], "client": cores[0]},
        "secondsPerMeasurement": options.seconds,
        "loadBefore": os.getloadavg(),
    }
    print_circumstances(report)
    rounds = []
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="volcanion-bench-")))
        folder.chmod(0o755)  # nginx's worker is another user when this is root
        script = folder / "post.lua"
        script.write_text(WRK_SCRIPT.format(body=body))
        servers = [
            stack.enter_context(nginx_server(folder, cores[-1])),
            stack.enter_context(edge_server("at once", binary, "at-once", cores[-1])),
            stack.enter_context(edge_server("other thread", binary, "other-thread", cores[-1])),
        ]
        for server in servers:
            server.check(body)
            measure(server, WARM_UP_SECONDS, script, cores[0])
        for number in range(1, options.rounds + 1):
            rounds.append({one.name: measure(one, options.seconds, script, cores[0]) for one in servers})
            if sys.stderr.isatty():
                print(f"\rround {number} of {options.rounds}", end="" if number < options.rounds else "\n",
                      file=sys.stderr, flush=True)
    report["loadAfter"] = os.getloadavg()
    report["rounds"] = rounds
    report["results"] = {name: summary(rounds, name) for name in (NGINX, *GOALS)}
    others = statistics.median(one["otherCpuShare"] for by_name in rounds for one in by_name.values())
    print(f"rounds    {options.rounds} of {options.seconds} s for each server in turn; load average "
          f"{report['loadBefore'][0]:.2f} before, {report['loadAfter'][0]:.2f} after; other processes took "
          f"{others:.0%} of one core")
    print()
    print_table(report)
    print("\nMedians with the least and the greatest; ratios are of medians, with the range of the rounds.")
    if others > QUIET:
        print("The machine was not quiet. What a CPU second carries hardly depends on that; requests/s do.")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench edge",
        description="Measures the HTTP edge beside nginx's `return 200`: with a handler that answers at once, and with "
        "the answer handed in from another thread. All three get the same requests in turn, pinned to one core, from "
        "wrk on another. The goals are %.1f and %.1f of nginx's requests per second." % tuple(GOALS.values()))
    parser.add_argument("--seconds", type=int, default=5, help="length of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each server (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured to this file, too")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")
    options = parser.parse_args()
    if options.seconds < 1 or options.rounds < 1:
        parser.error("--seconds and --rounds are at least 1")
    circumstances.run_as("edge", run, options)


if __name__ == "__main__":
    main()
