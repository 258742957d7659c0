"""Outlets that fail are quarantined; a bound on what a partner is sent at once; trials are kept."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    op.add_column('partner', sa.Column('at_once', sa.Integer(), server_default='500', nullable=False))
    op.create_check_constraint(op.f('partner_at_once_check'), 'partner', 'at_once > 0')
    op.add_column('outlet', sa.Column('failures', sa.Integer(), server_default='0', nullable=False))
    op.add_column('outlet', sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('outlet', sa.Column('quarantined_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('outlet', sa.Column('probe_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('outlet', sa.Column('trouble', sa.Text(), nullable=True))
    op.create_index('outlet_failing', 'outlet', ['id'], postgresql_where=sa.text('failures > 0'))
    op.create_index('outlet_quarantined', 'outlet', ['id'], postgresql_where=sa.text('probe_at IS NOT NULL'))
    op.create_table('trial',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('outlet_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('detail', sa.Text(), server_default='', nullable=False),
    sa.Column('milliseconds', sa.Double(), nullable=True),
    sa.Column('steps', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.CheckConstraint("outcome IN ('accepted', 'retry', 'refused')", name=op.f('trial_outcome_check')),
    sa.ForeignKeyConstraint(['outlet_id'], ['outlet.id'], name=op.f('trial_outlet_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('trial_pkey'))
    )
    op.create_index(op.f('trial_outlet_id_idx'), 'trial', ['outlet_id'])


def downgrade() -> None:
    op.drop_table('trial')
    op.drop_index('outlet_quarantined', 'outlet')
    op.drop_index('outlet_failing', 'outlet')
    for column in ('trouble', 'probe_at', 'quarantined_at', 'failing_since', 'failures'):
        op.drop_column('outlet', column)
    op.drop_column('partner', 'at_once')
