"""The fixtures: a fixed instant, an empty registry, and a small company."""

from collections.abc import Iterator
from datetime import UTC, datetime

import matricula
import pytest
from support import define


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def registry() -> Iterator[matricula.Registry]:
    with matricula.memory() as registry:
        yield registry


@pytest.fixture
def company(registry: matricula.Registry, now: datetime) -> matricula.Registry:
    """Two people, one of them German, a course for Germans and one for starters."""
    with registry.as_host("setup").transaction(at=now) as tx:
        define(tx)
        tx.update_user("ann", {"country": "DE", "department": "Sales", "hired_on": "2026-10-01"})
        tx.update_user("bob", {"country": "ZA"})
    return registry
