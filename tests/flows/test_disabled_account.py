"""A disabled account lets nobody in by a link, and nothing waits for the day that it is enabled again."""

from app.db.engine import transaction
from app.flows.house import House
from app.flows.sign_in import by_link, one_time_link
from tests.flows.ledger import one, rows


async def test_a_link_of_a_disabled_account_opens_nothing(house: House) -> None:
    async with transaction(house.engine) as session:
        early = await one_time_link(session, "王敏")
    await rows(house, "UPDATE account SET disabled_at = now()")
    async with transaction(house.engine) as session:
        late = await one_time_link(session, "王敏")
        for link in (early, late):
            assert await by_link(session, link) is None
    assert await one(house, "SELECT count(*) FROM console_session") == 0
    assert await one(house, "SELECT count(*) FROM audit") == 0, "nobody signed in"
    assert await one(house, "SELECT count(*) FROM login_link WHERE used_at IS NOT NULL") == 0
    await rows(house, "UPDATE account SET disabled_at = NULL")
    async with transaction(house.engine) as session:
        assert await by_link(session, early) is not None
