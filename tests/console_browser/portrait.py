"""Portraits of nobody: drawn, so that a page can be looked at without a child's photo."""

import io
import random

from PIL import Image, ImageDraw

SKINS = ("#f1cfb0", "#e8bd97", "#f5d9c0", "#dcae86")
HAIRS = ("#1d1a19", "#2b2320", "#3a2d26")
BACKS = ("#b9cbd9", "#d8cfc0", "#bcd0bf", "#d6c3c8", "#c3c5d8", "#d9d2b0")
CLOTHES = ("#b5403a", "#3b6ea8", "#e0b23c", "#4c8a5b", "#7a5a9a", "#d37f4a", "#e7e7e7")


def portrait(seed: int, width: int = 360, height: int = 468) -> bytes:
    """A JPEG; the same seed gives the same face."""
    dice = random.Random(seed)
    back, skin, hair, cloth = (dice.choice(of) for of in (BACKS, SKINS, HAIRS, CLOTHES))
    picture = Image.new("RGB", (width, height), back)
    draw = ImageDraw.Draw(picture)
    x, y, r = width / 2, height * 0.42, width * 0.22
    draw.ellipse((x - r * 2.1, y + r * 1.35, x + r * 2.1, y + r * 5), fill=cloth)
    draw.rectangle((x - r * 0.35, y + r * 0.8, x + r * 0.35, y + r * 1.6), fill=skin)
    long = dice.random() < 0.5
    if long:
        draw.rounded_rectangle((x - r * 1.18, y - r * 0.9, x + r * 1.18, y + r * 1.5), r * 0.6, fill=hair)
    draw.ellipse((x - r * 1.12, y - r * 1.28, x + r * 1.12, y + r * 0.9), fill=hair)
    draw.ellipse((x - r, y - r * 0.95, x + r, y + r * 1.15), fill=skin)
    draw.pieslice((x - r * 1.05, y - r * 1.2, x + r * 1.05, y + r * 0.5), 180, 360, fill=hair)
    for side in (-1, 1):
        ex = x + side * r * 0.4
        draw.ellipse((ex - r * 0.1, y + r * 0.02, ex + r * 0.1, y + r * 0.24), fill="#2a2320")
    smile = 0.45 + dice.random() * 0.2
    draw.arc((x - r * smile, y + r * 0.2, x + r * smile, y + r * 0.75), 25, 155, fill="#9a4b3d", width=4)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
