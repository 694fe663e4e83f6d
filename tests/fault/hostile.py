"""Bodies that clients should not send, alone and inside a batch of 100 beside 99 good events. Whatever is answered 202
has to be stored byte by byte; whatever is refused as no event has to be kept as the bytes that came; the neighbours have
to be stored; and nothing may cost the connection of anyone else."""

import hashlib
import http.client
import json

from stage import READ, WRITE, Failure, wait_until

NEIGHBOURS = 99
LARGEST_EVENT = 1 << 20


def corpus():
    """(name, text of properties as bytes, whether a JSON parser without limits takes it)."""
    yield from ((f"byte {byte:#x}", b'{"text":"a' + bytes([byte]) + b'z"}', byte >= 0x20 and byte < 0x80 and byte not in b'"\\')
                for byte in [*range(0, 0x20), *range(0x80, 0x100)])
    for name, text in [("overlong slash", b"\xc0\xaf"), ("overlong NUL", b"\xc0\x80"), ("surrogate in UTF-8", b"\xed\xa0\x80"),
                       ("beyond Unicode", b"\xf4\x90\x80\x80"), ("five bytes", b"\xf8\x88\x80\x80\x80"),
                       ("cut in the middle", b"\xe2\x82")]:
        yield name, b'{"text":"' + text + b'"}', False
    for name, text in [("escaped NUL", rb"\u0000"), ("high surrogate", rb"\ud800"), ("low surrogate", rb"\udc00"),
                       ("surrogates in the wrong order", rb"\udc00\ud800"), ("a pair", rb"\ud834\udd1e"),
                       ("every escape", rb"\"\\\/\b\f\n\r\t"), ("a noncharacter", rb"\uffff")]:
        yield name, b'{"text":"' + text + b'"}', True
        yield name + " in a name", b'{"' + text + b'":1}', True
    for depth in (1, 32, 62, 63, 64, 65, 1_000, 90_000):
        yield f"{depth} arrays", b'{"deep":' + b"[" * depth + b"]" * depth + b"}", True
        yield f"{depth} objects", b'{"a":' * depth + b"1" + b"}" * depth, True
        yield f"{depth} arrays that never end", b'{"deep":' + b"[" * depth + b"}", False
    yield "a million arrays", b'{"deep":' + b"[" * 10**6 + b"]" * 10**6 + b"}", False  # by far too deep for any document
    for number in ("1e999999999", "-1e999999999", "1e-999999999", "1e131071", "1e131072", "0e99999", "-0", "1E+2",
                   "123456789012345678901234567890", "0.1", "1" * 20_000, "0." + "3" * 20_000):
        yield f"number {number[:20]}", b'{"n":' + number.encode() + b"}", True
    for number in ("01", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "-", "1_000", "--1"):
        yield f"no number {number}", b'{"n":' + number.encode() + b"}", False
    yield "the same name twice", b'{"a":1,"a":2,"a":{"a":3}}', True
    yield "100,000 names", b"{" + b",".join(b'"k%d":%d' % (i, i) for i in range(100_000)) + b"}", True
    yield "one name 100,000 times", b"{" + b",".join([b'"k":1'] * 100_000) + b"}", True
    yield "100,000 elements", b'{"a":[' + b",".join([b"0"] * 100_000) + b"]}", True
    yield "a long text", b'{"text":"' + b"x" * 900_000 + b'"}', True
    yield "a text that is too long", b'{"text":"' + b"x" * (LARGEST_EVENT + 1) + b'"}', True
    yield "a long name", b'{"' + b"n" * 500_000 + b'":1}', True
    yield "the empty name", b'{"":{"":[]}}', True
    yield "blanks", b' \t {\r "a" : [ ] } ', True
    for name, text in [("no object but a number", b"1"), ("no object but a text", b'"x"'), ("no object but true", b"true"),
                       ("no object but a list", b"[]")]:
        yield name, text, True
    whole = b'{"a":[1,{"b":"c\\u00e9"},true,null]}'
    for end in range(1, len(whole)):
        yield f"cut after {end} bytes", whole[:end], False
    for name, text in [("a comment", b'{/* */"a":1}'), ("a comma too many", b'{"a":1,}'), ("single quotes", b"{'a':1}"),
                       ("a byte order mark", b'\xef\xbb\xbf{"a":1}'), ("two values", b'{"a":1}{"b":2}'), ("nothing", b""),
                       ("no quotes", b"{a:1}"), ("a colon missing", b'{"a" 1}'), ("SQL", b"'; DROP TABLE write.batches; --")]:
        yield name, text, False


