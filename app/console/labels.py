"""What huijia's words are called on an operator's screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.domain.reasons import REASONS as REASONS
from app.domain.words import AlertState, EndReason, Kind, ReceiptKind, Role, Status

Tone = Literal["good", "wait", "warn", "bad", "off"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of ``db.views``: said by word, sign and colour, so that no one of the three has to be seen."""

    word: str
    sign: str
    tone: Tone


# In the order in which a person has to look at them.
STAGES: Mapping[str, Stage] = {
    "down_contradicted": Stage("撤下后又报播出", "✕", "bad"),
    "down_failed": Stage("撤回失败", "✕", "bad"),
    "failed": Stage("送达失败", "✕", "bad"),
    "down_overdue": Stage("撤下未确认", "!", "warn"),
    "overdue": Stage("回执超时", "!", "warn"),
    "down_waiting": Stage("待撤下", "…", "wait"),
    "waiting": Stage("待送达", "…", "wait"),
    "down_accepted": Stage("撤回已接收", "→", "wait"),
    "accepted": Stage("已接收待回执", "→", "wait"),
    "received": Stage("已收到", "✓", "good"),
    "aired": Stage("已播出", "▶", "good"),
    "corrected": Stage("已发更正", "✓", "good"),
    "down_phoned": Stage("电话确认撤下", "☎", "good"),
    "down": Stage("已撤下", "■", "good"),
    "spared": Stage("未送出已取消", "–", "off"),
}
ORDER: Mapping[str, int] = {name: place for place, name in enumerate(STAGES)}

# What an alert comes to while it is live: a word, its tone and the stages it sums up.
LIVE_COUNTS: tuple[tuple[str, Tone, tuple[str, ...]], ...] = (
    ("已播出", "good", ("aired",)),
    ("已接收", "good", ("received",)),
    ("待确认", "wait", ("accepted",)),
    ("未送达", "wait", ("waiting",)),
    ("回执超时", "warn", ("overdue",)),
    ("失败", "bad", ("failed",)),
)
ENDED_COUNTS: tuple[tuple[str, Tone, tuple[str, ...]], ...] = (
    ("已撤下", "good", ("down", "down_phoned", "corrected")),
    ("撤回已接收", "wait", ("down_accepted",)),
    ("待撤下", "wait", ("down_waiting", "aired", "received", "accepted", "overdue", "waiting")),
    ("撤下未确认", "warn", ("down_overdue",)),
    ("撤回失败", "bad", ("down_failed", "down_contradicted")),
)

# What may still be up after the end. A publish that failed was refused every time: else it would have its retraction.
UP = tuple(name for name in STAGES if name not in ("down", "down_phoned", "corrected", "spared", "failed"))

# What a person does about it, in the words of an instruction.
REMEDIES: Mapping[str, str] = {
    "down_contradicted": "撤下后又在播：马上打电话，要求立即停播。",
    "down_failed": "撤回没有送到：打电话请对方手动撤下，再记“电话确认”。",
    "down_overdue": "收到了撤回而没说已撤下：打电话核实，再记“电话确认”。",
    "failed": "没有送到：看原因，重新发送；不行就打电话。",
    "overdue": "收到了通告而没说已播出：打电话核实。",
}

MARKS: Mapping[Status, str] = {Status.ACTUAL: "实发", Status.EXERCISE: "演练", Status.TEST: "测试"}
KINDS: Mapping[Kind, str] = {Kind.PUBLISH: "发布", Kind.UPDATE: "更新", Kind.RETRACT: "撤回"}
STATES: Mapping[AlertState, str] = {
    AlertState.SUBMITTED: "尚未发布",
    AlertState.ACTIVE: "正在发布",
    AlertState.RETRACTED: "已撤回",
    AlertState.EXPIRED: "已到期结束",
    AlertState.DECLINED: "未获批准",
}
END_REASONS: Mapping[EndReason, str] = {
    EndReason.FOUND: "已找到",
    EndReason.ISSUED_IN_ERROR: "误发",
    EndReason.REPORT_UNTRUE: "警情不实",
}
RECEIPTS: Mapping[ReceiptKind, str] = {
    ReceiptKind.RECEIVED: "已收到",
    ReceiptKind.AIRED: "已播出",
    ReceiptKind.TAKEN_DOWN: "已撤下",
    ReceiptKind.REJECTED: "拒绝播出",
}
ROLES: Mapping[Role, str] = {
    Role.VIEWER: "观察员",
    Role.OPERATOR: "值守员",
    Role.OFFICER: "民警",
    Role.ADMIN: "管理员",
}
SEXES = {"male": "男", "female": "女"}

CHANNELS: Mapping[str, str] = {
    "tv": "电视",
    "radio": "广播",
    "screen": "户外电子屏",
    "billboard": "电子广告牌",
    "dingtalk": "钉钉群",
    "partner": "协作平台",
}
TEXTS: Mapping[str, str] = {
    "title": "标题",
    "crawl": "字幕",
    "script": "播音稿",
    "lines": "屏幕文字",
    "text": "短文",
    "markdown": "群消息",
    "button": "按钮",
    "headline": "标题",
    "description": "正文",
    "instruction": "提示",
}
DELIVERIES: Mapping[str, tuple[str, Tone]] = {
    "pending": ("待送达", "wait"),
    "sending": ("正在送达", "wait"),
    "accepted": ("已接收", "good"),
    "confirmed": ("已回执", "good"),
    "failed": ("送达失败", "bad"),
    "superseded": ("被更新的通告取代", "off"),
}
OUTCOMES: Mapping[str, tuple[str, Tone]] = {
    "accepted": ("已接收", "good"),
    "retry": ("未成功，可重试", "warn"),
    "refused": ("拒绝", "bad"),
}
RETRACTING: Mapping[str, str] = {
    "take_down": "能单独撤下",
    "by_target_only": "撤下时整屏清空",
    "follow_up": "只能补发更正",
}
PROVING: Mapping[str, str] = {"nothing": "不能回报", "received": "能回报收到", "aired": "能回报播出"}


def actor(by: str) -> str:
    """Who acted, as ``flows`` write it: ``operator:张三``, ``key:…``, ``clock``."""
    kind, _, name = by.partition(":")
    return {"operator": f"值守员 {name}", "key": "公安机关系统", "clock": "到期自动", "schedule": "每周演练"}.get(
        kind, by
    )
