"""Every kind of problem the API answers with (RFC 9457): its title, and what the caller can do about it."""

from collections.abc import Mapping
from typing import NamedTuple


class ProblemType(NamedTuple):
    """``status`` is the HTTP status it comes with."""

    status: int
    title: str
    title_en: str
    remedy: str
    remedy_en: str


URN = "urn:huijia:problem:"

TYPES: Mapping[str, ProblemType] = {
    "json": ProblemType(
        400, "内容不是可用的 JSON", "Not usable JSON",
        "按 RFC 8259 发送一个 UTF-8 编码、不带 BOM 的 JSON。", "Send one JSON text (RFC 8259) in UTF-8 without a BOM.",
    ),
    "xml": ProblemType(
        400, "内容不是可用的 CAP 消息", "Not a usable CAP message",
        "按 CAP 1.2 发送 UTF-8 编码的 XML，不带 DOCTYPE。", "Send CAP 1.2 in UTF-8, without a DOCTYPE.",
    ),
    "multipart": ProblemType(
        400, "multipart 内容无法读取", "Unreadable multipart body",
        "发送一个 record 部分和至多一个 photo 部分，并以结束分隔行收尾。",
        "Send one `record` part and at most one `photo` part, and end with the closing boundary.",
    ),
    "key": ProblemType(
        401, "需要有效的密钥", "A valid key is needed",
        "在 Authorization: Bearer 后填写未吊销的密钥；没有密钥请向管理员申领。",
        "Send Authorization: Bearer <key> with a key that is not revoked; administrators issue keys.",
    ),
    "forbidden": ProblemType(
        403, "无此权限", "Not allowed",
        "换用有此权限的密钥，或由有管辖权的机关办理。", "Use a key that may do this, or let the competent organ act.",
    ),
    "not-found": ProblemType(
        404, "没有找到", "Not found",
        "核对编号；其他机关的紧急寻人不在可见范围内。", "Check the number; alerts of other organs are not visible.",
    ),
    "no-such-address": ProblemType(
        404, "没有这个地址", "No such address", "对照接口文档核对路径。", "Compare the path with the API document."
    ),
    "method": ProblemType(
        405, "不支持此方法", "Method not allowed",
        "改用 Allow 头所列的方法。", "Use a method that the Allow header lists.",
    ),
    "conflict": ProblemType(
        409, "与现状冲突", "Conflict with the present state",
        "先读取该条紧急寻人，按其现状办理。", "Read the alert and act on its present state.",
    ),
    "live-alert-exists": ProblemType(
        409, "该案件已在发布", "The case has a live alert",
        "有新情况请更新 alert 所列的那一条。", "Update the alert that `alert` names.",
    ),
    "idempotency-key-reused": ProblemType(
        409, "Idempotency-Key 已用过", "The Idempotency-Key was used",
        "重试请原样发送；新的请求请换一个新的键。", "Retry with the same body, or use a new key.",
    ),
    "wrong-state": ProblemType(
        409, "当前状态不能这样做", "The state does not allow it",
        "先读取该条紧急寻人的状态；已结束的请另行发布。", "Read its state; what has ended is issued anew.",
    ),
    "media-expired": ProblemType(
        410, "图片链接无效", "The media URL is not valid",
        "从最新一次通告中取得图片链接。", "Take the URL from the newest notice.",
    ),
    "search-ended": ProblemType(
        410, "搜寻已结束", "The search has ended",
        "停止展示此图片，并删除留存的副本。", "Stop showing the picture and delete any copy.",
    ),
    "replaced": ProblemType(
        410, "通告已被取代", "The notice was replaced",
        "改用该条紧急寻人的最新通告。", "Use the newest notice of the alert.",
    ),
    "too-large": ProblemType(
        413, "内容过大", "Content too large",
        "压缩照片（最大 10 MB）后再发。", "Send a smaller photo (10 MB at most).",
    ),
    "too-many": ProblemType(
        413, "条数过多", "Too many items", "分几次发送，每次最多 500 条。", "Send them in batches of at most 500."
    ),
    "media-type": ProblemType(
        415, "不支持的内容类型", "Unsupported media type",
        "用 application/json 或 multipart/form-data，UTF-8 编码，不压缩。",
        "Send application/json or multipart/form-data in UTF-8, not compressed.",
    ),
    "invalid": ProblemType(
        422, "信息有误", "Invalid", "按 errors 中各项的 remedy 修改后重新提交。", "Correct each of `errors` and submit again."
    ),
    "internal": ProblemType(
        500, "系统内部错误", "Internal error",
        "稍后用同一个 Idempotency-Key 原样重试；仍然失败请联系管理员。",
        "Retry as it is with the same Idempotency-Key; if it fails again, tell the administrator.",
    ),
    "store-unavailable": ProblemType(
        503, "系统暂不可用", "Unavailable for the moment",
        "按 Retry-After 稍后用同一个 Idempotency-Key 原样重试。",
        "Retry as it is with the same Idempotency-Key after Retry-After.",
    ),
    "http": ProblemType(
        400, "请求未被接受", "The request was not accepted", "对照接口文档核对请求。", "Compare with the API document."
    ),
}  # fmt: skip
