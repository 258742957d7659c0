"""``python -m sandbox.ebd``: one platform that stands alone, and the settings by which huijia reaches it."""

import argparse
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Lifespan

from sandbox.ebd.caller import calling
from sandbox.ebd.curve import Keys, generate
from sandbox.ebd.identity import DIGITS, Identity
from sandbox.ebd.platform import Platform, Tempo
from sandbox.ebd.server import Post, create_app
from sandbox.serving import server

OWN = {"2018": "36101000000000103010101", "2016": "010261010000000001"}
PEER = {"2018": "26100000000000103010199", "2016": "010261000000000099"}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="sandbox.ebd", description="沙盒：在本机扮演一个应急广播平台")
    whole.add_argument("--port", type=int, default=8101, help="0 为任取一个空闲端口")
    whole.add_argument("--version", choices=sorted(DIGITS), default="2018", help="消息格式")
    whole.add_argument("--signed", action="store_true", help="双方都要签名，密钥当场生成并打印")
    whole.add_argument("--callback", default=None, help="huijia 的来电地址，写进打印出的设置")
    whole.add_argument("--beat", type=float, default=30.0, help="心跳间隔秒数")
    whole.add_argument("--plays", type=float, default=None, help="每条播多少秒即算播完；不写则播到结束时间")
    return whole


def outlet(post: Post, url: str, ours: Keys | None, callback: str | None) -> dict[str, Any]:
    """The settings of an outlet that leads here."""
    who = post.platform.who
    found: dict[str, Any] = {
        "version": who.version, "url": url, "source": who.peer, "target": who.own, "callback": callback, "signer": "none",
    }  # fmt: skip
    if ours is not None and who.keys is not None:
        found |= {
            "signer": "sm2",
            "signing_key": ours.private_hex,
            "cert_sn": "000000003363",
            "peer_key": who.keys.public,
        }
    return found


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; the exit status."""
    given = parser().parse_args(arguments)
    ours = generate() if given.signed else None
    who = Identity(
        OWN[given.version], PEER[given.version], "6101", given.version,
        generate() if given.signed else None, ours.public if ours else "",
    )  # fmt: skip
    plays = timedelta(seconds=given.plays) if given.plays is not None else None
    post = Post(Platform(who, Tempo(plays=plays)), callback=given.callback or "")
    listening = socket.create_server(("127.0.0.1", given.port))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}/ebd"
    sys.stdout.write(f"应急广播平台已就绪：{base}/\n发布点的设置：\n")
    sys.stdout.write(json.dumps(outlet(post, base, ours, given.callback), ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server(create_app(post, lifespan=lifespan(post, given.beat))).run(sockets=[listening])
    return 0


def lifespan(post: Post, beat_seconds: float) -> Lifespan[Starlette]:
    """In which the platform calls back by itself."""

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client, calling(post, client, beat_seconds):
            yield

    return living


if __name__ == "__main__":
    sys.exit(main())
