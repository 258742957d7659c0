"""What a player's screenshot looks like."""

from io import BytesIO

from PIL import Image

FACE = (640, 360)


def photographed(picture: bytes | None) -> bytes:
    """A JPEG of the screen: the picture stretched over all of it, or the usual programme, which is a test card."""
    if picture is None:
        face = Image.linear_gradient("L").rotate(90).resize(FACE).convert("RGB")
    else:
        with Image.open(BytesIO(picture)) as image:
            face = image.convert("RGB").resize(FACE)
    out = BytesIO()
    face.save(out, "JPEG", quality=70)
    return out.getvalue()
