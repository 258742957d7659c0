"""A service for each test, and the example receivers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.flows.house import House
from tests.partners.receiving import Receiver, examples_with_packages
from tests.partners.stage import Service, service


@pytest.fixture
async def made(house: House) -> AsyncIterator[Service]:
    async with service(house) as one:
        yield one


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``examples`` with the npm package ``standardwebhooks``."""
    return examples_with_packages(tmp_path_factory.mktemp("npm"))


@pytest.fixture(params=["python", "node"])
def unknown(request: pytest.FixtureRequest, made: Service, tmp_path: Path) -> Receiver:
    """Each of the examples, which huijia does not know yet."""
    if request.param == "python":
        return Receiver.python(made, tmp_path)
    return Receiver.node(made, tmp_path, request.getfixturevalue("packages"))


@pytest.fixture
async def receiver(unknown: Receiver) -> Receiver:
    """Each of the examples, enrolled with the secret."""
    await unknown.enrol()
    return unknown
