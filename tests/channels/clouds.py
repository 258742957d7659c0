"""The sandbox's clouds behind a wire: carriers call them as they would call the real ones, without a socket."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

from channels.contract import Reason, Reply, WireError
from sandbox.chat_app import ChatApp
from sandbox.clouds import Clouds, routes
from sandbox.faults import Fault
from sandbox.led_cloud import LedCloud, Player
from sandbox.signage import Signage
from tests.channels.notices import NOW
from tests.channels.posters import POSTER, POSTER_BYTES
from tests.channels.wire import Call, FakeWire

BASE = "http://far"
LED_KEY, LED_SECRET = "ak-sandbox", "led-secret-93f0c1d7"
CMS_CLIENT, CMS_SECRET, GROUP = "huijia-client", "cms-secret-51b7e2aa", 42
APP_KEY, APP_SECRET, ROBOT, CONVERSATION = "dingsandbox", "app-secret-7c22d0e9", "dingrobot01", "cidSandbox=="


class CloudWire(FakeWire):
    """``lose`` picks calls that take effect and whose answer never comes; ``fault`` strikes far ends by slug."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(media={POSTER.sha256: POSTER_BYTES})
        self.now = now
        self.lose: Callable[[Call], bool] = lambda call: False
        self.fault: Callable[[str], Fault | None] = lambda slug: None
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.hosted: dict[str, bytes] = {POSTER.url: POSTER_BYTES}
        players = {name: Player(name) for name in ("led-1", "led-2")}
        self.led = LedCloud(LED_KEY, LED_SECRET, players, f"{BASE}/led", self._fetch, self._tell, lambda: self.now)
        self.cms = Signage(CMS_CLIENT, CMS_SECRET, GROUP, 2, lambda: self.now)
        self.chat = ChatApp(APP_KEY, APP_SECRET, ROBOT, CONVERSATION, lambda: self.now)
        self.clouds = Clouds(self.led, self.cms, self.chat, "signage-1", "dingtalk-2", BASE)
        app = Starlette(routes=routes(self.clouds, lambda slug: self.fault(slug), 0.0))
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        call = Call(url, body, dict(headers), timeout, method)
        self.calls.append(call)
        answer = await self._client.request(method, url, headers=dict(headers), content=body)
        if self.lose(call):
            raise WireError(Reason.TIMEOUT, "未在时限内完整应答")
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, found, answer.content[: 64 * 1024])

    def lose_nth(self, nth: int) -> None:
        """The answer to the nth call from now on."""
        at = len(self.calls) + nth
        self.lose = lambda call: len(self.calls) == at

    def paths(self) -> list[str]:
        """Every call so far as ``POST /path``."""
        return [f"{call.method} {call.url.removeprefix(BASE).partition('?')[0]}" for call in self.calls]

    async def _fetch(self, url: str) -> bytes | None:
        return self.hosted.get(url)

    async def _tell(self, url: str, said: dict[str, Any]) -> str:
        self.told.append((url, said))
        return "ok"
