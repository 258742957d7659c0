"""What this process has measured of itself so far."""

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
