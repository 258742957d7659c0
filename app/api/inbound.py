"""The addresses at which far ends report in the form of their own wire. What they say is read by their carrier."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.access import TheHouse
from app.api.json_body import read_body
from app.api.problems import Problem

router = APIRouter(include_in_schema=False)


@router.api_route("/in/{outlet}/{token}", methods=["GET", "POST"])
@router.api_route("/in/{outlet}/{token}/{tail:path}", methods=["GET", "POST"])
async def inbound(outlet: int, token: str, request: Request, house: TheHouse, tail: str = "") -> Response:
    """Answered only when the evidence is durable."""
    answer = None
    if house.ear is not None:
        answer = await house.ear.hear(
            outlet,
            token,
            method=request.method,
            tail=tail,
            headers=dict(request.headers),
            body=await read_body(request),
        )
    if answer is None:
        raise Problem("not-found", "没有这个地址。", "There is no such address.")
    return Response(answer.body, answer.status, headers=dict(answer.headers))
