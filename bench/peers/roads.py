"""The peers that are libraries: where each keeps its work, how its worker is started, and how many deliveries tell its pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bench.peers.given import IN_FLIGHT


class Store(Enum):
    POSTGRESQL = "PostgreSQL"
    REDIS = "Redis"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class Road:
    """``worker`` are the arguments of ``python -m``, as its user would type them; its issuer is ``bench.peers.<name>``.
    ``venv`` ends the name of the venv that it is in. ``forks``: one worker is several processes already."""

    name: str
    store: Store
    most: int
    worker: Sequence[str] = ()
    venv: str = ""
    forks: bool = False

    @property
    def issuer(self) -> str:
        return f"bench.peers.{self.name}"

    def python(self, venv: Path) -> Path:
        """Its interpreter, where ``venv`` is the first of the venvs."""
        return venv.with_name(venv.name + self.venv) / "bin/python"


ROADS = (
    Road("pgqueuer", Store.POSTGRESQL, 10_000, ("bench.peers.pgqueuer", "work")),
    Road(
        "arq", Store.REDIS, 3_000,
        ("arq", "bench.peers.arq.Settings", "--custom-log-dict", "bench.peers.arq.QUIET"), venv="-arq",
    ),
    Road(
        "taskiq", Store.REDIS, 3_000,
        ("taskiq", "worker", "bench.peers.taskiq:broker", "--workers", "1", "--max-async-tasks", str(IN_FLIGHT),
         "--no-parse", "--log-level", "ERROR"),
    ),
    Road(
        "celery", Store.REDIS, 2_000,
        ("celery", "--app", "bench.peers.celery", "worker", "--concurrency", "16", "--loglevel", "ERROR",
         "--without-gossip", "--without-mingle", "--without-heartbeat"),
        forks=True,
    ),
    Road(
        "procrastinate", Store.POSTGRESQL, 1_000,
        ("procrastinate", "--app", "bench.peers.procrastinate.app", "worker", "--concurrency", str(IN_FLIGHT)),
    ),
    Road("apprise", Store.NONE, 2_000),
)  # fmt: skip
