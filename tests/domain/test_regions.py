"""Codes, counties and who may speak for which."""

import pytest

from app.domain.geo import Point, distance_km
from app.domain.regions import PROVINCE, counties, known_area, may_speak_for, nearest_km, within

SHAANXI = sorted(code for code in counties() if code.startswith("61"))
XIAOZHAI = Point(108.942, 34.224)

# GB/T 2260, Shaanxi by city: how many counties each has.
CITIES = {
    "610100": 13, "610200": 4, "610300": 12, "610400": 14, "610500": 11, "610600": 13, "610700": 11, "610800": 12,
    "610900": 10, "611000": 7,
}  # fmt: skip


def test_shaanxi_has_107_counties_in_ten_cities() -> None:
    assert len(SHAANXI) == 107
    assert {city: len(list(within(city))) for city in CITIES} == CITIES
    assert len(list(within(PROVINCE))) == 107


@pytest.mark.parametrize("code", SHAANXI)
def test_every_county_of_shaanxi(code: str) -> None:
    county = counties()[code]
    assert county.code == code
    assert county.full_name.startswith("陕西省")
    assert county.full_name.endswith(("区", "县", "市"))
    assert 105.4 < county.point.lon < 111.4, "outside Shaanxi"
    assert 31.6 < county.point.lat < 39.7, "outside Shaanxi"
    assert list(within(code)) == [county]
    city = code[:4] + "00"
    assert known_area(code)
    assert known_area(city)
    assert city in CITIES
    assert may_speak_for(code, code)
    assert may_speak_for(city, code)
    assert may_speak_for(PROVINCE, code)
    assert nearest_km(county.point, [code, city, PROVINCE]) == {code: 0, city: 0, PROVINCE: 0}


@pytest.mark.parametrize("code", SHAANXI)
def test_a_county_speaks_for_no_other(code: str) -> None:
    assert [place for place in counties() if may_speak_for(code, place)] == [code]


@pytest.mark.parametrize(("city", "count"), CITIES.items())
def test_a_city_speaks_for_its_own_counties_alone(city: str, count: int) -> None:
    spoken_for = [place for place in counties() if may_speak_for(city, place)]
    assert len(spoken_for) == count
    assert all(place.startswith(city[:4]) for place in spoken_for)


def test_the_province_speaks_for_shaanxi_alone() -> None:
    assert sorted(place for place in counties() if may_speak_for(PROVINCE, place)) == SHAANXI


@pytest.mark.parametrize(
    "code",
    [
        *("610427", "610325", "610623", "610821", "610928"),  # gaps in the table
        *("610125", "999999", "000000", "990000", "619900"),  # retired, or never given
        *("", "61", "6101", "61011", "6101130", "61011３", "陕西省", "61%%%%"),
    ],
)
def test_areas_nobody_knows(code: str) -> None:
    assert not known_area(code)
    assert list(within(code)) == []
    assert nearest_km(XIAOZHAI, [code]) == {}


@pytest.mark.parametrize("code", ["610000", "610100", "610113", "140000", "500000", "620200", "429004"])
def test_areas_of_every_level_that_are_known(code: str) -> None:
    assert known_area(code)


def test_names() -> None:
    assert counties()["610113"].full_name == "陕西省西安市雁塔区"
    assert counties()["610305"].full_name == "陕西省宝鸡市凤翔区"
    assert counties()["500101"].full_name == "重庆市万州区", "a municipality is not named twice"
    assert counties()["429004"].full_name == "湖北省仙桃市", "nor is a city that is its own county"
    assert counties()["620200"].full_name == "甘肃省嘉峪关市"


def test_no_name_says_a_level_twice() -> None:
    for county in counties().values():
        name = county.full_name
        assert not any(name[i : i + n] == name[i + n : i + 2 * n] for n in (3, 4, 5) for i in range(len(name))), name


def test_nearest_is_the_nearest_county_of_the_area() -> None:
    near = nearest_km(XIAOZHAI, ["610112", "610200", "140000", "999999"])
    assert set(near) == {"610112", "610200", "140000"}
    assert near["610112"] == pytest.approx(distance_km(XIAOZHAI, counties()["610112"].point))
    assert near["610200"] == min(distance_km(XIAOZHAI, c.point) for c in within("610200"))
    assert near["610112"] < near["610200"] < near["140000"]
