"""Answers to a player's page are counted: which of two knows more does not depend on anybody's clock."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence('player_turn')))


def downgrade() -> None:
    op.execute(sa.schema.DropSequence(sa.Sequence('player_turn')))
