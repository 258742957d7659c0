"""Records filled in at the console wait for a second officer: sealed while they wait, and erased once they no longer do."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'

STATES = "state IN ('proposed', 'confirmed', 'declined', 'withdrawn', 'lapsed')"


def upgrade() -> None:
    op.create_table(
        'proposal',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('organ_code', sa.Text(), nullable=False),
        sa.Column('case_number', sa.Text(), nullable=False),
        sa.Column('area_code', sa.Text(), nullable=False),
        sa.Column('account_id', sa.BigInteger(), nullable=False),
        sa.Column('sealed', sa.LargeBinary()),
        sa.Column('photo_sealed', sa.LargeBinary()),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('lapses_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True)),
        sa.Column('decided_by', sa.Text()),
        sa.Column('reason_sealed', sa.LargeBinary()),
        sa.Column('alert_id', sa.BigInteger()),
        sa.CheckConstraint("status IN ('actual', 'exercise', 'test')", name=op.f('proposal_status_check')),
        sa.CheckConstraint(STATES, name=op.f('proposal_state_check')),
        sa.CheckConstraint("(state = 'proposed') = (sealed IS NOT NULL)", name=op.f('proposal_sealed_check')),
        sa.CheckConstraint("sealed IS NOT NULL OR photo_sealed IS NULL", name=op.f('proposal_photo_sealed_check')),
        sa.CheckConstraint("(state = 'confirmed') = (alert_id IS NOT NULL)", name=op.f('proposal_alert_check')),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('proposal_account_id_fkey')),
        sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('proposal_alert_id_fkey')),
        sa.ForeignKeyConstraint(['organ_code'], ['organ.code'], name=op.f('proposal_organ_code_fkey')),
        sa.PrimaryKeyConstraint('id', name=op.f('proposal_pkey')),
    )
    op.create_index(
        'proposal_one_waiting_per_case', 'proposal', ['case_number'], unique=True,
        postgresql_where=sa.text("status = 'actual' AND state = 'proposed'"),
    )
    op.create_index('proposal_waiting', 'proposal', ['lapses_at'], postgresql_where=sa.text("state = 'proposed'"))


def downgrade() -> None:
    op.drop_table('proposal')
