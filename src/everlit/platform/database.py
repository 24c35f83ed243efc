"""One database, two engines: SQLite in a file by default, PostgreSQL by a URL; the same tables and tests on both.

Writers queue: on SQLite they take the lock when their transaction begins (BEGIN IMMEDIATE), on PostgreSQL an advisory
lock of the database. What a rule read inside its transaction is therefore still true when it records: two planners
cannot both give the same crew away. Readers never wait.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.dialects.sqlite import DATETIME

from everlit.kernel import Finding, Refusal, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BUSY_MS = 30_000
CACHE_KIB = 65_536
"""Pages SQLite keeps at hand, per connection; its own 2 MB are less than one index of a town's notices."""
WRITERS = 0x65_76_65_72_6C_69_74
"""The advisory lock of writers on PostgreSQL: the bytes of "everlit"."""
MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_url(home: Path) -> str:
    """The default database of a data folder."""
    return f"sqlite:///{home / 'everlit.db'}"


def open_engine(url: str) -> Engine:
    """An engine for `url`; a plain postgresql:// URL is served by psycopg 3. ValueError for any other database."""
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith("postgresql+psycopg://"):
        return create_engine(url, pool_pre_ping=True, json_deserializer=msgspec.json.decode)
    if not url.startswith("sqlite://"):
        raise ValueError("the database must be sqlite:///… or postgresql://…")
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000}, json_deserializer=msgspec.json.decode)
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
    kept = f"cache_size=-{CACHE_KIB}"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}", kept):
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
    """A transaction that writes: everything in it happens, or nothing. Only one is under way at a time."""
    with engine.begin() as connection:
        _queue(connection)
        yield connection


def _queue(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(WRITERS)))


class UnableToMigrate(Refusal):
    """The store was written by a newer program than this one."""

    title = Text(en="The store could not be opened.", zh="数据库无法打开。")


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema (Alembic), in one transaction; raises UnableToMigrate for a newer one."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with writing(engine) as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
        if newer := sorted(found - known):
            en = f"It was written by a newer program (schema {', '.join(newer)}): use that one."
            zh = f"数据库由更新版本的程序写入(结构版本 {', '.join(newer)}),请使用该版本。"
            raise UnableToMigrate(Finding("store.newer", newer[0], Text(en, zh)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
