"""The composition root of the dispatcher and the sweeps."""

import asyncio

from app.db.engine import connect
from app.dispatch.dispatcher import DEFAULT_LIMITS, Dispatcher, Limits
from app.dispatch.press import HousePress
from app.dispatch.sweeps import Sweeps
from app.dispatch.wire import HttpWire
from app.flows.ports import Seal
from app.settings import Settings


async def work(settings: Settings, database_url: str, stop: asyncio.Event, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Dispatch and sweep until ``stop``."""
    engine = connect(database_url, pool=10)
    press = HousePress(settings.base_url, settings.signing_secret())
    wire = HttpWire()
    dispatcher = Dispatcher(engine, press, Seal(*settings.sealing_keys()), wire, limits=limits)
    scheduler = Sweeps(engine, press, dispatcher.worker).schedule()
    scheduler.start()
    try:
        await dispatcher.run(stop)
    finally:
        scheduler.shutdown(wait=False)
        await wire.close()
        await engine.dispose()
