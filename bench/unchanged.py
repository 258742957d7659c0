"""The feed's 304 beside a Starlette route that does nothing but answer.

python -m bench.feed --parts 4          the comparison
python -m bench.unchanged PORT          that route
"""

import asyncio
import sys
import time
from collections.abc import Sequence

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.clients import Hammer
from bench.ledger import Server
from bench.spent import cpu_seconds
from bench.table import Figure, ratios

TAG = 'W/"0123456789abcdef01234567"'


async def rate(pid: int, port: int, bearers: Sequence[str], seconds: float) -> tuple[float, float]:
    """304 answers a second, and for each CPU-second of the server, over one connection for each of ``bearers``, each
    asking as fast as it is answered."""
    hammers = [Hammer(port, "/v1/feed?cursor=0", bearer) for bearer in bearers]
    await asyncio.gather(*(hammer.open() for hammer in hammers))
    for hammer in hammers:
        await hammer.learn_tag()
    begun, used = time.monotonic(), cpu_seconds(pid)
    counts = await asyncio.gather(*(hammer.as_fast_as_it_goes(seconds) for hammer in hammers))
    took, used = time.monotonic() - begun, cpu_seconds(pid) - used
    for hammer in hammers:
        hammer.close()
    return sum(counts) / took, sum(counts) / used


async def unchanged(
    ours: Server, plain: Server, bearers: Sequence[str], rounds: int, seconds: float
) -> Sequence[Figure]:
    """Pairs of the feed's and the plain route's, one after the other."""
    feed, route = [], []
    for _ in range(rounds):
        feed.append(await rate(*ours, bearers, seconds))
        route.append(await rate(*plain, bearers, seconds))
    (f_rate, f_cpu), (r_rate, r_cpu) = zip(*feed, strict=True), zip(*route, strict=True)
    return [
        Figure("feed, 304 answers", f_rate, "/s", digits=0),
        Figure("bare Starlette route, 304 answers", r_rate, "/s", digits=0),
        Figure("feed 304 ÷ bare Starlette route, rate", ratios(f_rate, r_rate), goal="≥ 0.8"),
        Figure(
            "feed 304 ÷ bare Starlette route, for each CPU-second of the server", ratios(f_cpu, r_cpu), goal="≥ 0.8"
        ),
    ]


def serve(port: int) -> None:
    """The plain route, until a signal."""

    async def nothing(request: Request) -> Response:
        return Response(status_code=304, headers={"etag": TAG})

    app = Starlette(routes=[Route("/v1/feed", nothing)])
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, server_header=False)
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    serve(int(sys.argv[1]))
