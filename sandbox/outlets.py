"""Who stands in the sandbox. Every name says that it is one, and every place is real."""

import math
from dataclasses import dataclass, field

BROADCASTER = "沙盒·陕西广播电视台"
BROADCAST_OWNER = "沙盒·西安市应急广播平台"
PLAYOUT_OWNER = "沙盒·西安广播电视台"
SCREEN_OWNER = "沙盒·城市大屏联播"
BOARD_OWNER = "沙盒·公路情报板中心"
GROUP_OWNER = "沙盒·雁塔志愿者协会"
APP_OWNER = "沙盒·长安出行"
NEWS_OWNER = "沙盒·秦声新闻"
STUDIO_OWNER = "沙盒·长安网络广播"
FAR_OWNER = "沙盒·陕南陕北大屏"
LED_OWNER = "沙盒·诺瓦云联播"
SIGNAGE_OWNER = "沙盒·地铁信息屏"
LISTENER_OWNER = "沙盒·地铁广告屏"

XIAOZHAI = (108.947, 34.224)

FULL_HD = {"columns": 16, "rows": 8, "width": 1920, "height": 1080}
PORTRAIT = {"columns": 12, "rows": 16, "width": 1080, "height": 1920}
BAR = {"columns": 24, "rows": 3, "width": 1920, "height": 360}
ROAD_SIGN = {"columns": 12, "rows": 4, "width": 192, "height": 64}
SMALL_BOARD = {"columns": 10, "rows": 5, "width": 320, "height": 160}


@dataclass(frozen=True, slots=True)
class Outlet:
    """One far end. ``place`` is (longitude, latitude) in GCJ-02. ``prompt`` ones state ``received`` in their answer."""

    slug: str
    partner: str
    name: str
    channel: str
    place: tuple[float, float]
    codes: tuple[str, ...]
    carrier: str = "webhook"
    panel: dict[str, int] = field(default_factory=dict)
    duty: dict[str, int] = field(default_factory=dict)
    prompt: bool = False


NEAR = (
    Outlet(
        "tv-1",
        BROADCASTER,
        "沙盒·陕西卫视",
        "tv",
        (108.948, 34.210),
        ("610100",),
        panel=FULL_HD,
        duty={"exclusive_minutes": 10, "repeat_every_minutes": 15},
    ),
    Outlet(
        "radio-1",
        BROADCASTER,
        "沙盒·陕西交通广播",
        "radio",
        (108.948, 34.210),
        ("610100",),
        duty={"exclusive_minutes": 3, "repeat_every_minutes": 15},
        prompt=True,
    ),
    Outlet(
        "billboard-1",
        BOARD_OWNER,
        "沙盒·绕城高速曲江情报板",
        "billboard",
        (108.992, 34.171),
        ("610113",),
        panel=ROAD_SIGN,
    ),
    Outlet(
        "billboard-2",
        BOARD_OWNER,
        "沙盒·铜川新区电子牌",
        "billboard",
        (108.945, 34.897),
        ("610204",),
        panel=SMALL_BOARD,
    ),
    Outlet(
        "dingtalk-1", GROUP_OWNER, "沙盒·雁塔寻人志愿者群", "dingtalk", (108.926, 34.213), ("610113",), "dingtalk_robot"
    ),
    Outlet("app-1", APP_OWNER, "沙盒·长安出行App", "partner", (108.940, 34.260), ("610100",), "feed"),
    Outlet("app-2", NEWS_OWNER, "沙盒·秦声新闻客户端", "partner", (108.956, 34.235), ("610100",)),
)
SCREENS = (
    Outlet("screen-1", SCREEN_OWNER, "沙盒·小寨十字大屏", "screen", XIAOZHAI, ("610113",), panel=FULL_HD),
    Outlet(
        "screen-2",
        SCREEN_OWNER,
        "沙盒·咸阳人民路竖屏",
        "screen",
        (108.705, 34.334),
        ("610402",),
        panel=PORTRAIT,
        prompt=True,
    ),
    Outlet("screen-3", SCREEN_OWNER, "沙盒·渭南站前条屏", "screen", (109.503, 34.500), ("610502",), panel=BAR),
)
FAR = (
    Outlet("far-1", FAR_OWNER, "沙盒·汉中天汉大道大屏", "screen", (107.028, 33.077), ("610702",), panel=FULL_HD),
    Outlet("far-2", FAR_OWNER, "沙盒·榆林开发区大屏", "screen", (109.741, 38.290), ("610802",), panel=FULL_HD),
    Outlet("far-3", FAR_OWNER, "沙盒·榆林绕城情报板", "billboard", (109.700, 38.240), ("610802",), panel=ROAD_SIGN),
)

