"""The requests of obs-websocket 5.1 that the sandbox's OBS knows, with the checks and codes of its protocol page."""

from collections.abc import Callable
from typing import Any

from sandbox.obs_room import FILTERS, KINDS, Data, Failure, Input, Item, Room, Scene
from sandbox.obs_shot import screenshot


def carry_out(room: Room, request: str, data: Data) -> Data | None:
    """The answer to one request. Raises :class:`Failure`."""
    act = _KNOWN.get(request)
    if act is None:
        raise Failure(204, f"The request type `{request}` is not valid.")
    return act(room, data)


# ── Fields of a request ─────────────────────────────────────────────────────────────────────────────────────────────


def text(data: Data, name: str) -> str:
    value = _field(data, name, str)
    if not value:
        raise Failure(403, f"The field value of `{name}` is empty.")
    return str(value)


def number(data: Data, name: str) -> int:
    if isinstance(data.get(name), bool):
        raise Failure(401, f"The field value of `{name}` is not a number.")
    return int(_field(data, name, int))


def _field(data: Data, name: str, kind: type) -> Any:
    if data.get(name) is None:
        raise Failure(300, f"Your request is missing the `{name}` field.")
    if not isinstance(data[name], kind):
        raise Failure(401, f"The field value of `{name}` is of the wrong type.")
    return data[name]


def _scene(room: Room, data: Data) -> Scene:
    return room.scene(text(data, "sceneName"))


def _input(room: Room, data: Data, name: str = "inputName") -> Input:
    return room.input(text(data, name))


def _item(room: Room, data: Data) -> Item:
    wanted = number(data, "sceneItemId")
    found = next((item for item in _scene(room, data).items if item.id == wanted), None)
    if found is None:
        raise Failure(600, "No scene items were found in the specified scene by that ID.")
    return found


# ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _version(room: Room, data: Data) -> Data:
    return {"obsVersion": "29.0.2", "obsWebSocketVersion": "5.1.0", "rpcVersion": 1, "platform": "sandbox"}


def _video(room: Room, data: Data) -> Data:
    return {"baseWidth": room.width, "baseHeight": room.height, "fpsNumerator": 25, "fpsDenominator": 1}


def _program(room: Room, data: Data) -> Data:
    return {"currentProgramSceneName": room.program}


def _cut_to(room: Room, data: Data) -> None:
    _scene(room, data)
    room.program = data["sceneName"]


def _scenes(room: Room, data: Data) -> Data:
    listed = [{"sceneName": name, "sceneIndex": index} for index, name in enumerate(room.scenes)]
    return {"currentProgramSceneName": room.program, "currentPreviewSceneName": None, "scenes": listed}


def _new_scene(room: Room, data: Data) -> None:
    room.free(text(data, "sceneName"))
    room.scenes[data["sceneName"]] = Scene()


def _inputs(room: Room, data: Data) -> Data:
    return {"inputs": [{"inputName": name, "inputKind": one.kind} for name, one in room.inputs.items()]}


def _kinds(room: Room, data: Data) -> Data:
    return {"inputKinds": list(KINDS)}


def _new_input(room: Room, data: Data) -> Data:
    scene, name, kind = _scene(room, data), text(data, "inputName"), text(data, "inputKind")
    room.free(name)
    if kind not in KINDS:
        raise Failure(605, "Your specified input kind is not supported by OBS.")
    room.inputs[name] = Input(kind, dict(_field(data, "inputSettings", dict) if "inputSettings" in data else {}))
    return {"sceneItemId": scene.add(name, data.get("sceneItemEnabled", True) is True).id}


def _remove_input(room: Room, data: Data) -> None:
    _input(room, data)
    room.forget(data["inputName"])


def _rename(room: Room, data: Data) -> None:
    one, name = _input(room, data), text(data, "newInputName")
    room.free(name)
    old = data["inputName"]
    room.inputs[name] = one
    del room.inputs[old]
    for scene in room.scenes.values():
        for item in scene.items:
            item.source = name if item.source == old else item.source


def _input_settings(room: Room, data: Data) -> Data:
    one = _input(room, data)
    return {"inputSettings": one.settings, "inputKind": one.kind}


def _set_input(room: Room, data: Data) -> None:
    one, settings = _input(room, data), _field(data, "inputSettings", dict)
    one.settings = {**one.settings, **settings} if data.get("overlay", True) else dict(settings)


def _new_filter(room: Room, data: Data) -> None:
    one, name, kind = _input(room, data, "sourceName"), text(data, "filterName"), text(data, "filterKind")
    if name in one.filters:
        raise Failure(601, "A filter already exists by that name.")
    if kind not in FILTERS:
        raise Failure(607, "Your specified filter kind is not supported by OBS.")
    one.filters[name] = {"kind": kind, "settings": dict(data.get("filterSettings") or {})}


def _set_filter(room: Room, data: Data) -> None:
    one, name = _input(room, data, "sourceName"), text(data, "filterName")
    if name not in one.filters:
        raise Failure(600, "No filter was found by that name.")
    one.filters[name]["settings"].update(_field(data, "filterSettings", dict))


