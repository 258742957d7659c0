"""Notices as bad as intake lets through: long, rare, empty, many-lined, and hostile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from channels.contract import Kind, Loss, Notice, Panel, Person, Status
from tests.channels.notices import PUBLISH

_HAN = "李王小明红色短袖蓝裤左眉有痣与家人走散在门口的了地铁站"
_RARE = "𬎆𠮷㛃玘翯葛\U000e0100\ue863"  # beyond the BMP, with a variation selector, from a private use area
_SIGNS = "，、。；：（）《》“”…·,.;:()-/ "
_ODD = "\n\r\t\u2028\u200b\u202e\u0301【】*_`#[]<>!|~\\"
FACT = st.sampled_from(_HAN * 4 + _RARE + _SIGNS + _ODD + "0123456789０１２①ABCxyz")

NAME = st.text(st.sampled_from(_HAN + _RARE + "·ABC"), min_size=1, max_size=40)
PLACE = st.text(st.sampled_from(_HAN + _RARE + "0123456789号（）B"), min_size=1, max_size=60)
WORDS = st.text(FACT, max_size=40) | st.text(FACT, min_size=100, max_size=500)
LINES = st.lists(st.text(FACT, max_size=20), max_size=18).map("\n".join)

MOMENT = st.integers(0, 400 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
PANEL = st.builds(Panel, columns=st.none() | st.integers(0, 40), rows=st.none() | st.integers(0, 12))


def _notice(name: str, place: str, more: dict[str, Any], kind: Kind, status: Status) -> Notice:
    person = Person(name, more["sex"], more["age"], more["height"], more["features"], more["clothing"])
    loss = Loss(more["at"], place, "610113", more["area"], more["circumstances"])
    return replace(
        PUBLISH,
        kind=kind,
        status=status,
        person=person,
        loss=loss,
        suspect=more["suspect"],
        vehicle=more["vehicle"],
        unit=more["unit"],
        phone=more["phone"],
        photo=more["photo"],
    )


_MORE = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["male", "female"]),
        "age": st.integers(0, 17),
        "height": st.none() | st.integers(40, 200),
        "features": WORDS,
        "clothing": WORDS | LINES,
        "at": MOMENT,
        "area": st.sampled_from(["陕西省西安市雁塔区", "湖北省荆州市沙市区", "重庆市城口县", ""]),
        "circumstances": WORDS | LINES,
        "suspect": st.just("") | WORDS,
        "vehicle": st.just("") | WORDS,
        "unit": st.sampled_from(["西安市公安局雁塔分局", "陕西省公安厅刑侦总队打击拐卖妇女儿童犯罪支队", ""]),
        "phone": st.sampled_from(["029-85250110", "110", "", "13800001234"]),
        "photo": st.sampled_from([PUBLISH.photo, None]),
    }
)
SEARCHES = st.builds(_notice, NAME, PLACE, _MORE, st.sampled_from([Kind.PUBLISH, Kind.UPDATE]), st.sampled_from(Status))
