"""A minimal server of the protocol: it echoes well-formed requests, a thread per connection."""
import json
import socket
import struct
import sys
import threading


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
            request = json.loads(body)
            reply = json.dumps({"out": "pong", "result": request["params"]}).encode()
            connection.sendall(struct.pack("<I", len(reply)) + reply)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
