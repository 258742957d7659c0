"""A real radio station: Icecast, Liquidsoap with the script of docs/channels/liquidsoap, what it fetches from, and a listener.

Both servers refuse root and get a user who may do nothing. Everything listens on loopback, on ports that were free.
"""

import html
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from channels.contract import Made, Media
from tests.conftest import ROOT
from tests.studio.listening import decoded, goertzel

NEEDED = ("liquidsoap", "icecast2", "ffmpeg")
SCRIPTS = ROOT / "docs" / "channels" / "liquidsoap"
ARTEFACTS = ROOT / "artefacts"
PASSWORD = "field-only"
BYTES_A_SECOND = 96_000 // 8
RATE = 22_050
STEP = 0.1
PROGRAMME = 440.0
TONE = (587.33, 783.99)


def missing() -> list[str]:
    return [name for name in NEEDED if shutil.which(name) is None]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Shelf:
    """The media addresses of huijia, as far as a station sees them: 200 while an alert lasts, then 410."""

    def __init__(self) -> None:
        self.kept: dict[str, Made] = {}
        self.gone: set[str] = set()
        self.asked: list[tuple[str, int]] = []
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.partition("?")[0].rpartition("/")[2]
                status = 410 if name in shelf.gone else 200 if name in shelf.kept else 404
                shelf.asked.append((name, status))
                self.send_response(status)
                body = shelf.kept[name].body if status == 200 else b""
                self.send_header("content-type", "audio/mpeg")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def put(self, name: str, made: Made) -> Media:
        """The reference that a rendition carries."""
        self.kept[name] = made
        url = f"http://127.0.0.1:{self.port}/media/{name}?sig=s1gn%2Fature-Qz&exp=1795417446"
        return Media("audio", made.mime, url, "0" * 64, len(made.body), seconds=made.seconds)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Heard:
    """What a listener got, and when each byte came: ``arrived[n]`` is (bytes so far, monotonic time)."""

    body: bytes
    arrived: list[tuple[int, float]]
    samples: "array[int]" = field(init=False)

    def __post_init__(self) -> None:
        self.samples = decoded(self.body, RATE, whole=False)

    def part(self, begin: float, end: float) -> "array[int]":
        """By seconds of the stream."""
        return self.samples[round(begin * RATE) : round(end * RATE)]

    def came(self, second: float) -> float:
        """When this second of the stream reached the listener."""
        wanted = second * BYTES_A_SECOND
        return next((at for total, at in self.arrived if total >= wanted), self.arrived[-1][1])

    def kinds(self) -> list[str]:
        """Every tenth of a second: programme, tone, voice or silence."""
        length = round(RATE * STEP)
        blocks = [self.samples[at : at + length] for at in range(0, len(self.samples) - length + 1, length)]
        return [_kind(block) for block in blocks]


def _kind(block: "array[int]") -> str:
    if max(map(abs, block)) < 150:
        return "silence"
    if goertzel(block, RATE, PROGRAMME) > 0.9:
        return "programme"
    return "tone" if any(goertzel(block, RATE, pitch) > 0.6 for pitch in TONE) else "voice"


class Listener:
    """Somebody with a radio on, from the moment it is made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._body = bytearray()
        self._arrived: list[tuple[int, float]] = []
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with httpx.stream("GET", self._url, timeout=10, trust_env=False) as reply:
            assert reply.status_code == 200
            for chunk in reply.iter_raw():
                self._body += chunk
                self._arrived.append((len(self._body), time.monotonic()))
                if self._off.is_set():
                    return

    def stop(self) -> Heard:
        self._off.set()
        self._thread.join()
        return Heard(bytes(self._body), self._arrived)


@dataclass
class Station:
    """Where it is reached, and what it wrote."""

    port: int
    stream: str
    status: str
    shelf: Shelf
    folder: Path

    def log(self) -> str:
        return (self.folder / "station.log").read_text("utf-8", "replace")

    def title(self) -> str:
        """What the listeners' screens show, as Icecast tells it."""
        source = httpx.get(self.status, trust_env=False).json()["icestats"].get("source", {})
        return html.unescape(str(source.get("title", ""))).strip(" -")


@contextmanager
def station() -> Iterator[Station]:
    """On air, its programme a quiet 440 Hz."""
    with ExitStack() as end:
        folder = Path(tempfile.mkdtemp(prefix="huijia-radio-"))
        end.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o777)
        telnet, icecast = free_port(), free_port()
        for script in SCRIPTS.glob("*.liq"):
            shutil.copy(script, folder)
        config = (SCRIPTS / "icecast.xml").read_text("utf-8")
        config = config.replace("/var/log/icecast2", str(folder)).replace("<port>8000<", f"<port>{icecast}<")
        (folder / "icecast.xml").write_text(config.replace("hackme", PASSWORD), "utf-8")
        end.enter_context(_running(["icecast2", "-c", str(folder / "icecast.xml")], folder, "icecast.log", {}))
        _until(lambda: _answers(icecast), 10, "Icecast did not come up")
        settings = {"STATION_PORT": str(telnet), "ICECAST_PORT": str(icecast), "ICECAST_PASSWORD": PASSWORD}
        end.enter_context(_running(["liquidsoap", "station.liq"], folder, "station.log", settings))
        base = f"http://127.0.0.1:{icecast}"
        shelf = Shelf()
        end.callback(shelf.close)
        here = Station(telnet, f"{base}/radio.mp3", f"{base}/status-json.xsl", shelf, folder)
        _until(lambda: _answers(telnet) and _on_air(here), 40, "Liquidsoap did not come up")
        yield here


@contextmanager
def _running(command: list[str], folder: Path, log: str, settings: dict[str, str]) -> Iterator[None]:
    nobody: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder),
        **settings,
    }
    with (folder / log).open("wb") as written:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=written, stderr=written, **nobody)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _on_air(here: Station) -> bool:
    return "source" in httpx.get(here.status, trust_env=False).json()["icestats"]


def _until(holds: Any, seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.1)
