"""One event loop of asyncio, a task per connection.

rpcbench --exec 'python3 examples/python/asyncio_server.py {port}' --model async --clients 64
"""
import asyncio
import signal
import sys

from protocol import DRAIN_S, IDLE_S, READ_OFF_BYTES, READ_OFF_S, Frames, frame, reply_to


class Server:
    def __init__(self):
        self.stop = asyncio.Event()
        self.tasks = set()
        self.reading = set()  # tasks that a stop may cancel

    async def connected(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.serve(reader, writer)
        except ValueError as refusal:
            await self.refuse(reader, writer, str(refusal))
        except (OSError, asyncio.TimeoutError, asyncio.CancelledError):
            pass  # the peer has left or made no progress in time, or the server stops
        finally:
            self.tasks.discard(task)
            writer.close()

    async def serve(self, reader, writer):
        frames = Frames()
        while True:
            while (body := frames.next()) is not None:
                reply, wait_s = reply_to(body)
                # Others have their turn, even if this reply need not wait.
                await asyncio.sleep(wait_s)
                writer.write(reply)
                await asyncio.wait_for(writer.drain(), IDLE_S)
            data = b"" if self.stop.is_set() else await self.read(reader)
            if not data:
                return
            frames.feed(data)

    async def read(self, reader):
        task = asyncio.current_task()
        self.reading.add(task)
        try:
            return await asyncio.wait_for(reader.read(1 << 16), IDLE_S)
        finally:
            self.reading.discard(task)

    async def refuse(self, reader, writer, reason):
        """One error reply, then what the peer still sends is read, so that no reset overtakes it."""
        try:
            writer.write(frame("error", reason))
            writer.write_eof()
            await asyncio.wait_for(self.read_off(reader), READ_OFF_S)
        except (OSError, asyncio.TimeoutError, asyncio.CancelledError):
            pass

    async def read_off(self, reader):
        left = READ_OFF_BYTES
        while left > 0 and (data := await reader.read(1 << 16)):
            left -= len(data)

    async def run(self, port):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        listener = await asyncio.start_server(self.connected, "127.0.0.1", port, backlog=4096)
        await self.stop.wait()
        listener.close()
        for task in list(self.reading):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=DRAIN_S)


asyncio.run(Server().run(int(sys.argv[1])))
