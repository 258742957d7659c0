"""One child, lost on one afternoon, told in every kind and status."""

from dataclasses import replace
from datetime import datetime

from channels.contract import Kind, Loss, Media, Notice, Person, Profile, Rendition, Status
from channels.registry import channel
from channels.wording import BEIJING

NOW = datetime(2026, 11, 23, 15, 4, 6, 250_000, tzinfo=BEIJING)

PHOTO = Media(
    role="photo",
    mime="image/jpeg",
    url="https://huijia.example/media/9f3b.jpg?sig=abc",
    sha256="9f3b" * 16,
    size=81234,
    width=800,
    height=1000,
)
PERSON = Person("李小明", "male", 6, 118, "左眉有痣，短发", "红色短袖、蓝色短裤")
LOSS = Loss(
    datetime(2026, 11, 23, 14, 20, tzinfo=BEIJING), "小寨地铁站B口", "610113", "陕西省西安市雁塔区", "与家人走散"
)
PUBLISH = Notice(
    alert="HJ-2026-000123",
    number=1,
    kind=Kind.PUBLISH,
    status=Status.ACTUAL,
    issued_at=datetime(2026, 11, 23, 15, 4, 5, tzinfo=BEIJING),
    expires_at=datetime(2026, 11, 24, 15, 4, 5, tzinfo=BEIJING),
    unit="西安市公安局雁塔分局",
    phone="029-85250110",
    page_url="https://huijia.example/p/HJ-2026-000123",
    masked_name="李某某",
    person=PERSON,
    loss=LOSS,
    photo=PHOTO,
)
UPDATE = replace(
    PUBLISH, number=2, kind=Kind.UPDATE, suspect="男，40岁左右，身高175cm", vehicle="陕A12345，白色面包车", ends=(1,)
)
# As badly made as the contract allows: what a retraction must not tell is still in it.
RETRACT = replace(UPDATE, number=3, kind=Kind.RETRACT, person=None, loss=None, ends=(1, 2))

KINDS = (PUBLISH, UPDATE, RETRACT)
ALL = tuple(replace(notice, status=status) for notice in KINDS for status in Status)

# What may not outlive the search.
SECRETS_OF_THE_CHILD = (
    *("李小明", "小明", "左眉", "短发", "红色", "短裤", "小寨", "B口", "雁塔区", "家人走散", "14:20", "118"),
    *("40岁", "175", "陕A", "面包车", "9f3b", ".jpg", "照片"),
)


def rendered(notice: Notice, medium: str = "tv", profile: Profile | None = None) -> Rendition:
    return channel(medium).render(notice, profile or Profile())


def told(rendition: Rendition) -> list[str]:
    """Every text, and of a text of many lines the whole."""
    return [text if isinstance(text, str) else "\n".join(text) for text in rendition.texts.values()]


def named(notice: Notice) -> str:
    return f"{notice.kind}-{notice.status}"
