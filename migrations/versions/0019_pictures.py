"""A test notice has its pictures and sounds, as a real one has: for minutes, and apart from every alert's. And whose
airing a proof shows is found by the proof."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'


def upgrade() -> None:
    op.create_table(
        'trial_media',
        sa.Column('alert', sa.Text(), nullable=False),
        sa.Column('sha256', sa.Text(), nullable=False),
        sa.Column('mime', sa.Text(), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.PrimaryKeyConstraint('alert', 'sha256', name=op.f('trial_media_pkey')),
    )
    op.create_index('trial_media_sha256_idx', 'trial_media', ['sha256'])
    op.create_index('receipt_proof', 'receipt', ['proof'], postgresql_where=sa.text('proof IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('receipt_proof', 'receipt')
    op.drop_table('trial_media')
