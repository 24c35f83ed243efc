"""One database, two engines: SQLite in a file by default, PostgreSQL by a URL; the same tables and tests on both.

Writers on SQLite take the lock when their transaction begins (BEGIN IMMEDIATE), so that two planners queue instead of
failing half-way; readers never wait (WAL).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.dialects.sqlite import DATETIME

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BUSY_MS = 30_000
MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_url(home: Path) -> str:
    """The default database of a data folder."""
    return f"sqlite:///{home / 'everlit.db'}"


def open_engine(url: str) -> Engine:
    """An engine for `url`; a plain postgresql:// URL is served by psycopg 3. ValueError for any other database."""
    if url.startswith(("postgresql://", "postgres://")):
        return create_engine("postgresql+psycopg://" + url.split("://", 1)[1], pool_pre_ping=True)
    if url.startswith("postgresql+psycopg://"):
        return create_engine(url, pool_pre_ping=True)
    if not url.startswith("sqlite://"):
        raise ValueError("the database must be sqlite:///… or postgresql://…")
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
    engine.dialect.colspecs = {**engine.dialect.colspecs, DateTime: UtcDateTime}
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


class UtcDateTime(DATETIME):
    """SQLite keeps no offset: an aware instant is written, and compared, in UTC."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Convert to UTC, then as SQLite wants it."""
        written: Any = super().bind_processor(dialect)
        return lambda value: written(value.astimezone(UTC) if value is not None and value.tzinfo else value)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: it never waits for a writer."""
    with engine.connect().execution_options(reading=True) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: everything in it happens, or nothing."""
    with engine.begin() as connection:
        yield connection


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema (Alembic), in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
