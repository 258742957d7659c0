"""Bringing a notice on, taking it off, and looking whether it is seen."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.carriers.line import Ended
from channels.carriers.obs.layout import AIRED, BANDS, Canvas, Item, Part, depth, input_name, part_of, scroll
from channels.carriers.obs.pixels import holds
from channels.carriers.obs.session import Code, Request, Session, member
from channels.carriers.obs.survey import REALM, Placed, Survey, placed, slot_name
from channels.contract import Notice, Proof, Reason, Retry

FILTER = "huijia"
# Somebody else was first, which is all the same to us.
_BORNE = {
    "RemoveInput": Code.NOT_FOUND,
    "GetSourceActive": Code.NOT_FOUND,
    "CreateSourceFilter": Code.ALREADY_EXISTS,
}
_WIDEST_PROOF = 1280
_JPEG = b"\xff\xd8\xff"


async def remember(session: Session, notice: Notice) -> None:
    """Let OBS keep the number, so that an older notice finds that it is late even when nothing stands there any more. One
    that cannot (its folder is full, say) shows and takes off all the same."""
    kept = {"realm": REALM, "slotName": slot_name(notice.alert), "slotValue": notice.number}
    await session.all([("SetPersistentData", kept)], bear={"SetPersistentData": Code.ANY})


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene by name, its items as they stood, and the place of this alert in the picture."""

    name: str
    items: Mapping[str, Placed]
    canvas: Canvas


async def bring_on(
    session: Session, notice: Notice, found: Survey, scene: Scene, items: Sequence[Item], seen: set[Part]
) -> None:
    """Make what is missing, out of sight; write what is old; then switch all of it at once. What staff have moved stays
    where they put it."""
    here = {item.part: found.inputs.get(item.part) or input_name(notice.alert, item.part) for item in items}
    renewed = not found.shows(notice.number)
    requests: list[Request] = []
    for item in items:
        requests += _made(item, here[item.part], scene, known=item.part in found.inputs, renewed=renewed)
    unwanted = [name for part, name in found.inputs.items() if part not in here]
    requests += [("RemoveInput", {"inputName": name}) for name in (*unwanted, *found.doubles)]
    await session.all(requests, bear=_BORNE)
    now = await placed(session, scene.name) if requests else scene.items  # what was just made is not laid
    if any(name not in now for name in here.values()):
        raise Ended(Retry(Reason.SERVER_ERROR, "OBS 场景中的通告元素刚被他人删除"))
    laid = [_put(scene, now[here[item.part]], item) for item in items if not now[here[item.part]].laid]
    switched = [
        _switch(scene, now[name], part in seen) for part, name in here.items() if now[name].on != (part in seen)
    ]
    await session.all([*laid, *_ordered(scene, now, here, notice.alert), *switched])


def _made(item: Item, name: str, scene: Scene, *, known: bool, renewed: bool) -> list[Request]:
    requests: list[Request] = []
    if not known:
        made = {"inputName": name, "inputKind": item.kind, "inputSettings": dict(item.settings)}
        requests.append(("CreateInput", {"sceneName": scene.name, "sceneItemEnabled": False, **made}))
    elif renewed:
        written = {"inputName": name, "inputSettings": dict(item.settings), "overlay": True}
        requests.append(("SetInputSettings", written))
    whole = name in scene.items and scene.items[name].laid
    if item.part is Part.CRAWL and (renewed or not whole):
        filtered = {"sourceName": name, "filterName": FILTER}
        settings = {"filterSettings": scroll(item.settings, scene.canvas)}
        requests.append(("CreateSourceFilter", {**filtered, "filterKind": "scroll_filter", **settings}))
        requests.append(("SetSourceFilterSettings", {**filtered, **settings, "overlay": True}))
    if known and name not in scene.items:
        requests.append(("CreateSceneItem", {"sceneName": scene.name, "sourceName": name, "sceneItemEnabled": False}))
    return requests


