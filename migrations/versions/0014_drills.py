"""Drills: which outlets an exercise was for and when it ends by itself; the weekly one."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    op.create_table(
        'drill',
        sa.Column('alert_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('outlets', sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('drill_alert_id_fkey')),
        sa.PrimaryKeyConstraint('alert_id', name=op.f('drill_pkey')),
    )
    op.create_table(
        'drill_schedule',
        sa.Column('one', sa.Boolean(), server_default='true', nullable=False),
        sa.Column('weekday', sa.SmallInteger(), nullable=False),
        sa.Column('minute', sa.SmallInteger(), nullable=False),
        sa.Column('lasts', sa.SmallInteger(), nullable=False),
        sa.Column('channels', sa.ARRAY(sa.Text()), nullable=False),
        sa.Column('set_by', sa.Text(), nullable=False),
        sa.Column('set_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('last_slot', sa.DateTime(timezone=True)),
        sa.Column('fault', sa.Text(), server_default='', nullable=False),
        sa.CheckConstraint('one', name=op.f('drill_schedule_one_check')),
        sa.PrimaryKeyConstraint('one', name=op.f('drill_schedule_pkey')),
    )


def downgrade() -> None:
    op.drop_table('drill_schedule')
    op.drop_table('drill')
