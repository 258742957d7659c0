"""Which pictures go along with a notice."""

from channels.contract import Kind, Media, Notice


def pictures(notice: Notice) -> tuple[Media, ...]:
    """The photo, where there is one and the search lasts."""
    return () if notice.photo is None or notice.kind is Kind.RETRACT else (notice.photo,)
