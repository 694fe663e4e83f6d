"""The faults. Each is a function of the stage, the load and dice: it waits for some load, does harm, and makes good for
it. When it returns, the services have to be ready within READY_SECONDS, and the clients to get on."""

import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import time
import uuid

import psycopg2

from stage import READ, WRITE, Failure, children, send_signal, wait_until

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Unavailable(Exception):
    """This machine cannot play the fault; the text says what is missing."""


def pause(dice, least, most):
    """How long a fault lasts."""
    time.sleep(dice.uniform(least, most))


# --- processes -----------------------------------------------------------------------------------------


def kill_api(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 200))
    stage.apis[0].kill()
    stage.apis[0].start()


def kill_sync(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 200))
    stage.syncs[0].kill()
    pause(dice, 0, 0.3)
    stage.syncs[0].start()


def terminate_api(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 200))
    stage.apis[0].terminate()
    stage.apis[0].start()


def terminate_sync(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 200))
    stage.syncs[0].terminate()
    stage.syncs[0].start()


def freeze(stage, load, dice):
    """SIGSTOP of one of the processes, or of a whole PostgreSQL."""
    pids = dice.choice([[stage.apis[0].process.pid], [stage.syncs[0].process.pid],
                        stage.write.processes(), stage.read.processes()])
    load.wait_for_more(20)
    send_signal(pids, signal.SIGSTOP)
    try:
        time.sleep(5)
    finally:
        send_signal(pids, signal.SIGCONT)


def stop_while_frozen(stage, load, dice):
    """SIGTERM to the API and the sync worker while a PostgreSQL does not answer at all."""
    frozen = dice.choice([stage.write, stage.read]).processes()
    load.wait_for_more(20)
    send_signal(frozen, signal.SIGSTOP)
    try:
        pause(dice, 0, 2)
        stage.apis[0].terminate()
        stage.syncs[0].terminate()
    finally:
        send_signal(frozen, signal.SIGCONT)
    stage.apis[0].start()
    stage.syncs[0].start()


def hang(stage, load, dice):
    """The write store hangs: whoever is not in a transaction is told soon, and at once when it is known."""
    known_seconds = 2.8 if stage.sanitized else 1  # after so many the server knows, on a machine that is busy, too
    callers = concurrent.futures.ThreadPoolExecutor(256)
    told = []  # (seconds since the freeze, outcome and seconds to come)
    load.wait_for_more(20)
    frozen = stage.write.processes()
    send_signal(frozen, signal.SIGSTOP)
    began = time.monotonic()
    try:
        while (since := time.monotonic() - began) < known_seconds + 1:
            told.append((since, callers.submit(load.send_once, f"{began}-{len(told)}", random.Random(dice.random()))))
            time.sleep(0.02)
        time.sleep(0.5)  # so that the last ones have been sent while it was frozen
    finally:
        send_signal(frozen, signal.SIGCONT)
    told = [(since, *answer.result()) for since, answer in told]
    callers.shutdown()
    in_transactions = [answer for answer in told if answer[2] > known_seconds]
    refused = [seconds for _, outcome, seconds in told if outcome == "unknown" and seconds <= known_seconds]
    at_once = [seconds for since, _, seconds in told if since > known_seconds]
    stage.measured |= {"asked while it hung": len(told), "in transactions": len(in_transactions), "refused": len(refused),
                       "slowest refusal": round(max(refused), 3), "once it was known": round(max(at_once), 3),
                       "their median": round(statistics.median(at_once), 4)}
    if len(in_transactions) > 4 or max(at_once) > known_seconds or statistics.median(at_once) > 0.1:
        raise Failure(f"clients of a store that hangs are not told soon: {stage.measured}")
    if len(refused) + len(in_transactions) < len(told):
        raise Failure(f"a store that hangs has stored something: {stage.measured}")


# --- PostgreSQL ----------------------------------------------------------------------------------------


def kill_postgres(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 100))
    cluster = dice.choice([stage.write, stage.write, stage.read])
    cluster.kill()
    pause(dice, 0, 0.5)
    cluster.start()


def stop_postgres_at_once(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 100))
    cluster = dice.choice([stage.write, stage.read])
    cluster.stop(signal.SIGQUIT)
    pause(dice, 0, 0.5)
    cluster.start()


