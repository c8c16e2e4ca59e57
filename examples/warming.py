"""An event-loop server that gets faster for three seconds, as one with a just-in-time compiler does.

From its first request on, each request costs extra CPU time, which falls from 400 µs to nothing.
`--warmup auto`, the default of a command, waits until it is steady before it measures:

rpcbench --exec 'python3 examples/warming.py {port}' --clients 8
"""
import asyncio
import json
import struct
import sys
import time

WARM_AFTER_S, EXTRA_S = 3.0, 400e-6


class Warming(asyncio.Protocol):
    began = None

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 4:
            length = struct.unpack_from("<I", self.buffer)[0]
            if len(self.buffer) < 4 + length:
                return
            body, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
            self.transport.write(answer(body))


def answer(body):
    now = time.monotonic()
    Warming.began = Warming.began or now
    cold = 1.0 - (now - Warming.began) / WARM_AFTER_S
    until = now + EXTRA_S * cold
    while time.monotonic() < until:
        pass
    request = json.loads(body)
    reply = json.dumps({"out": "pong", "result": request["params"]}).encode()
    return struct.pack("<I", len(reply)) + reply


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Warming, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


asyncio.run(main())
