"""What is real is red, an exercise is indigo, a test is teal, as on the operators' desk; what is over is a quiet green."""

from dataclasses import dataclass

from channels.contract import Kind, Notice, Status

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
INK: Colour = (26, 24, 23)
MUTED: Colour = (104, 96, 88)
RULE: Colour = (224, 219, 212)


@dataclass(frozen=True, slots=True)
class Scheme:
    """``main`` and ``second`` (its stripe) carry white text; ``ground`` carries ink; ``faint`` is the watermark on it.
    ``lamp``, ``lamp_text`` and their ground ``night`` are for coarse displays, where dark colours do not shine."""

    main: Colour
    second: Colour
    ground: Colour
    faint: Colour
    lamp: Colour
    lamp_text: Colour
    night: Colour

    @property
    def stripes(self) -> tuple[Colour, Colour]:
        """The two colours of a striped ground."""
        return self.main, self.second


REAL = Scheme((181, 18, 27), (160, 12, 22), (255, 255, 255), (255, 255, 255), (225, 0, 0), (255, 255, 255), (0, 0, 0))
EXERCISE = Scheme(
    (45, 58, 140), (82, 98, 190), (238, 240, 251), (205, 210, 240), (60, 80, 255), (160, 180, 255), (6, 10, 70)
)
TEST = Scheme(
    (11, 95, 99), (43, 133, 138), (231, 244, 244), (190, 222, 222), (0, 150, 150), (100, 230, 230), (0, 44, 46)
)
OVER = Scheme(
    (62, 108, 74), (62, 108, 74), (246, 248, 243), (246, 248, 243), (0, 130, 40), (190, 255, 200), (0, 26, 10)
)

AMBER: Colour = (255, 205, 40)
"""What has changed; and 110 on a coarse display."""


def scheme(notice: Notice) -> Scheme:
    """The status wins over the kind: the end of an exercise is still an exercise."""
    match notice.status:
        case Status.EXERCISE:
            return EXERCISE
        case Status.TEST:
            return TEST
        case Status.ACTUAL:
            return OVER if notice.kind is Kind.RETRACT else REAL
