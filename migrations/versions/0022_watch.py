"""Whoever looks whether all is well takes turns with the others, and what was told is known to all of them: a watchdog that froze
silences nobody."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'


def upgrade() -> None:
    op.create_table(
        'watch',
        sa.Column('one', sa.Boolean(), server_default='true', nullable=False),
        sa.Column('by', sa.Text(), server_default='', nullable=False),
        sa.Column('looked_at', sa.DateTime(timezone=True)),
        sa.Column('until', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.CheckConstraint('one', name=op.f('watch_one_check')),
        sa.PrimaryKeyConstraint('one', name=op.f('watch_pkey')),
    )
    op.execute('INSERT INTO watch DEFAULT VALUES')
    op.create_table(
        'trouble',
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('zh', sa.Text(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('told_at', sa.DateTime(timezone=True)),
        sa.Column('told', sa.Text()),
        sa.Column('over_at', sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint('name', name=op.f('trouble_pkey')),
    )


def downgrade() -> None:
    op.drop_table('trouble')
    op.drop_table('watch')
