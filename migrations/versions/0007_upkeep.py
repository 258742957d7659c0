"""Tables that change all the time are cleaned all the time: a claim must not wade through what is over."""

from alembic import op

revision = '0007'
down_revision = '0004'

OFTEN = (
    'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0, '
    'autovacuum_analyze_scale_factor = 0.05'
)
NAMES = ', '.join(setting.partition(' =')[0] for setting in OFTEN.split(', '))


def upgrade() -> None:
    for table in ('delivery', 'outlet', 'alert', 'partner', 'worker', 'presence'):
        op.execute(f'ALTER TABLE {table} SET ({OFTEN})')
    op.execute('ALTER TABLE attempt SET (autovacuum_vacuum_insert_scale_factor = 0.05)')


def downgrade() -> None:
    for table in ('delivery', 'outlet', 'alert', 'partner', 'worker', 'presence'):
        op.execute(f'ALTER TABLE {table} RESET ({NAMES})')
    op.execute('ALTER TABLE attempt RESET (autovacuum_vacuum_insert_scale_factor)')
