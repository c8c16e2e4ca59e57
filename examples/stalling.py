"""A server that replies immediately, but stalls for the first of every ten seconds.

One tenth of the requests is planned during a stall and waits half a second on average.
A load generator without coordinated omission must report these waiting times:

rpcbench --exec 'python3 examples/stalling.py {port}' --rate 1000 --arrivals constant --duration 20s
"""
import json
import socket
import struct
import sys
import threading
import time

STALL_S, PERIOD_S = 1.0, 10.0


def stall():
    elapsed = time.monotonic() % PERIOD_S
    if elapsed < STALL_S:
        time.sleep(STALL_S - elapsed)


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
            stall()
            request = json.loads(body)
            reply = json.dumps({"out": "pong", "result": request["params"]}).encode()
            connection.sendall(struct.pack("<I", len(reply)) + reply)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
