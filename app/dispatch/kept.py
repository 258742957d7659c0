"""Which sends may leave their connection open behind them, so that what is only kept never takes the place of a send."""


class Kept:
    """At most ``most`` connections are kept in all, and ``at_a_place`` of them at one place; a place has as many as sends have
    been under way to it at once. Whoever comes when all are given away keeps none, until some have not been used for
    ``lasting`` seconds: by then the client has closed them. So long nobody uses those of a place that did not answer, either:
    what dropped one without a word has dropped the others too, and each try would be lost on another."""

    def __init__(self, most: int, at_a_place: int, lasting: float) -> None:
        self._most, self._at_a_place, self._lasting = most, at_a_place, lasting
        self._count = 0
        self._new: dict[str, int] = {}  # how many each place has: those used since the last turn
        self._old: dict[str, int] = {}  # and those of the time before
        self._busy: dict[str, int] = {}
        self._doubted: dict[str, float] = {}  # until when
        self._turns_at = 0.0

    def enter(self, place: str, now: float) -> bool:
        """Whether this send may use what is kept and keep its connection; then it must ``leave``."""
        if now >= self._turns_at:
            self._turn(now)
        if now < self._doubted.get(place, 0.0):
            return False
        busy = self._busy.get(place, 0) + 1
        has = self._new.get(place) or self._old.get(place, 0)
        if has < busy and has < self._at_a_place:
            if self._count >= self._most:
                return False
            self._count += 1
            has += 1
        self._new[place] = has
        self._busy[place] = busy
        return True

    def leave(self, place: str, stays: bool) -> None:
        """It has ended, and its connection ``stays`` open or has ended too."""
        if busy := self._busy[place] - 1:
            self._busy[place] = busy
            return
        del self._busy[place]
        if not stays and self._new.get(place) == 1:  # of several, others may be open
            del self._new[place]
            self._old.pop(place, None)
            self._count -= 1

    def doubt(self, place: str, now: float) -> None:
        """It has not answered in time."""
        self._doubted[place] = now + self._lasting

    def _turn(self, now: float) -> None:
        self._doubted = {place: until for place, until in self._doubted.items() if now < until}
        long_ago = now >= self._turns_at + self._lasting
        self._old, self._new, self._turns_at = {} if long_ago else self._new, {}, now + self._lasting
        self._count = sum(self._old.values())
