"""What this process has measured of itself so far."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY


def measured(name: str, **labels: str) -> float:
    """One sample; 0 where there is none yet. ``labels`` must be all that it has."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def total(name: str, **labels: str) -> float:
    """All samples of that name that have these labels among theirs."""
    return sum(
        sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@contextmanager
def canonical_lines() -> Iterator[list[str]]:
    """Those of attempts, as they come."""
    said: list[str] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.extend(record.getMessage().splitlines())

    log, keeps = logging.getLogger("huijia.attempt"), Keeps(level=logging.INFO)
    log.addHandler(keeps)
    log.setLevel(logging.INFO)
    try:
        yield said
    finally:
        log.setLevel(logging.NOTSET)
        log.removeHandler(keeps)
