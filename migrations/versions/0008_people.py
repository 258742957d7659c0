"""What people at the console may do, their second factor, and the deliveries of one outlet."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0006'

ROLES = "role IN ('viewer', 'operator', 'officer', 'admin')"


def upgrade() -> None:
    op.add_column('account', sa.Column('role', sa.Text(), nullable=False, server_default='admin'))
    op.alter_column('account', 'role', server_default=None)
    op.create_check_constraint(op.f('account_role_check'), 'account', ROLES)
    op.add_column('account', sa.Column('organ_code', sa.Text()))
    op.create_foreign_key(op.f('account_organ_code_fkey'), 'account', 'organ', ['organ_code'], ['code'])
    op.add_column('account', sa.Column('number', sa.Text(), nullable=False, server_default=''))
    op.add_column('account', sa.Column('phone', sa.Text(), nullable=False, server_default=''))
    op.add_column('account', sa.Column('totp_sealed', sa.LargeBinary()))
    op.add_column('account', sa.Column('totp_step', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('console_session', sa.Column('address', sa.Text(), nullable=False, server_default=''))
    op.create_table(
        'recovery',
        sa.Column('account_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('code_hash', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('recovery_account_id_fkey')),
        sa.PrimaryKeyConstraint('account_id', 'code_hash', name=op.f('recovery_pkey')),
    )
    op.create_index('delivery_outlet', 'delivery', ['outlet_id', 'id'])


def downgrade() -> None:
    op.drop_index('delivery_outlet', 'delivery')
    op.drop_table('recovery')
    op.drop_column('console_session', 'address')
    for column in ('totp_step', 'totp_sealed', 'phone', 'number', 'organ_code', 'role'):
        op.drop_column('account', column)
