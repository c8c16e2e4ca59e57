"""A server in Python with a fault, to see whether `rpcbench check` finds it: one asyncio loop.

    rpcbench check --baseline-exec 'python3 examples/faulty.py {port} none' \\
        --exec 'python3 examples/faulty.py {port} abort 0.17'

    none           no fault
    abort P        with probability P, this start of the server aborts under load
    hang P         with probability P, this start accepts connections and never replies
    refuse P       with probability P, this start refuses connections after the first
    wrong N        every Nth reply is wrong
    wait MS        waits before it sends the replies of one pass of the event loop, without using CPU
    cpu US         uses this much CPU for each request
    crowd N US     of the requests of one pass of the event loop, those after the Nth use this much
                   CPU each: capacity falls, and half of it is as before
    slow P FACTOR  with probability P, this start does FACTOR times the work of a start
"""
import asyncio
import json
import os
import random
import struct
import sys
import time

LATER_S = 0.25


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server = server
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        self.server.connected(transport)

    def data_received(self, data):
        self.buffer += data
        replies = []
        while len(self.buffer) >= 4:
            (length,) = struct.unpack_from("<I", self.buffer)
            if len(self.buffer) < 4 + length:
                break
            request = json.loads(self.buffer[4 : 4 + length])
            self.buffer = self.buffer[4 + length :]
            reply = self.server.reply(request)
            if reply is not None:
                body = json.dumps(reply).encode()
                replies.append(struct.pack("<I", len(body)) + body)
        if replies:
            self.server.send(self.transport, b"".join(replies))


class Server:
    def __init__(self, fault, values):
        self.fault = fault
        self.values = values
        self.requests = 0
        self.connections = 0
        self.in_pass = 0
        self.batch = []
        chance = values[0] if fault in ("abort", "hang", "refuse", "slow") else 1.0
        self.is_faulty = fault != "none" and random.random() < chance
        if fault == "slow" and self.is_faulty:
            self.cpu_s = 40e-6 * (values[1] - 1.0)
        elif fault == "cpu":
            self.cpu_s = values[0] / 1e6
        else:
            self.cpu_s = 0.0

    def connected(self, transport):
        # The first connection only looks whether the server is ready.
        self.connections += 1
        if self.is_faulty and self.fault == "refuse":
            if self.connections == 1:
                self.listener.close()
            else:
                # It was made before the listener was closed.
                transport.abort()
        if self.connections == 2 and self.is_faulty and self.fault == "abort":
            asyncio.get_running_loop().call_later(LATER_S, os.abort)

    def reply(self, request):
        self.requests += 1
        if self.fault == "crowd":
            self.cpu_s = self.crowd_cpu_s()
        if self.cpu_s:
            until = time.perf_counter() + self.cpu_s
            while time.perf_counter() < until:
                pass
        if self.fault == "hang" and self.is_faulty:
            return None
        if self.fault == "wrong" and self.requests % int(self.values[0]) == 0:
            return {"out": "pong", "result": "wrong"}
        return {"out": "pong", "result": request["params"]}

    def crowd_cpu_s(self):
        if self.in_pass == 0:
            asyncio.get_running_loop().call_soon(self.next_pass)
        self.in_pass += 1
        return self.values[1] / 1e6 if self.in_pass > self.values[0] else 0.0

    def next_pass(self):
        self.in_pass = 0

    def send(self, transport, replies):
        if self.fault != "wait":
            transport.write(replies)
            return
        if not self.batch:
            asyncio.get_running_loop().call_soon(self.send_batch)
        self.batch.append((transport, replies))

    def send_batch(self):
        time.sleep(self.values[0] / 1e3)
        for transport, replies in self.batch:
            transport.write(replies)
        self.batch.clear()

    async def run(self, port):
        loop = asyncio.get_running_loop()
        make = lambda: Connection(self)
        self.listener = await loop.create_server(make, "127.0.0.1", port, backlog=1024)
        await asyncio.Event().wait()


def main():
    port, fault, *values = sys.argv[1:]
    asyncio.run(Server(fault, [float(value) for value in values]).run(int(port)))


main()