# Those whose play-out servers huijia calls: sandbox.playout.
PLAYOUT = (
    Outlet(
        "tv-2",
        PLAYOUT_OWNER,
        "沙盒·西安新闻频道（OBS）",
        "tv",
        (108.953, 34.265),
        ("610100",),
        "obs",
        FULL_HD,
        {"exclusive_minutes": 1, "repeat_every_minutes": 15},
    ),
    Outlet(
        "tv-3",
        PLAYOUT_OWNER,
        "沙盒·西安影视频道（CasparCG）",
        "tv",
        (108.948, 34.210),
        ("610100",),
        "amcp",
        FULL_HD,
        {"exclusive_minutes": 1, "repeat_every_minutes": 15},
    ),
)
# Those that are called by way of somebody's cloud: sandbox.clouds.
CLOUDS = (
    Outlet("led-1", LED_OWNER, "沙盒·钟楼LED屏", "screen", (108.942, 34.261), ("610104",), "vnnox", FULL_HD),
    Outlet("led-2", LED_OWNER, "沙盒·大雁塔LED条屏", "screen", (108.964, 34.218), ("610113",), "vnnox", BAR),
    Outlet(
        "signage-1",
        SIGNAGE_OWNER,
        "沙盒·行政中心站信息屏",
        "billboard",
        (108.940, 34.344),
        ("610112",),
        "xibo",
        PORTRAIT,
    ),
    Outlet(
        "dingtalk-2", GROUP_OWNER, "沙盒·曲江寻人志愿者群", "dingtalk", (108.978, 34.199), ("610113",), "dingtalk_app"
    ),
)

# Reached on a line of its own, not by HTTP.
STUDIOS = (
    Outlet(
        "radio-2",
        STUDIO_OWNER,
        "沙盒·长安之声",
        "radio",
        (108.948, 34.210),
        ("610100",),
        "liquidsoap",
        duty={"repeat_every_minutes": 15, "until_minutes": 720},
    ),
)

# Those that listen on a message broker: sandbox.mqtt.
LISTENERS = (
    Outlet("metro-1", LISTENER_OWNER, "沙盒·小寨站站厅屏", "screen", (108.948, 34.226), ("610113",), "mqtt", FULL_HD),
    Outlet(
        "metro-2", LISTENER_OWNER, "沙盒·钟楼站灯箱牌", "billboard", (108.942, 34.260), ("610104",), "mqtt", SMALL_BOARD
    ),
)

# Reached through the city's platform of the emergency broadcast system: sandbox.ebd.
BROADCASTS = (
    Outlet("broadcast-1", BROADCAST_OWNER, "沙盒·西安村村响大喇叭", "radio", (108.945, 34.219), ("610100",), "ebd"),
)

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
SPREAD_DEGREES = 0.7  # keeps generated screens within 80 km of Xiaozhai


def many_screens(count: int) -> tuple[Outlet, ...]:
    """``count`` screens spread evenly around Xiaozhai, the same ones for the same count."""
    panels = (FULL_HD, PORTRAIT, BAR)

    def screen(index: int) -> Outlet:
        radius = SPREAD_DEGREES * math.sqrt((index + 0.5) / count)
        angle = index * GOLDEN_ANGLE
        place = (XIAOZHAI[0] + radius * math.cos(angle), XIAOZHAI[1] + radius * math.sin(angle))
        return Outlet(
            slug=f"screen-{index + 1}",
            partner=SCREEN_OWNER,
            name=f"沙盒·大屏{index + 1:04d}",
            channel="screen",
            place=(round(place[0], 6), round(place[1], 6)),
            codes=("610100",),
            panel=panels[index % len(panels)],
        )

    return tuple(screen(index) for index in range(count))
