"""What an outlet on this wire is set to. Every code is one that the platform agreed to, so every code is a setting."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from channels.carriers.address import Address
from channels.carriers.ebd import sm2
from channels.carriers.ebd.forms import FORMS, Form, Version
from channels.carriers.ebd.signing import SIGNERS, UNSIGNED

Drill = Literal["3", "4", "5"]


class EbdSettings(BaseModel):
    """Resource codes have 23 digits in the form of 2018 and 18 in that of 2016. ``areas`` empty: the platform's own area."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    version: Version = Field(default="2018", title="格式版本", description="平台采用的格式：2018 或 2016")
    url: Address = Field(repr=False, title="平台接收地址", description="应急广播平台接收数据包的网址")
    source: str = Field(title="本方资源编码", description="省应急广播平台分配给本系统的资源编码（EBRID）")
    target: str = Field(title="平台资源编码", description="对方平台的资源编码（EBRID）")
    callback: Address | None = Field(
        default=None, repr=False, title="回传地址", description="平台上报播发状态、心跳的网址，即本发布点的来电地址"
    )
    sender_name: str = Field(default="", max_length=60, title="发布机构名称", description="留空则用发布单位名称")
    sender_code: str = Field(
        default="", pattern=r"^[0-9A-Za-z]{0,40}$", title="发布机构编码", description="留空则用本方资源编码"
    )
    areas: list[str] = Field(default=[], max_length=200, title="播发区域", description="留空则为平台所辖区域")
    event_type: str = Field(
        default="14Y00", pattern=r"^[0-9A-Z]{5}$", title="事件类型", description="实发所用的事件类型编码"
    )
    severity: str = Field(default="2", pattern=r"^[0-9]{1,2}$", title="事件级别", description="实发所用的级别")
    exercise_type: Drill = Field(
        default="3", title="演练的消息类型", description="3 平台演练、4 前端演练、5 终端演练；实发固定为 1"
    )
    test_type: Drill = Field(default="3", title="测试的消息类型", description="同上")
    drill_event_type: str = Field(
        default="00000", pattern=r"^[0-9A-Z]{5}$", title="演练事件类型", description="演练、测试所用的事件类型编码"
    )
    drill_severity: str = Field(
        default="15", pattern=r"^[0-9]{1,2}$", title="演练事件级别", description="演练、测试所用的级别，15 为测试专用"
    )
    audio: bool = Field(default=True, title="附带音频", description="随消息附带播报音频")
    image: bool = Field(default=True, title="附带图片", description="随消息附带图片")
    audio_type: str = Field(default="2", pattern=r"^[0-9]{1,3}$", title="音频类型编码", description="AuxiliaryType")
    image_type: str = Field(default="3", pattern=r"^[0-9]{1,3}$", title="图片类型编码", description="AuxiliaryType")
    digest: Literal["md5", "sm3", "sha256"] = Field(
        default="md5", title="附件摘要算法", description="附件 Digest 的算法，十六进制"
    )
    correction_minutes: int = Field(
        default=0, ge=0, le=60, title="更正播报时长", description="撤回后另播一条更正的分钟数；0 为只停播、不播更正"
    )
    signer: str = Field(default="sm2", title="签名方式", description="sm2 软件密钥；none 不签名，只用于联调")
    signing_key: SecretStr | None = Field(
        default=None, validate_default=True, title="签名私钥", description="64 位十六进制；硬件签名设备按其说明填写"
    )
    cert_sn: str = Field(
        default="", pattern=r"^[0-9A-Fa-f]{0,40}$", title="签名证书序列号", description="写入签名文件的 CertSN"
    )
    issuer_id: str = Field(
        default="", pattern=r"^[0-9A-Fa-f]{0,40}$", title="证书颁发机构编号", description="仅 2016 格式使用"
    )
    peer_key: str = Field(
        default="", title="平台签名公钥", description="填写后，平台的应答和上报都须带正确签名；心跳除外"
    )
    peer_cert_sn: str = Field(
        default="", pattern=r"^[0-9A-Fa-f]{0,40}$", title="平台证书序列号", description="填写后须与签名文件一致"
    )

    @property
    def form(self) -> Form:
        """The form that the platform reads."""
        return FORMS[self.version]

    @field_validator("source", "target")
    @classmethod
    def _is_a_resource(cls, value: str, info: ValidationInfo) -> str:
        digits = FORMS[info.data.get("version", "2018")].ebrid
        if not re.fullmatch(rf"[0-9]{{{digits}}}", value):
            raise ValueError(f"资源编码应为 {digits} 位数字")
        return value

    @field_validator("areas")
    @classmethod
    def _are_areas(cls, value: list[str], info: ValidationInfo) -> list[str]:
        wanted, said = ("[0-9]{12}", "12") if info.data.get("version") == "2018" else ("[0-9]{6,12}", "6–12")
        if not all(re.fullmatch(wanted, area) for area in value):
            raise ValueError(f"播发区域编码应为 {said} 位数字，例如 610103000000")
        return value

    @field_validator("signer")
    @classmethod
    def _is_a_signer(cls, value: str) -> str:
        if value != UNSIGNED and value not in SIGNERS:
            raise ValueError(f"没有这种签名方式，可用：{'、'.join([*SIGNERS, UNSIGNED])}")
        return value

    @field_validator("signing_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        signer = SIGNERS.get(info.data.get("signer", UNSIGNED))
        if signer is None or not signer.needs_key:
            return value
        if value is None or not value.get_secret_value():
            raise ValueError("签名需要私钥；确实不签名时，签名方式填 none")
        if signer.name == "sm2" and not sm2.is_private_key(value.get_secret_value()):
            raise ValueError("SM2 私钥应为 64 位十六进制")
        return value

    @field_validator("peer_key")
    @classmethod
    def _is_a_point(cls, value: str) -> str:
        if value and not sm2.is_public_key(value):
            raise ValueError("SM2 公钥应为 128 位十六进制，或在其前加 04")
        return value
