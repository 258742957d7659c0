"""Each rule bites: a packet that breaks it, and nothing else, is answered with its code."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.ebd import curve
from sandbox.ebd.packet import Rejected, opened, tar
from sandbox.ebd.platform import Platform
from sandbox.ebd.rules import check_ebm, check_packet
from tests.sandbox.ebd.packets import NOW, OWN, PEER, SOUND, WHO, document, ebdid, ebm, packed, packet

GOOD = document(ebm())
WITH_SOUND = document(ebm(sound=True))


def judged(text: str, *, sound: bytes | None = None) -> int:
    try:
        came = packet(text) if sound is None else packet(text, EBDR_1__mp3=sound)
        check_packet(came, WHO, NOW)
        check_ebm(came, WHO)
    except Rejected as broken:
        return broken.code
    return 1


def test_what_is_right_is_taken() -> None:
    assert judged(GOOD) == 1
    assert judged(WITH_SOUND, sound=SOUND) == 1
    assert judged(document(ebm(2, "2", cancels=1))) == 1
    assert judged(document(ebm(msg_type="3", severity="15", mark="【演练】"))) == 1
    assert judged(GOOD.replace("<DEST><EBRID>36101000000000103010101</EBRID></DEST>", "")) == 1
    assert judged(GOOD.replace("</EBDTime>", "</EBDTime><RelatedEBD />")) == 1


RULES: list[tuple[str, str, str, int]] = [
    ("EBDVersion first", "<EBDVersion>1</EBDVersion>", "", 3),
    ("EBDVersion filled", "<EBDVersion>1<", "<EBDVersion><", 3),
    ("order of the envelope", "<EBDType>EBM</EBDType>\n<SRC>", "<SRC>", 2),
    ("exact case", "<EBDTime>", "<EbdTime>", 2),
    ("nothing between", "<EBDTime>", "<Extra/><EBDTime>", 3),
    ("nothing behind", "</EBM></EBD>", "</EBM><Extra/></EBD>", 2),
    ("a body named like the type", "<EBDType>EBM<", "<EBDType>OMDRequest<", 3),
    ("a type there is", "<EBDType>EBM<", "<EBDType>Ebm<", 2),
    ("xmlns:xs", ' xmlns:xs="http://www.w3.org/2001/XMLSchema"', "", 2),
    ("no document type", "<EBD ", "<!DOCTYPE EBD><EBD ", 2),
    ("an XML declaration", '<?xml version="1.0" encoding="UTF-8"?>\n', "", 2),
    ("a sender we know", f"<EBRID>{PEER}<", "<EBRID>26100000000000103010188<", 5),
    ("EBRID, not EBEID", f"<EBRID>{PEER}</EBRID>", f"<EBEID>{PEER}</EBEID>", 3),
    ("for us", f"<EBRID>{OWN}<", "<EBRID>36102000000000103010101<", 5),
    ("EBDID is that of the file", f"<EBDID>{ebdid()}<", f"<EBDID>{ebdid(2)}<", 2),
    ("EBDTime is a time", "2026-11-23 15:04:05</EBDTime>", "2026-11-23T15:04:05</EBDTime>", 5),
    ("EBDTime is not to come", "2026-11-23 15:04:05</EBDTime>", "2026-11-23 16:04:05</EBDTime>", 5),
    ("EBMID is of the sender and the day", "20261123000", "20261124000", 5),
    ("EBMID ends with four digits", "202611230001", "20261123001", 5),
    ("MsgBasicInfo", "<MsgType>1</MsgType>", "", 3),
    ("MsgType", "<MsgType>1<", "<MsgType>6<", 5),
    ("SenderName", "<SenderName>西安市公安局<", "<SenderName> <", 3),
    ("SenderCode", "<SenderCode>26100000000000103010199<", "<SenderCode><", 3),
    ("SendTime as in 2018", "SendTime>", "SentTime>", 3),
    ("EventType", "<EventType>14Y00<", "<EventType>14<", 5),
    ("Severity", "<Severity>2<", "<Severity>7<", 5),
    ("StartTime", "<StartTime>2026-11-23 15:04:05<", "<StartTime><", 3),
    ("a real day", "<EndTime>2026-11-23 18:04:05<", "<EndTime>2026-11-31 18:04:05<", 3),
    ("two digits each", "<EndTime>2026-11-23 18:04:05<", "<EndTime>2026-11-23 18:4:05<", 3),
    ("an end after the start", "<EndTime>2026-11-23 18:04:05<", "<EndTime>2026-11-23 15:04:05<", 5),
    ("MsgContent", "<MsgTitle>紧急寻人</MsgTitle>", "", 3),
    ("MsgTitle filled", "<MsgTitle>紧急寻人<", "<MsgTitle><", 3),
    ("MsgDesc filled", "<MsgDesc>紧急寻人：请拨打110<", "<MsgDesc>\n<", 3),
    ("LanguageCode", ">zho<", ">chi<", 5),
    ("AreaCode of twelve digits", "610103000000,", "610103,", 5),
    ("AreaCode parted by commas", "610103000000,", "610103000000;", 5),
    ("a drill by its words, not by its type", "<MsgTitle>紧急", "<MsgTitle>【演练】紧急", 5),
    ("text and title agree", "<MsgDesc>紧急", "<MsgDesc>【测试】紧急", 5),
    ("a play names nothing", "<MsgBasicInfo>", "<RelatedInfo><EBMID>1</EBMID></RelatedInfo><MsgBasicInfo>", 3),
    ("a cancel names something", "<MsgType>1<", "<MsgType>2<", 3),
    ("text is text", "<MsgTitle>紧急寻人<", "<MsgTitle>紧急寻人<b/><", 2),
]


@pytest.mark.parametrize(("old", "new", "code"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_a_broken_rule(old: str, new: str, code: int) -> None:
    assert old in GOOD
    assert judged(GOOD.replace(old, new)) == code


@pytest.mark.parametrize(
    ("old", "new", "sound", "code"),
    [
        ("", "", None, 3),
        ("", "", SOUND + b"!", 5),
        ("", "", SOUND[::-1], 5),
        ("<Size>9<", "<Size>10<", SOUND, 5),
        ("<AuxiliaryDesc>EBDR_1.mp3<", "<AuxiliaryDesc>EBDR_2.mp3<", SOUND, 3),
        ("<AuxiliaryType>2<", "<AuxiliaryType>mp3<", SOUND, 5),
        ("<Size>9</Size>", "", SOUND, 3),
        ("</Auxiliary>", "</Auxiliary><ProgramNum>1</ProgramNum>", SOUND, 2),
    ],
)
def test_a_file_that_does_not_fit(old: str, new: str, sound: bytes | None, code: int) -> None:
    assert judged(WITH_SOUND.replace(old, new) if old else WITH_SOUND, sound=sound) == code


def test_a_file_that_nobody_speaks_of() -> None:
    assert judged(GOOD, sound=SOUND) == 5


def test_a_drill_that_calls_itself_real() -> None:
    assert judged(document(ebm(msg_type="3", severity="15"))) == 5
    assert judged(document(ebm(msg_type="5", severity="2", mark="【测试】"))) == 5
    assert judged(document(ebm(msg_type="1", mark="【测试】"))) == 5


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("EBDT_1.tar", packed(GOOD)),
        (f"{ebdid()}.tar", packed(GOOD)),
        (f"EBDT_{ebdid()}.zip", packed(GOOD)),
        (f"EBDT_{ebdid()}.tar", packed(GOOD)[:-600]),
        (f"EBDT_{ebdid()}.tar", packed(GOOD)[:512]),
        (f"EBDT_{ebdid()}.tar", b"PK\x03\x04" + bytes(1020)),
        (f"EBDT_{ebdid()}.tar", tar({"EBDB.xml": GOOD.encode()})),
        (f"EBDT_{ebdid()}.tar", tar({f"EBDB_{ebdid()}.xml": GOOD.encode(), "EBDS_1.xml": b""})),
        (f"EBDT_{ebdid()}.tar", tar({f"EBDB_{ebdid()}.xml": GOOD.encode(), "a/b": b""})),
        (f"EBDT_{ebdid()}.tar", tar({f"EBDB_{ebdid()}.xml": GOOD.encode("gbk")})),
    ],
)
def test_a_tar_that_will_not_do(name: str, body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        opened(name, body)
    assert caught.value.code == 2


def test_a_signature_where_one_is_wanted() -> None:
    keys, other = curve.generate(), curve.generate()
    who = replace(WHO, peer_key=keys.public)
    for made, over, code in ((keys, GOOD, 1), (other, GOOD, 4), (keys, GOOD + " ", 4), (None, GOOD, 4)):
        files = {f"EBDB_{ebdid()}.xml": GOOD.encode()}
        if made is not None:
            signed = opened(*_signed(made, over))
            assert signed.signature is not None
            files[f"EBDS_EBDB_{ebdid()}.xml"] = signed.signature
        came = opened(f"EBDT_{ebdid()}.tar", tar(files))
        if code == 1:
            check_packet(came, who, NOW)
            continue
        with pytest.raises(Rejected) as caught:
            check_packet(came, who, NOW)
        assert caught.value.code == code


def _signed(keys: curve.Keys, over: str) -> tuple[str, bytes]:
    value = base64.b64encode(curve.sign(keys, over.encode())).decode()
    related = f"<RelatedEBD><EBDID>{ebdid()}</EBDID></RelatedEBD>"
    file = f"<Signature>{related}<SignatureValue>{value}</SignatureValue></Signature>".encode()
    files = {f"EBDB_{ebdid()}.xml": GOOD.encode(), f"EBDS_EBDB_{ebdid()}.xml": file}
    return f"EBDT_{ebdid()}.tar", tar(files)


def test_a_heartbeat_has_its_own_number() -> None:
    beat = f"01{PEER}{0:016}"
    text = document("<ConnectionCheck><RptTime>2026-11-23 15:04:05</RptTime></ConnectionCheck>", "ConnectionCheck")
    right = opened(f"EBDT_{beat}.tar", tar({f"EBDB_{beat}.xml": text.replace(ebdid(), beat).encode()}))
    check_packet(right, WHO, NOW)
    with pytest.raises(Rejected):
        check_packet(packet(text), WHO, NOW)


def test_ids_are_never_used_for_something_else() -> None:
    platform = Platform(WHO)
    platform.hear(packet(GOOD), NOW)
    platform.hear(packet(GOOD), NOW + timedelta(seconds=60))
    assert len(platform.broadcasts) == 1, "the same again is the same"
    for text, number in ((GOOD.replace("110", "119"), 1), (document(ebm().replace("110", "119"), number=2), 2)):
        with pytest.raises(Rejected) as caught:
            platform.hear(packet(text, number), NOW)
        assert caught.value.code == 5
