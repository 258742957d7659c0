"""Packets written by hand, as the facts of the wire show them."""

import hashlib
from datetime import datetime

from sandbox.ebd.identity import CHINA, Identity
from sandbox.ebd.packet import Packet, opened, tar

OWN, PEER = "36101000000000103010101", "26100000000000103010199"
WHO = Identity(OWN, PEER, "6101")
NOW = datetime(2026, 11, 23, 15, 4, 6, tzinfo=CHINA)
SOUND = b"ID3 sound"

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<EBD xmlns:xs="http://www.w3.org/2001/XMLSchema"><EBDVersion>1</EBDVersion><EBDID>{ebdid}</EBDID><EBDType>{kind}</EBDType>
<SRC><EBRID>26100000000000103010199</EBRID><URL>http://huijia.example/in/1/t/</URL></SRC>
<DEST><EBRID>36101000000000103010101</EBRID></DEST><EBDTime>2026-11-23 15:04:05</EBDTime>{body}</EBD>"""

EBM = """<EBM><EBMVersion>1</EBMVersion><EBMID>{ebmid}</EBMID>{related}<MsgBasicInfo><MsgType>{msg_type}</MsgType>
<SenderName>西安市公安局</SenderName><SenderCode>26100000000000103010199</SenderCode><SendTime>2026-11-23 15:04:05</SendTime>
<EventType>14Y00</EventType><Severity>{severity}</Severity><StartTime>2026-11-23 15:04:05</StartTime>
<EndTime>2026-11-23 18:04:05</EndTime></MsgBasicInfo><MsgContent><LanguageCode>zho</LanguageCode>
<MsgTitle>{mark}紧急寻人</MsgTitle><MsgDesc>{mark}紧急寻人：请拨打110</MsgDesc><AreaCode>610103000000,610104000000</AreaCode>{auxiliary}</MsgContent></EBM>"""

AUXILIARY = (
    f"<Auxiliary><AuxiliaryType>2</AuxiliaryType><AuxiliaryDesc>EBDR_1.mp3</AuxiliaryDesc><Size>{len(SOUND)}</Size>"
    f"<Digest>{hashlib.md5(SOUND).hexdigest()}</Digest></Auxiliary>"
)


def ebdid(number: int = 1) -> str:
    return f"10{PEER}{number:016}"


def ebmid(number: int = 1) -> str:
    return f"{PEER}20261123{number:04}"


def document(body: str, kind: str = "EBM", number: int = 1) -> str:
    return HEAD.format(ebdid=ebdid(number), kind=kind, body=body)


def ebm(
    message: int = 1,
    msg_type: str = "1",
    *,
    cancels: int | None = None,
    severity: str = "2",
    mark: str = "",
    sound: bool = False,
) -> str:
    related = f"<RelatedInfo><EBMID>{ebmid(cancels)}</EBMID></RelatedInfo>" if cancels is not None else ""
    return EBM.format(
        ebmid=ebmid(message), related=related, msg_type=msg_type, severity=severity, mark=mark,
        auxiliary=AUXILIARY if sound else "",
    )  # fmt: skip


def packed(text: str, number: int = 1, **files: bytes) -> bytes:
    resources = {name.replace("__", "."): body for name, body in files.items()}
    return tar({f"EBDB_{ebdid(number)}.xml": text.encode(), **resources})


def packet(text: str, number: int = 1, **files: bytes) -> Packet:
    return opened(f"EBDT_{ebdid(number)}.tar", packed(text, number, **files))


def play(number: int = 1, message: int | None = None, **more: object) -> Packet:
    return packet(document(ebm(message or number, **more), number=number), number)  # type: ignore[arg-type]
