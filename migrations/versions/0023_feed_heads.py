"""The highest number of each partner's feed stands in a table of its own: an import of outlets holds the partner's row for as long
as its list is, and whoever numbers notices for many partners would wait for it."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'

OFTEN = (  # as of every table that changes all the time (0007)
    'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0, '
    'autovacuum_analyze_scale_factor = 0.05'
)


def upgrade() -> None:
    op.create_table('feed',
    sa.Column('partner_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('head', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], name=op.f('feed_partner_id_fkey')),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('feed_pkey')),
    postgresql_with={'fillfactor': '50'}
    )
    op.execute(f'ALTER TABLE feed SET ({OFTEN})')
    op.execute('INSERT INTO feed (partner_id, head) SELECT id, feed_head FROM partner WHERE feed_head > 0')
    op.drop_column('partner', 'feed_head')


def downgrade() -> None:
    op.add_column('partner', sa.Column('feed_head', sa.BigInteger(), server_default='0', nullable=False))
    op.execute('UPDATE partner SET feed_head = feed.head FROM feed WHERE feed.partner_id = partner.id')
    op.drop_table('feed')
