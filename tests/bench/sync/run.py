#!/usr/bin/env python3
"""Measures how fast queued events reach the read store, beside INSERT .. SELECT of the same rows into the same tables."""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[2] / "fault")]
import psycopg2

import circumstances
import roll_ups
from circumstances import BenchError
from stage import Failure, wait_until
from subject import DATABASE, Subject, print_program, spread
from whole import folder_in

BATCH = 500
CONNECTIONS = 8
DRAIN_SECONDS = 600
POLL_SECONDS = 0.01

# The rows that the projection writes, in one statement: partitions, indexes and all.
INSERT_ROWS = """
  INSERT INTO read.tracking_events_read_model (
    tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
    event_timestamp, user_id, anonymous_id, is_valid, schema_version, validation_errors, properties, properties_bytes,
    correlation_id, created_at, batch_id, judged_in, is_unjudged)
  SELECT events.tracking_event_id, partners.partner_id, partners.name, events.partner_system_id, systems.name,
         events.event_id, events.event_name, events.event_timestamp, events.user_id, events.anonymous_id,
         events.is_valid, events.schema_version, events.validation_errors, events.properties,
         octet_length(events.properties::text) + coalesce(octet_length(events.validation_errors::text), 0),
         events.correlation_id, events.created_at, events.batch_id, events.judged_in, events.is_unjudged
    FROM write.tracking_events AS events
    JOIN write.partner_systems AS systems USING (partner_system_id)
    JOIN write.partners AS partners USING (partner_id)
"""
# What the projection writes besides: counts by the quarter of an hour, as additions, and the marks of the batches. All
# events have a structure, so there are no unknown ones to count. The sketches of users are left out, for which SQL takes
# far longer than the projection.
INSERT_ROLL_UPS = """
  INSERT INTO read.count_additions (partner_id, first_day, last_day, cell_count, cells)
  SELECT partner_id, day, day, count(*),
         string_agg(uuid_send(partner_system_id) || int4send(quarter) || int2send(octet_length(event_name)::smallint)
                    || convert_to(event_name, 'UTF8') || int4send(valid) || int4send(invalid) || int4send(unjudged)
                    || int4send(0) || int4send(first_at) || int4send(last_at) || int4send(0), '')
    FROM (SELECT partner_id, partner_system_id, event_name, (event_timestamp AT TIME ZONE 'UTC')::date AS day,
                 floor(extract(epoch FROM event_timestamp) / 900)::integer AS quarter,
                 count(*) FILTER (WHERE is_valid)::integer AS valid,
                 count(*) FILTER (WHERE NOT is_valid AND NOT is_unjudged)::integer AS invalid,
                 count(*) FILTER (WHERE is_unjudged)::integer AS unjudged,
                 min(mod((extract(epoch FROM event_timestamp) * 1000000)::bigint, 900000000))::integer AS first_at,
                 max(mod((extract(epoch FROM event_timestamp) * 1000000)::bigint, 900000000))::integer AS last_at
            FROM write.tracking_events JOIN write.partner_systems USING (partner_system_id)
           GROUP BY 1, 2, 3, 4, 5) AS cells
   GROUP BY partner_id, day;
  INSERT INTO read.projected_batches (batch_id, event_count) SELECT batch_id, event_count FROM write.batches
"""
EMPTY = """
  TRUNCATE read.tracking_events_read_model, read.unknown_events, read.projected_batches, read.count_additions,
           read.day_counts, read.user_sketches, read.hour_user_sketches
"""
QUEUE_ALL = """
  INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, event_count, byte_count FROM write.batches
"""
# Whatever order they were written in; without projected_at, which differs.
CONTENT = """
  SELECT (SELECT count(*) FROM read.tracking_events_read_model),
         (SELECT sum(hashtextextended(events::text, 0)) FROM read.tracking_events_read_model AS events),
         (SELECT sum(hashtextextended(batch_id::text || ' ' || event_count::text, 0)) FROM read.projected_batches)
"""


def fill(subject, events):
    """Stores that many events through the API, in batches; what is queued then."""
    sent = subject.send(seconds=DRAIN_SECONDS, batch=BATCH, connections=CONNECTIONS, max_events=events, warm_up=0)
    subject.api.terminate()
    subject.sql("VACUUM (ANALYZE) write.tracking_events, write.batches, write.outbox")
    stored, batches, average = subject.sql(
        "SELECT sum(event_count)::int8, count(*), avg(event_count)::int FROM write.batches")[0]
    return {"events": stored, "batches": batches, "eventsPerBatch": average, "eventBytes": sent["eventBytes"]}


