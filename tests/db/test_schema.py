"""Older than the program, newer, or none."""

import asyncio
import logging

import pytest
from sqlalchemy import text

from app.commands.store import look_at_the_schema
from app.db import schema
from app.db.engine import connect, transaction
from tests.conftest import ROOT


def test_every_revision_is_ours() -> None:
    written = {path.name.partition("_")[0] for path in (ROOT / "migrations/versions").glob("0*.py")}
    assert set(schema.ours()) == written
    assert schema.newest_schema() == max(written)


NEWEST = schema.newest_schema()


@pytest.mark.parametrize(("found", "older"), [(None, True), ("0001", True), ("9999", False), (NEWEST, False)])
def test_one_that_nobody_here_knows_is_newer(found: str | None, older: bool) -> None:
    assert schema.is_older(found) is older


@pytest.mark.parametrize(
    "change", ["DROP TABLE alembic_version", "DELETE FROM alembic_version", "UPDATE alembic_version SET version_num = '0020'"]
)  # fmt: skip
async def test_who_starts_on_an_older_one_says_so_once(
    database: str, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await look_at_the_schema(database)
    assert caplog.records == []
    engine = connect(database)
    async with transaction(engine) as session:
        await session.execute(text(change))
    async with transaction(engine) as session:
        assert await schema.is_behind(session)
    await engine.dispose()
    await look_at_the_schema(database)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "huijia migrate" in record.message


async def test_who_starts_without_a_database_starts_all_the_same() -> None:
    await asyncio.wait_for(look_at_the_schema("postgresql://nobody@127.0.0.1:1/none"), 5)
