"""Processes made up front, each serves one connection at a time.

rpcbench --exec 'python3 examples/python/preforking.py {port}' --model preforking --clients 8
"""
import os
import signal
import socket
import sys
import time

from protocol import DRAIN_S, Stop, listen, serve

WORKERS = 10
STOPS = [signal.SIGTERM, signal.SIGINT]
RESPAWN_S = 0.1  # at most one new process in this time, so that a fault at start does not spin


class WorkerStop(Stop):
    """At a stop also ends the read that blocks."""

    connection = None

    def _request(self, *signals):
        super()._request(*signals)
        try:
            if self.connection:
                self.connection.shutdown(socket.SHUT_RD)
        except OSError:
            pass  # closed already


def work(listener):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stop = WorkerStop()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    while not stop.requested:
        stop.connection = stop.wait(listener)
        if stop.connection:
            serve(stop.connection, stop)


def start(listener, workers):
    # A stop between the fork and the worker's own handlers would be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    pid = os.fork()
    if pid == 0:
        try:
            work(listener)
        finally:
            os._exit(0)
    workers.add(pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def reap(workers):
    """All that have ended: one SIGCHLD can stand for several."""
    while workers:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        workers.discard(pid)


def signal_all(workers, number):
    for pid in workers:  # none is reaped yet, so no pid is another process
        os.kill(pid, number)


def main():
    stop, workers = Stop(also=[signal.SIGCHLD]), set()
    with listen(int(sys.argv[1])) as listener:
        while not stop.requested:
            if len(workers) < WORKERS:
                start(listener, workers)
            else:
                stop.wait()
                reap(workers)
                if not stop.requested and len(workers) < WORKERS:
                    stop.wait(seconds=RESPAWN_S)
    signal_all(workers, signal.SIGTERM)
    end = time.monotonic() + DRAIN_S
    while workers and time.monotonic() < end:
        stop.wait(seconds=0.1)
        reap(workers)
    signal_all(workers, signal.SIGKILL)


main()
