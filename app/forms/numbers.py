"""The numbers and codes of a record, each checked for its form. See ``app.domain.identifiers``."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from app.domain.identifiers import CASE_NUMBER, ORGAN_CODE, resident_id_valid
from app.domain.regions import counties, known_area
from app.flows.faults import Complaint

_OFFICER_NUMBER = re.compile(r"[0-9A-Z]{4,12}")
# GA 36: five characters after the province and its letter, the last of them perhaps a word; six for new energy; embassies.
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]"
    r"([A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳领试超]|[A-HJ-NP-Z0-9]{6})|使[0-9]{6}"
)


def _officer_number(value: str) -> str:
    if _OFFICER_NUMBER.fullmatch(value) is None:
        raise Complaint(
            "officer_number", "警号应为 4 至 12 位数字或大写字母。", "A police number has 4 to 12 digits or capitals.",
            "如 010233。", "Such as 010233.",
        )  # fmt: skip
    return value


def _case_number(value: str) -> str:
    if CASE_NUMBER.fullmatch(value) is None:
        raise Complaint(
            "case_number", "案（事）件编号应为 23 位：一个大写字母、12 位机关代码、10 位数字。",
            "A case number has 23 characters: a capital, 12 of the organ, 10 digits.",
            "如 A6101130000002026110001。", "Such as A6101130000002026110001.",
        )  # fmt: skip
    return value


def _organ_code(value: str) -> str:
    if ORGAN_CODE.fullmatch(value) is None or not known_area(value[:6]):
        raise Complaint(
            "organ_code", "公安机关机构代码应为 12 位，前 6 位为现行区划代码。",
            "An organ code has 12 characters and begins with a current area code.",
            "如 610113000000。", "Such as 610113000000.",
        )  # fmt: skip
    return value


def _county(value: str) -> str:
    if value not in counties():
        raise Complaint(
            "unknown_county", "不是陕西及相邻八省区市现行的县级区划代码。",
            "Not a current county code of Shaanxi or its eight neighbours.",
            "填写走失地所在区县的六位代码（GB/T 2260），如雁塔区 610113。", "Give the six digits of the county, such as 610113.",
        )  # fmt: skip
    return value


def _resident_id(value: str) -> str:
    if not resident_id_valid(value):
        raise Complaint(
            "resident_id_check", "身份证号格式或校验码不对。", "Not a valid resident identity number (check character).",
            "逐位核对 18 位号码，末位 X 大写；没有可不填。", "Compare all 18 characters; leave it out if unknown.",
        )  # fmt: skip
    return value


def _plate(value: str) -> str:
    if _PLATE.fullmatch(value) is None:
        raise Complaint(
            "plate", "车牌格式不对。", "Not a number plate.",
            "如 陕A12345、陕AD12345，不写间隔点；只知道一部分的写在 description。",
            "Such as 陕A12345, without a dot; describe a plate that is known in part.",
        )  # fmt: skip
    return value


OfficerNumber = Annotated[
    str, AfterValidator(_officer_number), Field(json_schema_extra={"pattern": "^[0-9A-Z]{4,12}$"}, examples=["010233"])
]
CaseNumber = Annotated[
    str,
    AfterValidator(_case_number),
    Field(json_schema_extra={"pattern": "^[A-Z][0-9A-Z]{12}[0-9]{10}$"}, examples=["A6101130000002026110001"]),
]
OrganCode = Annotated[
    str,
    AfterValidator(_organ_code),
    Field(json_schema_extra={"pattern": "^[0-9]{6}[0-9A-Z]{6}$"}, examples=["610113000000"]),
]
CountyCode = Annotated[
    str, AfterValidator(_county), Field(json_schema_extra={"pattern": "^[0-9]{6}$"}, examples=["610113"])
]
ResidentId = Annotated[
    str,
    AfterValidator(_resident_id),
    Field(
        description="GB 11643-1999. Stored encrypted, never published.",
        json_schema_extra={"pattern": "^[0-9]{17}[0-9X]$"},
    ),
]
Plate = Annotated[str, AfterValidator(_plate), Field(examples=["陕A12345"])]
