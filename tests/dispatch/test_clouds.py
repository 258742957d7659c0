"""A cloud that knows no numbers of notices, and a dispatcher that looks after what it shows."""

from datetime import UTC, datetime

from app.flows.house import House
from channels.carriers.vnnox import Vnnox, VnnoxSettings
from channels.contract import Accepted
from tests.channels.clouds import BASE, LED_KEY, LED_SECRET, CloudWire
from tests.channels.posters import with_poster
from tests.dispatch.far import all_are, dispatching, rows, until
from tests.flows.acts import retracted
from tests.making import make_alert, make_outlet

ACCOUNT = {"url": f"{BASE}/led", "app_key": LED_KEY, "app_secret": LED_SECRET, "player": "led-1"}


async def test_what_a_cloud_puts_up_after_the_end_goes_and_what_is_live_stays(house: House) -> None:
    """A renewal that left before the retraction may take effect after it; its page would stay up for an hour."""
    await make_outlet(house, name="led", carrier="vnnox", settings=ACCOUNT)
    wire = CloudWire(datetime.now(UTC))
    ended, live = await make_alert(house), await make_alert(house)

    def seen() -> str:
        return str(wire.led.showing("led-1"))

    async with dispatching(house, wire):
        await until(lambda: all_are(house, "accepted"))
        await retracted(house, ended)
        await until(lambda: all_are(house, "accepted"))
        await until(lambda: f"{live}/1" in seen())
        await rows(house, "UPDATE delivery SET tend_at = now() + interval '1 hour' WHERE kind <> 'retract'")
        late = await Vnnox().send(
            with_poster(), VnnoxSettings.model_validate(ACCOUNT), key="dlv_9", prior=None, now=wire.now, wire=wire
        )
        assert isinstance(late, Accepted)
        await until(lambda: "HJ-2026-000123/1" in seen())
        await until(lambda: f"{live}/1" in seen())