def _items(room: Room, data: Data) -> Data:
    return {"sceneItems": [_described(room, index, item) for index, item in enumerate(_scene(room, data).items)]}


def _described(room: Room, index: int, item: Item) -> Data:
    size = room.inputs[item.source].size if item.source in room.inputs else (room.width, room.height)
    transform = {**item.transform, "sourceWidth": float(size[0]), "sourceHeight": float(size[1])}
    return {
        "sceneItemId": item.id, "sceneItemIndex": index, "sourceName": item.source,
        "sceneItemEnabled": item.on, "sceneItemTransform": transform,
    }  # fmt: skip


def _new_item(room: Room, data: Data) -> Data:
    scene, name = _scene(room, data), text(data, "sourceName")
    if name not in room.inputs and name not in room.scenes:
        raise Failure(600, f"No source was found by the name of `{name}`.")
    return {"sceneItemId": scene.add(name, data.get("sceneItemEnabled", True) is True).id}


def _remove_item(room: Room, data: Data) -> None:
    _scene(room, data).items.remove(_item(room, data))


def _switch(room: Room, data: Data) -> None:
    _item(room, data).on = bool(_field(data, "sceneItemEnabled", bool))


def _move(room: Room, data: Data) -> None:
    scene, item, index = _scene(room, data), _item(room, data), number(data, "sceneItemIndex")
    if not 0 <= index < len(scene.items):
        raise Failure(402, "The field value of `sceneItemIndex` is out of range.")
    scene.items.remove(item)
    scene.items.insert(index, item)


def _transform(room: Room, data: Data) -> None:
    item, change = _item(room, data), _field(data, "sceneItemTransform", dict)
    for name in ("boundsWidth", "boundsHeight"):
        if name in change and not change[name] >= 1:
            raise Failure(402, f"The field value of `{name}` is out of range.")
    item.transform.update(change)


def _is_active(room: Room, data: Data) -> Data:
    name = text(data, "sourceName")
    if name not in room.inputs and name not in room.scenes:
        raise Failure(600, f"No source was found by the name of `{name}`.")
    return {"videoActive": name in room.on_air() or name == room.program, "videoShowing": name in room.on_air()}


def _screenshot(room: Room, data: Data) -> Data:
    name = text(data, "sourceName")
    if name not in room.scenes:
        raise Failure(600, f"No source was found by the name of `{name}`.")
    width, height = number(data, "imageWidth"), number(data, "imageHeight")
    if not 8 <= width <= 4096 or not 8 <= height <= 4096:
        raise Failure(402, "The field value of `imageWidth` or `imageHeight` is out of range.")
    if text(data, "imageFormat") not in ("jpg", "jpeg", "png"):
        raise Failure(402, "Your specified image format is invalid or not supported by this system.")
    return {"imageData": screenshot(room.laid(name), (room.width, room.height), (width, height), data["imageFormat"])}


def _recall(room: Room, data: Data) -> Data:
    return {"slotValue": room.kept.get((_realm(data), text(data, "slotName")))}


def _keep(room: Room, data: Data) -> None:
    if "slotValue" not in data:
        raise Failure(300, "Your request is missing the `slotValue` field.")
    room.kept[_realm(data), text(data, "slotName")] = data["slotValue"]


def _realm(data: Data) -> str:
    realm = text(data, "realm")
    if realm not in ("OBS_WEBSOCKET_DATA_REALM_GLOBAL", "OBS_WEBSOCKET_DATA_REALM_PROFILE"):
        raise Failure(600, "You have specified an invalid persistent data realm.")
    return realm


def _studio(room: Room, data: Data) -> None:
    on = _field(data, "studioModeEnabled", bool)
    room.copied = frozenset(item.id for item in room.scenes[room.program].items) if on else None


_KNOWN: dict[str, Callable[[Room, Data], Data | None]] = {
    "GetVersion": _version, "GetVideoSettings": _video, "GetCurrentProgramScene": _program,
    "SetCurrentProgramScene": _cut_to, "GetSceneList": _scenes, "CreateScene": _new_scene, "GetInputList": _inputs,
    "GetInputKindList": _kinds, "CreateInput": _new_input, "RemoveInput": _remove_input, "SetInputName": _rename,
    "GetInputSettings": _input_settings, "SetInputSettings": _set_input, "CreateSourceFilter": _new_filter,
    "SetSourceFilterSettings": _set_filter, "GetSceneItemList": _items, "CreateSceneItem": _new_item,
    "RemoveSceneItem": _remove_item, "SetSceneItemEnabled": _switch, "SetSceneItemIndex": _move,
    "SetSceneItemTransform": _transform, "GetSourceActive": _is_active, "GetSourceScreenshot": _screenshot,
    "GetPersistentData": _recall, "SetPersistentData": _keep, "SetStudioModeEnabled": _studio,
}  # fmt: skip
