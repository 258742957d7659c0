"""A receiver of huijia's webhooks in Python's standard library: verify, show, take down, send receipts, catch up.

    HUIJIA=http://127.0.0.1:8000 KEY=hj_live_… OUTLET=7 SECRET=whsec_… python3 examples/receiver.py

Without SECRET it takes only what huijia's own key has signed (v1a), and needs the package ``cryptography`` for that. The
screen is in memory only, and the feed fills it at the start: what ended meanwhile cannot come back. On disk are the highest
number seen of each alert, the ids already taken, huijia's public keys, and receipts that huijia has not got yet.
"""

import base64
import hmac
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # only v1a needs it
    Ed25519PublicKey = None  # type: ignore[assignment,misc]

HUIJIA, KEY, OUTLET = (os.environ[name] for name in ("HUIJIA", "KEY", "OUTLET"))
SECRETS = os.environ.get("SECRET", "").split()  # one, or two while you change over; none where v1a is wanted
DRILLS = os.environ.get("DRILLS") == "show"  # only where you have agreed that somebody may see exercises
LOCK, SCREEN = threading.RLock(), dict[str, Any]()  # the newest data by alert
LEARNT = {"at": float("-inf")}  # when huijia's public keys were read last
DISK = sqlite3.connect(os.environ.get("STATE", "receiver.db"), check_same_thread=False, isolation_level=None)
DISK.execute("CREATE TABLE IF NOT EXISTS highest (alert TEXT PRIMARY KEY, number INT)")
DISK.execute("CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY)")
DISK.execute("CREATE TABLE IF NOT EXISTS key (public TEXT)")
DISK.execute("CREATE TABLE IF NOT EXISTS receipt (id INTEGER PRIMARY KEY, body TEXT)")


def verified(headers: Message, body: bytes) -> bool:
    """Over the bytes as they came: by a secret, or by huijia's own key. Raises OSError when that cannot be read."""
    id, at, stated = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    signed = f"{id}.{at}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in SECRETS]
    ours = ["v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    if any(hmac.compare_digest(a.encode(), b.encode()) for a in ours for b in stated.split()):
        return True
    theirs = [entry.removeprefix("v1a,") for entry in stated.split() if entry.startswith("v1a,")]
    if not theirs or Ed25519PublicKey is None:
        return False
    if any(fits(key, signed, one) for key in known_keys() for one in theirs):
        return True
    return learn_keys() and any(fits(key, signed, one) for key in known_keys() for one in theirs)


def fits(public: str, signed: bytes, signature: str) -> bool:
    """v1a: Ed25519 (RFC 8032) over the same bytes as v1."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
        key.verify(base64.b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def known_keys() -> list[str]:
    with LOCK:
        return [public for (public,) in DISK.execute("SELECT public FROM key").fetchall()]


def learn_keys() -> bool:
    """False when they were read just now: nobody shall make us ask huijia for every request of theirs."""
    if time.monotonic() - LEARNT["at"] < 5:
        return False
    found = [(key["public_key"],) for key in ask("/v1/keys")["webhook"]]
    with LOCK:
        LEARNT["at"] = time.monotonic()
        DISK.execute("DELETE FROM key")
        DISK.executemany("INSERT INTO key VALUES (?)", found)
    return True


def take(delivery: str, data: dict[str, Any]) -> None:
    """One notice, from the webhook or the feed, once or ten times, in whatever order. Durable when it returns."""
    alert, number, over = data["alert"], data["number"], data["kind"] == "retract"
    shows = data["status"] == "actual" or (data["status"] == "exercise" and DRILLS)
    with LOCK:
        found = DISK.execute("SELECT number FROM highest WHERE alert = ?", (alert,)).fetchone()
        if found and number < found[0]:
            return  # a newer notice of this alert came first: never show an older one
        DISK.execute("REPLACE INTO highest VALUES (?, ?)", (alert, number))
        if over and SCREEN.pop(alert, None):
            print("OFF AIR", alert, *shown(data), flush=True)
        if not over and shows and SCREEN.get(alert, {}).get("number") != number:
            SCREEN[alert] = data
            print("ON AIR", alert, number, *shown(data), flush=True)
        owe(delivery, "taken_down" if over else "aired" if shows else "received")


def shown(data: dict[str, Any]) -> list[Any]:
    return [words for _, words in sorted(data["rendition"]["texts"].items(), reverse=True)]


def owe(delivery: str, kind: str) -> None:
    """A receipt, kept until huijia has it: one for each delivery, with the time at which it happened."""
    said = json.dumps({"delivery": delivery, "kind": kind, "at": datetime.now(UTC).isoformat()})
    if not delivery.startswith("trial_"):  # a connection test is no delivery: nothing waits for its receipt
        fresh = DISK.execute("INSERT OR IGNORE INTO taken VALUES (?)", (delivery,)).rowcount
        DISK.executemany("INSERT INTO receipt (body) VALUES (?)", [(said,)] * fresh)


def ask(path: str, body: bytes | None = None) -> Any:
    sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with urlopen(Request(HUIJIA + path, body, sent), timeout=45) as answer:
        return json.load(answer)


def follow() -> None:
    """The feed, from the beginning: what stands now, also of what should have been pushed, and then what comes."""
    cursor = "0"
    while True:
        learn_keys()  # one that huijia has withdrawn is believed for half a minute at most
        page = ask(f"/v1/feed?outlet={OUTLET}&all=1&cursor={cursor}&wait=30")
        for item in page["items"]:
            take(item["delivery"], item["payload"]["data"])
        cursor = page["cursor"]


def send_receipts() -> None:
    with LOCK:
        owed = DISK.execute("SELECT id, body FROM receipt ORDER BY id").fetchall()
    for id, body in owed:
        try:
            ask("/v1/receipts", body.encode())
        except HTTPError as error:
            if error.code != 422:
                raise
            print("never taken:", body, error.read().decode(), flush=True)
        with LOCK:
            DISK.execute("DELETE FROM receipt WHERE id = ?", (id,))
    time.sleep(0.2)


def forever(what: Callable[[], None]) -> None:
    while True:
        try:
            what()
        except (OSError, ValueError) as error:  # huijia is away, or the key is wrong: say so and ask again
            print("again in 2 s:", error, flush=True)
            time.sleep(2)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        try:
            if not verified(self.headers, body):
                return self.answer(401, {"note": "signature"})
            delivery, data = self.headers["webhook-id"], json.loads(body)["data"]
            if "notice_url" in data and data["kind"] != "retract" and data["status"] != "test":
                data = ask(f"/v1/deliveries/{delivery}/notice")["data"]  # a thin payload: the rest is fetched
            take(delivery, {"rendition": {"texts": {}}, **data})
            self.answer(200, {})
        except (
            OSError
        ) as error:  # 410: a newer notice has taken its place. Otherwise huijia was away, and is to ask again
            self.answer(200 if isinstance(error, HTTPError) and error.code == 410 else 503, {})

    def do_GET(self) -> None:
        """What the public sees now."""
        now = datetime.now(UTC)
        with LOCK:
            live = [one for one in SCREEN.values() if datetime.fromisoformat(one["expires_at"]) > now]
        self.answer(200, {one["alert"]: one["rendition"]["texts"] for one in live})

    def answer(self, status: int, said: Any) -> None:
        body = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not every request."""


if __name__ == "__main__":
    if not SECRETS and Ed25519PublicKey is None:
        sys.exit("without SECRET the signatures are v1a, which take: pip install cryptography")
    for what in (follow, send_receipts):
        threading.Thread(target=forever, args=(what,), daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Hook)
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
