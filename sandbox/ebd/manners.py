"""How the platform misbehaves on request."""

import asyncio
from enum import StrEnum

from starlette.responses import PlainTextResponse, Response

from sandbox.faults import HangUp, Silence


class Manner(StrEnum):
    """A switch position."""

    OK = "ok"
    SLOW = "slow"  # takes it at once, answers late
    DOWN = "down"  # 503
    REFUSE = "refuse"  # answers with the code that was set, 5 where none was
    LYING = "lying"  # answers 1 and forgets it
    GARBAGE = "garbage"  # 200 and bytes that are no packet
    TRUNCATED = "truncated"  # takes it, and answers half a tar
    STRANGER = "stranger"  # takes it, and answers to another packet
    DEAF = "deaf"  # takes it, and closes the connection without a word
    HANGING = "hanging"  # never answers, and takes nothing


TAKES = {Manner.OK, Manner.SLOW, Manner.TRUNCATED, Manner.STRANGER, Manner.DEAF}
"""Under these it acts on the packet."""


def packet_response(ebdid: str, tar: bytes) -> Response:
    """The answer of a platform that behaves."""
    headers = {"content-disposition": f"attachment;filename=EBDT_{ebdid}.tar"}
    return Response(tar, media_type="application/octet-stream", headers=headers)


async def spoilt(manner: Manner, honest: tuple[str, bytes], slow_seconds: float) -> Response:
    """The answer that the caller gets."""
    ebdid, tar = honest
    match manner:
        case Manner.SLOW:
            await asyncio.sleep(slow_seconds)
        case Manner.DOWN:
            return PlainTextResponse("down", status_code=503)
        case Manner.GARBAGE:
            return Response(bytes(range(256)) * 7, media_type="application/octet-stream")
        case Manner.TRUNCATED:
            return packet_response(ebdid, tar[: 512 + 200])
        case Manner.DEAF:
            return HangUp()
        case Manner.HANGING:
            return Silence()
    return packet_response(ebdid, tar)
