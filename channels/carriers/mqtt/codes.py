"""What a broker's reason code says about a notice (MQTT 5.0 [2.4], MQTT 3.1.1 [3.2.2.3])."""

from channels.carriers.mqtt.connection import NO_QOS_1, NO_RETAIN, Answered
from channels.contract import Reason, Refused, Retry

_DENIED = {
    0x86: "用户名或口令不对",
    0x87: "账号无权限（检查代理的 ACL）",
    0x8A: "账号被代理封禁",
    0x8C: "代理不接受这种登录方式",
}
_NEVER = {
    0x84: "代理不支持这个 MQTT 版本，请改设置中的 MQTT 版本",
    0x85: "代理不接受客户端标识",
    0x90: "代理不接受这个主题",
    0x95: "通告超过代理允许的大小",
    NO_RETAIN: "代理不支持保留消息，不能使用",
    NO_QOS_1: "代理不支持 QoS 1，不能使用",
}
_BUSY = {0x89: "代理忙", 0x96: "代理要求放慢", 0x97: "超过代理的配额", 0x9F: "代理限制了连接频率"}
_ELSEWHERE = {0x9C: "代理要求改用另一台服务器", 0x9D: "代理已迁往另一台服务器"}

# 3.1.1 knows five codes, and says the same with them.
_OLD = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}


def outcome(said: Answered) -> Retry | Refused:
    """A no is certain: the broker kept nothing."""
    code = _OLD.get(said.code, said.code) if said.greeting else said.code
    shown = f"MQTT 0x{code:02x}"
    if code in _DENIED:
        return Refused(Reason.BAD_CREDENTIALS, f"{_DENIED[code]}（{shown}）")
    if code in _NEVER:
        return Refused(Reason.REJECTED, f"{_NEVER[code]}（{shown}）")
    if code in _BUSY:
        return Retry(Reason.THROTTLED, f"{_BUSY[code]}（{shown}）")
    if code in _ELSEWHERE:
        return Retry(Reason.REDIRECTED, f"{_ELSEWHERE[code]}，不跟随（{shown}）")
    return Retry(Reason.SERVER_ERROR, f"代理没有接收（{shown}）")
