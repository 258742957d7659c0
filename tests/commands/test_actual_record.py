"""One record of a real search through what `make run` starts: it reaches every medium over two wires at least, each outlet
shows it, each takes it down, and the proof is named. Then everything that anybody can read is searched for the child.

``make test ARGS='tests/commands/test_actual_record.py -s'`` prints the table.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.table import Table

from app.commands.drill_view import TITLES
from app.commands.sample import sample_record
from app.flows.rehearsal import face
from tests.commands.sweep import Secret, by_key, everywhere, held, partner_keys
from tests.commands.terminal import Serving, Terminal, api
from tests.faults.processes import Processes

NAME = "司马韡翯"
GIVEN = "韡翯"  # the family name stays in 司马某某
PATIENCE = 60.0
PROVE = {"aired": ("aired",), "taken_down": ("aired", "received")}
"""The wires from which a receipt of that kind can come, by what they prove: nobody can say that a chat has been read."""

SAYS = {
    "webhook": "发布点用自己的密钥报来", "feed": "发布点用自己的密钥报来", "mqtt": "屏幕在自己的主题上报来",
    "player": "播放页画到屏上后报来",
}  # fmt: skip
"""Who says so, on wires whose receipts come from the outlet itself."""

Deliveries = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> Terminal:
    return Terminal(processes, tmp_path_factory.mktemp("actual") / "data")


@pytest.fixture(scope="module")
def serving(terminal: Terminal) -> Iterator[Serving]:
    made = terminal.serve("--sandbox")
    yield made
    made.interrupt()


class Page:
    """A screen that opens its own page, as docs/channels/player.md says: it shows what it is given, and says so."""

    def __init__(self, terminal: Terminal) -> None:
        added = terminal.huijia(
            "outlet", "add", "--partner", "沙盒·播放页", "--name", "沙盒·派出所门口屏", "--channel", "screen",
            "--carrier", "player", "--codes", "610113", "--exercises",
        )  # fmt: skip
        assert added.code == 0, added
        url = terminal.huijia("player", "link", "沙盒·派出所门口屏").out.strip()
        self.path = url[url.index("/play/") :]
        self._terminal, self._said = terminal, set[str]()

    def look(self) -> None:
        with by_key(self._terminal) as client:
            self._look(client)

    def _look(self, client: httpx.Client) -> None:
        items = client.get(f"{self.path}/now").json()["items"]
        fresh = [one for one in items if one["delivery"] not in self._said]
        at = datetime.now(UTC).isoformat()
        told = [
            {"delivery": one["delivery"], "at": at,
             "kind": "taken_down" if one["payload"]["data"]["kind"] == "retract" else "aired"}
            for one in fresh
        ]  # fmt: skip
        if told:
            client.post(f"{self.path}/receipts", json={"receipts": told}).raise_for_status()
            self._said |= {one["delivery"] for one in fresh}


def submitted(client: httpx.Client) -> str:
    record = sample_record(status="actual")
    record["minor"]["name"] = NAME
    files = {
        "record": ("record.json", json.dumps(record).encode(), "application/json"),
        "photo": ("photo.jpg", face().body, "image/jpeg"),
    }
    answer = client.post("/v1/alerts", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def deliveries(client: httpx.Client, code: str, number: int) -> Deliveries:
    found: Deliveries = client.get(f"/v1/alerts/{code}/deliveries", params={"limit": 500}).json()["deliveries"]
    return [one for one in found if one["number"] == number]


def proof(delivery: Mapping[str, Any], kind: str) -> str:
    """What proves it, in a few words; empty while nothing does."""
    said = [one for one in delivery["receipts"] if one["kind"] == kind]
    if said:
        words = said[-1]["note"] or SAYS[delivery["carrier"]]
        return f"回执：{words}" + "，附截屏链接" * bool(said[-1]["evidence"])
    if delivery["proves"] not in PROVE[kind] and delivery["state"] in ("accepted", "confirmed"):
        words = f"消息编号 {delivery['reference'][:12]}…" if delivery["reference"] else "errcode 0"
        return f"应答：{words}（群消息，看群里）" if kind == "aired" else f"应答：{words}（不能撤回，已发更正）"
    return ""


def wait_for(page: Page, look: Callable[[], Deliveries], kind: str) -> Deliveries:
    deadline = time.monotonic() + PATIENCE
    while True:
        page.look()
        found = look()
        if found and all(proof(one, kind) for one in found):
            return found
        lacking = [one["outlet"] for one in found if not proof(one, kind)]
        assert time.monotonic() < deadline, f"no proof of {kind}: {lacking}"
        time.sleep(0.3)


def public(terminal: Terminal) -> dict[str, str]:
    """By outlet, what somebody before it sees of the search or reads in its chat."""
    stations = httpx.get(f"{terminal.far}/now", timeout=20, trust_env=False).json()["stations"]
    return {
        one["name"]: json.dumps([one["showing"], one["messages"]], ensure_ascii=False)
        for one in stations
        if one["showing"] or one["messages"]
    }


def shown_at(terminal: Terminal, code: str) -> set[str]:
    return {name for name, seen in public(terminal).items() if code in seen or NAME in seen}


def table(code: str, up: Deliveries, down: Deliveries) -> Table:
    made = Table(title=f"{code}（实发）逐个发布点", title_justify="left")
    for head in ("渠道", "传输方式", "发布点", "播出的凭据", "撤下的凭据"):
        made.add_column(head, overflow="fold")
    ended = {one["outlet_id"]: one for one in down}
    for one in sorted(up, key=lambda one: (list(TITLES).index(one["channel"]), one["carrier"])):
        end = proof(ended[one["outlet_id"]], "taken_down")
        made.add_row(TITLES[one["channel"]], one["carrier"], one["outlet"], proof(one, "aired"), end)
    return made


def pictures(terminal: Terminal, code: str) -> dict[str, str]:
    """The address of every picture and sound that partners were given, by digest."""
    found: dict[str, str] = {}
    for key in partner_keys(terminal).values():
        with by_key(terminal, key) as client:
            for item in client.get("/v1/feed?cursor=0&all=true&limit=500").json()["items"]:
                if item["payload"]["data"]["alert"] == code:
                    found |= {m["sha256"]: m["url"] for m in item["payload"]["data"]["rendition"]["media"]}
    return found


def is_picture(body: bytes) -> bool:
    return body.startswith((b"\xff\xd8", b"\x89PNG"))


def fetched(urls: Mapping[str, str]) -> dict[str, bytes]:
    with httpx.Client(timeout=20, trust_env=False) as client:
        return {digest: client.get(url).raise_for_status().content for digest, url in urls.items()}


def login(terminal: Terminal) -> str:
    said = terminal.huijia("operator", "link", "值班员").out
    return next(word for word in said.split() if "/console/enter/" in word)


def test_every_outlet_airs_it_takes_it_down_and_nothing_of_the_child_is_left(
    terminal: Terminal, serving: Serving
) -> None:
    page = Page(terminal)
    with api(terminal, serving.after("公安密钥")) as client:
        code = submitted(client)
        assert code.startswith("HJ-")
        up = wait_for(page, lambda: deliveries(client, code, 1), "aired")
        wires = {channel: {one["carrier"] for one in up if one["channel"] == channel} for channel in TITLES}
        assert all(len(carriers) >= 2 for carriers in wires.values()), wires
        assert shown_at(terminal, code) == {one["outlet"] for one in up} - {"沙盒·派出所门口屏"}

        given = pictures(terminal, code)
        secret = Secret(GIVEN, fetched(given))
        before = everywhere(terminal, code, page.path, login(terminal), list(given.values()))
        carried = {place for place, body in before.items() if secret.inside(body)}
        assert_it_would_be_found(terminal, code, page, secret, carried)

        client.post(f"/v1/alerts/{code}/retract", json={"reason": "found"}).raise_for_status()
        down = wait_for(page, lambda: deliveries(client, code, 2), "taken_down")
        assert {one["outlet_id"] for one in down} == {one["outlet_id"] for one in up}
        Console(width=170).print(table(code, up, down))
        frames = [place for place, body in before.items() if "/console/proof/" in place and is_picture(body)]
        after = everywhere(terminal, code, page.path, login(terminal), list(given.values()), frames)
    assert_nothing_is_left(terminal, secret, after)
    assert frames, "OBS and the LED cloud prove by frames in which the child is seen"
    assert not [place for place in frames if is_picture(after[place])]
    (here,) = {name for name, seen in public(terminal).items() if GIVEN in seen}
    assert here == "沙盒·雁塔寻人志愿者群", "a robot's message cannot be taken back: a correction follows it"
    assert "寻人结束" in public(terminal)[here]


def assert_it_would_be_found(terminal: Terminal, code: str, page: Page, secret: Secret, carried: set[str]) -> None:
    """While the search lasts, the sweep sees the child in each kind of place that it will look at again."""
    kinds = (f"/p/{code}", f"{page.path}/now", f"{page.path}/events", "/v1/feed?cursor=0", "/v1/feed/stream", "/v1/feed.atom",
             f"/v1/alerts/{code}/cap/1.xml", "/notice", "topic sandbox/actual/", "sandbox.retained", "200 /media/",
             "/console/", f"/console/alerts/{code}")  # fmt: skip
    for kind in kinds:
        assert any(kind in place for place in carried), f"the sweep finds nothing in {kind}"
    far = " ".join(held(terminal, secret))
    for keeper in (
        "led.players",
        "signage.library",
        "chat.messages",
        "obs.room",
        "caspar",
        "deck",
        "station",
        "robot",
        "post",
    ):
        assert keeper in far, f"{keeper} holds nothing: {far}"


def assert_nothing_is_left(terminal: Terminal, secret: Secret, after: Mapping[str, bytes]) -> None:
    found = {place: what for place, body in after.items() if (what := secret.inside(body))}
    assert found == {}
    media = [place for place in after if "/media/" in place and place[:3].isdigit()]
    assert media
    assert all(place.startswith("410 ") for place in media), media
    far = [place for place in held(terminal, secret) if not place.startswith("sites[dingtalk-1].robot.")]
    assert far == []
