"""A record as an officer types it, and as a police system would send it: the same checks, in the words of the form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from app.domain.errors import Fault
from app.domain.record import Officer, Record
from app.domain.regions import counties, may_speak_for
from app.flows.faults import faults_of
from app.flows.sign_in import Operator
from app.forms.crop import MOST, Crop
from app.forms.record_form import SKEW, RecordForm

# The fields in the order of the page: the member of the record that each one is, and its word.
FIELDS: Mapping[str, tuple[str, str]] = {
    "status": ("/status", "性质"),
    "name": ("/minor/name", "姓名"),
    "sex": ("/minor/sex", "性别"),
    "birth_date": ("/minor/birth_date", "出生日期"),
    "age": ("/minor/age", "年龄"),
    "height_cm": ("/minor/height_cm", "身高"),
    "clothing": ("/minor/clothing", "衣着"),
    "features": ("/minor/features", "特征"),
    "photo": ("/photo", "照片"),
    "lost_at": ("/loss/at", "失踪时间"),
    "area_code": ("/loss/area_code", "失踪区县"),
    "address": ("/loss/address", "失踪地点"),
    "lon": ("/loss/lon", "经度"),
    "lat": ("/loss/lat", "纬度"),
    "datum": ("/loss/datum", "坐标系"),
    "circumstances": ("/loss/circumstances", "经过"),
    "suspect": ("/suspect/description", "相关人员"),
    "plate": ("/vehicle/plate", "号牌"),
    "vehicle": ("/vehicle/description", "车辆描述"),
    "phone": ("/verified_by/phone", "公布的电话"),
    "duration_hours": ("/duration_hours", "发布时长"),
    "guardian_told": ("/guardian/told", "监护人已知公开发布"),
    "guardian_name": ("/guardian/name", "监护人姓名"),
    "guardian_relation": ("/guardian/relation", "与孩子的关系"),
    "guardian_phone": ("/guardian/phone", "监护人电话"),
    "resident_id": ("/minor/resident_id", "身份证号"),
    "case_number": ("/case_number", "案（事）件编号"),
    "basis": ("/basis", "核实依据"),
    "note": ("/note", "内部备注"),
}
CROPS = ("crop_left", "crop_right", "crop_top", "crop_bottom")
TYPED = tuple(name for name in FIELDS if name != "photo") + CROPS
_CHOSEN = ("status", "sex", "area_code", "guardian_told")
_BY_POINTER = {pointer: name for name, (pointer, _) in FIELDS.items()}
# Members of the record that a fault may name, in the words of the form
_MEMBERS = {pointer.rpartition("/")[2]: word for pointer, word in FIELDS.values()} | {
    "description": "描述", "at": "失踪时间", "birth_date": "出生日期", "phone": "电话", "name": "姓名", "number": "警号",
}  # fmt: skip
_MEMBER = re.compile(
    r" ?(?<![A-Za-z0-9_])(" + "|".join(sorted(_MEMBERS, key=len, reverse=True)) + r")(?![A-Za-z0-9_]) ?"
)
_UNKNOWN = Officer("待第二名民警确认", "DAIQUEREN", "")
"""Stands where the second officer will, while the rest is checked."""

Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """``record`` is ``None`` when something is wrong; then ``faults`` say what, by field ("" for what has none)."""

    record: Record | None
    faults: Mapping[str, str] = field(default_factory=dict)


def fresh(who: Operator) -> dict[str, str]:
    """The form before anything is typed. What kind it is has no default: somebody has to say it."""
    only = [code for code in counties() if who.organ_area and may_speak_for(who.organ_area, code)]
    known = {
        "phone": who.phone,
        "duration_hours": "24",
        "datum": "GCJ02",
        "area_code": only[0] if len(only) == 1 else "",
    }
    return dict.fromkeys(TYPED, "") | known | dict.fromkeys(CROPS, "0")


def read(form: Mapping[str, str], before: Typed) -> dict[str, str]:
    """What was typed; a field that the form did not send is as it was."""
    return dict(before) | {name: form[name].strip() for name in TYPED if name in form}


def crop_of(typed: Typed) -> Crop:
    return Crop(*(_cut(typed.get(name, "")) for name in CROPS))


def _cut(said: str) -> int:
    return min(int(said), MOST) if said.isascii() and said.isdigit() and len(said) < 4 else 0


def check(who: Operator, typed: Typed, now: datetime) -> Checked:
    """The record that was typed, without the second officer. The organ and the reporting officer are those who signed in."""
    found: dict[str, str] = {}
    record = None
    try:
        form = RecordForm.model_validate(_sent(who, typed, now), context={"now": now})
        record = replace(form.record(), verified_by=Officer("", "", form.verified_by.phone))
    except ValidationError as e:
        for fault in faults_of(e.errors(include_url=False, include_input=False)):
            if fault.pointer == "/verified_at":  # the second officer's; a loss in the future is told at the loss
                continue
            name = _BY_POINTER.get(fault.pointer, "")
            found[name] = " ".join(filter(None, (found.get(name), worded(fault, named=not name))))
    area = typed["area_code"]
    if "area_code" not in found and not (who.organ_area and may_speak_for(who.organ_area, area)):
        found["area_code"] = "本机关不能为这个区县发布。请选择管辖内的区县，或由当地、上级公安机关发布。"
    order = list(FIELDS)
    in_order = dict(sorted(found.items(), key=lambda fault: order.index(fault[0]) if fault[0] else len(order)))
    return Checked(None if in_order else record, in_order)


def worded(fault: Fault, *, named: bool = False) -> str:
    """What is wrong and what to do, for who sees fields and not members."""
    if fault.code == "missing":
        return "还没有选，请选择。" if _BY_POINTER.get(fault.pointer) in _CHOSEN else "还没有填，请填写。"
    said = f"{fault.zh}{fault.remedy_zh}".replace("，不加引号", "").replace("，不带小数", "，不带小数点")
    said = _MEMBER.sub(lambda m: _MEMBERS[m[1]], said)
    said = re.sub(r"(\d\d:\d\d):\d\d\+08:00", r"\1", said)
    return f"{_MEMBERS.get(fault.pointer.rpartition('/')[2], '')}：{said}".lstrip("：") if named else said


def _sent(who: Operator, typed: Typed, now: datetime) -> dict[str, Any]:
    """As a police system would send it. What is empty is left out; a number that is none is sent as it was typed."""
    minor = {
        "name": typed["name"], "sex": typed["sex"], "birth_date": typed["birth_date"], "age": _whole(typed["age"]),
        "height_cm": _whole(typed["height_cm"]), "clothing": typed["clothing"], "features": typed["features"],
        "resident_id": typed["resident_id"].upper(),
    }  # fmt: skip
    guardian = {
        "told": {"yes": True, "no": False}.get(typed["guardian_told"]), "name": typed["guardian_name"],
        "relation": typed["guardian_relation"], "phone": typed["guardian_phone"],
    }  # fmt: skip
    vehicle = {"plate": re.sub(r"[·.\s]", "", typed["plate"]).upper(), "description": typed["vehicle"]}
    return _filled({
        "status": typed["status"], "case_number": typed["case_number"].upper(), "organ_code": who.organ_code or "",
        "reported_by": _officer(Officer(who.name, who.number, who.phone)),
        "verified_by": _filled(_officer(replace(_UNKNOWN, phone=typed["phone"]))), "verified_at": (now + SKEW).isoformat(),
        "basis": typed["basis"], "duration_hours": _whole(typed["duration_hours"]), "note": typed["note"],
        "minor": _filled(minor), "loss": _filled(_loss(typed)), "guardian": _filled(guardian),
        "suspect": _filled({"description": typed["suspect"]}) or None, "vehicle": _filled(vehicle) or None,
    })  # fmt: skip


def _loss(typed: Typed) -> dict[str, Any]:
    """Without a position it is the county's middle: the circle of a hundred kilometres is hardly another one."""
    at = typed["lost_at"]
    said: dict[str, Any] = {
        "address": typed["address"], "area_code": typed["area_code"], "circumstances": typed["circumstances"],
        "at": f"{at}{_BEIJING[len(at)]}" if len(at) in _BEIJING else at,
    }  # fmt: skip
    county = counties().get(typed["area_code"])
    if at_the_middle(typed):
        place = {"lon": county.point.lon, "lat": county.point.lat, "datum": "WGS84"} if county else _NOWHERE
        return said | place
    return said | {"lon": _decimal(typed["lon"]), "lat": _decimal(typed["lat"]), "datum": typed["datum"]}


_BEIJING = {len("2026-11-23T15:04"): ":00+08:00", len("2026-11-23T15:04:05"): "+08:00"}
_NOWHERE = {"lon": 108.95, "lat": 34.27, "datum": "WGS84"}
"""Where no county is chosen, that alone is told, not that the position is missing as well."""


def at_the_middle(typed: Typed) -> bool:
    return not typed["lon"] and not typed["lat"]


def _officer(of: Officer) -> dict[str, Any]:
    return {"name": of.name, "number": of.number, "phone": of.phone}


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", None)}


def _whole(said: str) -> int | str:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else said


def _decimal(said: str) -> float | str:
    return float(said) if re.fullmatch(r"\d{1,3}(\.\d{1,12})?", said, re.ASCII) else said
