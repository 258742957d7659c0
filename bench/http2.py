"""What HTTP/2 is worth where the far end has it: many outlets behind one host, as an operator's own system is, which is
nginx here.

    python -m bench.http2 [--messages 3000] [--at-once 500] [--rounds 3]

The product's own wire, without a database, over TLS: to a host that closes each connection, to one that keeps them, and to one
that speaks HTTP/2. Each first without a connection (cold) and then at once again (warm). nginx says which message came on what.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from app.commands.serving import open_as_many_as_allowed
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from bench.beside import Missing, process, program
from bench.client import LIMIT, headers
from bench.hosts import BODY, address, free_port, wait_for_port
from bench.papers import papers
from bench.table import Figure, parser, ratios, show

LOOPBACK = read_networks("127.0.0.0/8")
WRITTEN = 0.5  # seconds until nginx has written what it logs
LISTENING = {
    "HTTP/1.1, closing": ("ssl", "keepalive_timeout 0;"),
    "HTTP/1.1, keeping": ("ssl", ""),
    "HTTP/2": ("ssl http2", ""),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages a second, and the connections that they came on."""

    rate: float
    connections: int


class Nginx:
    """Its ports, by how it is spoken to, and what it has written of what came."""

    def __init__(self, ports: Mapping[str, int], log: Path) -> None:
        self.ports, self._log, self._read = ports, log, 0

    def said(self) -> Sequence[tuple[str, str]]:
        """The message and the connection of each request since the last time."""
        lines = self._log.read_text().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [(id, connection) for id, connection in map(str.split, new)]


_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  log_format each '$http_webhook_id $connection';
  access_log {folder}/access.log each buffer=64k flush=100ms;
  client_body_temp_path {folder}/body; keepalive_requests {each}; ssl_session_cache shared:outlets:10m;
  ssl_certificate {paper}; ssl_certificate_key {paper};
  default_type application/json;
{servers}
}}
"""
_SERVER = "  server {{ listen {host}:{port} {words}; {more} location / {{ return 200 '{{}}'; }} }}"


@contextmanager
def nginx(certificates: Path, each: int = 1_000_000) -> Iterator[Nginx]:
    """One process of it for as long as the block. A connection takes so many requests ``each``."""
    ports = {how: free_port() for how in LISTENING}
    servers = [
        _SERVER.format(host=address(0), port=ports[how], words=words, more=more)
        for how, (words, more) in LISTENING.items()
    ]
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as name:
        folder = Path(name)
        paper = certificates / "outlets-0.pem"
        (folder / "nginx.conf").write_text(
            _CONF.format(folder=folder, paper=paper, each=each, servers="\n".join(servers))
        )
        command = (program("nginx"), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"))
        with process(command, folder / "nginx.log"):
            for port in ports.values():
                wait_for_port(port, host=address(0))
            yield Nginx(ports, folder / "access.log")


async def turn(wire: HttpWire, far: Nginx, how: str, messages: int, at_once: int) -> Turn:
    """All messages, each once, checked by what nginx has written."""
    room = asyncio.Semaphore(at_once)
    url = f"https://{address(0)}:{far.ports[how]}/hook"

    async def one(n: int) -> None:
        async with room:
            reply = await wire.request("POST", url, headers=headers(n), body=BODY, timeout=LIMIT)
            assert reply.status == 200, reply.status

    begun = time.monotonic()
    await asyncio.gather(*map(one, range(messages)))
    took = time.monotonic() - begun
    await asyncio.sleep(WRITTEN)
    said = far.said()
    ids = sorted(id for id, _ in said)
    assert ids == sorted(f"dlv_{n}" for n in range(messages)), f"{len(ids)} messages, {len(set(ids))} different ones"
    return Turn(messages / took, len({connection for _, connection in said}))


async def measure(messages: int, at_once: int, rounds: int) -> Mapping[str, Sequence[Turn]]:
    found: dict[str, list[Turn]] = defaultdict(list)
    with papers(1) as folder, nginx(folder) as far:
        for _ in range(rounds):
            for how in LISTENING:
                wire = HttpWire(allowed=LOOPBACK)
                for state in ("cold", "warm"):
                    found[f"{how}, {state}"].append(await turn(wire, far, how, messages, at_once))
                await wire.close()
    return found


def figures(found: Mapping[str, Sequence[Turn]]) -> Sequence[Figure]:
    said = []
    for name, each in found.items():
        said += [
            Figure(f"{name}, messages", [one.rate for one in each], "/s", digits=0),
            Figure(f"{name}, connections", [one.connections for one in each], digits=0),
        ]
    rate = {name: [one.rate for one in each] for name, each in found.items()}
    for state in ("cold", "warm"):
        for other in ("closing", "keeping"):
            said.append(
                Figure(
                    f"HTTP/2 ÷ HTTP/1.1, {other}, {state}, rate",
                    ratios(rate[f"HTTP/2, {state}"], rate[f"HTTP/1.1, {other}, {state}"]),
                )
            )
    return said


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--messages", type=int, default=3000)
    arguments.add_argument("--at-once", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    open_as_many_as_allowed()
    try:
        found = uvloop.run(measure(given.messages, given.at_once, given.rounds))
    except Missing as why:
        raise SystemExit(f"SKIPPED: {why}") from why
    show(figures(found), markdown=given.markdown)


if __name__ == "__main__":
    main()
