"""The screen on the page, as its reader would run it."""

import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from channels.contract import Echo, Kind, Presence, ReceiptKind
from tests.channels.mqtt.stage import CARRIER, Place, number_of, retained, screen, send, taken, telling
from tests.channels.recorded import DOCS
from tests.channels.wire import FakeWire


def copied(folder: Path, port: int) -> Path:
    """The page's code with an address of ours, and nothing else changed."""
    found = re.search(r"```python\n(.*?)```", (DOCS / "mqtt.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    code = found[1].replace('"broker.example.cn", 1883, "xz-001", "secret"', f'"127.0.0.1", {port}, None, None')
    assert code != found[1]
    file = folder / "screen.py"
    file.write_text(code, encoding="utf-8")
    return file


async def test_the_screen_on_the_page_works(place: Place, wire: FakeWire, tmp_path: Path) -> None:
    said: list[Echo | Presence] = []
    came = asyncio.Event()

    async def heard(these: Sequence[Echo | Presence]) -> None:
        said.extend(these)
        came.set()

    async def until(kind: ReceiptKind | bool, number: int = 0) -> None:
        async with asyncio.timeout(10):
            while not any(
                one.there is kind if isinstance(one, Presence)
                else one.receipt.kind is kind and (one.reference or "").endswith(f"/{number}")
                for one in said
            ):  # fmt: skip
                came.clear()
                await came.wait()

    settings = screen(place, "xz-001", face="1920x1080")
    listening = asyncio.create_task(CARRIER.listen(settings, heard, wire=wire))
    taken(await send(wire, telling(1), settings))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(copied(tmp_path, place.port)), stdout=asyncio.subprocess.PIPE
    )
    await until(True)
    await until(ReceiptKind.AIRED, 1)
    taken(await send(wire, telling(2), settings))
    await until(ReceiptKind.AIRED, 2)
    taken(await send(wire, telling(3, Kind.RETRACT), settings))
    await until(ReceiptKind.TAKEN_DOWN, 3)
    process.kill()
    shown = (await process.communicate())[0].decode().splitlines()
    await until(False)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert any("紧急寻人" in line for line in shown)
    assert any("更新寻人信息" in line for line in shown)
    assert shown[-1] == "[]"
    ((_, last),) = (await retained(place, "huijia/actual/#")).items()
    assert number_of(last) == 3
