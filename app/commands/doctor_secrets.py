"""The secrets, as ``huijia doctor`` looks at them: there, for their owner's eyes, good for something, and the right ones.
None is made."""

import stat
from collections.abc import Callable, Mapping, Sequence

from cryptography.fernet import InvalidToken

from app.commands.findings import Finding, Verdict, judge
from app.db.checkup import Sealed
from app.flows.notary import Notary
from app.flows.ports import Seal, Signer
from app.settings import SECRETS, Settings, several

SEALED: Mapping[str, str] = {"outlet": "发布点的设置", "record": "最近一条寻人的记录", "factor": "两步验证"}
_USES: Mapping[str, Callable[[str], object]] = {
    "seal_keys": lambda said: Seal(*several(said)),
    "signing_keys": lambda said: Signer(*several(said)).sign(b""),
    "heartbeat_key": lambda said: Notary(seed=said).sign(b""),
    "cap_key": lambda said: Notary(papers=said).seal_document(b"<x/>"),
}
"""What fails when it is not such a secret; the others are good as soon as they are something."""


def look_at(settings: Settings, sealed: Sequence[Sealed] | None) -> list[Finding]:
    """``sealed``: what lies in the ledger; ``None`` while nobody knows."""
    had, unreadable = _read(settings)
    useless = [settings.source(name) for name, said in had.items() if said is not None and not _useful(name, said)]
    missing = [name for name, said in had.items() if said is None]
    found = [_private(settings)]
    if unreadable:
        found.append(_ill(f"{'、'.join(unreadable)} 读不了，请用运行服务的用户运行 huijia doctor"))
    if useless:
        found.append(_ill(f"{'、'.join(useless)} 不是这种密钥，服务用不了，请改正或从备份取回"))
    if "seal_keys" in missing and sealed:
        missing.remove("seal_keys")
        found.append(_lost(settings))
    if missing:
        found.append(_absent(settings, missing))
    if len(found) == 1:
        found.append(Finding("密钥", Verdict.WELL, "齐全"))
    said = had.get("seal_keys")
    if said is not None and _useful("seal_keys", said) and sealed is not None:
        found.append(_opens(Seal(*several(said)), sealed, settings.source("seal_keys")))
    return found


def _ill(said: str) -> Finding:
    return Finding("密钥", Verdict.ILL, said)


def _read(settings: Settings) -> tuple[Mapping[str, str | None], Sequence[str]]:
    """Each secret, ``None`` for what there is not; and the names of those that this user may not read."""
    had: dict[str, str | None] = {}
    unreadable = []
    for name in SECRETS:
        try:
            had[name] = settings.secret(name)
        except (OSError, UnicodeDecodeError):
            unreadable.append(settings.source(name))
    return had, unreadable


def _useful(name: str, said: str) -> bool:
    try:
        _USES.get(name, str)(said)
    except Exception:
        return False
    return bool(said)


def _private(settings: Settings) -> Finding:
    """Secrets in the data folder are for their owner's eyes, the keys that other commands leave there too, and so is what
    was made of any: a copy, or a draft that a crash has left."""
    names = [f"{kept.file}*" for kept in SECRETS.values()]
    files = {path for name in (*names, "*.key") for path in settings.data.glob(name) if path.is_file()}
    open_ones = sorted(path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077)
    return judge("密钥文件权限", not open_ones, "只有所有者可读",
                 f"{'、'.join(open_ones)} 别人也能读，请 chmod 600", Verdict.ILL)  # fmt: skip


def _absent(settings: Settings, missing: Sequence[str]) -> Finding:
    files = "、".join(settings.source(name) for name in missing)
    return Finding(
        "密钥",
        Verdict.LOOK,
        f"{settings.data} 里没有 {files}：首次启动时生成；若以前用过或另有机器在用，请先从那里或备份复制过来，再启动",
    )


def _lost(settings: Settings) -> Finding:
    return Finding(
        "密封密钥",
        Verdict.ILL,
        f"{settings.data} 里没有 {settings.source('seal_keys')}，也未设 HUIJIA_SEAL_KEYS，而数据库里已有封存的内容："
        "请检查 HUIJIA_DATA，或从备份取回；切勿就此启动，新密钥打不开它们",
    )


def _opens(seal: Seal, sealed: Sequence[Sealed], source: str) -> Finding:
    """Nobody is shown what was opened."""
    shut = {SEALED[one.what]: None for one in sealed if not _opened(seal, one.content)}
    tried = {SEALED[one.what]: None for one in sealed}
    return judge(
        "密封密钥",
        not shut,
        f"打得开{'、'.join(tried)}" if tried else "还没有封存的内容",
        f"密封密钥不对：{source} 打不开{'、'.join(shut)}，请从备份取回当时的密钥，排在后面（HUIJIA_SEAL_KEYS，逗号分隔）",
        Verdict.ILL,
    )


def _opened(seal: Seal, content: bytes) -> bool:
    try:
        seal.open(content)
    except InvalidToken:
        return False
    return True