def _put(scene: Scene, item: Placed, laid: Item) -> Request:
    where = {"sceneName": scene.name, "sceneItemId": item.id, "sceneItemTransform": dict(laid.transform)}
    return "SetSceneItemTransform", where


def _switch(scene: Scene, item: Placed, on: bool) -> Request:
    return "SetSceneItemEnabled", {"sceneName": scene.name, "sceneItemId": item.id, "sceneItemEnabled": on}


def _ordered(scene: Scene, now: Mapping[str, Placed], here: Mapping[Part, str], alert: str) -> list[Request]:
    """Nothing where the items of all alerts lie as they should; else each of them to the top in its turn."""
    whose = {name: named for name in now if (named := part_of(name)) is not None}
    whose |= {name: (alert, part) for part, name in here.items()}
    lying = sorted(whose, key=lambda name: now[name].index)
    lowest: dict[str, int] = {}
    for name in lying:
        lowest.setdefault(whose[name][0], now[name].index)
    wanted = sorted(lying, key=lambda name: _height(whose[name][1], lowest[whose[name][0]]))
    if lying == wanted:
        return []
    top = len(now) - 1
    return [
        ("SetSceneItemIndex", {"sceneName": scene.name, "sceneItemId": now[name].id, "sceneItemIndex": top})
        for name in wanted
    ]


def _height(part: Part, alert: int) -> tuple[int, int, int]:
    return depth(part), alert, tuple(Part).index(part)


async def take_off(session: Session, found: Survey) -> None:
    """Remove the inputs: they leave every scene, and nothing of the child stays in the scene collection."""
    names = (*found.inputs.values(), *found.doubles)
    await session.all([("RemoveInput", {"inputName": name}) for name in names], bear=_BORNE)


async def unseen(session: Session, found: Survey, scene: str, wanted: set[Part], alert: str) -> tuple[Part, ...]:
    """The parts that are not switched on, not drawn, or not in the programme that leaves OBS. In studio mode an item of the
    programme's own scene is not, although it is switched on: OBS shows a copy of that scene there."""
    names = {part: found.inputs.get(part) or input_name(alert, part) for part in wanted}
    now = await placed(session, scene)
    answers = await session.all([("GetSourceActive", {"sourceName": name}) for name in names.values()], bear=_BORNE)
    active = {part: answer.data.get("videoActive") is True for part, answer in zip(names, answers, strict=True)}
    seen = {part for part, name in names.items() if active[part] and name in now and now[name].on and now[name].drawn}
    return tuple(part for part in Part if part in wanted - seen)


async def prove(session: Session, found: Survey, notice: Notice, now: datetime) -> Proof | None:
    """The first frame in which the notice is seen, and the crawl's mark that it was: one frame a notice is enough. ``None``
    where the frame does not hold the band, whatever OBS says."""
    proof = await frame(session, found)
    if not holds(proof.body, BANDS[notice.status]):
        return None
    name = found.inputs.get(Part.CRAWL) or input_name(notice.alert, Part.CRAWL)
    mark = {"inputName": name, "inputSettings": {AIRED: f"{notice.number} {now.isoformat()}"}, "overlay": True}
    await session.ask("SetInputSettings", **mark)
    return proof


async def frame(session: Session, found: Survey) -> Proof:
    """The programme scene as a JPEG, at most 1280 pixels wide."""
    width = min(found.width, _WIDEST_PROOF)
    program = member(await session.ask("GetCurrentProgramScene"), "currentProgramSceneName", str)
    said = await session.ask(
        "GetSourceScreenshot",
        sourceName=program,
        imageFormat="jpg",
        imageWidth=width,
        imageHeight=max(found.height * width // found.width, 8),
        imageCompressionQuality=80,
    )
    try:
        body = base64.b64decode(member(said, "imageData", str).partition(",")[2], validate=True)
    except binascii.Error:
        body = b""
    if not body.startswith(_JPEG):
        raise Ended(Retry(Reason.UNINTELLIGIBLE, "OBS 的截图无法识别"))
    return Proof("image/jpeg", body)
