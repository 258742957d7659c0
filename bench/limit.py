"""The wire limit: what Python can do when nothing but the sending is left. A loop on epoll, no library, no database; the
same bytes, signed, on a new connection to each outlet.

    python -m bench.limit [--outlets 10000] [--rounds 3]
"""

import select
import socket
import time

from bench.client import headers
from bench.hosts import BODY, SinkProcess, address
from bench.laps import Lap, lap
from bench.table import Figure, parser, show

IN_FLIGHT = 500
PATIENCE = 8.0  # seconds without any answer at all


def request(n: int, port: int) -> bytes:
    """The n-th outlet's, from the first byte to the last."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers(n).items())
    head = (
        f"POST /hook HTTP/1.1\r\nhost: {address(n)}:{port}\r\naccept: */*\r\n{said}content-length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


def send_all(outlets: int, port: int, in_flight: int = IN_FLIGHT) -> tuple[float, float]:
    """POST to every outlet on a new connection; the moments of the beginning and the end."""
    poll = select.epoll()
    flying: dict[int, socket.socket] = {}
    left = iter(range(outlets))
    begun = time.time()
    try:
        for _ in range(min(in_flight, outlets)):
            _launch(next(left), port, poll, flying)
        while flying:
            ready = poll.poll(PATIENCE)
            assert ready, f"{len(flying)} outlets have said nothing for {PATIENCE:g} s"
            for fd, _ in ready:
                _land(fd, poll, flying)
                if (n := next(left, None)) is not None:
                    _launch(n, port, poll, flying)
        return begun, time.time()
    finally:
        for connection in flying.values():
            connection.close()
        poll.close()


def _launch(n: int, port: int, poll: select.epoll, flying: dict[int, socket.socket]) -> None:
    """Over loopback a connection is there at once, and the whole request fits into the socket."""
    connection = socket.socket()
    connection.connect((address(n), port))
    said = request(n, port)
    assert connection.send(said) == len(said)
    flying[connection.fileno()] = connection
    poll.register(connection.fileno(), select.EPOLLIN)


def _land(fd: int, poll: select.epoll, flying: dict[int, socket.socket]) -> None:
    """The answer is one segment; whatever else it is fails here."""
    connection = flying.pop(fd)
    answer = connection.recv(65536)
    poll.unregister(fd)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:100]
    assert answer.endswith(b"{}"), answer[-100:]


def run(sink: SinkProcess, outlets: int) -> Lap:
    """One lap of it."""
    begun, _ = send_all(outlets, sink.port)
    return lap(sink.report(), begun, outlets)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--outlets", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with SinkProcess() as sink:
        laps = [run(sink, given.outlets) for _ in range(given.rounds)]
    show([Figure("limit, rate", [one.rate for one in laps], "/s", digits=0)], markdown=given.markdown)


if __name__ == "__main__":
    main()
