"""The ledger: records, alerts, notices, deliveries, attempts, receipts, keys and accounts."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None

# What was issued, tried, stated or done is never rewritten.
APPEND_ONLY = ('record', 'notice', 'attempt', 'receipt', 'audit')


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence('alert_code')))
    op.create_table('account',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('account_pkey')),
    sa.UniqueConstraint('name', name=op.f('account_name_key'))
    )
    op.create_table('organ',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('area_code', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('organ_pkey'))
    )
    op.create_table('partner',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), server_default='', nullable=False),
    sa.Column('feed_head', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('partner_pkey')),
    sa.UniqueConstraint('name', name=op.f('partner_name_key'))
    )
    op.create_table('alert',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('organ_code', sa.Text(), nullable=False),
    sa.Column('case_number', sa.Text(), nullable=False),
    sa.Column('area_code', sa.Text(), nullable=False),
    sa.Column('lon', sa.Double(), nullable=False),
    sa.Column('lat', sa.Double(), nullable=False),
    sa.Column('lost_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('head', sa.Integer(), server_default='0', nullable=False),
    sa.Column('reach_km', sa.Integer(), server_default='0', nullable=False),
    sa.Column('swept_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('activated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("end_reason IN ('found', 'issued_in_error', 'report_untrue')", name=op.f('alert_end_reason_check')),
    sa.CheckConstraint("state IN ('submitted', 'active', 'retracted', 'expired', 'declined')", name=op.f('alert_state_check')),
    sa.CheckConstraint("status IN ('actual', 'exercise', 'test')", name=op.f('alert_status_check')),
    sa.ForeignKeyConstraint(['organ_code'], ['organ.code'], name=op.f('alert_organ_code_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('alert_pkey')),
    sa.UniqueConstraint('code', name=op.f('alert_code_key'))
    )
    op.create_index('alert_live', 'alert', ['expires_at'], unique=False, postgresql_where=sa.text("state = 'active'"))
    op.create_index('alert_one_live_per_case', 'alert', ['case_number'], unique=True, postgresql_where=sa.text("status = 'actual' AND state IN ('submitted', 'active')"))
    op.create_table('api_key',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('secret_hash', sa.LargeBinary(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('organ_code', sa.Text(), nullable=True),
    sa.Column('partner_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("scope IN ('police', 'partner', 'operator', 'admin')", name=op.f('api_key_scope_check')),
    sa.ForeignKeyConstraint(['organ_code'], ['organ.code'], name=op.f('api_key_organ_code_fkey')),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], name=op.f('api_key_partner_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('api_key_pkey'))
    )
    op.create_table('console_session',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('csrf', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('console_session_account_id_fkey')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('console_session_pkey'))
    )
    op.create_table('login_link',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('login_link_account_id_fkey')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('login_link_pkey'))
    )
    op.create_table('outlet',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('carrier', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('retracts', sa.Text(), nullable=False),
    sa.Column('proves', sa.Text(), nullable=False),
    sa.Column('settings_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('settings_shown', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('lon', sa.Double(), nullable=True),
    sa.Column('lat', sa.Double(), nullable=True),
    sa.Column('codes', sa.ARRAY(sa.Text()), server_default='{}', nullable=False),
    sa.Column('panel', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('duty', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('takes_exercises', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('takes_tests', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('paused', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('receipt_minutes', sa.Integer(), server_default='5', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("lane IN ('push', 'paced', 'polled')", name=op.f('outlet_lane_check')),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], name=op.f('outlet_partner_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('outlet_pkey')),
    sa.UniqueConstraint('partner_id', 'name', name=op.f('outlet_partner_id_name_key'))
    )
    op.create_table('audit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('alert_id', sa.BigInteger(), nullable=True),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('audit_alert_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('audit_pkey'))
    )
    op.create_index(op.f('audit_alert_id_idx'), 'audit', ['alert_id'], unique=False)
    op.create_table('delivery',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('outlet_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('priority', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('refusals', sa.Integer(), server_default='0', nullable=False),
    sa.Column('heard', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('give_up_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('worker', sa.Text(), nullable=True),
    sa.Column('reference', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('feed_seq', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('publish', 'update', 'retract')", name=op.f('delivery_kind_check')),
    sa.CheckConstraint("lane IN ('push', 'paced', 'polled')", name=op.f('delivery_lane_check')),
    sa.CheckConstraint("state IN ('pending', 'sending', 'accepted', 'confirmed', 'failed', 'superseded')", name=op.f('delivery_state_check')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('delivery_alert_id_fkey')),
    sa.ForeignKeyConstraint(['outlet_id'], ['outlet.id'], name=op.f('delivery_outlet_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('delivery_pkey')),
    sa.UniqueConstraint('alert_id', 'number', 'outlet_id', name=op.f('delivery_alert_id_number_outlet_id_key')),
    postgresql_with={'fillfactor': '60'}
    )
    op.create_index('delivery_due', 'delivery', ['priority', 'due_at'], unique=False, postgresql_where=sa.text("state = 'pending' AND lane = 'push'"))
    op.create_index('delivery_feed', 'delivery', ['outlet_id', 'feed_seq'], unique=False, postgresql_where=sa.text('feed_seq IS NOT NULL'))
    op.create_index('delivery_leased', 'delivery', ['lease_until'], unique=False, postgresql_where=sa.text("lease_until IS NOT NULL"))
    op.create_index('delivery_one_live_send', 'delivery', ['alert_id', 'outlet_id'], unique=True, postgresql_where=sa.text("lease_until IS NOT NULL"))
    op.create_index('delivery_paced', 'delivery', ['outlet_id'], unique=False, postgresql_where=sa.text("state = 'pending' AND lane = 'paced'"))
    op.create_index('delivery_undelivered', 'delivery', ['alert_id'], unique=False, postgresql_where=sa.text("state IN ('pending', 'sending', 'failed')"))
    op.create_index('delivery_unfetched', 'delivery', ['outlet_id'], unique=False, postgresql_where=sa.text("state = 'pending' AND lane = 'polled'"))
    op.create_table('idempotency',
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('body_hash', sa.LargeBinary(), nullable=False),
    sa.Column('alert_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('idempotency_alert_id_fkey')),
    sa.PrimaryKeyConstraint('key_id', 'key', name=op.f('idempotency_pkey'))
    )
    op.create_table('notice',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('publish', 'update', 'retract')", name=op.f('notice_kind_check')),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('notice_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'number', name=op.f('notice_pkey'))
    )
    op.create_table('photo',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('mime', sa.Text(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('photo_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'sha256', name=op.f('photo_pkey'))
    )
    op.create_table('record',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('written_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('record_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'version', name=op.f('record_pkey'))
    )
    op.create_table('rendition',
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], name=op.f('rendition_alert_id_fkey')),
    sa.PrimaryKeyConstraint('alert_id', 'number', 'profile', name=op.f('rendition_pkey'))
    )
    op.create_table('attempt',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('outlet_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('reference', sa.Text(), nullable=True),
    sa.Column('worker', sa.Text(), nullable=False),
    sa.Column('stale', sa.Boolean(), server_default='false', nullable=False),
    sa.CheckConstraint("lane IN ('push', 'paced', 'polled')", name=op.f('attempt_lane_check')),
    sa.CheckConstraint("outcome IN ('accepted', 'retry', 'refused')", name=op.f('attempt_outcome_check')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('attempt_delivery_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('attempt_pkey'))
    )
    op.create_index(op.f('attempt_delivery_id_idx'), 'attempt', ['delivery_id'], unique=False)
    op.create_index('attempt_paced', 'attempt', ['outlet_id', 'started_at'], unique=False, postgresql_where=sa.text("lane = 'paced'"))
    op.create_table('receipt',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=True),
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('evidence', sa.Text(), server_default='', nullable=False),
    sa.Column('said_for', sa.Text(), server_default='', nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('contradicts', sa.Boolean(), server_default='false', nullable=False),
    sa.CheckConstraint("kind IN ('received', 'aired', 'taken_down', 'rejected')", name=op.f('receipt_kind_check')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('receipt_delivery_id_fkey')),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.id'], name=op.f('receipt_partner_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('receipt_pkey')),
    sa.UniqueConstraint('delivery_id', 'kind', 'at', name=op.f('receipt_delivery_id_kind_at_key'))
    )
    op.create_index('receipt_unmatched', 'receipt', ['partner_id', 'received_at'], unique=False, postgresql_where=sa.text('delivery_id IS NULL'))
    op.execute(
        """
        CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION frozen()")


