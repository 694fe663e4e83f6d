"""Clients that send events and keep a log of their own of every attempt and of what they were told."""

import hashlib
import http.client
import json
import random
import threading
import time

from stage import Failure, wait_until

CLIENTS = 8
BATCH = 20
TIMEOUT_SECONDS = 30  # for an answer; every request is answered or cut off before
LIMIT_OF_STRANGE = 20


class Sent:
    """One event, and what is known of it. `outcome`: sent (not answered yet), acknowledged, rejected, or unknown."""

    __slots__ = ("id", "system", "digest", "body_digest", "json", "outcome", "is_valid")

    def __init__(self, event_id, system, properties, text):
        self.id = event_id
        self.system = system
        self.digest = hashlib.sha256(properties.encode()).hexdigest()
        self.body_digest = hashlib.sha256(text.encode()).hexdigest()
        self.json = text
        self.outcome = "sent"
        self.is_valid = None


class Load:
    """Threads that send until stop(). `port` may be changed at any time. What was not acknowledged is sent again by
    every other client; what was acknowledged is sent again now and then, and has to come out as a duplicate."""

    def __init__(self, stage, seed, name, clients=CLIENTS, pause=0.0):
        self.partner = stage.partner
        self.port = stage.apis[0].port
        self.name = name
        self.pause = pause
        self.events = stage.events  # by system and id; those of earlier loads, too
        self.attempts = 0
        self.acknowledged = 0
        self.refused = 0  # requests that were answered 503
        self.strange = []  # answers that no client should have got
        self._log = open(stage.folder / f"attempts-{name}.log", "a", encoding="utf-8", buffering=1 << 16)
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n, random.Random(f"{seed}/{name}/{n}")), daemon=True)
                         for n in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS + 10)
            if thread.is_alive():
                raise Failure("a client is still waiting for its answer")
        self._log.close()

    def wait_for_more(self, events, seconds=60):
        goal = self.acknowledged + events
        return wait_until(f"{events} more events are acknowledged", lambda: self.acknowledged >= goal, seconds)

    def send_once(self, event_id, dice):
        """One more event, over a connection of its own. What became of it, and how many seconds that took."""
        event = self._new_event(f"{self.name}-{event_id}", False, dice)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        began = time.monotonic()
        self._send(connection, [event], [], False, False, 0)
        connection.close()
        return event.outcome, time.monotonic() - began

    def count(self, outcome):
        return sum(event.outcome == outcome for event in self.events.values())

    def _run(self, number, dice):
        connection = None
        made = 0
        known = []  # acknowledged ones, to send again
        while not self._stop.is_set():
            size = dice.choice((1, 1, 1, BATCH))
            strict = size == 1 and dice.random() < 0.1
            events = []
            for _ in range(size):
                made += 1
                events.append(self._new_event(f"{self.name}-{number}-{made}", strict, dice))
            again = [dice.choice(known)] if size > 1 and known and dice.random() < 0.3 else []
            as_lines = size > 1 and dice.random() < 0.5
            for attempt in range(1 if number % 2 else 1_000):
                if connection is None or connection.port != self.port:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
                answered = self._send(connection, events, again, as_lines, strict, attempt)
                if not answered:
                    connection.close()
                    connection = None
                    time.sleep(0.005)
                if all(event.outcome in ("acknowledged", "rejected") for event in events) or self._stop.is_set():
                    break
            known += [event for event in events[:2] if event.outcome == "acknowledged" and not strict]
            del known[:-50]
            if self.pause:
                time.sleep(self.pause)

    def _new_event(self, event_id, strict, dice):
        amount = dice.choice(("12.50", "0", "1e2", "-1", '"much"', "99999999999999999999.125"))
        properties = (f'{{ "amount": {amount},"text":"{dice.choice(TEXTS)}","n":{dice.randrange(10**9)}'
                      f'{dice.choice(ENDINGS)}}}')
        at = f"2026-{dice.randrange(1, 3):02}-{dice.randrange(1, 29):02}T{dice.randrange(24):02}:{dice.randrange(60):02}:00Z"
        name = dice.choice(("purchase", "purchase", "purchase", "never_described"))
        text = (f'{{"eventId":"{event_id}","eventName":"{name}","eventTimestamp":"{at}","userId":"u{dice.randrange(100)}",'
                f'"properties":{properties}}}')
        event = Sent(event_id, self.partner.strict if strict else self.partner.flagging, properties, text)
        with self._mutex:
            self.events[event.system, event_id] = event
        return event

    def _send(self, connection, events, again, as_lines, strict, attempt):
        """Whether an answer came. Outcomes of earlier attempts that are final stay what they are."""
        parts = [event.json for event in events + again]
        single = len(events) == 1 and not again
        body = parts[0] if single else "\n".join(parts) if as_lines else '{"events":[' + ",".join(parts) + "]}"
        path = "/api/events/ingest" if single else "/api/events/ingest/batch"
        headers = {"Content-Type": "application/x-ndjson" if as_lines and not single else "application/json",
                   "X-API-Key": self.partner.strict_key if strict else self.partner.flagging_key}
        self._note(events, "sent")
        try:
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            text = answer.read()
        except TimeoutError as error:
            self._say_strange(f"no answer within {TIMEOUT_SECONDS} s: {error!r}")
            return self._unknown(events)
        except http.client.IncompleteRead as error:
            self._say_strange(f"half an answer: {error!r}")
            return self._unknown(events)
        except (OSError, http.client.HTTPException):
            return self._unknown(events)
        if answer.status == 503:
            if not answer.getheader("Retry-After"):
                self._say_strange("503 without Retry-After")
            self._unknown(events)
            with self._mutex:
                self.refused += 1
            time.sleep(0.01)
            return True
        try:
            self._learn(answer.status, json.loads(text), events, again, single, attempt)
        except (ValueError, KeyError, TypeError) as error:
            self._say_strange(f"{answer.status} {text[:500]!r} ({error!r})")
        return True

    def _learn(self, status, said, events, again, single, attempt):
        if single and status == 422:
            return self._settle(events[0], "rejected", None)
        if status != 202:
            raise ValueError("an unexpected status")
        results = [said] if single else said["results"]
        if len(results) != len(events) + len(again):
            raise ValueError("another number of results")
        for event, result in zip(events, results):
            if result["eventId"] != event.id:
                raise ValueError("another event's result")
            if result["status"] != "stored" and not (result["status"] == "duplicate" and attempt > 0):
                raise ValueError("an unexpected verdict on a new event")
            self._settle(event, "acknowledged", result["isValid"])
        for event, result in zip(again, results[len(events):]):
            if result["status"] != "duplicate" or result["isValid"] != event.is_valid:
                raise ValueError("a repeated event is not told as the first time")

    def _settle(self, event, outcome, is_valid):
        with self._mutex:
            if event.outcome != outcome and outcome == "acknowledged":
                self.acknowledged += 1
            event.outcome = outcome
            event.is_valid = is_valid
            self._log.write(f"{event.id}\t{event.digest}\t{outcome}\n")

    def _unknown(self, events):
        with self._mutex:
            for event in events:
                if event.outcome == "sent":
                    event.outcome = "unknown"
                self._log.write(f"{event.id}\t{event.digest}\tunknown\n")
        return False

    def _note(self, events, what):
        with self._mutex:
            self.attempts += len(events)
            for event in events:
                self._log.write(f"{event.id}\t{event.digest}\t{what}\n")

    def _say_strange(self, what):
        with self._mutex:
            if len(self.strange) < LIMIT_OF_STRANGE:
                self.strange.append(what)


# What a store that parses, or copies C strings, would alter.
TEXTS = ("plain", r"\u0000 a NUL", r"\ud800 half a surrogate", r"\u00e9 é ü €", r"\\ \/ \"", "  blanks  ", "𝄞 beyond the plane")
ENDINGS = ("", ',"n":1', ',"huge":1e131071', ',"deep":[[[[{}]]]]', ' ,"empty":{ } ')
