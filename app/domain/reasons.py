"""Why an attempt did not succeed, in Chinese, by the word that the ledger keeps (``channels.contract.Reason``)."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "unreachable": "连接不上对方",
    "timeout": "对方超时未答复，是否播出不明",
    "broken": "对方答复中断，是否播出不明",
    "throttled": "对方要求放慢发送",
    "server_error": "对方系统故障",
    "redirected": "对方要求转到别处，未予跟随",
    "unintelligible": "对方的答复无法识别",
    "bad_credentials": "对方不认可密钥、签名或地址",
    "gone": "对方的接收地址已失效",
    "bad_content": "对方不接受这份文字或图片",
    "rejected": "对方拒绝",
    "overtaken": "已有更新的通告，未发出",
    "no_file": "本机可打开的文件数用尽，未发出",
    "crash": "本系统的发送程序出错",
    "lease_lost": "发送途中中断，是否播出不明",
}


def with_code(reason: str) -> str:
    """The words, and the code by which the API and the logs know it; nothing for no reason."""
    return f"{REASONS[reason]}（{reason}）" if reason in REASONS else reason
