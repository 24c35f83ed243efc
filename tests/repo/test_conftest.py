"""The shared fixtures give what they promise."""

import subprocess

from sqlalchemy import create_engine, inspect, text


def test_database_is_empty_and_writable(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE feeder (name VARCHAR(20))"))
        connection.execute(text("INSERT INTO feeder VALUES ('城东 12')"))
        assert connection.execute(text("SELECT name FROM feeder")).scalars().all() == ["城东 12"]
    engine.dispose()


def test_database_is_fresh_again(database_url):
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()


def test_chromium_starts(chromium):
    said = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True).stdout
    assert any(character.isdigit() for character in said)
