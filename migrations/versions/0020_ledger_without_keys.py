"""The ledger's rows are written by statements that read what they refer to, and nothing they refer to is ever deleted: the
checks of the foreign keys were a fifth of what PostgreSQL does for a delivery (ADR 29)."""

from alembic import op

revision = '0020'
down_revision = '0019'

KEYS = (('delivery', 'alert'), ('delivery', 'outlet'), ('attempt', 'delivery'))


def upgrade() -> None:
    op.execute('LOCK TABLE alert, outlet, delivery, attempt IN ACCESS EXCLUSIVE MODE')  # in the order in which flows lock
    for table, other in KEYS:
        op.drop_constraint(f'{table}_{other}_id_fkey', table, type_='foreignkey')


def downgrade() -> None:
    for table, other in KEYS:
        op.create_foreign_key(f'{table}_{other}_id_fkey', table, other, [f'{other}_id'], ['id'])
