"""The ledger. SQLAlchemy lives here and only here: tables, and verbs over a session."""
