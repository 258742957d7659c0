"""One word, one meaning: the closed vocabularies of huijia, as they stand in tables, API and console."""

from enum import StrEnum


class Status(StrEnum):
    """CAP 1.2 ``status``. What an alert is; never changes. A lifecycle is called *state*."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class Kind(StrEnum):
    """What a notice does (CAP 1.2 ``msgType`` Alert, Update, Cancel)."""

    PUBLISH = "publish"
    UPDATE = "update"
    RETRACT = "retract"


class AlertState(StrEnum):
    SUBMITTED = "submitted"  # → active by activate, → declined by decline
    ACTIVE = "active"  # → retracted by retract(reason), → expired by the clock
    RETRACTED = "retracted"  # final
    EXPIRED = "expired"  # final
    DECLINED = "declined"  # final


class ProposalState(StrEnum):
    """A record that an officer has filled in at the console, and that waits for a second one."""

    PROPOSED = "proposed"  # → confirmed, declined by another officer; → withdrawn by its own; → lapsed by the clock
    CONFIRMED = "confirmed"  # final: it has become an alert
    DECLINED = "declined"  # final
    WITHDRAWN = "withdrawn"  # final
    LAPSED = "lapsed"  # final


class EndReason(StrEnum):
    """Why an alert ended. Only the police see it: the public is told that the search has ended."""

    FOUND = "found"
    ISSUED_IN_ERROR = "issued_in_error"
    REPORT_UNTRUE = "report_untrue"


class DeliveryState(StrEnum):
    PENDING = "pending"  # → sending by claim; → superseded by a newer notice; → accepted by a fetch (polled wires)
    SENDING = "sending"  # → accepted | failed | pending | superseded by settle or rescue
    ACCEPTED = "accepted"  # → confirmed by a receipt
    CONFIRMED = "confirmed"  # the outlet said so
    FAILED = "failed"  # → pending when an operator asks again, while it is still the newest
    SUPERSEDED = "superseded"  # final: a newer notice took its place before it was taken


class Outcome(StrEnum):
    """What the carrier made of one attempt."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    REFUSED = "refused"


class ReceiptKind(StrEnum):
    """Evidence that came from the outlet."""

    RECEIVED = "received"
    AIRED = "aired"
    TAKEN_DOWN = "taken_down"
    REJECTED = "rejected"


class Lane(StrEnum):
    """Who moves a delivery: the dispatcher at once, the dispatcher at a pace, the partner that polls for its outlets, or
    the outlet that fetches for itself."""

    PUSH = "push"
    PACED = "paced"
    POLLED = "polled"
    PLAYED = "played"


class Scope(StrEnum):
    """What a key may be used for."""

    POLICE = "police"
    PARTNER = "partner"
    OPERATOR = "operator"
    ADMIN = "admin"


class Role(StrEnum):
    """What somebody may do at the console, from least to most; each may also do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OFFICER = "officer"
    ADMIN = "admin"

    def reaches(self, least: "Role") -> bool:
        """Whether this role may do what takes ``least``."""
        order = list(Role)
        return order.index(self) >= order.index(least)
