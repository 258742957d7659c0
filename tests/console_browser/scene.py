"""A night at the console: twelve searches, an exercise with the name of one of them, and what has just ended."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.db import workers
from app.db.engine import transaction
from app.domain.words import EndReason, ReceiptKind, Scope
from app.flows.end import retract
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Picture
from tests.console.delivered import accepted, aired, failed, newest, said
from tests.console_browser.portrait import portrait
from tests.making import make_alert, make_outlet

OFFICER = Principal("operator:值班员", Scope.OPERATOR, live=True)

# name, sex, age, place, county, longitude, latitude, minutes since the loss
CHILDREN = (
    ("李小明", "male", 7, "小寨地铁站B口", "610113", 108.947, 34.224, 42),
    ("王子涵", "female", 5, "大唐芙蓉园南门", "610113", 108.968, 34.212, 95),
    ("张浩然", "male", 11, "咸阳湖北岸广场", "610402", 108.709, 34.333, 180),
    ("刘雨桐", "female", 9, "渭南市朝阳公园", "610502", 109.510, 34.500, 25),
    ("李小茗", "female", 6, "小寨赛格商场一层", "610113", 108.944, 34.225, 63),
    ("陈思远", "male", 14, "宝鸡市人民公园", "610303", 107.150, 34.369, 340),
    ("杨欣怡", "female", 3, "汉台区天汉大道菜市场", "610702", 107.028, 33.077, 12),
    ("赵宇轩", "male", 8, "延安大学附属小学门口", "610602", 109.489, 36.596, 77),
    ("黄梓萱", "female", 12, "榆林市世纪广场", "610802", 109.741, 38.290, 210),
    ("周嘉懿", "male", 10, "安康市江滨公园", "610902", 109.029, 32.693, 130),
    ("吴念慈", "female", 4, "商州区通江路早市", "611002", 109.918, 33.870, 55),
    ("徐小雨", "female", 13, "铜川市新区长虹路", "610204", 108.975, 34.907, 400),
)
KINDS = (("screen", "户外屏"), ("tv", "电视台"), ("radio", "广播台"), ("billboard", "广告牌"), ("screen", "地铁屏"))
WHERE = ((108.95, 34.22), (108.70, 34.33), (109.50, 34.50), (107.15, 34.37), (107.03, 33.07), (109.49, 36.60),
         (109.74, 38.29), (109.03, 32.69), (109.92, 33.87), (108.97, 34.91))  # fmt: skip


async def outlets(house: House, count: int = 30) -> list[int]:
    """Screens, stations and boards of ten partners all over the province."""
    made = []
    for n in range(count):
        channel, word = KINDS[n % len(KINDS)]
        lon, lat = WHERE[n % len(WHERE)]
        made.append(
            await make_outlet(
                house, partner=f"{('秦岭传媒', '长安路政', '渭水广电', '关中地铁', '陕南户外')[n % 5]}",
                name=f"{word}{n + 1:02d}", channel=channel, lon=lon + n % 7 * 0.05, lat=lat + n % 3 * 0.04,
            )
        )  # fmt: skip
    return made


async def search(house: House, child: tuple[Any, ...], seed: int, **changes: Any) -> str:
    """An alert for one of the children."""
    name, sex, age, place, area, lon, lat, minutes = child
    facts: Mapping[str, Any] = {
        "organ_code": "610000000000", "minor__name": name, "minor__sex": sex, "minor__age": age, "minor__birth_date": ...,
        "minor__height_cm": 85 + age * 6, "loss__address": place, "loss__area_code": area, "loss__lon": lon, "loss__lat": lat,
        "loss__at": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(),
        "verified_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    return await make_alert(house, Picture(portrait(seed), "image/jpeg", 360, 468), **(dict(facts) | changes))


async def night(house: House) -> list[str]:
    """The codes of the twelve, in the order of CHILDREN. An exercise has the first one's name, another is a test; one
    search has ended an hour ago, one is coming down."""
    async with transaction(house.engine) as session:
        await workers.seen(session, "投递-1", {})
    here = await outlets(house)
    ended = await search(house, ("孙悦", "female", 8, "钟楼", "610103", 108.947, 34.26, 300), 77)
    await _play(house, ended, here, 1)
    async with transaction(house.engine) as session:
        await retract(session, OFFICER, ended, EndReason.FOUND, "", press=house.press)
    for delivery in (await newest(house, ended)).values():
        await accepted(house, delivery)
        await said(house, delivery, ReceiptKind.TAKEN_DOWN)
    coming = await search(house, ("钱多多", "male", 9, "大雁塔北广场", "610113", 108.964, 34.222, 120), 78)
    await _play(house, coming, here, 2)
    async with transaction(house.engine) as session:
        await retract(session, OFFICER, coming, EndReason.FOUND, "", press=house.press)
    for n, delivery in enumerate((await newest(house, coming)).values()):
        await (
            failed(house, delivery, "unreachable", "") if n == 2 else accepted(house, delivery, minutes_ago=n % 2 * 9)
        )
        if n > 5:
            await said(house, delivery, ReceiptKind.TAKEN_DOWN)
    codes = [await search(house, child, n) for n, child in enumerate(CHILDREN)]
    drill = await search(house, CHILDREN[0], 0, status="exercise")
    test = await search(house, CHILDREN[7], 7, status="test")
    for n, code in enumerate((*codes, drill, test)):
        await _play(house, code, here, n)
    async with transaction(house.engine) as session:
        await session.execute(
            text("UPDATE alert SET ended_at = now() - interval '1 hour' WHERE code = :c"), {"c": ended}
        )
    return codes


async def _play(house: House, code: str, here: list[int], salt: int) -> None:
    """Most outlets air it; a few wait, one refuses, one says nothing."""
    for n, delivery in enumerate((await newest(house, code)).values()):
        match (n * 7 + salt) % 23:
            case 0 if salt % 4 == 0:
                await failed(house, delivery)
            case 1 | 2:
                continue
            case 3:
                await accepted(house, delivery, minutes_ago=30 if salt % 5 == 1 else 0)
            case 4 | 5:
                await accepted(house, delivery)
            case 6 | 7:
                await accepted(house, delivery)
                await said(house, delivery, ReceiptKind.RECEIVED)
            case _:
                await aired(house, delivery)
