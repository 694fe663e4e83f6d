"""Reads the roll-ups of the read store that are bytes, and counts the rows that they are to agree with.

A count is [valid, invalid, unjudged, sent again], by system, event name and quarter of an hour (since 1970). Each is also
one of all names, with the name "", and one of the whole partner, with the partner's id in the place of the system's.
"""

import collections
import hashlib
import struct

HEAD, TAIL = struct.Struct(">16siH"), struct.Struct(">4iiiI")
REGISTERS, ENTRY_BYTES, QUARTERS_OF_HOUR, QUARTERS_OF_DAY = 4096, 3, 4, 96

ROWS = """
  SELECT partner_id::text, partner_system_id::text, event_name,
         floor(extract(epoch FROM event_timestamp) / 900)::integer, count(*) FILTER (WHERE is_valid), count(*) FILTER (WHERE NOT is_valid AND NOT is_unjudged),
         count(*) FILTER (WHERE is_unjudged), array_agg(DISTINCT user_id) FILTER (WHERE user_id IS NOT NULL),
         (extract(epoch FROM min(event_timestamp)) * 1000000)::bigint,
         (extract(epoch FROM max(event_timestamp)) * 1000000)::bigint
    FROM read.tracking_events_read_model GROUP BY 1, 2, 3, 4"""
DUPLICATES = """
  SELECT partner_id::text, partner_system_id::text, event_name, floor(extract(epoch FROM quarter) / 900)::integer,
         sum(duplicates)
    FROM write.duplicate_counts JOIN write.partner_systems USING (partner_system_id) GROUP BY 1, 2, 3, 4"""
DAYS = """
  SELECT partner_system_id::text, event_name, day - '1970-01-01'::date, valid, invalid, unjudged, duplicates, quarters,
         (extract(epoch FROM first_at) * 1000000)::bigint, (extract(epoch FROM last_at) * 1000000)::bigint
    FROM read.day_counts"""
SKETCHES = "SELECT partner_system_id::text, event_name, day - '1970-01-01'::date, sketch FROM read.user_sketches"
HOUR_SKETCHES = """
  SELECT partner_system_id::text, floor(extract(epoch FROM hour) / 3600)::integer, sketch FROM read.hour_user_sketches"""
ADDITIONS = "SELECT partner_id::text, cells FROM read.count_additions"


class Counted:
    """`quarters` are counts, `ends` the first and last event of a day, `users` what sketches of days and hours hold."""

    def __init__(self):
        self.quarters = collections.defaultdict(lambda: [0, 0, 0, 0])
        self.ends = {}
        self.users = collections.defaultdict(dict)

    def add_to_levels(self, partner, system, name, quarter, counts, ends=(None, None), entries=()):
        day = quarter // QUARTERS_OF_DAY
        for whose in (system, partner):
            for which in (name, ""):
                self.add(whose, which, quarter, counts)
                self.widen(whose, which, day, *ends)
                if entries:
                    self.add_entries((whose, which, "day", day), entries)
            if entries:
                self.add_entries((whose, "", "hour", quarter // QUARTERS_OF_HOUR), entries)

    def add(self, system, name, quarter, counts):
        kept = self.quarters[system, name, quarter]
        for i, count in enumerate(counts):
            kept[i] += int(count)

    def widen(self, system, name, day, first, last):
        if first is None:
            return
        known = self.ends.get((system, name, day), (first, last))
        self.ends[system, name, day] = (min(first, known[0]), max(last, known[1]))

    def add_entries(self, key, entries):
        held = self.users[key]
        for entry in entries:
            register, place = divmod(entry, 64)
            held[register] = max(held.get(register, 0), place)

    def differences(self, other, with_users=True):
        """How many keys of any kind do not agree; counts that are nothing are as good as missing."""
        def without_nothing(quarters):
            return {key: counts for key, counts in quarters.items() if any(counts)}

        pairs = [(without_nothing(self.quarters), without_nothing(other.quarters)), (self.ends, other.ends)]
        if with_users:
            pairs.append((dict(self.users), dict(other.users)))
        return sum(one.get(key) != another.get(key) for one, another in pairs for key in one.keys() | another.keys())


def user_entry(user):
    bits = int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big")
    rest = bits & ((1 << 52) - 1)
    return (bits >> 52) * 64 + 53 - rest.bit_length()


def entries_of(data):
    return [int.from_bytes(data[at:at + ENTRY_BYTES], "big") for at in range(0, len(data), ENTRY_BYTES)]


def entries_of_sketch(data):
    if len(data) == REGISTERS:
        return [register * 64 + place for register, place in enumerate(data) if place]
    return entries_of(data)


def read_quarters(data):
    """(quarter of the day, counts) of a row of day_counts."""
    at, found = 1, []
    for _ in range(data[0]):
        quarter, present = data[at], data[at + 1]
        at += 2
        counts = [0, 0, 0, 0]
        for i in range(4):
            if not present >> i & 1:
                continue
            value = shift = 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            counts[i] = value >> 1 ^ -(value & 1)
        found.append((quarter, counts))
    return found


def text_of(system):
    digits = system.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def add_cells(counted, partner, data):
    at = 0
    while at < len(data):
        system, quarter, size = HEAD.unpack_from(data, at)
        at += HEAD.size
        name = data[at:at + size].decode()
        at += size
        *counts, first, last, users = TAIL.unpack_from(data, at)
        at += TAIL.size
        ends = (quarter * 900_000_000 + first, quarter * 900_000_000 + last) if first <= last else (None, None)
        counted.add_to_levels(partner, text_of(system), name, quarter, counts, ends,
                              entries_of(data[at:at + users * ENTRY_BYTES]))
        at += users * ENTRY_BYTES


def roll_ups(read_sql):
    """What the roll-ups say, additions that are not folded yet included; and how many rows contradict themselves."""
    counted, contradictions = Counted(), 0
    for system, name, day, *sums, quarters, first, last in read_sql(DAYS):
        summed = [0, 0, 0, 0]
        for quarter, counts in read_quarters(bytes(quarters)):
            counted.add(system, name, day * QUARTERS_OF_DAY + quarter, counts)
            summed = [a + b for a, b in zip(summed, counts)]
        contradictions += summed != [int(value) for value in sums]
        counted.widen(system, name, day, first, last)
    for system, name, day, sketch in read_sql(SKETCHES):
        counted.add_entries((system, name, "day", day), entries_of_sketch(bytes(sketch)))
    for system, hour, sketch in read_sql(HOUR_SKETCHES):
        counted.add_entries((system, "", "hour", hour), entries_of_sketch(bytes(sketch)))
    for partner, cells in read_sql(ADDITIONS):
        add_cells(counted, partner, bytes(cells))
    return counted, contradictions


def rows(read_sql, write_sql):
    """The same, counted over the rows, and over the duplicates of the write store."""
    counted = Counted()
    for partner, system, name, quarter, valid, invalid, unjudged, users, first, last in read_sql(ROWS):
        counted.add_to_levels(partner, system, name, quarter, (valid, invalid, unjudged, 0), (first, last),
                              [user_entry(user) for user in users or ()])
    for partner, system, name, quarter, duplicates in write_sql(DUPLICATES):
        counted.add_to_levels(partner, system, name, quarter, (0, 0, 0, duplicates))
    return counted
