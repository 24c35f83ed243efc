"""One planned month for all tests of pages, and a client without a browser."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from everlit.app import App
from everlit.web import create_site
from tests.web.planned import NETWORK, planned_app


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return planned_app(tmp_path_factory.mktemp("web"))


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with TestClient(create_site(app, network=NETWORK), base_url="http://127.0.0.1:8000") as client:
        client.cookies.set("actor", "Lin")
        client.cookies.set("role", "planner")
        yield client
