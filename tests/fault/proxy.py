"""A TCP proxy before PostgreSQL or Redis that can cut, reset, delay, hold and garble what passes."""

import select
import socket
import struct
import threading
import time

COMMIT = b"COMMIT\0"  # how a statement that commits ends in PostgreSQL's protocol, in `Q` and `P` messages alike
CHUNK = 256 * 1024


class Proxy:
    """Listens on a free port of 127.0.0.1, with a thread for each connection. All functions may be called at any time."""

    def __init__(self, to_port):
        self.to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._mutex = threading.Lock()
        self._pairs = set()
        self._cuts_wanted = []  # ways, one for each COMMIT to come
        self.cuts = 0
        self.delay = {"to server": 0.0, "to client": 0.0}  # seconds, for each piece
        self.garble = None  # makes something else of each piece to the client
        self._flows = {"to server": threading.Event(), "to client": threading.Event()}
        self.resume()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at_commit(self, way):
        """The next COMMIT that passes. "before": the server never sees it. "after": it is done, but the answer is lost.
        "at": it is sent on and both sides are cut at the same moment: nobody can tell."""
        with self._mutex:
            self._cuts_wanted.append(way)

    def forget_cuts(self):
        with self._mutex:
            self._cuts_wanted.clear()

    def hold(self, *directions):
        """Nothing passes in these directions, and nobody is told: a black hole."""
        for direction in directions:
            self._flows[direction].clear()

    def resume(self):
        for flow in self._flows.values():
            flow.set()

    def mend(self):
        """Everything passes as it is."""
        for direction in self.delay:
            self.delay[direction] = 0.0
        self.garble = None
        self.resume()

    def reset_all(self):
        with self._mutex:
            pairs = list(self._pairs)
        for pair in pairs:
            for side in pair:
                reset(side)

    def close(self):
        self._listener.close()
        self.reset_all()
        self.resume()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.to_port), timeout=10)
        except OSError:
            return reset(client)
        for side in (client, server):
            side.settimeout(None)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self._mutex:
            self._pairs.add(pair)
        back = threading.Thread(target=self._pump, args=(server, client, "to client"), daemon=True)
        back.start()
        self._pump(client, server, "to server")
        back.join()
        with self._mutex:
            self._pairs.discard(pair)
        client.close()
        server.close()

    def _pump(self, source, target, direction):
        tail = b""
        try:
            while piece := source.recv(CHUNK):
                if self.delay[direction]:
                    time.sleep(self.delay[direction])
                self._flows[direction].wait()
                if direction == "to server":
                    way = self._way_to_cut(tail + piece)
                    tail = piece[-len(COMMIT) + 1:]
                    if way:
                        return self._cut(source, target, piece, way)
                garble = self.garble
                target.sendall(garble(piece) if garble and direction == "to client" else piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            reset(source)
            reset(target)

    def _way_to_cut(self, bytes_seen):
        if COMMIT not in bytes_seen:
            return None
        with self._mutex:
            if not self._cuts_wanted:
                return None
            self.cuts += 1
            return self._cuts_wanted.pop(0)

    def _cut(self, client, server, piece, way):
        if way == "after":
            reset(client)  # first, so that the answer finds nobody
            server.sendall(piece)
            try:
                select.select([server], [], [], 10)  # the answer: the commit is done
            except (OSError, ValueError):
                pass  # the answer has come, found nobody, and the other thread has closed
        elif way == "at":
            server.sendall(piece)
        reset(client)
        reset(server)


def reset(side):
    try:
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        side.shutdown(socket.SHUT_RDWR)  # wakes the threads that wait for it
        side.close()
    except OSError:
        pass
