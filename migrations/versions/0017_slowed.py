"""Failed sign-ins are counted for all processes, not by each."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'


def upgrade() -> None:
    op.create_table(
        'slowed',
        sa.Column('key', sa.LargeBinary(), nullable=False),
        sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
        sa.Column('last_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('not_before', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('slowed_pkey')),
    )


def downgrade() -> None:
    op.drop_table('slowed')