def wal_bytes(subject):
    return int(subject.sql("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])


@contextlib.contextmanager
def fresh(subject, process, found):
    """The read store empty, nothing left to be written from before; then what `watched` watches, and the WAL."""
    subject.sql(EMPTY)
    subject.sql("CHECKPOINT")
    wal = wal_bytes(subject)
    with subject.watched(process, found):
        yield
    found["walBytes"] = wal_bytes(subject) - wal


def drain(subject, workers):
    """`volcanion sync` runs already; the batches are queued in one transaction, and the time ends when none is left."""
    subject.sql("TRUNCATE write.outbox")
    sync = subject.service("sync", {"VOLCANION_SYNC_WORKERS": str(workers)})
    sync.start().wait_until_ready()
    try:
        watch = psycopg2.connect(subject.postgres.dsn(DATABASE))
        watch.autocommit = True
        with contextlib.closing(watch), watch.cursor() as cursor:
            def is_drained():
                cursor.execute("SELECT NOT EXISTS (SELECT FROM write.outbox)")
                return cursor.fetchone()[0]

            found = {}
            with fresh(subject, sync.process, found):
                cursor.execute(QUEUE_ALL)
                wait_until("the outbox is empty", is_drained, DRAIN_SECONDS, POLL_SECONDS)
    finally:
        sync.terminate()
    return found


def insert_select(subject):
    """One transaction of one connection; the seconds of its first statement with COMMIT, and of all of it."""
    connection = psycopg2.connect(subject.postgres.dsn(DATABASE))
    found = {}
    with contextlib.closing(connection), connection.cursor() as cursor, fresh(subject, None, found):
        began = time.monotonic()
        cursor.execute(INSERT_ROWS)
        rows_in = time.monotonic()
        cursor.execute(INSERT_ROLL_UPS)
        rolled_up = time.monotonic()
        connection.commit()
        found["rowsSeconds"] = (rows_in - began) + (time.monotonic() - rolled_up)
    return found


def measure(options, folder):
    rounds = []
    with Subject(options.build, folder) as subject:
        queued = fill(subject, options.events)
        for number in range(1, options.rounds + 1):
            drained = drain(subject, options.workers)
            content, (counts, _) = subject.sql(CONTENT)[0], roll_ups.roll_ups(subject.sql)
            inserted = insert_select(subject)
            if content != subject.sql(CONTENT)[0] or content[0] != queued["events"] or \
                    counts.differences(roll_ups.roll_ups(subject.sql)[0], with_users=False):
                raise BenchError("the projection and INSERT .. SELECT have not written the same")
            rounds.append({"sync": drained, "insertSelect": inserted})
            if sys.stderr.isatty():
                print(f"\rround {number} of {options.rounds}", end="" if number < options.rounds else "\n",
                      file=sys.stderr, flush=True)
    return rounds, queued


def summary(rounds, events):
    def of(kind, seconds):
        found = {"eventsPerSecond": spread([events / one[kind][seconds] for one in rounds])}
        if seconds == "seconds":
            found["postgresMicrosecondsPerEvent"] = spread(
                [one[kind]["postgresCpuSeconds"] * 1e6 / events for one in rounds])
            found["walBytesPerEvent"] = spread([one[kind]["walBytes"] / events for one in rounds])
        return found

    results = {"insertSelectOfRows": of("insertSelect", "rowsSeconds"), "insertSelectWithRollUps": of("insertSelect", "seconds"),
               "sync": of("sync", "seconds")}
    results["sync"]["syncMicrosecondsPerEvent"] = spread([one["sync"]["cpuSeconds"] * 1e6 / events for one in rounds])
    for against, seconds in (("insertSelectOfRows", "rowsSeconds"), ("insertSelectWithRollUps", "seconds")):
        results["sync"][f"ratioTo{against[0].upper()}{against[1:]}"] = spread(
            [one["insertSelect"][seconds] / one["sync"]["seconds"] for one in rounds])
    return results


def print_results(results):
    names = {"insertSelectOfRows": "INSERT .. SELECT of the rows", "insertSelectWithRollUps": "... and roll-ups and marks",
             "sync": "volcanion sync"}
    rows = [("", "events/s", "us of ours", "us of PostgreSQL", "WAL bytes")]
    for kind, found in results.items():
        rate = found["eventsPerSecond"]

        def median(key, digits):
            return f"{found[key]['median']:,.{digits}f}" if key in found else ""

        rows.append((names[kind], f"{rate['median']:,.0f} ({rate['min']:,.0f} - {rate['max']:,.0f})",
                     median("syncMicrosecondsPerEvent", 1), median("postgresMicrosecondsPerEvent", 1),
                     median("walBytesPerEvent", 0)))
    circumstances.print_table(rows)
    for against, text in (("ratioToInsertSelectOfRows", "of INSERT .. SELECT of the rows"),
                          ("ratioToInsertSelectWithRollUps", "of it with roll-ups and marks")):
        ratio = results["sync"][against]
        print(f"sync is {ratio['median']:.2f} ({ratio['min']:.2f} - {ratio['max']:.2f}) {text}")


def run(options):
    report = {
        "benchmark": "sync",
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": circumstances.machine(),
        "versions": circumstances.built(options.build),
        "syncWorkers": options.workers,
        "loadBefore": os.getloadavg(),
    }
    with folder_in(options.directory) as folder:
        report["rounds"], report["queued"] = measure(options, folder)
    queued = report["queued"]
    report["results"] = summary(report["rounds"], queued["events"])
    print_program(report, f"{options.workers} sync worker{'s' if options.workers > 1 else ''}")
    print(f"events    {queued['events']:,} of {queued['eventBytes']} bytes as sent, in {queued['batches']:,} batches of about "
          f"{queued['eventsPerBatch']:,}; both ways write the same rows, compared after each round")
    print(f"rounds    {options.rounds}, the two in turn; load average {report['loadBefore'][0]:.1f} before\n")
    print_results(report["results"])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench sync",
        description="Queues events that the API has stored and measures how fast `volcanion sync` drains them into the read "
        "store, beside INSERT .. SELECT of the same rows from the write store's tables into the read store's, by one "
        "connection in the same database, partitions and indexes alike. The goal is 0.8.")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many are queued (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="VOLCANION_SYNC_WORKERS (default %(default)s)")
    parser.add_argument("--directory", metavar="DIR", default="/tmp", help="where the stores are made (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured to this file, too")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.events < BATCH or options.rounds < 1 or options.workers < 1:
        parser.error(f"--events is at least {BATCH}, --rounds and --workers are at least 1")
    circumstances.run_as("sync", run, options, Failure)


if __name__ == "__main__":
    main()
