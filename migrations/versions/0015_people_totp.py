"""The audit log is read by who acted."""

from alembic import op

revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    op.create_index('audit_actor', 'audit', ['actor', 'id'])


def downgrade() -> None:
    op.drop_index('audit_actor', 'audit')
