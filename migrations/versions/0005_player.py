"""Screens that come and go; links of the screen player."""

from alembic import op
import sqlalchemy as sa

revision = '0005'
down_revision = '0007'


def upgrade() -> None:
    op.add_column('outlet', sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('player',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('outlet_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['outlet_id'], ['outlet.id'], name=op.f('player_outlet_id_fkey')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('player_pkey'))
    )
    op.create_index(op.f('player_outlet_id_idx'), 'player', ['outlet_id'])


def downgrade() -> None:
    op.drop_table('player')
    op.drop_column('outlet', 'gone_at')
