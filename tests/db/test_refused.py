"""A database that answers and does not let us in."""

from dataclasses import replace

import pytest
from sqlalchemy.engine import make_url

from app.db.engine import StoreRefused, StoreUnavailable, connect, transaction
from app.flows.house import House
from tests.api.stage import client_of


def elsewhere(url: str, **changes: str) -> str:
    return make_url(url).set(**changes).render_as_string(hide_password=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"username": "nobody", "password": "secret-word"}, {"database": "no_such"}])
async def test_it_is_told_and_the_api_answers_503(house: House, database: str, changes: dict[str, str]) -> None:
    refused = connect(elsewhere(database, **changes))
    with pytest.raises(StoreRefused):
        async with transaction(refused):
            pass
    async with client_of(replace(house, engine=refused, crowd=refused)) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:huijia:problem:store-unavailable")
    assert "secret-word" not in answer.text
    await refused.dispose()


async def test_one_that_is_away_has_refused_nothing() -> None:
    away = connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable) as told:
        async with transaction(away):
            pass
    assert not isinstance(told.value, StoreRefused)
