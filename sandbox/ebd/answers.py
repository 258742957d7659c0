"""What the platform says: its answers, its reports, its heartbeat. ``Voice`` numbers the packets."""

import xml.etree.ElementTree as ET
from datetime import datetime
from itertools import count

from sandbox.ebd.packet import element, written
from sandbox.ebd.platform import CANCELLED, DONE, FAILED, ON_AIR, Platform

MEANINGS = {
    0: "收到数据未处理",
    1: "接收解析及数据校验成功",
    2: "接收解析失败",
    3: "数据内容缺失",
    4: "签名验证失败",
    5: "其它错误",
}
STATES = {0: "未处理", 1: "等待播发", ON_AIR: "播发中", DONE: "播发成功", FAILED: "播发失败", CANCELLED: "播发取消"}


class Voice:
    """Every packet has a number of its own, but for heartbeats."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._numbers = count(1)

    def ebdid(self) -> str:
        """The next number."""
        return f"10{self._platform.who.own}{next(self._numbers):016}"

    def response(self, code: int, words: str, related: str, now: datetime) -> tuple[str, bytes]:
        """The EBDID and tar of an EBDResponse."""
        body = element("EBDResponse", element("ResultCode", str(code)), element("ResultDesc", words or MEANINGS[code]))
        return self._packed(body, now, related)

    def report(self, ebmid: str, related: str, now: datetime) -> tuple[str, bytes]:
        """An EBMStateResponse on one message. Raises ``KeyError``."""
        platform = self._platform
        one, state = platform.broadcasts[ebmid], platform.state(ebmid, now)
        old = platform.who.version == "2016"
        body = element(
            "EBMStateResponse",
            element("RptTime", f"{now:%Y-%m-%d %H:%M:%S}"),
            element("EBM", element("EBMID", ebmid)),
            element("BrdStateCode", str(platform.code(ebmid, now))),
            element("BrdStateDesc", STATES[state]),
            element(
                "Coverage",
                element("CoveragePercent" if old else "CoverageRate", "0.95"),
                element("AreaCode", f"{platform.who.area:0<12}"),
                element("ResBrdStat", "1,2,4,118"),
            ),
            element("ResBrdInfo", _item(platform, state, one.heard_at, now)),
        )
        return self._packed(body, now, related)

    def log(self, now: datetime) -> tuple[str, bytes]:
        """An EBMBrdLog of everything that was ever heard, strangers' messages among it."""
        stranger = "1" * (self._platform.who.digits + 12)
        items = [
            element(
                "EBMBrdItem",
                element("EBM", element("EBMID", ebmid)),
                element("BrdStateCode", str(self._platform.code(ebmid, now)) if ebmid != stranger else "2"),
                element("BrdStateDesc", "播发记录"),
            )
            for ebmid in [*self._platform.broadcasts, stranger]
        ]
        span = element("Params", element("RptStartTime", f"{now:%F} 00:00:00"), element("RptEndTime", f"{now:%F %T}"))
        return self._packed(element("EBMBrdLog", span, *items), now, "")

    def heartbeat(self, now: datetime) -> tuple[str, bytes]:
        """A ConnectionCheck."""
        who = self._platform.who
        ebdid = f"01{who.own}{0:016}"
        body = element("ConnectionCheck", element("RptTime", f"{now:%Y-%m-%d %H:%M:%S}"))
        return ebdid, written(who, ebdid, body, now, spelling="EBEID" if who.version == "2016" else "EBRID")

    def _packed(self, body: ET.Element, now: datetime, related: str) -> tuple[str, bytes]:
        ebdid = self.ebdid()
        return ebdid, written(self._platform.who, ebdid, body, now, related=related)


def _item(platform: Platform, state: int, since: datetime, now: datetime) -> ET.Element:
    return element(
        "ResBrdItem",
        element("EBRPS", element("EBRID", platform.who.own)),
        element(
            "EBRBS",
            element("RptTime", f"{now:%Y-%m-%d %H:%M:%S}"),
            element("BrdSysInfo", f"({platform.who.own},3,97400)"),
            element("StartTime", f"{since:%Y-%m-%d %H:%M:%S}"),
            element("BrdStateCode", str(state)),
            element("BrdStateDesc", STATES[state]),
        ),
    )
