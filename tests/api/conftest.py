"""An API over a store of its own, at a fixed instant, with the 33-bus network or a made-up one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from everlit.api import create_api
from everlit.app import App

NOW = datetime(2026, 11, 5, 1, tzinfo=UTC)
PLANNER = {"X-Actor": "Lin", "X-Role": "planner"}


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App.open(tmp_path, clock=lambda: NOW)


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(create_api(app), base_url="http://127.0.0.1", raise_server_exceptions=False)