def downgrade() -> None:
    op.drop_index('receipt_unmatched', table_name='receipt', postgresql_where=sa.text('delivery_id IS NULL'))
    op.drop_table('receipt')
    op.drop_index('attempt_paced', table_name='attempt', postgresql_where=sa.text("lane = 'paced'"))
    op.drop_index(op.f('attempt_delivery_id_idx'), table_name='attempt')
    op.drop_table('attempt')
    op.drop_table('rendition')
    op.drop_table('record')
    op.drop_table('photo')
    op.drop_table('notice')
    op.drop_table('idempotency')
    op.drop_index('delivery_unfetched', table_name='delivery', postgresql_where=sa.text("state = 'pending' AND lane = 'polled'"))
    op.drop_index('delivery_undelivered', table_name='delivery', postgresql_where=sa.text("state IN ('pending', 'sending', 'failed')"))
    op.drop_index('delivery_paced', table_name='delivery', postgresql_where=sa.text("state = 'pending' AND lane = 'paced'"))
    op.drop_index('delivery_one_live_send', table_name='delivery', postgresql_where=sa.text("lease_until IS NOT NULL"))
    op.drop_index('delivery_leased', table_name='delivery', postgresql_where=sa.text("lease_until IS NOT NULL"))
    op.drop_index('delivery_feed', table_name='delivery', postgresql_where=sa.text('feed_seq IS NOT NULL'))
    op.drop_index('delivery_due', table_name='delivery', postgresql_where=sa.text("state = 'pending' AND lane = 'push'"))
    op.drop_table('delivery')
    op.drop_index(op.f('audit_alert_id_idx'), table_name='audit')
    op.drop_table('audit')
    op.drop_table('outlet')
    op.drop_table('login_link')
    op.drop_table('console_session')
    op.drop_table('api_key')
    op.drop_index('alert_one_live_per_case', table_name='alert', postgresql_where=sa.text("status = 'actual' AND state IN ('submitted', 'active')"))
    op.drop_index('alert_live', table_name='alert', postgresql_where=sa.text("state = 'active'"))
    op.drop_table('alert')
    op.drop_table('partner')
    op.drop_table('organ')
    op.drop_table('account')
    op.execute('DROP FUNCTION frozen')
    op.execute(sa.schema.DropSequence(sa.Sequence('alert_code')))
