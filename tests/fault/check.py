"""Holds what the clients were told against what both stores have."""

import hashlib

import roll_ups
from stage import READ, WRITE, Failure

WRITTEN = """
  SELECT event_id, partner_system_id::text, encode(sha256(convert_to(properties::text, 'UTF8')), 'hex'), is_valid,
         batch_id, tracking_event_id::text
  FROM write.tracking_events"""
READ_ROWS = """
  SELECT event_id, partner_system_id::text, encode(sha256(convert_to(properties::text, 'UTF8')), 'hex'), is_valid,
         batch_id, tracking_event_id::text
  FROM read.tracking_events_read_model"""


class Report:
    """Counts of one check; `problems` are broken promises."""

    def __init__(self):
        self.problems = []
        self.counts = {}

    def expect(self, holds, what):
        if not holds:
            self.problems.append(what)

    def raise_if_broken(self):
        if self.problems:
            raise Failure("; ".join(self.problems))


def by_key(rows):
    """Rows by system and event id; those that stand twice as a list of keys."""
    found, twice = {}, []
    for event_id, system, *rest in rows:
        if (system, event_id) in found:
            twice.append((system, event_id))
        found[system, event_id] = tuple(rest)
    return found, twice


def check(stage, load):
    """Every promise, over everything that was ever sent on this stage.  The load has stopped and the outbox is empty."""
    report = Report()
    written, written_twice = by_key(stage.write.sql(WRITE, WRITTEN))
    read, read_twice = by_key(stage.read.sql(READ, READ_ROWS))
    rejected = {hashlib.sha256(bytes(body)).hexdigest()
                for (body,) in stage.write.sql(WRITE, "SELECT body FROM write.rejected_payloads")}
    missing = altered = other_verdict = kept_missing = 0
    outcomes = {}
    for key, event in load.events.items():
        outcomes[event.outcome] = outcomes.get(event.outcome, 0) + 1
        row = written.get(key)
        if event.outcome == "acknowledged":
            missing += row is None
            other_verdict += row is not None and row[1] != event.is_valid
        elif event.outcome == "rejected":
            kept_missing += event.body_digest not in rejected
            report.expect(row is None, f"{key} was refused and is stored all the same")
        altered += row is not None and row[0] != event.digest
    strangers = [key for key in written if key not in load.events and key not in stage.late]

    report.counts = {"sent": len(load.events), "attempts": load.attempts, **outcomes, "stored": len(written),
                     "read": len(read), "lost": missing, "doubled": len(written_twice) + len(read_twice),
                     "altered": altered}
    report.expect(not load.strange, f"strange answers: {load.strange[:3]}")
    report.expect(missing == 0, f"{missing} acknowledged events are not stored")
    report.expect(not written_twice, f"{len(written_twice)} events are stored twice")
    report.expect(altered == 0, f"{altered} events have other properties than were sent")
    report.expect(other_verdict == 0, f"{other_verdict} events have another verdict than was answered")
    report.expect(kept_missing == 0, f"{kept_missing} refused events are not kept as payloads")
    report.expect(not strangers, f"{len(strangers)} events are stored that nobody sent, such as {strangers[:3]}")
    report.expect(not read_twice, f"{len(read_twice)} events stand twice in the read store")
    report.expect(read == written, f"the stores differ in {count_differences(read, written)} events")

    def one(cluster, database, query):
        return cluster.sql(database, query)[0][0]

    batches = set(stage.write.sql(WRITE, "SELECT batch_id, event_count FROM write.batches"))
    projected = set(stage.read.sql(READ, "SELECT batch_id, event_count FROM read.projected_batches"))
    report.expect(batches == projected, f"{len(batches ^ projected)} batches are in one ledger only")
    report.expect(sum(count for _, count in batches) == len(written), "the ledger does not add up to the events")
    keys = one(stage.write, WRITE, "SELECT count(*) FROM write.event_keys JOIN write.tracking_events "
                                   "USING (batch_id, ordinal, partner_system_id, event_id)")
    report.expect(keys == len(written) == one(stage.write, WRITE, "SELECT count(*) FROM write.event_keys"),
                  "keys and events do not match")

    def read_sql(query):
        return stage.read.sql(READ, query)

    rolled_up, contradictions = roll_ups.roll_ups(read_sql)
    counted = roll_ups.rows(read_sql, lambda query: stage.write.sql(WRITE, query))
    report.expect(contradictions == 0, f"{contradictions} days are not the sum of their quarters")
    differences = rolled_up.differences(counted)
    report.expect(differences == 0, f"roll-ups by the quarter of an hour differ from a count in {differences} places")
    report.expect(one(stage.write, WRITE, "SELECT count(*) FROM write.set_aside_batches") == 0,
                  "batches have been set aside")
    return report


def count_differences(one, other):
    return sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())
