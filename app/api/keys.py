"""The public keys by which anybody can tell that something comes from huijia."""

from typing import Any

from fastapi import APIRouter

from app.api.access import TheHouse
from app.api.openapi import answers
from app.api.parameters import Bare

router = APIRouter(prefix="/v1", tags=["keys"])


@router.get("/keys", responses=answers(422))
async def read_keys(house: TheHouse, _: Bare) -> dict[str, Any]:
    """``webhook``: the Ed25519 keys of Standard Webhooks ``v1a`` signatures, newest first: any that fits is enough.
    ``heartbeat`` (Ed25519) signs heartbeats; ``cap`` (RSA, with its certificate) signs CAP messages."""
    keys = house.signer.public() if house.signer is not None else []
    return {
        "webhook": [{"scheme": "v1a", "algorithm": "ed25519", "public_key": key} for key in keys],
        **house.notary.public(),
    }
