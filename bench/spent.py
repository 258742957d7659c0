"""What processes have used so far, from /proc: on a machine that others use too, the fairer measure."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
_NUMBER = re.compile(r"^(\w+):\s+(\d+) kB$", re.M)


def cpu_seconds(pid: int) -> float:
    """Of one process."""
    return sum(_ticks(pid)[:2]) / TICK


def cpu_seconds_of_main(pid: int) -> float:
    """Of a process' main thread: of a dispatcher, its Python; the HTTP client's threads are others."""
    return sum(_ticks(f"{pid}/task/{pid}")[:2]) / TICK


def cpu_seconds_of_all(pid: int) -> float:
    """Of a process and of every child that it has or had."""
    own = sum(_ticks(pid))
    return (own + sum(sum(_ticks(child)[:2]) for child in children(pid))) / TICK


def _ticks(pid: int | str) -> Sequence[int]:
    """User and system, its own and its ended children's; nothing when it has ended meanwhile. Of a thread: ``PID/task/TID``."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return (0, 0, 0, 0)
    return tuple(int(fields[n]) for n in range(11, 15))


def children(pid: int) -> Iterator[int]:
    """Those that live."""
    return (int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def megabytes(pid: int, what: str) -> float:
    """One line of /proc/PID/status: VmRSS now, VmHWM the peak, RssAnon what it shares with nobody."""
    try:
        found = dict(_NUMBER.findall(Path(f"/proc/{pid}/status").read_text()))
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(found.get(what, "0")) / 1024


def forget_the_peak(pid: int) -> None:
    """VmHWM begins anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
