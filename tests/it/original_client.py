# The client of the original booklet, as Python 3 runs it: two writes a
# request, the length in the machine's own order, bare receives.
import json
import socket
import struct
import sys


def receive(sock, n):
    rs = []
    while n > 0:
        r = sock.recv(n)
        if not r:
            return b"".join(rs)
        rs.append(r)
        n -= len(r)
    return b"".join(rs)


def rpc(sock, in_, params):
    request = json.dumps({"in": in_, "params": params}).encode()
    sock.sendall(struct.pack("I", len(request)))
    sock.sendall(request)
    length, = struct.unpack("I", receive(sock, 4))
    response = json.loads(receive(sock, length))
    return response["out"], response["result"]


s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((sys.argv[1], int(sys.argv[2])))
for i in range(10):
    print(*rpc(s, "ping", "ireader %d" % i))
s.close()
