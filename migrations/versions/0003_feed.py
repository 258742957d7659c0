"""The feed from memory: what was told since, which partner was seen when, and how long it may be silent."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade() -> None:
    op.add_column('partner', sa.Column('silent_minutes', sa.Integer(), server_default='5', nullable=False))
    op.create_table('presence',
    sa.Column('partner_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], name=op.f('presence_partner_id_fkey')),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('presence_pkey')),
    postgresql_with={'fillfactor': '50'}
    )
    op.create_table('telling',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('xid', sa.BigInteger(), server_default=sa.text('(pg_current_xact_id()::text::bigint)'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('telling_alert_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('telling_pkey'))
    )
    op.create_index(op.f('telling_xid_idx'), 'telling', ['xid'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('telling_xid_idx'), table_name='telling')
    op.drop_table('telling')
    op.drop_table('presence')
    op.drop_column('partner', 'silent_minutes')
