"""What every layout of a searching poster is handed, and the parts that they share."""

from dataclasses import dataclass, replace

from PIL import Image

from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.colours import AMBER, INK, WHITE, Colour, Scheme
from channels.studio.drill import striped
from channels.studio.faces import BOLD, REGULAR
from channels.studio.sheet import Sheet
from channels.studio.typesetting import Setting, Style, fitted
from channels.studio.words import Words


@dataclass(frozen=True, slots=True)
class Stage:
    """``full`` may be coloured to its edges; what is to be read stays inside ``safe``. ``unit``: what sizes are counted
    in, about a hundredth of the height, in pixels."""

    sheet: Sheet
    words: Words
    scheme: Scheme
    photo: Image.Image | None
    url: str
    full: Box
    safe: Box
    unit: float = 1.0

    def px(self, units: float) -> int:
        """Units as pixels, at least one."""
        return max(round(units * self.unit), 1)

    def style(self, largest: float, smallest: float, *, bold: bool = True, lines: int = 1) -> Style:
        """Sizes in units. Nothing is set below 9 pixels: no screen shows that."""
        low = max(self.px(smallest), 9)
        return Style(BOLD if bold else REGULAR, max(self.px(largest), low), low, lines)

    def prose(self, largest: float, smallest: float) -> Style:
        """How the facts are set: as many lines as it takes, a little closer."""
        return replace(self.style(largest, smallest), leading=1.3)

    def put(self, name: str, text: str, style: Style, box: Box, colour: Colour = INK, align: str = "left") -> Box:
        """Writes ``text`` at the top of ``box``; what is left of the box below it."""
        setting = fitted(text, style, *box.size)
        self.sheet.write(name, setting, box, colour, align)
        return box._replace(top=box.top + setting.height)

    def middle(self, name: str, setting: Setting, box: Box, colour: Colour = INK, align: str = "left") -> None:
        """Writes the setting halfway between the top and the bottom of ``box``."""
        top = box.top + max(box.height - setting.height, 0) // 2
        self.sheet.write(name, setting, box._replace(top=top), colour, align)


def picture(stage: Stage, box: Box) -> None:
    """The photo in its slot; on a drill with the mark across its foot, so that a photo of the photo has it too."""
    assert stage.photo is not None
    slot = Sheet(*box.size, WHITE)
    slot.place("photo", photos.filled(stage.photo, *box.size), (0, 0))
    if stage.words.mark:
        band, _ = slot.box.from_bottom(box.height // 7)
        striped(slot, band, stage.scheme.stripes, stage.px(4.5))
        mark = fitted(stage.words.mark, Style(BOLD, band.height * 7 // 10, 9), *band.size)
        slot.write("mark", mark, band.centred(band.width, mark.height), WHITE, "centre")
    stage.sheet.place("photo", slot.image, (box.left, box.top))


def header(stage: Stage, band: Box, text: Box) -> None:
    """The title on its colour; at its right who says it, or that it is a drill."""
    ground(stage, band)
    rest = titled(stage, text)
    setting = fitted(noted(stage.words), stage.style(3.4, 2.2, bold=False, lines=2), *rest.size)
    stage.middle("note", setting, rest, WHITE, "right")


def headline(stage: Stage, band: Box, text: Box) -> None:
    """The same in two rows, for narrow pictures."""
    ground(stage, band)
    foot, rest = text.inset(0, stage.px(0.8)).from_bottom(text.height * 28 // 100)
    titled(stage, rest, 80)
    setting = fitted(noted(stage.words), Style(REGULAR, foot.height * 70 // 100, 9), *foot.size)
    stage.middle("note", setting, foot, WHITE)


def noted(words: Words) -> str:
    """That it is a drill, when it was updated, or who says it."""
    return words.caution or (f"{words.update}更新" if words.update else f"{words.unit}发布")


def ground(stage: Stage, box: Box) -> None:
    """The colour of the notice, striped on a drill."""
    if stage.words.mark:
        striped(stage.sheet, box, stage.scheme.stripes, stage.px(4.5))
    else:
        stage.sheet.fill(box, stage.scheme.main)


def titled(stage: Stage, box: Box, share: int = 56) -> Box:
    """The mark, the title (``share`` hundredths of the box tall) and whether it is an update, side by side; what is left
    at the right."""
    words = stage.words
    rest = _chip(stage, "mark", words.mark, box, share * 11 // 10, stage.scheme.main, WHITE)
    title = fitted(words.title, Style(BOLD, box.height * share // 100, 9), *rest.size)
    stage.middle("title", title, rest, WHITE)
    rest = rest._replace(left=min(rest.left + title.width + title.size // 3, rest.right))
    return _chip(stage, "update", words.update and "更新", rest, share * 7 // 10, INK, AMBER)


def _chip(stage: Stage, name: str, text: str, box: Box, share: int, colour: Colour, under: Colour) -> Box:
    """A word on a ground of its own at the left of ``box``, ``share`` hundredths of it tall; the box at its right."""
    if not text:
        return box
    setting = fitted(text, Style(BOLD, box.height * share // 100, 9), box.width * 2 // 3, box.height)
    pad = setting.size // 3
    tag = box.from_left(setting.width + 2 * pad)[0]
    tag = tag.centred(tag.width, min(setting.height + pad // 2, box.height))
    stage.sheet.fill(tag, under, radius=setting.size // 6)
    stage.middle(name, setting, tag, colour, "centre")
    return box._replace(left=min(tag.right + pad, box.right))


@dataclass(frozen=True, slots=True)
class Named:
    """The name and, below it, sex, age and height, as they will be set."""

    name: Setting
    who: Setting
    gap: int

    @property
    def height(self) -> int:
        """Pixels down to where the facts may begin."""
        return self.name.height + self.who.height + self.gap

    def write(self, stage: Stage, box: Box, colour: Colour = INK) -> Box:
        """At the top of ``box``; what is left of it."""
        stage.sheet.write("name", self.name, box, colour)
        stage.sheet.write("who", self.who, box._replace(top=box.top + self.name.height), colour)
        return self.below(box)

    def below(self, box: Box) -> Box:
        """What is left of ``box`` under it."""
        return box._replace(top=min(box.top + self.height, box.bottom))


def named(stage: Stage, box: Box, name: float, who: float, *, lines: int = 2) -> Named:
    """``name`` and ``who`` are the largest sizes, in units."""
    words = stage.words
    first = fitted(words.name, stage.style(name, name / 4, lines=lines), box.width, round(box.height * 0.66))
    rest = box.height - first.height
    second = fitted("  ".join(words.who), stage.style(who, who / 2, lines=2), box.width, rest)
    return Named(first, second, stage.px(who / 3))
