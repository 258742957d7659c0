"""The audit log in words: who, what, and the particulars of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.console.labels import END_REASONS, MARKS, ROLES, actor
from app.domain.reasons import REASONS
from app.domain.words import EndReason, Role, Status

ACTS: Mapping[str, str] = {
    "submit": "发布",
    "propose": "提交待核实的信息",
    "confirmed": "核实确认并发出",
    "declined": "退回待核实的信息",
    "withdrawn": "收回待核实的信息",
    "lapsed": "待核实的信息失效",
    "let_go": "删除退回的信息",
    "amend": "更新",
    "retracted": "撤回",
    "expired": "到期结束",
    "extend": "扩大覆盖范围",
    "ask_again": "重新发送失败的投递",
    "replay": "应对方要求重发",
    "notice_read": "协作单位读取通告",
    "looked": "查看仅公安可见的信息",
    "phoned": "电话确认已撤下",
    "phoned_undone": "撤销电话确认",
    "drill_schedule": "设定每周演练",
    "partner_add": "登记协作单位",
    "partner_edit": "修改协作单位",
    "key_issue": "签发密钥",
    "key_revoke": "吊销密钥",
    "outlet_import": "批量登记发布点",
    "outlet_add": "登记发布点",
    "outlet_edit": "修改发布点",
    "outlet_pause": "暂停发布点",
    "outlet_resume": "恢复发布点",
    "outlet_quarantined": "隔离发布点",
    "outlet_recovered": "解除隔离",
    "secret_rotate": "更换签名密钥",
    "secret_rotated": "更换签名密钥",
    "player_link": "签发播放页链接",
    "player_revoke": "作废播放页链接",
    "sign_in": "登录",
    "code_wrong": "验证码错误",
    "password_change": "修改自己的密码",
    "session_end": "退出自己在别处的登录",
    "totp_on": "开通两步验证",
    "totp_off": "关闭两步验证",
    "recovery_new": "更换恢复码",
    "person_add": "新增人员",
    "person_edit": "修改人员",
    "person_lock": "锁定人员",
    "person_unlock": "解锁人员",
    "sessions_end": "退出某人的全部登录",
    "password_reset": "重置某人的密码",
    "totp_reset": "关闭某人的两步验证",
}
NAMES: Mapping[str, str] = {
    "proposal": "第几份", "by": "提交人",
    "status": "性质", "told": "发布点数", "number": "第几号", "reason": "原因", "reach_km": "公里", "outlet": "发布点",
    "settled": "旧地方已撤下",
    "delivery": "投递", "deliveries": "投递", "partner": "单位", "partners": "单位", "key": "密钥", "live": "正式",
    "person": "人员", "role": "角色", "organ": "机关", "phone": "电话", "how": "方式", "address": "地址",
    "sessions": "登录数", "done": "生效", "weekday": "星期", "at": "时刻", "minutes": "分钟", "channels": "渠道", "off": "关闭",
    "scope": "范围", "until": "旧密钥有效至", "links": "链接数", "silent_minutes": "失联时限", "failures": "失败次数",
}  # fmt: skip
HOW: Mapping[str, str] = {"password": "密码", "link": "一次性链接", "totp": "验证码", "recovery": "恢复码"}


def actor_word(by: str) -> str:
    """Who acted; a key by its number, for there are many."""
    kind, _, name = by.partition(":")
    if kind == "operator":
        return name
    return {"key": f"接口密钥 {name}", "cli": "命令行", "clock": "系统自动"}.get(kind, actor(by))


def said(act: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """What was done, and the particulars."""
    names = {**NAMES, "number": "警号"} if act.startswith("person_") else NAMES
    parts = [
        f"{names.get(k, k)} {_value(k, v)}" for k, v in detail.items() if v not in (None, "", [], {}) and k in names
    ]
    return ACTS.get(act, act), "，".join(parts)


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "、".join(map(str, value[:5])) + (f" 等 {len(value)} 个" if len(value) > 5 else "")
    match name, value:
        case "status", Status.ACTUAL | Status.EXERCISE | Status.TEST:
            return MARKS[Status(value)]
        case "reason", EndReason.FOUND | EndReason.ISSUED_IN_ERROR | EndReason.REPORT_UNTRUE:
            return END_REASONS[EndReason(value)]
        case "reason", str():
            return REASONS.get(value, value)
        case "role", Role.VIEWER | Role.OPERATOR | Role.OFFICER | Role.ADMIN:
            return ROLES[Role(value)]
        case "how", str():
            return " + ".join(HOW.get(part, part) for part in value.split("+"))
    return str(value)
