"""Pictures and sounds made of a notice, proofs, counters, workers, and the deliveries that are looked after."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    op.create_table('media',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('mime', sa.Text(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('media_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'number', 'sha256', name=op.f('media_pkey'))
    )
    op.create_index('media_sha256_idx', 'media', ['sha256'])
    op.create_index('photo_sha256_idx', 'photo', ['sha256'])
    op.create_table('proof',
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('mime', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('proof_pkey'))
    )
    op.create_table('counter',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('counter_pkey'))
    )
    op.create_table('worker',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('detail', postgresql.JSONB(), server_default='{}', nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('worker_pkey'))
    )
    op.add_column('receipt', sa.Column('proof', sa.Text(), nullable=True))
    op.create_foreign_key(op.f('receipt_proof_fkey'), 'receipt', 'proof', ['proof'], ['sha256'])
    op.add_column('outlet', sa.Column('heard_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('delivery', sa.Column('tend_at', sa.DateTime(timezone=True), nullable=True))
    due = sa.text("state = 'pending' AND lane = 'push'")
    op.drop_index('delivery_due', 'delivery')
    op.create_index('delivery_due', 'delivery', ['priority', sa.text('(tries > 0)'), 'due_at'], postgresql_where=due)
    op.create_index('delivery_tended', 'delivery', ['tend_at'], postgresql_where=sa.text('tend_at IS NOT NULL'))
    op.create_index('delivery_reference', 'delivery', ['reference'], postgresql_where=sa.text('reference IS NOT NULL'))


def downgrade() -> None:
    due = sa.text("state = 'pending' AND lane = 'push'")
    op.drop_index('delivery_due', 'delivery')
    op.create_index('delivery_due', 'delivery', ['priority', 'due_at'], postgresql_where=due)
    op.drop_index('delivery_reference', 'delivery')
    op.drop_index('delivery_tended', 'delivery')
    op.drop_column('delivery', 'tend_at')
    op.drop_column('outlet', 'heard_at')
    op.drop_column('receipt', 'proof')
    op.drop_table('worker')
    op.drop_table('counter')
    op.drop_table('proof')
    op.drop_index('photo_sha256_idx', 'photo')
    op.drop_table('media')
