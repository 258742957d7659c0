"""What attempts came to, told once they stand in the ledger."""

import logging
from collections import Counter
from collections.abc import Sequence

from app import meters
from app.db.deliveries import Attempted

log = logging.getLogger("huijia.attempt")


def tell(done: Sequence[Attempted]) -> None:
    """Count them, and one canonical line for each, written together: a line at a time costs more than the sending."""
    for labels, count in Counter((a.carrier, a.outcome, a.reason or "") for a in done).items():
        meters.attempt(*labels).inc(count)
    if done and log.isEnabledFor(logging.INFO):
        log.info("\n".join([_line(a) for a in done]))


def _line(a: Attempted) -> str:
    return (
        f"attempt delivery={a.delivery_id} alert={a.alert_id} notice={a.number} outlet={a.outlet_id} carrier={a.carrier} "
        f"try={a.tries} outcome={a.outcome} reason={a.reason or '-'} ms={a.ms:.0f}"
    )
