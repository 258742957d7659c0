"""Notes; and tables that change all the time are cleaned all the time: a claim must not wade through what is over."""

from alembic import op
import sqlalchemy as sa

revision = '0007'
down_revision = '0004'

OFTEN = (
    'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0, '
    'autovacuum_analyze_scale_factor = 0.05'
)
NAMES = ', '.join(setting.partition(' =')[0] for setting in OFTEN.split(', '))


def upgrade() -> None:
    op.create_table('note',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('note_pkey'))
    )
    for table in ('delivery', 'outlet', 'alert', 'partner', 'worker', 'presence'):
        op.execute(f'ALTER TABLE {table} SET ({OFTEN})')
    op.execute('ALTER TABLE attempt SET (autovacuum_vacuum_insert_scale_factor = 0.05)')


def downgrade() -> None:
    op.drop_table('note')
    for table in ('delivery', 'outlet', 'alert', 'partner', 'worker', 'presence'):
        op.execute(f'ALTER TABLE {table} RESET ({NAMES})')
    op.execute('ALTER TABLE attempt RESET (autovacuum_vacuum_insert_scale_factor)')
