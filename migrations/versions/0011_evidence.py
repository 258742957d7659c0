"""What aired may say until when; the deliveries of one outlet are found by it."""

from alembic import op
import sqlalchemy as sa

revision = '0011'
down_revision = '0008'


def upgrade() -> None:
    op.add_column('receipt', sa.Column('until', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('receipt', 'until')
