"""What stands in OBS: its picture, its scenes, and what is ours there, under whatever name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.carriers.line import Ended
from channels.carriers.obs.layout import (
    AIRED,
    AS_MADE,
    MARKER,
    NUMBER,
    PART,
    TEXT_KINDS,
    Canvas,
    Kind,
    Part,
    part_of,
)
from channels.carriers.obs.session import Code, Data, Session, member
from channels.contract import Reason, Refused

REALM = "OBS_WEBSOCKET_DATA_REALM_GLOBAL"


@dataclass(frozen=True, slots=True)
class Survey:
    """``inputs``: the current name of each part of this alert. ``doubles``: inputs that staff made of ours by copying.
    ``newest``: the highest notice of this alert that OBS was ever sent. ``shown``: settings of the crawl as it stands."""

    width: int
    height: int
    scenes: frozenset[str]
    program: str
    kinds: frozenset[str]
    newest: int
    inputs: Mapping[Part, str]
    doubles: tuple[str, ...]
    shown: Data = field(default_factory=dict)

    @property
    def text_kind(self) -> str:
        """The kind of input that draws text here. Raises ``Ended`` where there is none."""
        found = next((kind for kind in TEXT_KINDS if kind in self.kinds), None)
        if found is None:
            raise Ended(Refused(Reason.REJECTED, "这台 OBS 没有文字源（text_ft2 或 text_gdiplus）"))
        return found

    def shows(self, number: int) -> bool:
        """True when the crawl is that of this notice. It is the last that an update touches."""
        return self.shown.get(NUMBER) == number

    def aired_at(self, number: int) -> datetime | None:
        """When this notice was first seen on air."""
        of, _, at = str(self.shown.get(AIRED, "")).partition(" ")
        try:
            return datetime.fromisoformat(at) if of == str(number) else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a scene. ``y`` as its alignment means it; ``laid``: not as OBS makes items. ``drawn``: its source has a size,
    which a picture that did not load has not."""

    id: int
    index: int
    on: bool
    y: float
    laid: bool
    drawn: bool


def slot_name(alert: str) -> str:
    """Under which OBS remembers the newest notice of an alert."""
    return f"huijia {alert}"


async def survey(session: Session, alert: str) -> Survey:
    """Look round."""
    video, program, scenes, inputs, kinds, kept = await session.all(
        [
            ("GetVideoSettings", {}),
            ("GetCurrentProgramScene", {}),
            ("GetSceneList", {}),
            ("GetInputList", {}),
            ("GetInputKindList", {"unversioned": False}),
            ("GetPersistentData", {"realm": REALM, "slotName": slot_name(alert)}),
        ],
        bear={"GetPersistentData": Code.ANY},
    )
    listed = [one for one in member(inputs.data, "inputs", list) if isinstance(one, dict)]
    ours, doubles, shown = await _ours(session, alert, listed)
    newest = kept.data.get("slotValue")
    return Survey(
        width=max(member(video.data, "baseWidth", int), 1),
        height=max(member(video.data, "baseHeight", int), 1),
        scenes=frozenset(str(one.get("sceneName")) for one in member(scenes.data, "scenes", list)),
        program=member(program.data, "currentProgramSceneName", str),
        kinds=frozenset(map(str, member(kinds.data, "inputKinds", list))),
        newest=newest if isinstance(newest, int) and not isinstance(newest, bool) else 0,
        inputs=ours,
        doubles=tuple(doubles),
        shown=shown,
    )


async def _ours(session: Session, alert: str, listed: list[Data]) -> tuple[dict[Part, str], list[str], Data]:
    """By name and, since staff rename and copy what they find, by the mark in the settings of whatever is not named as
    ours."""
    ours: dict[Part, str] = {}
    strangers: list[str] = []
    for one in listed:
        name = str(one.get("inputName"))
        named = part_of(name)
        if named is not None and named[0] == alert:
            ours[named[1]] = name
        elif named is None and one.get("inputKind") in (*Kind, *TEXT_KINDS):
            strangers.append(name)
    asked = [*strangers, *([ours[Part.CRAWL]] if Part.CRAWL in ours else [])]
    settings = await _settings(session, asked)
    doubles: list[str] = []
    for name in strangers:
        if settings[name].get(MARKER) == alert:
            part = _part(settings[name].get(PART))
            if part is None or part in ours:
                doubles.append(name)
            else:
                ours[part] = name
    return ours, doubles, settings.get(ours.get(Part.CRAWL, ""), {})


async def _settings(session: Session, names: list[str]) -> dict[str, Data]:
    answers = await session.all(
        [("GetInputSettings", {"inputName": name}) for name in names], bear={"GetInputSettings": Code.NOT_FOUND}
    )
    found: dict[str, Any] = {}
    for name, answer in zip(names, answers, strict=True):
        settings = answer.data.get("inputSettings")
        found[name] = settings if isinstance(settings, dict) else {}
    return found


def _part(value: object) -> Part | None:
    return Part(value) if isinstance(value, str) and value in tuple(Part) else None


async def placed(session: Session, scene: str) -> dict[str, Placed]:
    """The items of a scene by the name of their source; of one that is there twice, the upper."""
    said = await session.ask("GetSceneItemList", sceneName=scene)
    found: dict[str, Placed] = {}
    for one in member(said, "sceneItems", list):
        if not isinstance(one, dict):
            continue
        transform = one.get("sceneItemTransform")
        transform = transform if isinstance(transform, dict) else {}
        found[str(one.get("sourceName"))] = Placed(
            id=member(one, "sceneItemId", int),
            index=member(one, "sceneItemIndex", int),
            on=one.get("sceneItemEnabled") is True,
            y=float(transform.get("positionY") or 0),
            laid=transform.get("alignment") != AS_MADE,
            drawn=bool(transform.get("sourceWidth")),
        )
    return found


def alone(alert: str, scene: Mapping[str, Placed]) -> bool:
    """True when no other alert has a band on in this scene."""
    bands = (named[0] for name, item in scene.items() if item.on and (named := part_of(name)) and named[1] is Part.BAND)
    return not any(other != alert for other in bands)


def canvas(found: Survey, scene: Mapping[str, Placed]) -> Canvas:
    """The picture, and the lowest band that no other live alert has taken; our own where we have one already."""
    whole = Canvas(found.width, found.height)
    taken: set[int] = set()
    for name, item in scene.items():
        named = part_of(name)
        if not item.laid:
            continue
        if name == found.inputs.get(Part.BAND):
            return Canvas(found.width, found.height, max(whole.slot_of(item.y), 0))
        if named is not None and named[1] is Part.BAND:
            taken.add(whole.slot_of(item.y))
    return Canvas(found.width, found.height, next(slot for slot in range(len(taken) + 1) if slot not in taken))
