"""The tables. A row is a decision or evidence; progress is derived from them by queries."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.words import (
    AlertState,
    DeliveryState,
    EndReason,
    Kind,
    Lane,
    Outcome,
    ProposalState,
    ReceiptKind,
    Role,
    Scope,
    Status,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

Instant = DateTime(timezone=True)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _made() -> Column[object]:
    return Column("created_at", Instant, nullable=False, server_default=text("now()"))


def _word(name: str, words: type[object], nullable: bool = False) -> tuple[Column[str], CheckConstraint]:
    """A column that holds one of a closed vocabulary, checked by the database too."""
    allowed = ", ".join(f"'{w}'" for w in words)  # type: ignore[attr-defined]
    return Column(name, Text, nullable=nullable), CheckConstraint(f"{name} IN ({allowed})", name=name)


alert_code = Sequence("alert_code", metadata=metadata)

organ = Table(
    "organ",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("area_code", Text, nullable=False),
    _made(),
)

partner = Table(
    "partner",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("phone", Text, nullable=False, server_default=""),
    Column("at_once", Integer, nullable=False, server_default="500"),
    Column("silent_minutes", Integer, nullable=False, server_default="5"),
    _made(),
    CheckConstraint("at_once > 0", name="at_once"),
)

# both apart from the partner, whose row an import of outlets holds for as long as its list is
presence = Table(
    "presence",
    metadata,
    Column("partner_id", ForeignKey("partner.id"), primary_key=True, autoincrement=False),
    Column("seen_at", Instant, nullable=False),
    postgresql_with={"fillfactor": "50"},
)

# the highest number that a notice has in the partner's feed; locked while notices are numbered
feed = Table(
    "feed",
    metadata,
    Column("partner_id", ForeignKey("partner.id"), primary_key=True, autoincrement=False),
    Column("head", BigInteger, nullable=False, server_default="0"),
    postgresql_with={"fillfactor": "50"},
)

outlet = Table(
    "outlet",
    metadata,
    _id(),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    *_word("lane", Lane),
    Column("retracts", Text, nullable=False),
    Column("proves", Text, nullable=False),
    Column("settings_sealed", LargeBinary, nullable=False),
    Column("settings_shown", JSONB, nullable=False),
    Column("lon", Double),
    Column("lat", Double),
    Column("codes", ARRAY(Text), nullable=False, server_default="{}"),
    Column("panel", JSONB, nullable=False, server_default="{}"),
    Column("duty", JSONB, nullable=False, server_default="{}"),
    Column("profile", Text, nullable=False),
    Column("takes_exercises", Boolean, nullable=False, server_default="false"),
    Column("takes_tests", Boolean, nullable=False, server_default="false"),
    Column("paused", Boolean, nullable=False, server_default="false"),
    Column("receipt_minutes", Integer, nullable=False, server_default="5"),
    Column("heard_at", Instant),
    Column("gone_at", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Instant),
    Column("quarantined_at", Instant),
    Column("probe_at", Instant),
    Column("trouble", Text),
    _made(),
    Column("updated_at", Instant, nullable=False, server_default=text("now()")),
    UniqueConstraint("partner_id", "name"),
    Index("outlet_failing", "id", postgresql_where=text("failures > 0")),
    Index("outlet_quarantined", "id", postgresql_where=text("probe_at IS NOT NULL")),
)

player_turn = Sequence("player_turn", metadata=metadata)

# The address at which a screen opens its page. Whoever has it may show what this outlet may show, and nothing else
player = Table(
    "player",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False, index=True),
    _made(),
    Column("revoked_at", Instant),
)

# A test notice sent to one outlet, and what it answered; without an outcome while it is under way
trial = Table(
    "trial",
    metadata,
    _id(),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False, server_default=text("now()")),
    Column("by", Text, nullable=False),
    *_word("outcome", Outcome, nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("milliseconds", Double),
    Column("steps", JSONB, nullable=False, server_default="[]"),
)

# What was drawn of a test notice, by the notice's own number: it has no alert
trial_media = Table(
    "trial_media",
    metadata,
    Column("alert", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("mime", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _made(),
    Index("trial_media_sha256_idx", "sha256"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    *_word("scope", Scope),
    Column("live", Boolean, nullable=False),
    Column("label", Text, nullable=False),
    Column("organ_code", ForeignKey("organ.code")),
    Column("partner_id", ForeignKey("partner.id")),
    _made(),
    Column("revoked_at", Instant),
)

account = Table(
    "account",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    *_word("role", Role),
    Column("organ_code", ForeignKey("organ.code")),
    Column("number", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False, server_default=""),
    Column("totp_sealed", LargeBinary),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    _made(),
    Column("disabled_at", Instant),
)

# Codes that stand in for a lost telephone, each once
recovery = Table(
    "recovery",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("code_hash", LargeBinary, primary_key=True),
)

console_session = Table(
    "console_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    _made(),
    Column("expires_at", Instant, nullable=False),
)

login_link = Table(
    "login_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

alert = Table(
    "alert",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    *_word("status", Status),
    *_word("state", AlertState),
    Column("organ_code", ForeignKey("organ.code"), nullable=False),
    Column("case_number", Text, nullable=False),
    Column("area_code", Text, nullable=False),
    Column("lon", Double, nullable=False),
    Column("lat", Double, nullable=False),
    Column("lost_at", Instant, nullable=False),
    Column("head", Integer, nullable=False, server_default="0"),
    Column("reach_km", Integer, nullable=False, server_default="0"),
    Column("swept_at", Instant, nullable=False, server_default=text("now()")),
    Column("issued_by", Text, nullable=False),
    _made(),
    Column("activated_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    *_word("end_reason", EndReason, nullable=True),
    Index(
        "alert_one_live_per_case",
        "case_number",
        unique=True,
        postgresql_where=text("status = 'actual' AND state IN ('submitted', 'active')"),
    ),
    Index("alert_live", "expires_at", postgresql_where=text("state = 'active'")),
)

# An exercise for these outlets and no others, wherever they are; it is retracted at ``end_at`` unless somebody was earlier.
# Who asked for it, when, and whether it has ended stand with its alert
drill = Table(
    "drill",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("outlets", ARRAY(BigInteger), nullable=False),
    Column("end_at", Instant, nullable=False),
)

# The weekly drill, at most one row: ``weekday`` 1 is Monday, ``minute`` of the day in Beijing, ``lasts`` minutes; no
# channels are all of them. ``last_slot`` is the last time that was used up, ``fault`` why nothing was sent at it
drill_schedule = Table(
    "drill_schedule",
    metadata,
    Column("one", Boolean, primary_key=True, server_default="true"),
    Column("weekday", SmallInteger, nullable=False),
    Column("minute", SmallInteger, nullable=False),
    Column("lasts", SmallInteger, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", Instant, nullable=False, server_default=text("now()")),
    Column("last_slot", Instant),
    Column("fault", Text, nullable=False, server_default=""),
    CheckConstraint("one", name="one"),
)

record = Table(
    "record",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("written_by", Text, nullable=False),
    _made(),
)

photo = Table(
    "photo",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("mime", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("photo_sha256_idx", "sha256"),
)

# Pictures and sounds made of a notice, by content; number 0 belongs to the standing correction
media = Table(
    "media",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("seconds", Double),
    Column("body", LargeBinary, nullable=False),
    Index("media_sha256_idx", "sha256"),
)

notice = Table(
    "notice",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    *_word("kind", Kind),
    Column("body", JSONB, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
)

# number 0 is the standing correction, rendered when the alert was issued and used by whatever ends it
rendition = Table(
    "rendition",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("profile", Text, primary_key=True),
    Column("body", JSONB, nullable=False),
)

# Rows of the ledger, ten thousand at once, have no foreign keys: whatever writes them has just read what they refer to (ADR 29)
delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("alert_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("outlet_id", BigInteger, nullable=False),
    *_word("kind", Kind),
    *_word("lane", Lane),
    Column("profile", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    *_word("state", DeliveryState),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("refusals", Integer, nullable=False, server_default="0"),
    Column("heard", Boolean, nullable=False, server_default="false"),
    Column("due_at", Instant, nullable=False),
    Column("give_up_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("tend_at", Instant),
    Column("worker", Text),
    Column("reference", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("feed_seq", BigInteger),
    _made(),
    Column("accepted_at", Instant),
    Column("confirmed_at", Instant),
    UniqueConstraint("alert_id", "number", "outlet_id"),
    Index(
        "delivery_due",
        "priority",
        text("(tries > 0)"),
        "due_at",
        postgresql_where=text("state = 'pending' AND lane = 'push'"),
    ),
    Index("delivery_paced", "outlet_id", postgresql_where=text("state = 'pending' AND lane = 'paced'")),
    Index(
        "delivery_unfetched", "outlet_id", postgresql_where=text("state = 'pending' AND lane IN ('polled', 'played')")
    ),
    Index("delivery_leased", "lease_until", postgresql_where=text("lease_until IS NOT NULL")),
    Index(
        "delivery_one_live_send", "alert_id", "outlet_id", unique=True, postgresql_where=text("lease_until IS NOT NULL")
    ),
    Index("delivery_feed", "outlet_id", "feed_seq", postgresql_where=text("feed_seq IS NOT NULL")),
    Index("delivery_undelivered", "alert_id", postgresql_where=text("state IN ('pending', 'sending', 'failed')")),
    Index("delivery_outlet", "outlet_id", "id"),
    Index("delivery_tended", "tend_at", postgresql_where=text("tend_at IS NOT NULL")),
    Index("delivery_reference", "reference", postgresql_where=text("reference IS NOT NULL")),
    Index("delivery_prior", "alert_id", "outlet_id", "number", postgresql_where=text("reference IS NOT NULL")),
    postgresql_with={"fillfactor": "60"},
)

cap_message = Table(
    "cap_message",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    _made(),
)

# one row each time that deliveries were written, by whom it was done: whoever keeps boards in memory reads on from here
telling = Table(
    "telling",
    metadata,
    _id(),
    Column("alert_id", ForeignKey("alert.id"), nullable=False),
    Column("xid", BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text::bigint)"), index=True),
    Column("at", Instant, nullable=False, server_default=text("now()")),
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("delivery_id", BigInteger, nullable=False, index=True),
    Column("outlet_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    *_word("lane", Lane),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    *_word("outcome", Outcome),
    Column("reason", Text),
    Column("detail", Text),
    Column("reference", Text),
    Column("worker", Text, nullable=False),
    Column("stale", Boolean, nullable=False, server_default="false"),
)

# Since when something sent uses a place in its paced outlet's window. Goes back with the database's clock, as no attempt may
paced_send = Table(
    "paced_send",
    metadata,
    _id(),
    Column("outlet_id", BigInteger, nullable=False),
    Column("at", Instant, nullable=False, server_default=text("now()")),
    Index("paced_send_window", "outlet_id", "at"),
)

# A frame, a screenshot or a sound that shows what an outlet had on; operators only
proof = Table(
    "proof",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("mime", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _made(),
)

receipt = Table(
    "receipt",
    metadata,
    _id(),
    Column("delivery_id", ForeignKey("delivery.id")),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    *_word("kind", ReceiptKind),
    Column("at", Instant, nullable=False),
    Column("until", Instant),
    Column("note", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("said_for", Text, nullable=False, server_default=""),
    Column("received_at", Instant, nullable=False, server_default=text("now()")),
    Column("contradicts", Boolean, nullable=False, server_default="false"),
    Column("proof", ForeignKey("proof.sha256")),
    UniqueConstraint("delivery_id", "kind", "at"),
    Index("receipt_unmatched", "partner_id", "received_at", postgresql_where=text("delivery_id IS NULL")),
    Index("receipt_proof", "proof", postgresql_where=text("proof IS NOT NULL")),
)

# An operator was told on the telephone that an outlet has taken an alert down; undone when it was a mistake
phoned = Table(
    "phoned",
    metadata,
    _id(),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False),
    Column("at", Instant, nullable=False, server_default=text("now()")),
    Column("by", Text, nullable=False),
    Column("answered", Text, nullable=False, server_default=""),
    Column("undone_at", Instant),
    Column("undone_by", Text),
    Index("phoned_once", "delivery_id", unique=True, postgresql_where=text("undone_at IS NULL")),
)

# What an operator has filled in and not yet confirmed, sealed
draft = Table(
    "draft",
    metadata,
    Column("account", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False, server_default=text("now()")),
)

# A record filled in at the console that waits for a second officer. Sealed, and kept only while it waits
proposal = Table(
    "proposal",
    metadata,
    _id(),
    *_word("status", Status),
    *_word("state", ProposalState),
    Column("organ_code", ForeignKey("organ.code"), nullable=False),
    Column("case_number", Text, nullable=False),
    Column("area_code", Text, nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("sealed", LargeBinary),
    Column("photo_sealed", LargeBinary),
    _made(),
    Column("lapses_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", Text),
    Column("reason_sealed", LargeBinary),
    Column("alert_id", ForeignKey("alert.id")),
    CheckConstraint("(state = 'proposed') = (sealed IS NOT NULL)", name="sealed"),
    CheckConstraint("sealed IS NOT NULL OR photo_sealed IS NULL", name="photo_sealed"),
    CheckConstraint("(state = 'confirmed') = (alert_id IS NOT NULL)", name="alert"),
    Index(
        "proposal_one_waiting_per_case",
        "case_number",
        unique=True,
        postgresql_where=text("status = 'actual' AND state = 'proposed'"),
    ),
    Index("proposal_waiting", "lapses_at", postgresql_where=text("state = 'proposed'")),
)

# Failed sign-ins, by the hash of whose; forgotten when one succeeds, or after a quarter of an hour
slowed = Table(
    "slowed",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_at", Instant, nullable=False, server_default=text("now()")),
    Column("not_before", Instant, nullable=False, server_default=text("now()")),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("alert_id", ForeignKey("alert.id")),
    _made(),
)

worker = Table(
    "worker",
    metadata,
    Column("name", Text, primary_key=True),
    Column("started_at", Instant, nullable=False, server_default=text("now()")),
    Column("seen_at", Instant, nullable=False, server_default=text("now()")),
    Column("detail", JSONB, nullable=False, server_default="{}"),
)

# Whose turn it is to see whether all is well, and until when: one row
watch = Table(
    "watch",
    metadata,
    Column("one", Boolean, primary_key=True, server_default="true"),
    Column("by", Text, nullable=False, server_default=""),
    Column("looked_at", Instant),
    Column("until", Instant, nullable=False, server_default=text("now()")),
    CheckConstraint("one", name="one"),
)

# What is wrong, and what the person who is told has been told of it
trouble = Table(
    "trouble",
    metadata,
    Column("name", Text, primary_key=True),
    Column("zh", Text, nullable=False),
    Column("since", Instant, nullable=False, server_default=text("now()")),
    Column("told_at", Instant),
    Column("told", Text),
    Column("over_at", Instant),
)

# Serial numbers that a wire's ids are made of
counter = Table(
    "counter", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)

# What went out under an id of ours, so that it can be named again when no answer came
note = Table("note", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False), _made())

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False, server_default=text("now()")),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("alert_id", ForeignKey("alert.id"), index=True),
    Column("detail", JSONB, nullable=False, server_default="{}"),
    Index("audit_actor", "actor", "id"),
)
