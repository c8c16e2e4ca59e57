"""A server that answers at once, but stands still for the first of every ten seconds.

A tenth of all requests is planned while it stands still and waits half a second on average.
What a load generator says of them tells whether it can be trusted:

rpcbench --exec 'python3 examples/stalling.py {port}' --rate 1000 --arrivals constant --duration 20s
"""
import json
import socket
import struct
import sys
import threading
import time

STALL_S, EVERY_S = 1.0, 10.0


def stand_still():
    into = time.monotonic() % EVERY_S
    if into < STALL_S:
        time.sleep(STALL_S - into)


def receive(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        while header := receive(connection, 4):
            body = receive(connection, struct.unpack("<I", header)[0])
            if body is None:
                return
            stand_still()
            request = json.loads(body)
            reply = json.dumps({"out": "pong", "result": request["params"]}).encode()
            connection.sendall(struct.pack("<I", len(reply)) + reply)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
