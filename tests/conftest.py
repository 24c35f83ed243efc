"""What all tests share: a fresh store on each database, a browser, long proofs on request, one behaviour of hypothesis.

Nothing here skips quietly. A test that needs PostgreSQL or Chromium gets one or fails with what to install; only the
proofs marked `long` wait for `--long`, and those marked `convert` for `--convert`: they need the converters' packages.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("gate", derandomize=True, deadline=None, print_blob=True, suppress_health_check=SLOW_IS_FINE)
settings.register_profile("long", settings.get_profile("gate"), max_examples=1000)
settings.register_profile("explore", settings.get_profile("gate"), derandomize=False, max_examples=1000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the proofs that take minutes")
    parser.addoption("--convert", action="store_true", help="run the proofs that make the shipped networks again")


def pytest_configure(config: pytest.Config) -> None:
    named = config.getoption("--hypothesis-profile", default=None)
    settings.load_profile(str(named or ("long" if config.getoption("--long") else "gate")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    waiting = [mark for mark in ("long", "convert") if not config.getoption(f"--{mark}")]
    later = [item for item in items if any(item.get_closest_marker(mark) for mark in waiting)]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


@pytest.fixture(scope="session", autouse=True)
def everlit_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test touches the store of the person who runs it."""
    home = tmp_path_factory.mktemp("everlit-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERLIT_HOME", str(home))
        patch.delenv("EVERLIT_DATABASE_URL", raising=False)
        yield home


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server where databases may be made: the one `./run test` started, or one of our own."""
    given = os.environ.get("EVERLIT_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    from scripts.postgres import postgres

    with postgres() as url:
        yield url


@contextmanager
def fresh_postgres(server: str) -> Iterator[str]:
    """An empty database on the server, dropped afterwards."""
    from sqlalchemy import create_engine, make_url, text

    name = f"everlit_{uuid4().hex[:16]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'everlit.db'}"
        return
    with fresh_postgres(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that starts."""
    from scripts.chromium import find_chromium

    found = find_chromium()
    if found is None:
        pytest.fail("no Chromium: `./run test` installs it on Debian, or name one with EVERLIT_CHROMIUM")
    return str(found)
