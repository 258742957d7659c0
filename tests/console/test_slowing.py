"""How long the next try has to wait."""

from app.console.slowing import FORGOTTEN, MOST_KEPT, Slowing


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def _fail(slowing: Slowing, clock: Clock, times: int) -> list[int]:
    waits = []
    for _ in range(times):
        slowing.trying("a")
        waits.append(slowing.wait("a"))
        clock.at += slowing.wait("a")
        assert slowing.wait("a") == 0, "the wait that was said is enough"
    return waits


def test_the_waits_double_up_to_the_longest() -> None:
    clock = Clock()
    assert _fail(Slowing(free=3, longest=30, now=clock), clock, 8) == [0, 0, 2, 4, 8, 16, 30, 30]


def test_one_key_does_not_slow_another() -> None:
    clock = Clock()
    slowing = Slowing(free=1, longest=30, now=clock)
    slowing.trying("a")
    assert slowing.wait("a") == 2
    assert slowing.wait("b") == 0


def test_success_and_time_forget() -> None:
    clock = Clock()
    slowing = Slowing(free=3, longest=30, now=clock)
    _fail(slowing, clock, 5)
    slowing.succeeded("a")
    assert _fail(slowing, clock, 3) == [0, 0, 2]
    clock.at += FORGOTTEN
    assert _fail(slowing, clock, 3) == [0, 0, 2]


def test_the_memory_is_bounded_and_the_oldest_goes_first() -> None:
    clock = Clock()
    slowing = Slowing(free=1, longest=30, now=clock)
    for n in range(MOST_KEPT + 1):
        slowing.trying(f"name-{n}")
    assert slowing.wait("name-0") == 0
    assert slowing.wait("name-1") == 2
    assert slowing.wait(f"name-{MOST_KEPT}") == 2
