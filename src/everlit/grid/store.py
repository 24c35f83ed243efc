"""Where networks are kept: every import is a new immutable version, its tables whole columns, addressed by their hash.

Nothing is half-imported: a version appears with all its tables in one transaction. Importing what is already the newest
version adds nothing. Switch operations are facts beside it: when true (`at`) and when known (`known_at`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    insert,
    select,
)

from everlit.grid.model import Network
from everlit.kernel import Finding, Refusal, Text
from everlit.platform.database import metadata
from everlit.platform.events import Actor, aware, record

network_versions = Table(
    "network_versions",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)
network_tables = Table(
    "network_tables",
    metadata,
    Column("network", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("parquet", LargeBinary, nullable=False),
    ForeignKeyConstraint(["network", "version"], ["network_versions.network", "network_versions.version"]),
)
switch_operations = Table(
    "switch_operations",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("network", String(100), nullable=False),
    Column("switch_id", String(200), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Index("ix_switch_operations_network_at", "network", "at"),
)


class UnableToFindNetwork(Refusal):
    """No network of that name has been imported."""

    title = Text(en="No such network.", zh="没有该网络。")


@dataclass(frozen=True, slots=True)
class NetworkVersion:
    """One imported version: which, when, its content hash and row counts."""

    network: str
    version: int
    fingerprint: str
    title: Text
    imported_at: datetime
    counts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """As `everlit network list --json` shows it."""
        return {
            "network": self.network,
            "version": self.version,
            "fingerprint": self.fingerprint,
            "title": self.title.as_json(),
            "imported_at": self.imported_at.isoformat(),
            "counts": self.counts,
        }


@dataclass(frozen=True, slots=True)
class SwitchOperation:
    """One switch operated: true at `at`, known at `known_at`."""

    switch_id: str
    closed: bool
    at: datetime
    known_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the API and `everlit network operate --json` show it."""
        return {
            "switch": self.switch_id,
            "closed": self.closed,
            "at": self.at.isoformat(),
            "known_at": self.known_at.isoformat(),
        }


def newest_version(connection: Connection, network: str) -> int:
    """The newest version kept of a network, 0 for none."""
    query = select(func.max(network_versions.c.version)).where(network_versions.c.network == network)
    return int(connection.execute(query).scalar() or 0)


def save_network(connection: Connection, network: Network, *, actor: Actor, at: datetime) -> int:
    """Keep `network` as its newest version and return the version.

    Unchanged content keeps the number it has; another title, licence or provenance of the same tables is a new version.
    """
    newest = connection.execute(
        select(network_versions.c.version, network_versions.c.fingerprint, network_versions.c.manifest)
        .where(network_versions.c.network == network.name)
        .order_by(network_versions.c.version.desc())
        .limit(1)
    ).one_or_none()
    manifest = dict(network.manifest)
    if newest is not None and (newest.fingerprint, newest.manifest) == (network.fingerprint, manifest):
        return int(newest.version)
    version = 1 if newest is None else int(newest.version) + 1
    key = {"network": network.name, "version": version}
    connection.execute(
        insert(network_versions).values(**key, fingerprint=network.fingerprint, manifest=manifest, imported_at=at)
    )
    for name, table in network.tables.items():
        row = {**key, "name": name, "rows": table.num_rows, "parquet": _to_parquet(table)}
        connection.execute(insert(network_tables).values(row))
    body = {"version": version, "fingerprint": network.fingerprint}
    record(connection, actor=actor, at=at, kind="network.imported", subject=f"network/{network.name}", body=body)
    return version


def stored_network(connection: Connection, name: str, *, version: int | None = None) -> Network:
    """A kept network, its newest version unless told; raises UnableToFindNetwork."""
    query = select(network_versions).where(network_versions.c.network == name)
    if version is not None:
        query = query.where(network_versions.c.version == version)
    row = connection.execute(query.order_by(network_versions.c.version.desc()).limit(1)).one_or_none()
    if row is None:
        text = Text(en=f"No network called {name} has been imported.", zh=f"尚未导入名为 {name} 的网络。")
        raise UnableToFindNetwork(Finding("network.unknown", name, text))
    wanted = select(network_tables.c.name, network_tables.c.parquet).where(
        network_tables.c.network == name, network_tables.c.version == row.version
    )
    tables = {found.name: pa.parquet.read_table(pa.BufferReader(found.parquet)) for found in connection.execute(wanted)}
    title = row.manifest.get("title", {})
    return Network(name, Text(title.get("en", name), title.get("zh", name)), tables, row.fingerprint, row.manifest)


def list_networks(connection: Connection) -> list[NetworkVersion]:
    """The newest version of every kept network, by name."""
    counts: dict[tuple[str, int], dict[str, int]] = {}
    for row in connection.execute(
        select(network_tables.c.network, network_tables.c.version, network_tables.c.name, network_tables.c.rows)
    ):
        counts.setdefault((row.network, row.version), {})[row.name] = row.rows
    newest = {
        row.network: row
        for row in connection.execute(
            select(network_versions).order_by(network_versions.c.network, network_versions.c.version)
        )
    }
    return [
        NetworkVersion(
            row.network,
            row.version,
            row.fingerprint,
            Text(**{language: row.manifest.get("title", {}).get(language, row.network) for language in ("en", "zh")}),
            aware(row.imported_at),
            counts[row.network, row.version],
        )
        for row in newest.values()
    ]


def record_operations(
    connection: Connection, network: str, operations: Sequence[SwitchOperation], *, actor: Actor, at: datetime
) -> None:
    """Append switch operations and one event that names how many."""
    if not operations:
        return
    rows = [
        {"network": network, "switch_id": o.switch_id, "closed": o.closed, "at": o.at, "known_at": o.known_at}
        for o in operations
    ]
    connection.execute(insert(switch_operations), rows)
    body = {"switches": [[o.switch_id, o.closed] for o in operations]}
    record(connection, actor=actor, at=at, kind="switch.operated", subject=f"network/{network}", body=body)


def operations_until(
    connection: Connection, network: str, *, at: datetime, known_at: datetime | None = None
) -> list[SwitchOperation]:
    """Operations true no later than `at` (and known no later than `known_at`), in the order they happened."""
    query = select(switch_operations).where(switch_operations.c.network == network, switch_operations.c.at <= at)
    if known_at is not None:
        query = query.where(switch_operations.c.known_at <= known_at)
    query = query.order_by(switch_operations.c.at, switch_operations.c.seq)
    return [
        SwitchOperation(row.switch_id, row.closed, aware(row.at), aware(row.known_at))
        for row in connection.execute(query)
    ]


def _to_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())
