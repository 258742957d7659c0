"""docs/channels/index.md tells what each carrier proves, takes back and bears, and nothing else than the code does."""

from typing import Any

from channels.contract import Pace, Proves, Retracts
from channels.registry import CARRIERS, CHANNELS, hears, is_grouped, is_sent, is_tended, listens
from tests.conftest import ROOT

PROVES = {Proves.NOTHING: "nothing", Proves.RECEIVED: "received", Proves.AIRED: "aired"}
RETRACTS = {
    Retracts.TAKE_DOWN: "taken down",
    Retracts.BY_TARGET_ONLY: "the whole target is cleared",
    Retracts.FOLLOW_UP: "a second message",
}


def pace(limit: Pace) -> str:
    return f"{limit.count} in {limit.per.total_seconds():.0f} s, {limit.reserve} of them for retractions"


def limits(carrier: Any) -> str:
    if not is_sent(carrier):
        return "huijia calls nobody"
    said = [f"{carrier.timeout.total_seconds():.0f} s for a send"]
    said += [f"{carrier.most} outlets in a call"] if is_grouped(carrier) else []
    said += [pace(carrier.pace)] if carrier.pace else []
    return "; ".join(said)


def evidence(carrier: Any) -> str:
    """By which ways it comes in, beside the answer to a send and the partner's own receipts."""
    said = ["asked for, and renewed" if carrier.renews_within else "asked for"] if is_tended(carrier) else []
    said += ["called back"] if hears(carrier) else []
    said += ["listened for"] if listens(carrier) else []
    return f" ({', '.join(said)})" if said else ""


def row(name: str) -> str:
    carrier: Any = CARRIERS[name]
    mediums = "any" if carrier.carries is None else ", ".join(one for one in CHANNELS if one in carrier.carries)
    proof = PROVES[carrier.proves] + evidence(carrier)
    return f"| [`{name}`]({name}.md) | {carrier.title} | {mediums} | {proof} | {RETRACTS[carrier.retracts]} | {limits(carrier)} |"


def test_the_table_of_carriers_is_what_the_registry_says() -> None:
    page = (ROOT / "docs/channels/index.md").read_text(encoding="utf-8")
    said = [line for line in page.splitlines() if line.startswith("| [`")]
    assert said == [row(name) for name in CARRIERS], "the lines on the right belong into docs/channels/index.md"
