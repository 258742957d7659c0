"""The sandbox's CasparCG Server, line by line."""

import asyncio

import pytest

from sandbox.amcp import Amcp, called_with
from sandbox.amcp_line import place, read, tokens
from sandbox.trouble import Trouble

ADD = r'CG 1-20 ADD 0 "huijia/alert" 1 "{\"crawl\":\"寻人\"}"'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("CG  1-20   STOP 0", ["CG", "1-20", "STOP", "0"]),
        ('A "b c" d', ["A", "b c", "d"]),
        ('A "" d', ["A", "", "d"]),
        (r'A "b\"c\\d\ne"', ["A", 'b"c\\d\ne']),
        (r'A "b\$c"', ["A", "bc"]),
        ('A "b', ["A", "b"]),
    ],
)
def test_tokens(line: str, words: list[str]) -> None:
    assert tokens(line) == words


def test_requests_and_places() -> None:
    command = read("REQ a1 INFO 1")
    assert command is not None
    assert (command.request, command.words) == ("a1", ("INFO", "1"))
    assert read("") is None
    assert read("REQ") is None
    assert place("1-20") == (1, 20)
    assert place("2") == (2, 9999)
    assert place("1-") is None
    assert place("alert") is None


@pytest.mark.parametrize(
    ("data", "handed"),
    [
        ('{"a":"b"}', {"a": "b"}),
        ('{"a":"寻人：“x”"}', {"a": "寻人：“x”"}),
        ('{"a":"b\\"c"}', None),  # a quotation mark of its own ends the string in the server's JavaScript
        ('{"a":"b\\\\c"}', None),
        ('{"a":"b\nc"}', None),
        ("[1]", None),
        ("<templateData/>", None),
    ],
)
def test_what_update_is_called_with(data: str, handed: object) -> None:
    assert called_with(data) == handed


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("", "400 ERROR\r\n\r\n"),
        ("SING", "400 ERROR\r\nSING\r\n"),
        ("REQ 7 SING", "RES 7 400 ERROR\r\nREQ 7 SING\r\n"),
        ("CG 9-20 STOP 0", "401 CG STOP ERROR\r\n"),
        ("CLEAR", "401 CLEAR ERROR\r\n"),
        ("CG 1-20 ADD 0", "402 CG ADD ERROR\r\n"),
        ("CG 1-20 STOP 0", "403 CG FAILED\r\n"),
        ('CG 1-20 UPDATE 0 "{}"', "403 CG FAILED\r\n"),
        ('CG 1-20 ADD 0 "no/such" 1', "404 CG FAILED\r\n"),
        ('CG 1-20 ADD 0 "huijia/alert" yes', "403 CG FAILED\r\n"),
        ("DATA RETRIEVE nothing", "404 DATA RETRIEVE FAILED\r\n"),
        ("VERSION", "201 VERSION OK\r\n2.4.0 sandbox\r\n"),
        ("INFO", "200 INFO OK\r\n1 1080i5000 PLAYING\r\n2 1080i5000 PLAYING\r\n\r\n"),
        ("CLEAR 1-20", "202 CLEAR OK\r\n"),
    ],
)
def test_replies(line: str, reply: str) -> None:
    assert Amcp().reply(line) == reply


def test_a_template_from_its_adding_to_its_end() -> None:
    server = Amcp()
    assert server.reply(f"REQ 1 {ADD}") == "RES 1 202 CG OK\r\n"
    assert server.showing() == ["寻人"]
    assert "<layer_20>" in server.reply("INFO 1")
    assert "<layer_20>" not in server.reply("INFO 2")
    server.reply(r'cg 1-20 update 0 "{\"crawl\":\"更新\"}"')
    assert server.showing() == ["更新"]
    server.reply("CG 1-20 STOP 0")
    assert server.showing() == []
    assert "<layer_20>" in server.reply("INFO 1"), "the layer stays until it is cleared"
    server.reply("CLEAR 1-20")
    assert "<layer_20>" not in server.reply("INFO 1")


def test_info_of_a_channel_is_one_line_with_line_feeds_in_it() -> None:
    server = Amcp()
    server.reply(ADD)
    assert server.reply("INFO 1").count("\r\n") == 2
    assert server.reply("INFO 1").count("\n") > 10


def test_what_no_template_could_read_is_not_shown() -> None:
    server = Amcp()
    server.reply(r'CG 1-20 ADD 0 "huijia/alert" 1 "{\"crawl\":\"a\\\"b\"}"')
    assert server.showing() == []


def test_the_store() -> None:
    server = Amcp()
    assert server.reply('DATA STORE "Mine" "HJ-1 2 0"') == "202 DATA STORE OK\r\n"
    assert server.reply("DATA RETRIEVE mine") == "201 DATA RETRIEVE OK\r\nHJ-1 2 0\r\n"


@pytest.mark.parametrize(
    ("trouble", "first"),
    [
        (Trouble.OK, b"202 CG OK\r\n"),
        (Trouble.LYING, b"202 CG ADD OK\r\n"),
        (Trouble.DOWN, b""),
        (Trouble.GARBAGE, b"\x00"),
    ],
)
async def test_troubles(trouble: Trouble, first: bytes) -> None:
    server = Amcp(trouble=trouble)
    async with server.served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{ADD}\r\n".encode())
            said = await asyncio.wait_for(reader.read(100), 2)
        except ConnectionResetError:
            said = b""
        finally:
            writer.close()
    assert said.startswith(first)
    assert bool(said) is bool(first)
    assert bool(server.showing()) is (trouble is Trouble.OK)


async def test_one_that_hangs_takes_it_all_and_never_answers() -> None:
    server = Amcp(trouble=Trouble.HANGING)
    async with server.served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{ADD}\r\n".encode())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(100), 0.2)
        finally:
            writer.close()
    assert server.heard == [ADD]
