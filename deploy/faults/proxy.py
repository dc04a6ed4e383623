"""A TCP proxy on the loopback that behaves as networks do: it loses answers, stalls, and cuts connections."""

import random
import socket
import threading
import time


class Proxy:
    """Forwards connections to a port of 127.0.0.1.

    `stalled`: nothing is forwarded while it is set, and no connection is closed.
    `lose`: the probability with which a request is forwarded and its answer lost, with the connection.
    `cut`: the probability with which a connection is cut in the middle of a request or of an answer.
    """

    def __init__(self, target, seed=1):
        self.target = target
        self.random = random.Random(seed)
        self.stalled = threading.Event()
        self.lose = 0.0
        self.cut = 0.0
        self.lost = 0
        self.cuts = 0
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = [client, server, False]
            self.connections.append(pair)
            threading.Thread(target=self.pump, args=(pair, client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(pair, server, client, False), daemon=True).start()

    def pump(self, pair, source, target, is_request):
        try:
            while data := source.recv(65536):
                while self.stalled.is_set():
                    time.sleep(0.01)
                if not is_request and pair[2]:
                    continue
                if is_request and self.lose and self.random.random() < self.lose:
                    # The server gets all of it and does it; nobody hears of that.
                    pair[2] = True
                    target.sendall(data)
                    self.lost += 1
                    time.sleep(0.05)
                    break
                if self.cut and self.random.random() < self.cut:
                    target.sendall(data[: self.random.randrange(len(data))])
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        self.close(pair)

    @staticmethod
    def close(pair):
        for one in pair[:2]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def stop(self):
        self.stalled.clear()
        self.listener.close()
        for pair in self.connections:
            self.close(pair)