def event(event_id, properties):
    return b'{"eventId":"%s","eventName":"purchase","properties":%s}' % (event_id.encode(), properties)


class Sender:
    def __init__(self, stage, name):
        self.stage, self.name = stage, name
        self.expected = {}  # id: digest of the properties that have to be stored
        self.kept = []  # bodies that have to be kept
        self.problems = []

    def post(self, path, body, media_type):
        connection = http.client.HTTPConnection("127.0.0.1", self.stage.apis[0].port, timeout=30)
        try:
            connection.request("POST", path, body, {"Content-Type": media_type, "X-API-Key": self.stage.partner.flagging_key})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def judge(self, what, event_id, properties, raw, status, outcome):
        """Notes what an answer about one event obliges to."""
        if status == 202:
            self.expected[event_id] = hashlib.sha256(properties.strip(b" \t\r\n")).hexdigest()
        elif status in (400, 422):
            self.kept.append((what, hashlib.sha256(raw).hexdigest()))
        elif status != 413 or len(raw) <= LARGEST_EVENT:
            self.problems.append(f"{what}: {status} {str(outcome)[:200]}")

    def send_alone(self, number, what, properties):
        event_id = f"{self.name}-alone-{number}"
        raw = event(event_id, properties)
        status, answer = self.post("/api/events/ingest", raw, "application/json")
        self.judge(what, event_id, properties, raw, status, answer)

    def send_among_others(self, number, what, properties, as_lines, dice):
        good = [(f"{self.name}-{number}-{as_lines}-{i}", b'{"amount":%d}' % i) for i in range(NEIGHBOURS)]
        hostile = (f"{self.name}-among-{number}-{as_lines}", properties)
        place = dice.randrange(NEIGHBOURS + 1)
        events = good[:place] + [hostile] + good[place:]
        raw = [event(*item) for item in events]
        if as_lines:
            status, answer = self.post("/api/events/ingest/batch", b"\n".join(raw), "application/x-ndjson")
        else:
            status, answer = self.post("/api/events/ingest/batch", b'{"events":[' + b",".join(raw) + b"]}", "application/json")
        if status != 202:
            self.problems.append(f"{what} among others, as {'lines' if as_lines else 'one document'}: {status} {str(answer)[:200]}")
            return
        for (event_id, text), raw_event, result in zip(events, raw, answer["results"]):
            rejected = result["status"] == "rejected"
            if rejected and event_id != hostile[0]:
                self.problems.append(f"{what}: a neighbour was rejected: {str(result)[:200]}")
            self.judge(what + " among others", event_id, text, raw_event, 422 if rejected else 202, result)


def send_hostile_bodies(stage, load, dice):
    """The whole corpus, once."""
    sender = Sender(stage, f"hostile-{dice.randrange(10**6)}")
    for number, (what, properties, is_json) in enumerate(corpus()):
        sender.send_alone(number, what, properties)
        if b"\n" not in properties:
            sender.send_among_others(number, what, properties, True, dice)
        if is_json:  # a body that is no JSON as a whole has no neighbours
            sender.send_among_others(number, what, properties, False, dice)
    load.wait_for_more(10)
    check_hostile(stage, sender)


def check_hostile(stage, sender):
    kept = {digest for (digest,) in stage.write.sql(
        WRITE, "SELECT encode(sha256(body), 'hex') FROM write.rejected_payloads")}
    sender.problems += [f"{what}: is not kept" for what, digest in sender.kept if digest not in kept]
    query = ("SELECT event_id, encode(sha256(convert_to(properties::text, 'UTF8')), 'hex') FROM {} "
             "WHERE event_id LIKE %s")

    def stored(cluster, database, table):
        return dict(cluster.sql(database, query.format(table), (sender.name + "-%",)))

    written = stored(stage.write, WRITE, "write.tracking_events")
    stage.late |= {(stage.partner.flagging, event_id) for event_id in written}
    wait_until("the hostile events are projected",
               lambda: len(stored(stage.read, READ, "read.tracking_events_read_model")) == len(written), 60, 0.5)
    if written != sender.expected:
        differ = [event_id for event_id in written.keys() | sender.expected.keys()
                  if written.get(event_id) != sender.expected.get(event_id)]
        sender.problems.append(f"{len(differ)} events are not stored as they were sent, such as {differ[:3]}")
    if stored(stage.read, READ, "read.tracking_events_read_model") != sender.expected:
        sender.problems.append("the read store has other properties than were sent")
    if sender.problems:
        raise Failure(f"{len(sender.problems)} of the hostile bodies: " + "; ".join(sender.problems[:5]))
