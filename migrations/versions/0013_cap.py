"""CAP messages as they were signed: a station that has one is never shown another of the same name."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0011'


def upgrade() -> None:
    op.create_table('cap_message',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('cap_message_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'number', name=op.f('cap_message_pkey'))
    )
    op.execute("CREATE TRIGGER cap_message_frozen BEFORE UPDATE ON cap_message FOR EACH ROW EXECUTE FUNCTION frozen()")


def downgrade() -> None:
    op.drop_table('cap_message')
