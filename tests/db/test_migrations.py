"""The tables in code and the tables that the migrations make are the same; every migration can be undone."""

import asyncio

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from app.db.engine import connect
from app.db.tables import metadata
from tests.conftest import ROOT


async def test_models_and_migrations_agree(database: str) -> None:
    engine = connect(database)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_downgrade_leaves_nothing(database: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = database
    await asyncio.to_thread(command.downgrade, config, "base")
    engine = connect(database)
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "AND relkind IN ('r', 'S') AND relname <> 'alembic_version'"
            )
        )
        assert found.all() == []
    await engine.dispose()
