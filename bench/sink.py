"""The far end of every measurement: answers HTTP/1.1 as fast as Python can, on every address of 127.0.0.0/8 at one port,
and keeps what reached it: which address, when, and by which message id.

    python -m bench.sink PORT

Commands on standard input, one a line: ``report`` prints one JSON line and forgets; ``count`` prints how many came since;
``hang`` leaves every second outlet (those with an odd address) without an answer from now on, and what they are sent counts
for nothing; ``well`` ends that; ``quit`` ends it all.
"""

import json
import select
import socket
import sys
import time

from bench.hosts import is_odd

KEEP = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
CLOSE = KEEP.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
READ = select.EPOLLIN | select.EPOLLRDHUP


class Sink:
    """One thread, one epoll."""

    def __init__(self, port: int, *, keep: bool) -> None:
        self._answer = KEEP if keep else CLOSE
        self._keep = keep
        self._listener = socket.create_server(("0.0.0.0", port), backlog=4096)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._open: dict[int, tuple[socket.socket, str]] = {}
        self._partial: dict[int, bytes] = {}
        self._heard: list[tuple[str, str, float]] = []
        self._hanging = False

    def run(self) -> None:
        """Until told to quit, or standard input ends."""
        accepting, said = self._listener.fileno(), sys.stdin.fileno()
        while True:
            for fd, _ in self._poll.poll():
                if fd == accepting:
                    self._accept()
                elif fd == said:
                    if not self._obey(sys.stdin.readline().strip()):
                        return
                else:
                    self._read(fd)

    def _obey(self, word: str) -> bool:
        """Whether it goes on."""
        if word == "report":
            self._report()
        elif word == "count":
            self._say(str(len(self._heard)))
        elif word in ("hang", "well"):
            self._hanging = word == "hang"
            self._say(word)
        return word not in ("quit", "")

    def _accept(self) -> None:
        for _ in range(256):
            try:
                connection, _peer = self._listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            fd = connection.fileno()
            self._open[fd] = (connection, connection.getsockname()[0])
            self._poll.register(fd, READ)

    def _read(self, fd: int) -> None:
        connection, address = self._open[fd]
        try:
            data = connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self._end(fd)
        data = self._partial.pop(fd, b"") + data
        head, gap, body = data.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            self._partial[fd] = data
            return
        if self._hanging and is_odd(address):
            return
        self._heard.append((address, _message(head), time.time()))
        try:
            connection.send(self._answer)
        except OSError:
            return self._end(fd)
        if not self._keep:
            self._end(fd)

    def _end(self, fd: int) -> None:
        self._partial.pop(fd, None)
        connection, _ = self._open.pop(fd)
        self._poll.unregister(fd)
        connection.close()

    def _report(self) -> None:
        self._say(json.dumps(self._heard))
        self._heard.clear()

    def _say(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _length(head: bytes) -> int:
    low = head.lower()
    at = low.find(b"content-length:")
    return int(low[at + 15 : low.find(b"\r\n", at) if low.find(b"\r\n", at) > 0 else None]) if at >= 0 else 0


def _message(head: bytes) -> str:
    at = head.lower().find(b"webhook-id:")
    return (
        head[at + 11 : head.find(b"\r\n", at) if head.find(b"\r\n", at) > 0 else None].strip().decode()
        if at >= 0
        else ""
    )


if __name__ == "__main__":
    Sink(int(sys.argv[1]), keep="keep" in sys.argv).run()
