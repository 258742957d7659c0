"""What HTTP/2 is worth where the far end has it: many outlets behind one host, as an operator's own system is, which is
nginx here.

    python -m bench.http2 [--messages 3000] [--at-once 500] [--hanging 200] [--rounds 3]

The client that huijia sends with, over TLS: to a host that closes each connection, to one that keeps them, and to one that
speaks HTTP/2. Each first without a connection (cold) and then at once again (warm). Then one message more while so many others
to the same host hang. nginx says which message came on what.
"""

import asyncio
import socket
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop
from pyreqwest.client import Client
from pyreqwest.exceptions import RequestTimeoutError

from app.commands.serving import open_as_many_as_allowed
from app.dispatch.ways import KEPT_SECONDS
from bench import client
from bench.beside import Missing, process, program
from bench.client import LIMIT
from bench.hosts import address, free_port, wait_for_port
from bench.papers import papers
from bench.table import Figure, parser, ratios, show

WRITTEN = 0.5  # seconds until nginx has written what it logs
HTTP2 = "HTTP/2"
LISTENING = {
    "HTTP/1.1, closing": ("ssl", "keepalive_timeout 0;"),
    "HTTP/1.1, keeping": ("ssl", ""),
    HTTP2: ("ssl http2", ""),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages a second, and how many connections they came on."""

    rate: float
    connections: int


class Nginx:
    """Its ports, by how it is spoken to, and what it has written of what came."""

    def __init__(self, ports: Mapping[str, int], log: Path) -> None:
        self._ports, self._log, self._read = ports, log, 0

    def url(self, how: str, path: str = "hook") -> str:
        return f"https://{address(0)}:{self._ports[how]}/{path}"

    def said(self) -> Sequence[tuple[str, int]]:
        """The message and the connection of each request since the last time."""
        lines = self._log.read_text().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [(id, int(connection)) for id, connection in map(str.split, new)]


_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  log_format each '$http_webhook_id $connection';
  access_log {folder}/access.log each buffer=64k flush=100ms;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; keepalive_requests 1000000;
  ssl_session_cache shared:outlets:10m; ssl_certificate {paper}; ssl_certificate_key {paper};
  default_type application/json;
{servers}
}}
"""
_SERVER = """  server {{ listen {host}:{port} {words}; {more}
    location / {{ return 200 '{{}}'; }}
    location /hang {{ access_log off; proxy_pass http://127.0.0.1:{hole}; }}
  }}"""


@contextmanager
def nginx(certificates: Path) -> Iterator[Nginx]:
    """One process of it for as long as the block."""
    ports = {how: free_port() for how in LISTENING}
    paper = certificates / "outlets-0.pem"
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as name, socket.create_server(("127.0.0.1", 0)) as hole:
        folder = Path(name)
        hole.listen(4096)  # whoever comes is connected, and never heard
        servers = [
            _SERVER.format(host=address(0), port=ports[how], words=words, more=more, hole=hole.getsockname()[1])
            for how, (words, more) in LISTENING.items()
        ]
        (folder / "nginx.conf").write_text(_CONF.format(folder=folder, paper=paper, servers="\n".join(servers)))
        command = (program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"))
        with process(command, folder / "nginx.log"):
            for port in ports.values():
                wait_for_port(port, host=address(0))
            yield Nginx(ports, folder / "access.log")


async def turn(sender: Client, far: Nginx, how: str, messages: int, at_once: int) -> Turn:
    """All messages, each once, checked by what nginx has written."""
    room = asyncio.Semaphore(at_once)

    async def one(n: int) -> None:
        async with room:
            assert (await client.send(sender, n, far.url(how)) == "HTTP/2.0") == (how == HTTP2)

    begun = time.monotonic()
    await asyncio.gather(*map(one, range(messages)))
    took = time.monotonic() - begun
    await asyncio.sleep(WRITTEN)
    said = far.said()
    ids, connections = sorted(id for id, _ in said), {connection for _, connection in said}
    assert ids == sorted(f"dlv_{n}" for n in range(messages)), f"{len(ids)} messages, {len(set(ids))} different ones"
    return Turn(messages / took, len(connections))


async def beside(sender: Client, far: Nginx, how: str, hanging: int) -> float:
    """How many seconds one more takes while so many hang; the whole deadline when it is not told at all."""
    others = [asyncio.create_task(client.send(sender, n, far.url(how, "hang"))) for n in range(hanging)]
    await asyncio.sleep(1)
    begun = time.monotonic()
    try:
        await client.send(sender, hanging, far.url(how))
        return time.monotonic() - begun
    except RequestTimeoutError:
        return LIMIT.total_seconds()
    finally:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(WRITTEN)
        far.said()


async def measure(
    messages: int, at_once: int, hanging: int, rounds: int
) -> tuple[Mapping[str, Sequence[Turn]], Mapping[str, Sequence[float]]]:
    turns: dict[str, list[Turn]] = defaultdict(list)
    waits: dict[str, list[float]] = defaultdict(list)
    with papers(1) as folder, nginx(folder) as far:
        for _ in range(rounds):
            for how in LISTENING:
                sender = client.build(keeps=timedelta(seconds=KEPT_SECONDS), http2=how == HTTP2)
                for state in ("cold", "warm"):
                    turns[f"{how}, {state}"].append(await turn(sender, far, how, messages, at_once))
                waits[how].append(await beside(sender, far, how, hanging))
                await sender.close()
    return turns, waits


def figures(
    turns: Mapping[str, Sequence[Turn]], waits: Mapping[str, Sequence[float]], hanging: int
) -> Sequence[Figure]:
    said = []
    for name, each in turns.items():
        said += [
            Figure(f"{name}, messages", [one.rate for one in each], "/s", digits=0),
            Figure(f"{name}, connections", [one.connections for one in each], digits=0),
        ]
    rate = {name: [one.rate for one in each] for name, each in turns.items()}
    for state in ("cold", "warm"):
        said += [
            Figure(
                f"HTTP/2 ÷ HTTP/1.1, {other}, {state}, rate",
                ratios(rate[f"HTTP/2, {state}"], rate[f"HTTP/1.1, {other}, {state}"]),
            )
            for other in ("closing", "keeping")
        ]
    return [*said, *(Figure(f"{how}, one more while {hanging} hang", each, "s") for how, each in waits.items())]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--messages", type=int, default=3000)
    arguments.add_argument("--at-once", type=int, default=500)
    arguments.add_argument("--hanging", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    open_as_many_as_allowed()
    try:
        turns, waits = uvloop.run(measure(given.messages, given.at_once, given.hanging, given.rounds))
    except Missing as why:
        raise SystemExit(f"SKIPPED: {why}") from why
    show(figures(turns, waits, given.hanging), markdown=given.markdown)


if __name__ == "__main__":
    main()
