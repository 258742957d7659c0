"""Telephone confirmations; drafts of updates."""

from alembic import op
import sqlalchemy as sa

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('phoned',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('answered', sa.Text(), server_default='', nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('phoned_delivery_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('phoned_pkey'))
    )
    op.create_index('phoned_once', 'phoned', ['delivery_id'], unique=True, postgresql_where=sa.text('undone_at IS NULL'))
    op.create_table('draft',
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('account', 'subject', name=op.f('draft_pkey'))
    )


def downgrade() -> None:
    op.drop_table('draft')
    op.drop_table('phoned')
