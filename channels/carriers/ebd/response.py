"""EBDResponse: what became of a packet in the reading of whoever got it. Not what the public heard."""

from collections.abc import Iterable
from enum import StrEnum

from channels.carriers.ebd.document import Node, node, text
from channels.carriers.ebd.envelope import Envelope
from channels.carriers.redact import plain
from channels.contract import Accepted, Outcome, Reason, Refused, Retry


class Code(StrEnum):
    """``ResultCode``."""

    WAITING = "0"
    TAKEN = "1"
    UNPARSED = "2"
    INCOMPLETE = "3"
    BAD_SIGNATURE = "4"
    OTHER = "5"


MEANINGS = {
    Code.WAITING: "收到数据未处理",
    Code.TAKEN: "接收解析及数据校验成功",
    Code.UNPARSED: "接收解析失败",
    Code.INCOMPLETE: "数据内容缺失",
    Code.BAD_SIGNATURE: "签名验证失败",
    Code.OTHER: "其它错误",
}


def stated(answer: Envelope) -> Code | None:
    """The code in a response; ``None`` when there is none that the standard knows."""
    said = text(answer.body, "ResultCode") if answer.type == "EBDResponse" else ""
    return Code(said) if said in set(Code) else None


def verdict(answer: Envelope, hide: Iterable[str]) -> Outcome:
    """The outcome that a response states. 5 is everything that went wrong over there, so it is asked again."""
    code = stated(answer)
    if code is None:
        return Retry(Reason.UNINTELLIGIBLE, "答复中没有可识别的 ResultCode")
    if code in (Code.WAITING, Code.TAKEN):
        return Accepted()
    words = text(answer.body, "ResultDesc")
    detail = plain(f"答复 {code} {MEANINGS[code]}" + (f"：{words}" if words else ""), hide)
    match code:
        case Code.BAD_SIGNATURE:
            return Refused(Reason.BAD_CREDENTIALS, detail)
        case Code.OTHER:
            return Retry(Reason.SERVER_ERROR, detail)
        case _:
            return Refused(Reason.REJECTED, detail)


def response(code: Code, words: str = "") -> Node:
    """The body that we answer with."""
    return node("EBDResponse", node("ResultCode", code), node("ResultDesc", words or MEANINGS[code]))
