"""A real OBS under Xvfb, in a network namespace of its own where that is allowed: obs-websocket listens on every
interface. Its programme is a running clip, and it records what a viewer would see."""

import asyncio
import base64
import ctypes
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from channels.contract import Line
from tests.channels.obs_station import Painted

T = TypeVar("T")

PASSWORD = "field-Qz-81-password"
PORT = 14455
WIDTH, HEIGHT = 1280, 720
NEEDED = ("obs", "Xvfb", "ffmpeg")
_CLONE_NEWNET = 0x40000000

_GLOBAL = f"""[General]
FirstRun=true
[Basic]
Profile=Untitled
ProfileDir=Untitled
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={PORT}
AuthRequired=true
ServerPassword={PASSWORD}
"""
_PROFILE = """[General]
Name=Untitled
[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSType=0
FPSCommon=10
[Output]
Mode=Simple
[SimpleOutput]
FilePath={folder}
RecFormat=mkv
RecQuality=Stream
StreamEncoder=x264
VBitrate=2500
Preset=ultrafast
"""


@dataclass
class Station:
    """``folder`` holds its home, the clip and the recordings. ``log`` says why it did not start."""

    folder: Path
    process: subprocess.Popen[bytes]
    apart: bool

    def inside(self, make: Callable[[], T]) -> T:
        """What ``make`` gives where OBS listens: a socket stays in the namespace in which it was made."""
        if not self.apart:
            return make()

        def enter() -> T:
            with open(f"/proc/{self.process.pid}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return make()

        with ThreadPoolExecutor(1) as thread:  # one of its own: nothing else may ever run in there
            return thread.submit(enter).result()

    def socket(self) -> socket.socket:
        return self.inside(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=5))


class Within(Painted):
    """A wire that reaches into the station."""

    def __init__(self, station: Station) -> None:
        super().__init__()
        self._station = station

    async def dial(self, host: str, port: int, *, timeout: timedelta) -> Line:
        assert (host, port) == ("127.0.0.1", PORT)
        found = self._station.socket()
        found.setblocking(False)
        return await asyncio.open_connection(sock=found)


class Desk:
    """The hands of the station's staff: a client of obs-websocket that shares nothing with the carrier."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line

    @classmethod
    async def open(cls, station: Station) -> "Desk":
        line = await connect(
            f"ws://127.0.0.1:{PORT}/",
            sock=station.socket(),
            max_size=None,
            subprotocols=[Subprotocol("obswebsocket.json")],
        )
        challenge = json.loads(await line.recv())["d"]["authentication"]
        proof = _hashed(_hashed(PASSWORD + challenge["salt"]) + challenge["challenge"])
        await line.send(json.dumps({"op": 1, "d": {"rpcVersion": 1, "authentication": proof, "eventSubscriptions": 0}}))
        assert json.loads(await line.recv())["op"] == 2
        return cls(line)

    async def do(self, request: str, **data: Any) -> dict[str, Any]:
        await self._line.send(
            json.dumps({"op": 6, "d": {"requestType": request, "requestId": "1", "requestData": data}})
        )
        said = json.loads(await self._line.recv())["d"]
        assert said["requestStatus"]["result"], said["requestStatus"]
        return said.get("responseData") or {}

    async def inputs(self) -> list[str]:
        """The names of all that there is."""
        return [one["inputName"] for one in (await self.do("GetInputList"))["inputs"]]

    async def remove(self, names: Collection[str]) -> None:
        """Returns when they are gone: OBS says yes to a removal, then does it."""
        for name in names:
            await self.do("RemoveInput", inputName=name)
        async with asyncio.timeout(20):
            while set(names).intersection(await self.inputs()):  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.1)

    async def aclose(self) -> None:
        await self._line.close()


def _hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def missing() -> list[str]:
    """The programs that this machine lacks."""
    return [name for name in NEEDED if shutil.which(name) is None]


@contextmanager
def station(folder: Path) -> Iterator[Station]:
    """An OBS that is up. Raises ``TimeoutError`` with the end of its log where it does not come up."""
    home = folder / "home"
    for path, text in {
        home / ".config/obs-studio/global.ini": _GLOBAL,
        home / ".config/obs-studio/basic/profiles/Untitled/basic.ini": _PROFILE.format(
            width=WIDTH, height=HEIGHT, folder=folder
        ),
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with _screen() as display, _running(folder, home, display) as found:
        yield found


@contextmanager
def _screen() -> Iterator[str]:
    """The name of a display of our own."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"],
        pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield f":{number.readline().strip()}"
    finally:
        _end(server)


@contextmanager
def _running(folder: Path, home: Path, display: str) -> Iterator[Station]:
    apart = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0
    command = ["obs", "--multi", "--minimize-to-tray", "--disable-updater", "--disable-shutdown-check"]
    if apart:
        command = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    settings = {
        "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1",
    }  # fmt: skip
    with open(folder / "obs.log", "wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        found = Station(folder, process, apart)
        _wait(found)
        yield found
    finally:
        _end(process)


def _wait(found: Station) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until and found.process.poll() is None:
        try:
            found.socket().close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError((found.folder / "obs.log").read_text("utf-8", "replace")[-2000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def clip(path: Path) -> None:
    """Four seconds of moving colours, which a programme runs in a circle."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate=10:duration=4",
         "-pix_fmt", "yuv420p", str(path)],
        check=True,
    )  # fmt: skip


def frames(recording: Path, folder: Path) -> list[Path]:
    """Two frames of each second that was recorded, in order."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", str(recording), "-vf", "fps=2", str(folder / "%04d.png")], check=True
    )
    return sorted(folder.glob("*.png"))
