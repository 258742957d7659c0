"""Every place from which anybody, inside or outside, may be given something of an alert, read as they would read it."""

import asyncio
import base64
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from tests.channels.mqtt.stage import Place, retained
from tests.commands.terminal import Terminal

NOT_TO_BE_OPENED = ("/console/sign-out", "/console/static/", "/console/issue")
MOST_PAGES = 400


@dataclass
class Secret:
    """What must not be found once the search has ended: the name's own characters, and the pictures and sounds that show
    or say it, by their digests and by a piece of each as text."""

    name: str
    pictures: dict[str, bytes] = field(default_factory=dict)

    def words(self) -> Sequence[str]:
        """The name as pages, JSON, XML and addresses may write it."""
        escaped = "".join(f"\\u{ord(c):04x}" for c in self.name)
        entities = "".join(f"&#{ord(c)};" for c in self.name)
        return [self.name, escaped, entities, quote(self.name)]

    def traces(self) -> Sequence[str]:
        """Of the pictures: their names, and what a data URL of one would hold."""
        pieces = (base64.b64encode(body[at : at + 300]).decode() for body in self.pictures.values()
                  for at in [len(body) // 6 * 3])  # fmt: skip
        return [*self.pictures, *pieces]

    def inside(self, body: bytes) -> list[str]:
        """What of it is in there."""
        text = body.decode("utf-8", "replace")
        found = [word for word in (*self.words(), *self.traces()) if word in text]
        return found + ["a picture of it"] * (sha256(body).hexdigest() in self.pictures)


def by_key(terminal: Terminal, key: str = "") -> httpx.Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=terminal.near, headers=headers, timeout=20, trust_env=False)


def partner_keys(terminal: Terminal) -> Mapping[str, str]:
    keys: dict[str, str] = json.loads((terminal.data / "sandbox-keys.json").read_text())
    return keys


def first_events(
    client: httpx.Client, path: str, seconds: float = 1.5, headers: Mapping[str, str] | None = None
) -> bytes:
    """What a stream says at first."""
    heard = bytearray()
    try:
        with client.stream("GET", path, headers=headers, timeout=httpx.Timeout(5, read=seconds)) as answer:
            for part in answer.iter_raw():
                heard += part
    except httpx.ReadTimeout:
        pass
    return bytes(heard)


def of_partners(terminal: Terminal, code: str) -> Iterator[tuple[str, bytes]]:
    """All that a key of a partner opens: the feed, its stream from the beginning, Atom, CAP, and every delivery."""
    for name, key in partner_keys(terminal).items():
        with by_key(terminal, key) as client:
            for path in ("/v1/feed?cursor=0&all=true", "/v1/feed?order=newest&all=true", "/v1/feed.atom", "/v1/missed",
                         "/v1/partners", "/v1/outlets", "/v1/deliveries", *(f"/v1/alerts/{code}/cap/{n}.xml" for n in (1, 2)),
                         ):  # fmt: skip
                yield f"{name} {path}", client.get(path).content
            yield (
                f"{name} /v1/feed/stream",
                first_events(client, "/v1/feed/stream?all=true", headers={"last-event-id": "0"}),
            )
            for one in client.get("/v1/deliveries?limit=500").json()["deliveries"]:
                for path in (f"/v1/deliveries/{one['id']}", f"/v1/deliveries/{one['id']}/notice"):
                    yield f"{name} {path}", client.get(path).content


def of_the_public(terminal: Terminal, code: str, play: str, media: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The child's page, the screen's page, and every address of a picture or sound that was ever given out."""
    with by_key(terminal) as client:
        for path in (f"/p/{code}", "/", "/docs", play, f"{play}/now"):
            yield path, client.get(path, follow_redirects=True).content
        yield f"{play}/events", first_events(client, f"{play}/events")
        for url in media:
            answer = client.get(url)
            given = answer.content if answer.is_success else b""  # a refusal repeats the address
            yield f"{answer.status_code} {urlsplit(url).path}", given


def of_the_console(terminal: Terminal, login: str, known: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Every page that a link, a picture or a part of another one leads an operator to, and those that did before."""
    with by_key(terminal) as client:
        assert client.post(login).status_code == 303
        left, seen = deque(["/console/", "/console/receipts", "/console/retract", *known]), set[str]()
        while left and len(seen) < MOST_PAGES:
            path = left.popleft()
            way, _, query = path.partition("?")
            kind = f"{way}?{sorted(re.findall(r'(?:^|&)([^=&]+)', query))}"  # of each table one look with each filter
            if kind in seen or not path.startswith("/console/") or path.startswith(NOT_TO_BE_OPENED):
                continue
            seen.add(kind)
            answer = client.get(path, follow_redirects=True)
            yield path, answer.content
            if answer.headers.get("content-type", "").startswith("text/html"):
                for link in re.findall(r'(?:href|src|hx-get|data-src)="([^"#]+)', answer.text):
                    left.append(urljoin(path, link.replace("&amp;", "&")))
        assert len(seen) < MOST_PAGES


def of_brokers_and_logs(terminal: Terminal) -> Iterator[tuple[str, bytes]]:
    """What whoever subscribes is given, what the broker has on its disk, and what was logged."""
    for topic, payload in asyncio.run(retained(Place(terminal.sandbox_port + 2, "3.1.1"), "#", 1.5)).items():
        yield f"topic {topic}", payload
    for topic, payload in json.loads((terminal.data / "sandbox.retained").read_text()).items():
        yield f"sandbox.retained {topic}", base64.b64decode(payload)
    for name in ("huijia.log", "sandbox.log"):
        yield name, (terminal.data / name).read_bytes()


def everywhere(
    terminal: Terminal, code: str, play: str, login: str, media: Sequence[str], known: Sequence[str] = ()
) -> Mapping[str, bytes]:
    """Place by place, what is given there now. ``known``: pages of the console beside those that can be found."""
    found = dict(of_the_public(terminal, code, play, media))
    found |= of_partners(terminal, code)
    found |= of_brokers_and_logs(terminal)
    return found | dict(of_the_console(terminal, login, known))


def held(terminal: Terminal, secret: Secret) -> list[str]:
    """Where in the sandbox's far ends the name or a picture lies."""
    asked: dict[str, Any] = {"texts": [*secret.words(), *secret.traces()], "digests": list(secret.pictures)}
    answer = httpx.post(f"{terminal.far}/holding", json=asked, timeout=30, trust_env=False)
    places: list[str] = answer.raise_for_status().json()["places"]
    return places
