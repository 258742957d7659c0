"""What uses a place in a paced outlet's window stands in a table of its own, whose times go back with the database's clock: an
attempt's may not."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'


def upgrade() -> None:
    op.create_table(
        'paced_send',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('outlet_id', sa.BigInteger(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('paced_send_pkey')),
    )
    op.create_index('paced_send_window', 'paced_send', ['outlet_id', 'at'], unique=False)
    op.execute(
        "INSERT INTO paced_send (outlet_id, at) SELECT outlet_id, finished_at FROM attempt "
        "WHERE lane = 'paced' AND started_at > now() - interval '10 minutes'"
    )
    op.drop_index('attempt_paced', table_name='attempt')


def downgrade() -> None:
    op.create_index(
        'attempt_paced', 'attempt', ['outlet_id', 'started_at'], unique=False, postgresql_where=sa.text("lane = 'paced'")
    )
    op.drop_table('paced_send')
