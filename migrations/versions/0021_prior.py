"""What an outlet called an earlier notice of the alert is looked up for each delivery of a later one. Before PostgreSQL 18 there
was no index for it: a retraction of ten thousand read ten thousand entries for each."""

from alembic import op

revision = '0021'
down_revision = '0020'


def upgrade() -> None:
    with op.get_context().autocommit_block():  # nothing that is under way waits for it
        op.execute('DROP INDEX IF EXISTS delivery_prior')  # one that was begun and not finished is there, and no good
        op.execute(
            'CREATE INDEX CONCURRENTLY delivery_prior ON delivery (alert_id, outlet_id, number) '
            'WHERE reference IS NOT NULL'
        )


def downgrade() -> None:
    op.drop_index('delivery_prior', 'delivery')
