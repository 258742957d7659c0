"""Which schema the database has, and whether it is one that this program was written for."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.db.engine import Session

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


@cache
def ours() -> Sequence[str]:
    """Every revision that this program knows, the newest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def newest_schema() -> str:
    """The revision that the program was written for."""
    return ours()[0]


async def revision(session: Session) -> str | None:
    """The database's; ``None`` when nothing was ever migrated."""
    if (await session.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one() is None:
        return None
    found: str | None = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return found


def is_older(found: str | None) -> bool:
    """Whether a database of this revision must be migrated first. One that we do not know is newer: somebody is upgrading, and
    this process is about to be replaced."""
    return found is None or found in ours()[1:]


async def is_behind(session: Session) -> bool:
    """The same of the database itself."""
    return is_older(await revision(session))
