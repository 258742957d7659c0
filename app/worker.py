"""The composition root of the dispatcher and the sweeps."""

import asyncio

from app import meters
from app.db.engine import connect
from app.dispatch.beats import Heart
from app.dispatch.dispatcher import DEFAULT_LIMITS, Dispatcher, Limits
from app.dispatch.keeping import Keeping
from app.dispatch.listening import Listening
from app.dispatch.press import HousePress
from app.dispatch.studio import Studio
from app.dispatch.sweeps import Sweeps
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.flows.ports import Seal, Signer
from app.settings import Settings


async def work(
    settings: Settings,
    database_url: str,
    stop: asyncio.Event,
    *,
    limits: Limits = DEFAULT_LIMITS,
    press: HousePress | None = None,
) -> None:
    """Dispatch, look after, listen and sweep until ``stop``. ``press``: one that this process already has."""
    engine = connect(database_url, pool=10)
    meters.watch_pool("dispatcher", engine)
    mine = press or HousePress(settings.base_url, settings.signing_secret(), Studio())
    seal = Seal(*settings.sealing_keys())
    wire = HttpWire(Keeping(engine), signer=Signer(*settings.own_keys()), allowed=settings.networks)
    dispatcher = Dispatcher(engine, mine, seal, wire, limits=limits)
    trier = Trials(engine, seal, mine, wire)
    sweeps = Sweeps(engine, mine, dispatcher.worker, trier, seal, dispatcher.leases.longest)
    beside = [
        asyncio.create_task(sweeps.run()),
        asyncio.create_task(Listening(engine, mine, seal, wire).run(stop)),
        asyncio.create_task(Heart(engine, mine, seal, wire).run(stop)),
    ]
    try:
        await dispatcher.run(stop)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await wire.close()
        if press is None:
            mine.close()
        await engine.dispose()
