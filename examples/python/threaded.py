"""One thread per connection.

rpcbench --exec 'python3 examples/python/threaded.py {port}' --model threaded --clients 16
"""
import os
import socket
import sys
import threading
import time

from protocol import DRAIN_S, Stop, listen, serve

MAX_THREADS = 1024


class Server:
    def __init__(self):
        self.stop = Stop()
        self.slots = threading.BoundedSemaphore(MAX_THREADS)
        self.lock = threading.Lock()
        self.open = {}  # connection: thread

    def has_slot(self):
        """Waits for a free slot; False at a stop."""
        while not self.stop.requested:
            if self.slots.acquire(timeout=0.1):
                return True
        return False

    def run(self, connection):
        try:
            serve(connection, self.stop)
        finally:
            with self.lock:
                del self.open[connection]
            self.slots.release()

    def accept_all(self, listener):
        while self.has_slot():
            connection = self.stop.wait(listener)
            if connection is None:
                self.slots.release()
                continue
            thread = threading.Thread(target=self.run, args=(connection,), daemon=True)
            with self.lock:
                self.open[connection] = thread
            thread.start()

    def drain(self):
        """Ends the reads that block, and waits for the threads that have something to send."""
        with self.lock:
            threads = list(self.open.values())
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    pass  # closed already
        end = time.monotonic() + DRAIN_S
        for thread in threads:
            thread.join(max(0, end - time.monotonic()))


def main():
    server = Server()
    with listen(int(sys.argv[1])) as listener:
        server.accept_all(listener)
    server.drain()
    os._exit(0)  # threads that are left after the drain do not delay the end


main()
