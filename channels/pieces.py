"""Which pictures and sounds a medium needs beside its words."""

from channels.contract import Panel, Piece

LANDSCAPE = (1920, 1080)
PORTRAIT = (1080, 1920)
COARSE = 200
"""A face with fewer pixels than this on its short side is drawn with the pixel font."""

LARGEST = 7680


def poster(panel: Panel, otherwise: tuple[int, int]) -> tuple[Piece, ...]:
    """One poster at the size of the panel. A board that states characters and no pixels shows no pictures."""
    if panel.width is None or panel.height is None:
        if panel.columns is not None or panel.rows is not None:
            return ()
        width, height = otherwise
    else:
        width, height = min(panel.width, LARGEST), min(panel.height, LARGEST)
    led = min(width, height) < COARSE
    # What a coarse face shows is small and must stay sharp; a photographic poster is a third of the bytes as JPEG.
    return (Piece("poster", "image/png" if led else "image/jpeg", width, height, led=led),)


def television(panel: Panel) -> tuple[Piece, ...]:
    """The whole picture, and a band with alpha to lay over a running programme."""
    width, height = (panel.width, panel.height) if panel.width and panel.height else LANDSCAPE
    return (
        Piece("slate", "image/png", width, height),
        Piece("lower_third", "image/png", width, max(height * 22 // 100, 40)),
    )


def announcement(script: str) -> tuple[Piece, ...]:
    """The script as it is spoken, with its attention tone."""
    return (Piece("audio", "audio/mpeg", script=script),)
