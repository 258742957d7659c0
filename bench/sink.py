"""The far end of every measurement: answers HTTP/1.1 as fast as Python can, on every address of 127.0.0.0/8 at one port,
and keeps what reached it: which address, when, by which message id, the how manieth of its connection, and what it said.

    python -m bench.sink PORT [keep] [shared] [tls FOLDER]

With ``keep`` it leaves connections open; with ``shared`` others may listen at the same port, and each has its part of the
connections; with ``tls`` it speaks TLS by the certificates in the folder (``bench.papers``).
Commands on standard input, one a line: ``report`` prints one JSON line and forgets; ``messages`` does the same with what of
which alert each was; ``count`` prints how many came since; ``drop`` closes the connections that are open, and prints how many;
``hang`` leaves every second outlet (those with an odd address) without an answer from now on, and what they are sent counts
for nothing; ``slow`` lets each answer wait as long as ``wait`` says; ``well`` ends both; ``quit`` ends it all.
"""

import heapq
import json
import re
import select
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.hosts import is_odd, wait
from bench.papers import contexts, place_of

KEEP = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
CLOSE = KEEP.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
READ = select.EPOLLIN | select.EPOLLRDHUP
BEGINNING = 300  # bytes of a body, in which what it is has been said
_NOTICE = re.compile(rb'^\{"type":"alert\.(\w+)".*?"alert":"([^"]+)","number":(\d+),')


@dataclass(slots=True)
class Line:
    """A connection, the address that it reached, what has come of a request, and how many came whole."""

    end: socket.socket
    address: str
    shaking: bool = False
    partial: bytes = b""
    messages: int = 0

    def shake(self) -> bool:
        """Whether the session is an earlier one. Raises BlockingIOError while there is no session yet."""
        assert isinstance(self.end, ssl.SSLSocket)
        try:
            self.end.do_handshake()
        except ssl.SSLWantReadError as e:
            raise BlockingIOError from e
        self.shaking = False
        return bool(self.end.session_reused)

    def read(self) -> bytes:
        """All that is there; nothing when it has ended. Raises BlockingIOError."""
        try:
            data = self.end.recv(65536)
            while isinstance(self.end, ssl.SSLSocket) and self.end.pending():
                data += self.end.recv(65536)
        except ssl.SSLWantReadError as e:
            raise BlockingIOError from e
        return data


class Sink:
    """One thread, one epoll."""

    def __init__(self, port: int, *, keep: bool, shared: bool = False, papers: Sequence[ssl.SSLContext] = ()) -> None:
        self._answer = KEEP if keep else CLOSE
        self._keep, self._papers = keep, papers
        self._listener = socket.create_server(("0.0.0.0", port), backlog=4096, reuse_port=shared)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._open: dict[int, Line] = {}
        self._heard: list[tuple[str, str, float, int]] = []
        self._bodies: list[bytes] = []  # of what it heard, as they came: read when they are asked for
        self._opened = self._resumed = 0
        self._hanging = self._slow = False
        self._held: list[tuple[float, int, Line]] = []  # answers: when, to which descriptor, of whom

    def run(self) -> None:
        """Until told to quit, or standard input ends."""
        accepting, said = self._listener.fileno(), sys.stdin.fileno()
        while True:
            for fd, _ in self._poll.poll(self._until_next()):
                if fd == accepting:
                    self._accept()
                elif fd == said:
                    if not self._obey(sys.stdin.readline().strip()):
                        return
                elif fd in self._open:  # not one that was dropped a moment ago
                    self._read(fd)
            while self._held and self._held[0][0] <= time.monotonic():
                _, fd, whose = heapq.heappop(self._held)
                if self._open.get(fd) is whose:  # who waited may be gone, and its number another's
                    self._say_yes(fd, whose)

    def _until_next(self) -> float | None:
        """Seconds until somebody is to be answered."""
        return max(0.0, self._held[0][0] - time.monotonic()) if self._held else None

    def _obey(self, word: str) -> bool:
        """Whether it goes on."""
        if word == "report":
            self._report()
        elif word == "messages":
            self._messages()
        elif word == "count":
            self._say(str(len(self._heard)))
        elif word == "drop":
            self._say(str(self._drop()))
        elif word in ("hang", "slow", "well"):
            self._hanging, self._slow = word == "hang", word == "slow"
            self._say(word)
        return word not in ("quit", "")

    def _accept(self) -> None:
        for _ in range(256):
            try:
                connection, _peer = self._listener.accept()
            except BlockingIOError:
                return
            self._opened += 1
            connection.setblocking(False)
            line = Line(connection, connection.getsockname()[0])
            if self._papers:
                context = self._papers[place_of(line.address)]
                line.end = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                line.shaking = True
            fd = line.end.fileno()
            self._open[fd] = line
            self._poll.register(fd, READ)

    def _read(self, fd: int) -> None:
        line = self._open[fd]
        try:
            if line.shaking:
                self._resumed += line.shake()
                return
            data = line.read()
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self._end(fd)
        data = line.partial + data
        head, gap, body = data.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            line.partial = data
            return
        line.partial = b""
        if self._hanging and is_odd(line.address):
            return
        line.messages += 1
        self._heard.append((line.address, _message(head), time.time(), line.messages))
        self._bodies.append(body[:BEGINNING])
        if self._slow:
            heapq.heappush(self._held, (time.monotonic() + wait(line.address), fd, line))
        else:
            self._say_yes(fd, line)

    def _say_yes(self, fd: int, line: Line) -> None:
        try:
            line.end.send(self._answer)
        except OSError:
            return self._end(fd)
        if not self._keep:
            self._end(fd)

    def _end(self, fd: int) -> None:
        line = self._open.pop(fd)
        self._poll.unregister(fd)
        line.end.close()

    def _drop(self) -> int:
        """How many were open."""
        found = list(self._open)
        for fd in found:
            self._end(fd)
        return len(found)

    def _report(self) -> None:
        self._say(json.dumps({"heard": self._heard, "opened": self._opened, "resumed": self._resumed}))
        self._forget()

    def _messages(self) -> None:
        both = zip(self._heard, self._bodies, strict=True)
        self._say(json.dumps([(*heard[:3], *_notice(body)) for heard, body in both]))
        self._forget()

    def _forget(self) -> None:
        self._heard.clear()
        self._bodies.clear()
        self._opened = self._resumed = 0

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


def _notice(body: bytes) -> tuple[str, str, int]:
    """The alert, the kind and the number of what is a notice of ours."""
    found = _NOTICE.match(body)
    return (found[2].decode(), found[1].decode(), int(found[3])) if found else ("", "", 0)


if __name__ == "__main__":
    how = sys.argv[2:]
    found = contexts(Path(how[how.index("tls") + 1])) if "tls" in how else ()
    Sink(int(sys.argv[1]), keep="keep" in how, shared="shared" in how, papers=found).run()