def terminate_backends(stage, load, dice):
    for _ in range(10):
        pause(dice, 0, 0.05)
        cluster, database = dice.choice([(stage.write, WRITE), (stage.read, READ)])
        cluster.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                                "AND random() < 0.5", (database,))
    load.wait_for_more(1)


def kill_a_backend(stage, load, dice):
    """kill -9 of one backend: PostgreSQL throws everyone out and recovers."""
    load.wait_for_more(dice.randrange(20, 100))
    cluster, database = dice.choice([(stage.write, WRITE), (stage.read, READ)])
    backends = cluster.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname = %s", (database,))
    if backends:
        killed = dice.choice(backends)[0]
        send_signal([killed], signal.SIGKILL)
        wait_until("PostgreSQL has noticed", lambda: not os.path.exists(f"/proc/{killed}"), 10)
        wait_until("PostgreSQL has recovered", cluster.answers, 60)


def fail_fsync(stage, load, dice):
    """The disk refuses to flush the log: PostgreSQL panics, and has to recover what it had acknowledged."""
    strace = shutil.which("strace")
    if not strace:
        raise Unavailable("strace is not installed")
    load.wait_for_more(50)
    pids = [str(pid) for pid in children(stage.write.process.pid)]
    tracer = subprocess.Popen(
        [strace, "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e",
         f"inject=fdatasync,fsync:error=EIO:when={dice.randrange(1, 10)}+"] + [f"-p{pid}" for pid in pids],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_until("PostgreSQL has noticed that its disk fails",
                   lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 20)
    except Failure:
        tracer.kill()
        said = tracer.communicate()[1]
        if "Operation not permitted" in said or "not allowed" in said:
            raise Unavailable("this machine does not let strace look into other processes") from None
        raise
    finally:
        tracer.kill()
        tracer.wait()
    wait_until("PostgreSQL has recovered", stage.write.answers, 60)


def fill_disk(stage, load, dice):
    """The events of one store live on a small disk, which fills up and is made room on."""
    if os.geteuid() != 0:
        raise Unavailable("mounting a small file system needs root")
    cluster, database, tables = dice.choice([
        (stage.write, WRITE, ["write.tracking_events"]),
        (stage.read, READ, [row[0] for row in stage.read.sql(
            READ, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'read.tracking_events_read_model'::regclass")])])
    disk = stage.folder / f"disk-{uuid.uuid4().hex[:8]}"
    disk.mkdir()
    size = sum(cluster.sql(database, "SELECT pg_table_size(%s::regclass)", (table,))[0][0] for table in tables)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + (16 << 20)}", "tmpfs", str(disk)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        raise Unavailable(f"mounting a small file system is not allowed here: {mounted.stderr.strip()}")
    space = f"small_{disk.name.replace('-', '_')}"
    try:
        (disk / "space").mkdir()
        os.chown(disk / "space", cluster.user.pw_uid, cluster.user.pw_gid)
        cluster.sql(database, f"CREATE TABLESPACE {space} LOCATION '{disk}/space'")
        for table in tables:
            cluster.sql(database, f"ALTER TABLE {table} SET TABLESPACE {space}")
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:  # full
                pass
        if cluster is stage.write:
            before = load.refused  # pages that were half empty fill up first
            wait_until("events are refused because the disk is full", lambda: load.refused >= before + 50, 60)
        else:
            time.sleep(3)
        ballast.unlink()
        stage.wait_until_ready()
        load.wait_for_more(50)
        for table in tables:
            cluster.sql(database, f"ALTER TABLE {table} SET TABLESPACE pg_default")
        cluster.sql(database, f"DROP TABLESPACE {space}")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


# --- the network ---------------------------------------------------------------------------------------


def cut_at_commit(stage, load, dice):
    """A connection is cut exactly at COMMIT: before it, after it, or nobody knows."""
    proxy = dice.choice([stage.write_proxy, stage.write_proxy, stage.read_proxy])
    before = proxy.cuts
    wanted = dice.randrange(1, 6)
    for _ in range(wanted):
        proxy.cut_at_commit(dice.choice(["before", "after", "at"]))
    try:
        wait_until(f"{wanted} connections are cut at COMMIT", lambda: proxy.cuts >= before + wanted, 30)
    finally:
        proxy.forget_cuts()


def break_network(stage, load, dice):
    """Connections are reset, delayed or held, in one direction or both, to one store."""
    proxy = dice.choice([stage.write_proxy, stage.read_proxy])
    directions = dice.choice([["to server"], ["to client"], ["to server", "to client"]])
    load.wait_for_more(20)
    match dice.choice(["reset", "delay", "hold", "hold and reset"]):
        case "reset":
            for _ in range(10):
                pause(dice, 0, 0.1)
                proxy.reset_all()
        case "delay":
            for direction in directions:
                proxy.delay[direction] = dice.uniform(0.01, 0.3)
            pause(dice, 1, 3)
            for direction in directions:
                proxy.delay[direction] = 0.0
        case "hold":
            proxy.hold(*directions)
            pause(dice, 0.5, 7)
            proxy.resume()
        case "hold and reset":
            proxy.hold(*directions)
            pause(dice, 0.5, 7)
            proxy.reset_all()
            proxy.resume()


# --- order, numbers of workers, clocks ------------------------------------------------------------------


class Writer:
    """A transaction of the laboratory's own that stores an event as a committer does, and may take its time with it."""

    INSERT = """
      INSERT INTO write.event_keys (partner_system_id, event_id, content_hash, batch_id, ordinal)
      VALUES (%(system)s, %(id)s, '\\x00', %(batch)s, 0);
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, is_valid, properties, correlation_id, created_at)
      VALUES (%(batch)s, 0, %(tracking)s, %(system)s, %(id)s, 'written_late', now(), false, '{}', 'laboratory', now());
      INSERT INTO write.batches (batch_id, event_count, byte_count) VALUES (%(batch)s, 1, 100);
      INSERT INTO write.outbox (batch_id, event_count, byte_count) VALUES (%(batch)s, 1, 100)"""

    def __init__(self, stage):
        self.connection = psycopg2.connect(stage.write.dsn(WRITE))
        self.key = (stage.partner.flagging, f"late-{uuid.uuid4()}")
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT nextval('write.batch_ids') FROM pg_current_xact_id()")
            self.batch = cursor.fetchone()[0]
            cursor.execute(self.INSERT, {"system": self.key[0], "id": self.key[1], "batch": self.batch,
                                         "tracking": str(uuid.uuid4())})

    def commit(self):
        self.connection.commit()
        self.connection.close()

    def roll_back(self):
        self.connection.rollback()
        self.connection.close()


def is_projected(stage, writer):
    return bool(stage.read.sql(READ, "SELECT 1 FROM read.projected_batches WHERE batch_id = %s", (writer.batch,)))


def commit_in_reverse(stage, load, dice):
    """Batches become visible in another order than they were numbered; one is rolled back, one stays open long."""
    writers = [Writer(stage) for _ in range(4)]
    still_open, rolled_back = writers.pop(0), writers.pop(dice.randrange(3))
    rolled_back.roll_back()
    for writer in reversed(writers):
        stage.late.add(writer.key)
        load.wait_for_more(10)
        writer.commit()
        wait_until("a batch is projected while an older transaction is open", lambda: is_projected(stage, writer), 20)
    time.sleep(stage.open_seconds)
    load.wait_for_more(10)
    stage.late.add(still_open.key)
    still_open.commit()
    wait_until("the batch that was open for long is projected", lambda: is_projected(stage, still_open), 20)


def change_workers(stage, load, dice):
    """Two, then five sync workers at once, of which some are killed."""
    more = [stage.service("sync") for _ in range(4)]
    for number in (1, 4):
        for service in more[:number]:
            if not service.is_running():
                service.start()
        load.wait_for_more(200)
        for service in dice.sample(more[:number], dice.randrange(1, number + 1)):
            service.kill()
    for service in more:
        if service.is_running():
            service.terminate()


def change_clock(stage, load, dice):
    """The clock of one process is an hour wrong."""
    if not pathlib.Path(FAKETIME).exists():
        raise Unavailable("libfaketime is not installed")
    if stage.sanitized:
        raise Unavailable("the runtimes of sanitizers have to be loaded before any other library")
    service = dice.choice([stage.apis[0], stage.syncs[0]])
    usual = dict(service.environment)
    service.terminate()
    service.environment |= {"LD_PRELOAD": FAKETIME, "FAKETIME": dice.choice(["+3600", "-3600"]),
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    service.start().wait_until_ready()
    load.wait_for_more(200)
    service.terminate()
    service.environment = usual
    service.start()


# --- the whole -----------------------------------------------------------------------------------------


def restart_migration(stage, load, dice):
    """`migrate` is killed at any moment, again and again, and ends with two complete stores."""
    name = f"migrated_{uuid.uuid4().hex[:8]}"
    for cluster in (stage.write, stage.read):
        cluster.sql("postgres", f"CREATE DATABASE {name}")
    environment = {"PATH": "/usr/bin:/bin", "VOLCANION_WRITE_DSN": stage.write.dsn(name),
                   "VOLCANION_READ_DSN": stage.read.dsn(name)}
    for attempt in range(20):
        process = subprocess.Popen([stage.binary, "migrate"], env=environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        pause(dice, 0, 0.01 * (attempt + 1))
        process.kill()
        if process.wait() == 0:
            break
    done = subprocess.run([stage.binary, "migrate"], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"a migration that was interrupted cannot be finished: {done.stderr}")
    for cluster, database in ((stage.write, WRITE), (stage.read, READ)):
        columns = ("SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
                   "WHERE table_schema IN ('write', 'read') AND table_name !~ '_20[0-9][0-9]_?[0-9][0-9]' ORDER BY 1, 2, 3")
        if cluster.sql(name, columns) != cluster.sql(database, columns):
            raise Failure("a migration that was interrupted ended with other tables")
        cluster.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
    load.wait_for_more(1)


def dump_and_restore(stage, load, dice):
    """Both stores move to fresh clusters, with batches that are not projected yet."""
    load.wait_for_more(50)
    stage.syncs[0].terminate()
    load.wait_for_more(100)
    stage.apis[0].terminate()
    old = stage.new_clusters()
    for cluster, fresh, database in ((old[0], stage.write, WRITE), (old[1], stage.read, READ)):
        file = fresh.folder / f"{database}.dump"
        cluster.dump(database, file)
        cluster.stop()
        fresh.restore(database, file)
    stage.write_proxy.to_port = stage.write.port
    stage.read_proxy.to_port = stage.read.port
    stage.command("migrate")
    stage.apis[0].start()
    stage.syncs[0].start()


ALL = {
    "kill-api": kill_api,
    "kill-sync": kill_sync,
    "sigterm-api": terminate_api,
    "sigterm-sync": terminate_sync,
    "kill-postgres": kill_postgres,
    "stop-postgres": stop_postgres_at_once,
    "kill-backend": kill_a_backend,
    "terminate-backends": terminate_backends,
    "cut-at-commit": cut_at_commit,
    "network": break_network,
    "freeze": freeze,
    "hang": hang,
    "stop-frozen": stop_while_frozen,
    "fsync": fail_fsync,
    "disk-full": fill_disk,
    "commit-order": commit_in_reverse,
    "workers": change_workers,
    "clock": change_clock,
    "migration": restart_migration,
    "dump-restore": dump_and_restore,
}
# What can happen at the same time, one of each of two groups.
TOGETHER = [["kill-api", "kill-sync", "sigterm-api", "sigterm-sync"],
            ["kill-postgres", "stop-postgres", "kill-backend", "terminate-backends", "freeze"],
            ["cut-at-commit", "network"]]


# Processes end with the thread that started them: these live as long as the laboratory.
PLAYERS = concurrent.futures.ThreadPoolExecutor(2)


def mixed(stage, load, dice):
    """Two faults at the same time."""
    names = [dice.choice(group) for group in dice.sample(TOGETHER, 2)]
    print(f"  {' and '.join(names)}", flush=True)
    played = [PLAYERS.submit(ALL[name], stage, load, random.Random(dice.random())) for name in names]
    concurrent.futures.wait(played)
    for fault in played:
        fault.result()


ALL["mixed"] = mixed
