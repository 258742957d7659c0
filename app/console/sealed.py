"""What only the police know of a search: opened on request, beside what the public sees, and every look is written down."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.alert import alert_path
from app.console.door import acting
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.labels import SEXES
from app.console.pages import page
from app.console.shown import find
from app.console.spoken_time import moment
from app.db.engine import clock, transaction
from app.domain.record import Officer, Record
from app.domain.words import Role
from app.flows.house import House
from app.flows.look import look


def sealed(house: House) -> APIRouter:
    """/alerts/{code}/record. Only a POST opens it: no reload, prefetch or link does."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.post("/alerts/{code}/record")
    async def show(request: Request, code: str) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=alert_path(code), least=Role.OFFICER)
            now = await clock(session)
            alert, _ = await find(session, code, house.media_secret, now)
            record = await look(session, who.principal, alert.code, seal=house.seal)
        return page("record.html", who=who, now=now, alert=alert, parts=parts(record))

    return router


def parts(record: Record) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """The whole record by heading, each with its words in Chinese; what is empty is left out, and so is the second officer
    where there is none yet."""
    verified = bool(record.verified_by.name)
    minor, loss, guardian = record.minor, record.loss, record.guardian
    found: list[tuple[str, list[tuple[str, Any]]]] = [
        ("案件", [("案件编号", record.case_number), ("机关代码", record.organ_code), ("核实依据", record.basis),
                  ("核实时间", moment(record.verified_at) if verified else ""), ("备注", record.note)]),
        ("孩子", [("姓名", minor.name), ("性别", SEXES[minor.sex]), ("出生日期", minor.birth_date),
                  ("身份证号", minor.resident_id), ("年龄", minor.age), ("身高（厘米）", minor.height_cm),
                  ("特征", minor.features), ("衣着", minor.clothing)]),
        ("走失", [("时间", moment(loss.at)), ("地点", loss.address), ("区划", loss.area_code),
                  ("坐标", f"{loss.lon:.6f}, {loss.lat:.6f}（{loss.datum}）"), ("经过", loss.circumstances),
                  ("相关人员", record.suspect), ("相关车辆", record.vehicle)]),
        ("监护人", [("姓名", guardian.name), ("关系", guardian.relation), ("电话", guardian.phone),
                    ("已告知公开发布", "是" if guardian.told else "否")]),
        ("报告民警", _officer(record.reported_by)),
        ("核实民警", _officer(record.verified_by) if verified else []),
    ]  # fmt: skip
    return [(head, [(word, str(said)) for word, said in lines if said not in (None, "")]) for head, lines in found]


def _officer(of: Officer) -> list[tuple[str, Any]]:
    return [("姓名", of.name), ("警号", of.number), ("电话", of.phone)]
