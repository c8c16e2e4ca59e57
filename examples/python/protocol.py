"""What the servers of this folder share: frames, methods, the stop signal. No I/O but in `serve`.

A message is a 4-byte length, unsigned and little-endian, and that many bytes of JSON.
"""
import json
import select
import signal
import socket
import struct
import time

MAX_FRAME_BYTES = 1 << 20
IDLE_S = 60  # the longest time without progress
DRAIN_S = 5  # the longest time from a stop to the end
READ_OFF_BYTES, READ_OFF_S = 4 << 20, 1  # after a refusal


class Frames:
    """The complete messages among the bytes that were received."""

    def __init__(self):
        self.received = bytearray()

    def feed(self, data):
        self.received += data

    def next(self):
        """The next body; None while it is incomplete. ValueError for one over the limit."""
        if len(self.received) < 4:
            return None
        (length,) = struct.unpack_from("<I", self.received)
        if length > MAX_FRAME_BYTES:
            raise ValueError(f"length {length} is over the limit of {MAX_FRAME_BYTES} bytes")
        if len(self.received) < 4 + length:
            return None
        body = bytes(self.received[4:4 + length])
        del self.received[:4 + length]
        return body


def frame(out, result):
    body = json.dumps({"out": out, "result": result}, allow_nan=False).encode()
    return struct.pack("<I", len(body)) + body


def whole(number, most):
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(f"params must be a whole number from 0 to {most}")
    return number


def spin(us):
    end = time.thread_time_ns() + 1000 * whole(us, 10_000_000)
    while time.thread_time_ns() < end:
        pass
    return us


METHODS = {
    "ping": lambda params: params,
    "sleep": lambda ms: whole(ms, 60_000),
    "spin": spin,
    "blob": lambda count: "x" * whole(count, MAX_FRAME_BYTES - 64),
}


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def reply_to(body):
    """The frame of the reply to a body, and the seconds to wait before it is sent."""
    try:
        request = json.loads(body.decode(), parse_constant=refuse_constant)
        method, params = request["in"], request.get("params")
        if method not in METHODS:
            raise ValueError(f'unknown method "{method}"')
        reply = frame("pong" if method == "ping" else method, METHODS[method](params))
        return reply, params / 1000 if method == "sleep" else 0
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return frame("error", f"bad request: {error!r}"), 0


class Stop:
    """SIGTERM and SIGINT of this process, as a flag and as a socket that wakes a poll."""

    def __init__(self, also=()):
        self.requested = False
        self.wakeup, writing = socket.socketpair()
        self.wakeup.setblocking(False)
        writing.setblocking(False)
        self._writing = writing
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)
        for number in also:
            signal.signal(number, lambda *_: None)

    def _request(self, *_):
        self.requested = True

    def wait(self, listener=None, seconds=None):
        """Waits for a connection, a signal or the time; returns the connection, or None."""
        poll = select.poll()
        poll.register(self.wakeup, select.POLLIN)
        if listener:
            poll.register(listener, select.POLLIN)
        ready = [fd for fd, _ in poll.poll(None if seconds is None else 1000 * seconds)]
        try:
            if self.wakeup.fileno() in ready:
                self.wakeup.recv(4096)
            elif listener and ready:
                return listener.accept()[0]
        except BlockingIOError:  # another process has accepted it
            pass
        return None


def listen(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    return listener


def serve(connection, stop):
    """Serves one connection and blocks meanwhile; after a stop only what was read."""
    frames = Frames()
    try:
        connection.settimeout(IDLE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            while (body := frames.next()) is not None:
                reply, wait_s = reply_to(body)
                time.sleep(wait_s)
                connection.sendall(reply)
            data = b"" if stop.requested else connection.recv(1 << 16)
            if not data:
                return
            frames.feed(data)
    except ValueError as refusal:
        refuse(connection, str(refusal))
    except OSError:
        pass  # the peer has left, or made no progress in time
    finally:
        connection.close()


def refuse(connection, reason):
    """One error reply, then what the peer still sends is read, so that no reset overtakes it."""
    try:
        connection.sendall(frame("error", reason))
        connection.shutdown(socket.SHUT_WR)
        end, left = time.monotonic() + READ_OFF_S, READ_OFF_BYTES
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            connection.settimeout(seconds)
            read = len(connection.recv(1 << 16))
            if read == 0:
                return
            left -= read
    except OSError:
        pass
