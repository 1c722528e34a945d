"""The SQL of a segment gives its members: asked of the registry's own file, with the standard library's SQLite."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import matricula
import pytest
from support import raises

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
RULES = {
    "text": 'user.department == "Sales"',
    "text-not": 'user.department != "Sales"',
    "text-parts": 'user.department.startsWith("S") || user.department.contains("T")',
    "folded": 'user.mail == "ANN@ACME.EXAMPLE"',
    "integer": "user.level >= 3",
    "decimal": "user.rating > 3.25",
    "boolean": "user.remote",
    "date": "user.hired_on > today - days(90)",
    "timestamp": 'user.seen < timestamp("2026-11-01T00:00:00Z")',
    "choice": 'user.country in ["DE", "BR"]',
    "multi-choice": 'user.skills.allOf(["a", "b"])',
    "user": 'user.boss == "ann"',
    "reports": 'user.boss.reportsTo("ann")',
    "path": 'user.unit.under("EMEA/ZA")',
    "key": 'account.key == "ann"',
    "nested": 'inSegment("choice") && !inSegment("integer")',
    "completed": 'completed("gdpr")',
    "score": 'score("gdpr") >= 0.8',
    "enrolled": 'enrolled("gdpr")',
    "unknown": '!(user.country == "DE") && user.level < 9',
}


def fill(registry: matricula.Registry) -> None:
    with registry.as_host("hr").transaction(at=START) as tx:
        tx.define_site("emea")
        tx.define_attribute("department", "text")
        tx.define_attribute("mail", "text", ignore_case=True)
        tx.define_attribute("level", "integer")
        tx.define_attribute("rating", "decimal")
        tx.define_attribute("remote", "boolean")
        tx.define_attribute("hired_on", "date")
        tx.define_attribute("seen", "timestamp")
        tx.define_attribute("country", "choice", ["ZA", "DE", "BR"])
        tx.define_attribute("skills", "multi_choice", ["a", "b", "c"])
        tx.define_attribute("boss", "user")
        tx.define_attribute("unit", "path")
        tx.define_course("gdpr")
        for number in range(40):
            key = "ann" if number == 0 else f"p{number}"
            tx.update_user(
                key,
                {
                    "department": ["Sales", "IT", None, "Support"][number % 4],
                    "mail": f"{key}@acme.example" if number % 3 else f"{key.upper()}@ACME.example",
                    "level": number % 7 or None,
                    "rating": Decimal(number) / 8,
                    "remote": [True, False, None][number % 3],
                    "hired_on": date(2026, 6, 1) + timedelta(days=number * 4),
                    "seen": START - timedelta(days=number) if number % 5 else None,
                    "country": ["ZA", "DE", "BR", None, "DE"][number % 5],
                    "skills": [["a"], ["a", "b"], [], ["c", "b", "a"]][number % 4],
                    "boss": None if number == 0 else "ann" if number < 4 else f"p{number // 4}",
                    "unit": ["EMEA/ZA", "EMEA/ZA/Paarl", "EMEA/ZAR", None][number % 4],
                },
                status="suspended" if number == 39 else "active",
                sites={"emea": "active"} if number % 2 else None,
            )
            if number % 6 == 0:
                tx.record(key, "gdpr", completed=START, score=Decimal(number % 11) / 10)
        for key, rule in RULES.items():
            tx.define_segment(key, rule, sql_rows=True)
        tx.define_segment("of-a-site", RULES["integer"], site="emea")
        tx.define_segment("by-hand")
        tx.define_enrolment_rule("gdpr-de", "text", ["gdpr"])
        for segment in ("by-hand", "integer", "unknown"):
            tx.pin(segment, "p1")
            tx.pin(segment, "p39")
        tx.ban("integer", "p4")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[matricula.Snapshot, Path]:
    """The registry and its file, closed: no other SQLite may open what is open in this process."""
    path = tmp_path_factory.mktemp("sql") / "acme.db"
    with matricula.open(path) as registry:
        fill(registry)
        return registry.snapshot(), path


def select(path: Path, sql: matricula.Sql) -> set[str]:
    """The keys of the people whom a query finds."""
    with closing(sqlite3.connect(path)) as connection:
        ids = [row[0] for row in connection.execute(sql.text, sql.parameters)]
        assert len(ids) == len(set(ids))
        keys = dict(connection.execute("SELECT id, key FROM user"))
        return {keys[id] for id in ids}


@pytest.mark.parametrize("segment", [*RULES, "of-a-site", "by-hand"])
def test_the_query_finds_the_members(
    asked: tuple[matricula.Snapshot, Path], segment: str
) -> None:
    snapshot, path = asked
    members = snapshot.members(segment)
    assert members, "a rule that finds nobody says nothing"
    assert len(members) < snapshot.user_count
    assert select(path, snapshot.segment_sql(segment, "sqlite")) == set(members)


def test_days_are_those_of_the_instant_asked_for(
    asked: tuple[matricula.Snapshot, Path],
) -> None:
    snapshot, path = asked
    later = snapshot.segment_sql("date", "sqlite", START + timedelta(days=1000))
    assert select(path, later) == set()
    assert snapshot.segment_sql("date", "sqlite", START) == snapshot.segment_sql("date", "sqlite")


def test_no_value_stands_in_the_text(asked: tuple[matricula.Snapshot, Path]) -> None:
    snapshot, _ = asked
    for dialect, first in (("sqlite", "?1"), ("postgres", "$1"), ("duckdb", "$1")):
        sql = snapshot.segment_sql("text", dialect)  # type: ignore[arg-type]
        assert "Sales" not in sql.text and first in sql.text
        assert "Sales" in sql.parameters
        assert repr(sql).startswith("Sql(text='SELECT u.id ")
    boolean = snapshot.segment_sql("boolean", "postgres").parameters
    assert all(type(each) in (str, int, bool) for each in boolean)


def test_what_cannot_be_asked_for(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("paused", "has(user.country)", state="paused")
        tx.define_segment("nested", 'inSegment("germans")')
    snapshot = company.snapshot()
    with raises("not_possible", "segment `paused` is paused, so that its rule does not say who is in"):
        snapshot.segment_sql("paused", "sqlite")
    message = "segment `germans` keeps no rows for SQL, which the query would read"
    with raises("not_possible", message):
        snapshot.segment_sql("nested", "sqlite")
    with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
        snapshot.segment_sql("german", "sqlite")
    message = "unknown dialect `postgre`, expected one of sqlite, postgres, duckdb, did you mean `postgres`?"
    with raises("invalid_definition", message):
        snapshot.segment_sql("germans", "postgre")  # type: ignore[arg-type]


def test_a_registry_without_commits_has_a_day_too(registry: matricula.Registry) -> None:
    with raises("unknown_segment", "unknown segment `x`"):
        registry.snapshot().segment_sql("x", "sqlite")
