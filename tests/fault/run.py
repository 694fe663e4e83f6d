#!/usr/bin/env python3
"""Does to Volcanion what machines, networks and people do to it, and checks that it kept its promises.

Clients send events all the time and keep a log of what they were told. When a fault has been played so many times, that
log is compared with both stores: nothing acknowledged is lost, nothing is stored twice, nothing is altered, what is in
the read store is what is in the write store, and ledgers and roll-ups add up. Exit status 1 when a promise was broken.
"""

import argparse
import json
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True  # beside the sources

import cache
import faults
import hostile
from check import check
from faults import Unavailable
from load import Load
from stage import READY_SECONDS, Failure, Stage
from up import UpStage, kill_up

FAULTS = {name: fault for name, fault in faults.ALL.items() if name != "dump-restore"}
FAULTS["redis"] = cache.break_redis
FAULTS["hostile"] = hostile.send_hostile_bodies
FAULTS["dump-restore"] = faults.dump_and_restore
ON_UP = {"kill-up": kill_up}
SHORT = {"kill-api": 6, "kill-sync": 4, "kill-postgres": 2, "stop-postgres": 1, "kill-backend": 2, "terminate-backends": 2,
         "cut-at-commit": 8, "network": 2, "sigterm-api": 3, "sigterm-sync": 1, "mixed": 3, "kill-up": 2}  # others: once


class Run:
    def __init__(self, options):
        self.options = options
        self.seed = options.seed if options.seed is not None else time.time_ns() % 1_000_000
        self.results = []

    def play(self, stage, name, fault, cycles):
        """One fault, so many times, and the check. Raises Failure when a promise was broken."""
        dice = random.Random(f"{self.seed}/{name}")
        began = time.monotonic()
        slowest = 0.0
        stage.measured = {}
        load = Load(stage, self.seed, name)
        try:
            load.wait_for_more(1)
            for _ in range(cycles):
                fault(stage, load, dice)
                back = time.monotonic()
                stage.wait_until_ready(READY_SECONDS)
                load.wait_for_more(1, READY_SECONDS + 10)
                slowest = max(slowest, time.monotonic() - back)
        finally:
            load.stop()
        stage.settle()
        report = check(stage, load)
        report.counts["cuts"] = sum(proxy.cuts for proxy in stage.proxies)  # at COMMIT, since the stage was set up
        self.results.append({"fault": name, "cycles": cycles, "seconds": round(time.monotonic() - began, 1),
                             "slowestRecovery": round(slowest, 2), **report.counts, **stage.measured,
                             "problems": report.problems})
        report.raise_if_broken()

    def tell(self, name, word, detail=""):
        print(f"{name:20} {word:11} {detail}", flush=True)

    def play_all(self, stage_of, names, cycles_of):
        """True when every promise was kept."""
        kept = True
        stage = None
        try:
            for name, fault in names:
                if stage is None:
                    stage = stage_of(self.options.volcanion, self.options.keep)
                    stage.__enter__()
                    stage.open_seconds = self.options.open_seconds
                    stage.sanitized = self.options.sanitized
                try:
                    self.play(stage, name, fault, cycles_of(name))
                    last = self.results[-1]
                    self.tell(name, "kept", ", ".join(f"{key} {value}" for key, value in last.items()
                                                      if key not in ("fault", "problems")))
                except Unavailable as reason:
                    self.results.append({"fault": name, "notPlayed": str(reason)})
                    self.tell(name, "NOT PLAYED", str(reason))
                    kept = kept and not self.options.names
                except Failure as reason:
                    kept = False
                    self.tell(name, "BROKEN", str(reason))
                    stage.__exit__(Failure, reason, None)  # the next fault gets a stage that nothing has happened to
                    stage = None
        except BaseException as error:
            if stage:
                stage.__exit__(type(error), error, None)
                stage = None
            raise
        finally:
            if stage:
                stage.__exit__(None, None, None)
        return kept


def main():
    parser = argparse.ArgumentParser(prog="script/fault", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volcanion", default="build/volcanion", metavar="FILE", help="the program (default %(default)s)")
    parser.add_argument("--cycles", type=int, default=5, metavar="N", help="times that each fault is played (default %(default)s)")
    parser.add_argument("--seed", type=int, metavar="S", help="to play the same again (default: another one each time)")
    parser.add_argument("--open-seconds", type=float, default=60, metavar="S",
                        help="how long commit-order leaves a transaction open (default %(default)s)")
    parser.add_argument("--short", action="store_true", help="a run of a few minutes, as script/test does it")
    parser.add_argument("--json", metavar="FILE", help="write the counts there")
    parser.add_argument("--sanitized", action="store_true", help="the program is built with sanitizers")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the stages, with all logs")
    parser.add_argument("--list", action="store_true", help="list the faults")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults")
    options = parser.parse_args()
    if options.list:
        for name, fault in (FAULTS | ON_UP).items():
            print(f"{name:20} {(fault.__doc__ or '').strip().splitlines()[0] if fault.__doc__ else ''}")
        return 0
    unknown = [name for name in options.names if name not in FAULTS | ON_UP]
    if unknown:
        parser.error(f"there is no fault {', '.join(unknown)}; --list names them all")
    options.volcanion = str(pathlib.Path(options.volcanion).resolve())
    if options.short:
        options.open_seconds = min(options.open_seconds, 3)
        options.seed = 1 if options.seed is None else options.seed

    def cycles_of(name):
        return SHORT.get(name, 1) if options.short else options.cycles

    def chosen(group):
        return [(name, fault) for name, fault in group.items() if not options.names or name in options.names]

    run = Run(options)
    print(f"seed {run.seed}", flush=True)
    kept = [run.play_all(stage, names, cycles_of)
            for stage, names in ((Stage, chosen(FAULTS)), (UpStage, chosen(ON_UP))) if names]
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"seed": run.seed, "results": run.results}, indent=2) + "\n",
                                              encoding="utf-8")
    print(f"seed {run.seed}: " + ("every promise was kept" if all(kept) else "see above for what was broken"), flush=True)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
