"""How long a picture takes on one core, and how large it is.

    python -m bench.pictures [ROUNDS]

CPU seconds, median of the rounds; "first" is the first picture of a process, which also loads the faces.
"""

import io
import resource
import statistics
import sys
import time
from dataclasses import replace

from PIL import Image

from channels.contract import Kind, Notice, Piece, Status
from channels.studio import make
from tests.channels.notices import PERSON, PUBLISH, RETRACT, UPDATE

LONG = "，".join(["上身红色连帽外套，左胸有白色恐龙图案", "下身深蓝色牛仔裤，右膝有补丁"] * 9)
NOTICES = {
    "plain": PUBLISH,
    "long": replace(UPDATE, person=replace(PERSON, clothing=LONG)),
    "drill": replace(PUBLISH, status=Status.EXERCISE),
    "over": RETRACT,
}
PIECES = [
    Piece("poster", "image/jpeg", 1920, 1080),
    Piece("poster", "image/jpeg", 1080, 1920),
    Piece("poster", "image/jpeg", 1920, 360),
    Piece("poster", "image/jpeg", 3840, 480),
    Piece("poster", "image/png", 192, 64, led=True),
    Piece("slate", "image/png", 1920, 1080),
    Piece("lower_third", "image/png", 1920, 237),
    Piece("poster", "image/jpeg", 3840, 2160),
    Piece("poster", "image/jpeg", 7680, 4320),
    Piece("slate", "image/png", 7680, 4320),
]


def photo() -> bytes:
    """As large as intake keeps them, and with something in every corner."""
    out = io.BytesIO()
    Image.effect_mandelbrot((1200, 1600), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(out, "JPEG", quality=88)
    return out.getvalue()


def timed(piece: Piece, notice: Notice, body: bytes, rounds: int) -> tuple[float, int]:
    """CPU seconds and bytes."""
    spent, size = [], 0
    for _ in range(rounds):
        start = time.process_time()
        size = len(make(piece, notice, None if notice.kind is Kind.RETRACT else body).body)
        spent.append(time.process_time() - start)
    return statistics.median(spent), size


def main(rounds: int) -> None:
    body = photo()
    first, _ = timed(PIECES[0], PUBLISH, body, 1)
    print(f"first picture of the process: {first:.3f} s")
    print(f"{'piece':<38}" + "".join(f"{name:>18}" for name in NOTICES))
    for piece in PIECES:
        cells = []
        for notice in NOTICES.values():
            seconds, size = timed(piece, notice, body, rounds)
            cells.append(f"{seconds:.3f} s {size / 1024:5.0f} KiB")
        print(
            f"{piece.role:<12} {piece.mime:<11} {piece.width:>5}x{piece.height:<6}" + "".join(f"{c:>18}" for c in cells)
        )
    print(f"most memory held: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
