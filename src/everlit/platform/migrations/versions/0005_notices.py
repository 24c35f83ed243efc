"""Customers with their contacts, announcements, the outbox, receipts, reconciliations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def sequence(name: str) -> sa.Column[Any]:
    return sa.Column(name, SEQ, primary_key=True, autoincrement=True)


def words(name: str, length: int, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), primary_key=key, nullable=False)


def number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, primary_key=key, nullable=null)


def large(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=null)


def small(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


def flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def when(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def body(name: str = "body") -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def person() -> list[sa.Column[Any]]:
    return [
        words("name", 100), words("language", 2), words("channel", 20),
        number("quiet_from", null=True), number("quiet_to", null=True), body("ways"),
    ]  # fmt: skip


def upgrade() -> None:
    customers()
    announcements()
    outbox()
    proofs()


def customers() -> None:
    op.create_table(
        "customers_accounts",
        sequence("account_no"),
        words("network", 100),
        words("account_id", 80),
        words("consumer_id", 200),
        words("usage_point_id", 200),
        sa.Column("link_probability", sa.Float, nullable=False),
        number("importance"),
        flag("life_support"),
        small("priority"),
        words("kind", 20),
        words("address", 200),
        *person(),
        sa.UniqueConstraint("network", "account_id", name="uq_customers_accounts_network_account_id"),
    )
    place = ["link_probability", "priority", "channel", "quiet_from", "quiet_to"]
    op.create_index("ix_customers_accounts_place", "customers_accounts", ["network", "consumer_id", *place])
    doubt = sa.text("link_probability < 1")
    op.create_index(
        "ix_customers_accounts_doubt", "customers_accounts", ["network", "link_probability"],
        sqlite_where=doubt, postgresql_where=doubt,
    )  # fmt: skip
    op.create_table(
        "customers_links",
        large("account_no", key=True),
        words("consumer_id", 200, key=True),
        sa.Column("probability", sa.Float, nullable=False),
    )
    op.create_index("ix_customers_links_consumer_id", "customers_links", ["consumer_id"])
    op.create_table(
        "customers_contacts",
        sequence("contact_no"),
        words("network", 100),
        words("contact_id", 80),
        words("role", 20),
        *person(),
        sa.UniqueConstraint("network", "contact_id", name="uq_customers_contacts_network_contact_id"),
    )
    op.create_table("customers_delegations", large("contact_no", key=True), large("account_no", key=True))
    op.create_index("ix_customers_delegations_account_no", "customers_delegations", ["account_no"])


def announcements() -> None:
    op.create_table(
        "notices_spans",
        sequence("span_id"),
        words("digest", 64),
        body(),
        sa.UniqueConstraint("digest", name="uq_notices_spans_digest"),
    )
    op.create_table(
        "notices_announcements",
        sequence("announcement_id"),
        words("network", 100),
        words("event_id", 120),
        number("version"),
        words("kind", 20),
        large("created_s"),
        large("not_after_s"),
        large("deadline_s", null=True),
        body(),
        sa.UniqueConstraint("event_id", "version", "kind", name="uq_notices_announcements_event_id_version_kind"),
    )
    op.create_index("ix_notices_announcements_network_created_s", "notices_announcements", ["network", "created_s"])


def outbox() -> None:
    table = "notices_outbox"
    op.create_table(
        table,
        sequence("notice_id"),
        large("announcement_id"),
        large("account_no"),
        large("contact_no"),
        words("channel", 20),
        large("span_id"),
        flag("certain"),
        flag("stale"),
        small("priority"),
        number("accounts"),
        words("state", 12),
        small("attempts"),
        small("doubled"),
        large("queued_s"),
        large("due_s"),
        large("not_after_s"),
        large("doubt_s"),
        large("sent_s"),
        words("token", 32),
        words("receipt", 200),
        words("detail", 200),
        sa.UniqueConstraint(
            "account_no",
            "contact_no",
            "announcement_id",
            "channel",
            name="uq_notices_outbox_account_no_contact_no_announcement_id_channel",
        ),
    )
    op.create_index("ix_notices_outbox_announcement_id", table, ["announcement_id", "state", "channel"])
    partial = (
        ("ix_notices_outbox_ready", ["channel", "priority", "due_s"], "state = 'queued'"),
        ("ix_notices_outbox_in_flight", ["channel", "due_s"], "state IN ('sending', 'unknown', 'confirming')"),
        ("ix_notices_outbox_receipt", ["receipt"], "receipt <> ''"),
    )
    for name, columns, where in partial:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "notices_covered",
        large("announcement_id", key=True),
        large("contact_no", key=True),
        large("account_no", key=True),
    )
    op.create_index("ix_notices_covered_account_no", "notices_covered", ["account_no"])


def proofs() -> None:
    op.create_table(
        "notices_receipts",
        sequence("receipt_id"),
        large("notice_id"),
        words("signed_by", 100),
        when("signed_at"),
        words("how", 20),
        words("note", 400),
        words("entered_by", 100),
    )
    op.create_index("ix_notices_receipts_notice_id", "notices_receipts", ["notice_id"])
    op.create_table(
        "notices_reconciliations",
        words("event_id", 120, key=True),
        words("network", 100),
        words("month", 7),
        when("at"),
        body(),
    )
    op.create_index("ix_notices_reconciliations_network", "notices_reconciliations", ["network", "month"])


def downgrade() -> None:
    for table in (
        "notices_reconciliations",
        "notices_receipts",
        "notices_covered",
        "notices_outbox",
        "notices_announcements",
        "notices_spans",
        "customers_delegations",
        "customers_contacts",
        "customers_links",
        "customers_accounts",
    ):
        op.drop_table(table)
