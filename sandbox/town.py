"""Everyone who stands in the sandbox, and what happens when one of them hears something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import SystemRandom
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from sandbox import payload, roster, sites
from sandbox.calls import CallLog
from sandbox.clouds import Clouds
from sandbox.ebd import town as broadcast
from sandbox.ebd.server import Post
from sandbox.faults import Fault, Mode
from sandbox.playout import Playout
from sandbox.receipts import Receipt, ReceiptSender
from sandbox.robot import NO_TOKEN
from sandbox.robot import Answer as RobotAnswer
from sandbox.sites import Answer, Site
from sandbox.state import State
from sandbox.stations import Station, Verdict

CHINA = timezone(timedelta(hours=8))
ANSWERS_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Document:
    """What became of a document on a topic: the receipts that are owed, in order. ``again``: it had been heard before."""

    alert: str
    number: int
    owed: tuple[str, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """How long the people at a station take, in seconds, before each receipt."""

    least: float = 0.3
    most: float = 1.8


def china_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(CHINA)


class Town:
    """Hears webhooks, chat messages and feed items; shows them; has their receipts sent."""

    def __init__(
        self,
        state: State,
        sender: ReceiptSender,
        pause: Pause,
        clouds: Clouds,
        playout: Playout,
        post: Post,
        clock: Callable[[], datetime] = china_now,
    ) -> None:
        self.sender = sender
        self.calls = CallLog()
        self.clouds = clouds
        self.playout = playout
        self.post = post
        self.clock = clock
        self._pause = pause
        self._chance = SystemRandom()
        self.sites = {outlet.slug: sites.built(outlet, state, self._seconds) for outlet in roster.outlets(state)}
        self._by_token = {site.robot.token: site for site in self.sites.values() if site.robot is not None}

    def _seconds(self) -> float:
        return self.clock().timestamp()

    def robot_site(self, token: str) -> Site | None:
        """The group that this access token belongs to."""
        return self._by_token.get(token)

    def webhook(self, site: Site, headers: dict[str, str], body: bytes, fault: Fault | None = None) -> Answer:
        """Verify, drop doubles, hear. Standard Webhooks 1.0.0."""
        now, name = self.clock(), headers.get("webhook-id")
        try:
            Webhook(site.secret).verify(body, headers, json_parse=False)
            notice = payload.read(body)
        except payload.MalformedError as error:
            self.calls.add(site.outlet.slug, now, Verdict.MALFORMED, webhook_id=name, fault=fault, note=str(error))
            return Answer(400, {"error": "malformed", "member": str(error)})
        except (WebhookVerificationError, ValueError):  # ValueError: a header or body that cannot even be decoded
            self.calls.add(site.outlet.slug, now, Verdict.BAD_SIGNATURE, webhook_id=name, fault=fault)
            return Answer(401, {"error": "bad signature"})
        delivery = headers["webhook-id"]
        if delivery in site.answers:
            self._note(site, notice, Verdict.DUPLICATE, delivery, fault, notice.complaints)
            return site.answers[delivery]
        verdict = self._hear(site, delivery, notice, fault)
        if verdict is Verdict.UNMARKED:
            return Answer(422, {"error": "unmarked"})
        answer = Answer(200, {"ok": True})
        if site.outlet.prompt:
            answer.body["receipt"] = {"kind": "received", "at": now.isoformat(timespec="milliseconds")}
        site.answers[delivery] = answer
        if len(site.answers) > ANSWERS_KEPT:
            site.answers.popitem(last=False)
        return answer

    def feed_item(self, site: Site, delivery: str, body: Any, fault: Fault | None = None) -> None:
        """One item of a partner's feed; doubles are dropped by delivery here too."""
        try:
            notice = payload.notice(body)
        except payload.MalformedError as error:
            note = str(error)
            self.calls.add(
                site.outlet.slug, self.clock(), Verdict.MALFORMED, webhook_id=delivery, fault=fault, note=note
            )
            return
        if delivery in site.answers:
            self._note(site, notice, Verdict.DUPLICATE, delivery, fault, notice.complaints)
            return
        self._hear(site, delivery, notice, fault)
        site.answers[delivery] = Answer(200, {})
        if len(site.answers) > ANSWERS_KEPT:
            site.answers.popitem(last=False)

    def document(self, site: Site, topic: str, body: bytes, fault: Fault | None = None) -> Document | None:
        """One document of a topic of the message broker; doubles are dropped by alert and number. ``None``: it is none."""
        try:
            notice = payload.read(body)
        except payload.MalformedError as error:
            self.calls.add(site.outlet.slug, self.clock(), Verdict.MALFORMED, fault=fault, note=str(error))
            return None
        if f"/{notice.status}/" not in topic or not topic.endswith(f"/{notice.alert}"):
            self.calls.add(site.outlet.slug, self.clock(), Verdict.MALFORMED, fault=fault, note="topic")
            return None
        if fault is Fault.LYING:
            self._note(site, notice, Verdict.UNHEARD, "", fault, notice.complaints)
            return Document(notice.alert, notice.number, (), again=False)
        now, complaints = self.clock(), site.station.complaints(notice)
        verdict = site.station.hear(notice, now)
        self._note(site, notice, verdict, "", fault, complaints)
        old = verdict in (Verdict.DUPLICATE, Verdict.STALE)
        owed = () if old else site.station.owed(verdict, notice, now)
        return Document(notice.alert, notice.number, owed, again=verdict is Verdict.DUPLICATE)

    def pause(self) -> float:
        """How long somebody there takes, in seconds."""
        return self._chance.uniform(self._pause.least, self._pause.most)

    def chat(self, query: dict[str, str], content_type: str, body: bytes, fault: Fault | None = None) -> RobotAnswer:
        """One call of the robot address. HTTP is 200 whatever the errcode."""
        now = self.clock()
        site = self.robot_site(query.get("access_token", ""))
        if site is None or site.robot is None:
            self.calls.add("", now, Verdict.REFUSED, note=f"errcode {NO_TOKEN[0]}")
            return NO_TOKEN
        errcode, errmsg = site.robot.hear(query, content_type, body, now)
        if errcode == 0:
            bubble = site.robot.latest()
            self.calls.add(site.outlet.slug, now, Verdict.SHOWN, fault=fault, alert=bubble.alert, status=bubble.status)
        else:
            self.calls.add(site.outlet.slug, now, Verdict.REFUSED, fault=fault, note=f"errcode {errcode}")
        return errcode, errmsg

    def unheard(self, site: Site, name: str | None, body: bytes, fault: Fault) -> None:
        """Record a call that the station failed before it looked at it."""
        known = payload.peek(body) if site.robot is None else {}
        self.calls.add(site.outlet.slug, self.clock(), Verdict.UNHEARD, webhook_id=name, fault=fault, **known)

    def turn(self, which: str, mode: Mode) -> list[str]:
        """Set the mode of one slug, of ``all``, or of every other one (``half``). Raises ``KeyError``."""
        slugs = list(self.sites)
        chosen = {"all": slugs, "half": slugs[::2]}.get(which) or [which]
        for slug in chosen:
            self.sites[slug].switch.turn(mode)
        return chosen

    def strike(self, slug: str) -> Fault | None:
        """The fault of the next call there."""
        site = self.sites.get(slug)
        return site.switch.strike() if site else None

    def reset(self) -> None:
        """As on the first day: nothing shown, remembered, waiting or broken. Feed cursors stay."""
        self.calls.clear()
        self.sender.clear()
        self.clouds.forget()
        self.playout.forget()
        self.post.forget()
        for site in self.sites.values():
            site.station = Station(site.outlet.channel)
            site.answers.clear()
            site.switch.turn(Mode.OK)
            if site.robot is not None:
                site.robot.forget()
            if site.deck is not None:
                site.deck.forget()

    def now(self) -> list[dict[str, Any]]:
        """What each one shows now. Free of secrets, and equal as long as nothing changes."""
        moment = self.clock()
        return [
            {
                "slug": site.outlet.slug,
                "name": site.outlet.name,
                "partner": site.outlet.partner,
                "channel": site.outlet.channel,
                "carrier": site.outlet.carrier,
                "panel": site.outlet.panel,
                "mode": site.switch.mode,
                "showing": [
                    *sites.shown(site, moment),
                    *self.clouds.showing(site.outlet.slug),
                    *self.playout.showing(site.outlet.slug),
                    *broadcast.showing(self.post, site.outlet.slug),
                ],
                "corrections": sites.corrected(site, moment),
                "messages": site.robot.chat() if site.robot is not None else self.clouds.messages(site.outlet.slug),
            }
            for site in self.sites.values()
        ]

    def _hear(self, site: Site, delivery: str, notice: payload.Notice, fault: Fault | None) -> Verdict:
        now = self.clock()
        complaints = site.station.complaints(notice)
        verdict = site.station.hear(notice, now)
        self._note(site, notice, verdict, delivery, fault, complaints)
        pushed = site.outlet.carrier == "webhook"
        if verdict is Verdict.UNMARKED and pushed:
            return verdict  # said in the answer
        due = 0.0
        for kind in site.station.owed(verdict, notice, now):
            if kind == "received" and pushed and site.outlet.prompt:
                continue  # said in the answer
            due += self.pause()
            self.sender.offer(
                site.outlet.partner, Receipt(delivery, kind, now.isoformat(timespec="milliseconds")), after=due
            )
        return verdict

    def _note(
        self,
        site: Site,
        notice: payload.Notice,
        verdict: Verdict,
        delivery: str,
        fault: Fault | None,
        complaints: tuple[str, ...],
    ) -> None:
        self.calls.add(
            site.outlet.slug,
            self.clock(),
            verdict,
            webhook_id=delivery,
            alert=notice.alert,
            number=notice.number,
            kind=notice.kind,
            status=notice.status,
            fault=fault,
            complaints=complaints,
        )
