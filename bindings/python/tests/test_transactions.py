"""What protects a register: the guard, requests that are asked again, the next change by time, what a delta says."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import matricula
import pytest
from matricula.types import ColumnDict
from support import raises


@pytest.fixture
def crowd(registry: matricula.Registry, now: datetime) -> matricula.Registry:
    """A hundred people, all in Sales and enrolled for it."""
    with registry.as_host("setup").transaction(at=now) as tx:
        tx.define_attribute("department", "text")
        tx.define_course("pitch")
        tx.define_segment("sales", 'user.department == "Sales"')
        tx.define_enrolment_rule("sales-pitch", "sales", ["pitch"], on_leave="unenrol")
        for number in range(100):
            tx.update_user(f"u{number}", {"department": "Sales"})
    return registry


def clear(tx: matricula.Transaction, people: int = 100) -> None:
    for number in range(people):
        tx.update_user(f"u{number}", {"department": None})


SUMMARY = (
    "held: 100 of 100 enrolments would end or be suspended in the registry, "
    "100 of 100 enrolments would end or be suspended at site `primary`; "
    "more than 10 % and more than 50 has to be confirmed"
)


def test_a_hold_says_where_it_is_too_much(crowd: matricula.Registry, now: datetime) -> None:
    tx = crowd.as_host("hr").transaction(at=now)
    assert tx.preview().held is None
    clear(tx)
    preview = tx.preview()
    hold = preview.held
    assert hold is not None
    assert (hold.revision, hold.guard.percent, hold.guard.count, hold.guard.enabled) == (2, 10, 50, True)
    assert hold.guard == crowd.snapshot().guard
    assert [(each.site, each.what, each.count, each.earlier, each.of) for each in hold.excesses] == [
        (None, "enrolments", 100, 0, 100),
        ("primary", "enrolments", 100, 0, 100),
    ]
    assert (hold.summary, str(hold)) == (SUMMARY, SUMMARY)
    assert str(preview) == f"{SUMMARY}\n{preview.delta}"
    assert hold == tx.preview().held and hash(hold) == hash(tx.preview().held)


def test_leaving_the_block_commits_and_what_is_held_is_rolled_back(
    crowd: matricula.Registry, now: datetime
) -> None:
    with pytest.raises(matricula.MatriculaError) as caught:
        with crowd.as_host("hr").transaction(at=now) as tx:
            clear(tx)
            preview = tx.preview()
    assert (caught.value.code, caught.value.hold, caught.value.rows) == ("held", preview.held, None)
    assert caught.value.delta == preview.delta
    assert (crowd.revision, tx.delta) == (1, None)
    assert crowd.snapshot().member_count("sales") == 100
    with raises("closed", "the transaction is closed"):
        tx.commit()


def test_a_token_confirms_exactly_what_was_shown(crowd: matricula.Registry, now: datetime) -> None:
    with crowd.as_host("hr").transaction(at=now) as tx:
        clear(tx)
        held = tx.preview().held
        tx.rollback()
    assert held is not None
    other = crowd.as_host("hr").transaction(at=now)
    clear(other, 99)
    with pytest.raises(matricula.MatriculaError) as caught:
        other.confirm(held.token)
    assert (caught.value.code, crowd.revision) == ("invalid_token", 1)
    with crowd.as_host("hr").transaction(at=now) as tx:
        clear(tx)
        delta = tx.confirm(held.token)
    assert tx.delta == delta
    assert (delta.revision, crowd.snapshot().member_count("sales")) == (2, 0)


def test_a_guard_is_defined_for_later_commits(crowd: matricula.Registry, now: datetime) -> None:
    host = crowd.as_host("hr")
    with host.transaction(at=now) as tx:
        tx.define_guard(percent=0, count=2)
        with raises("invalid_definition", "guard: 101 percent, expected at most 100"):
            tx.define_guard(percent=101)
        with raises("invalid_definition", "guard: 300 percent, expected at most 100"):
            tx.define_guard(percent=300)
        with pytest.raises(OverflowError):
            tx.define_guard(count=-1)
    guard = crowd.snapshot().guard
    assert repr(guard) == "Guard(percent=0, count=2, enabled=True)"
    tx = host.transaction(at=now)
    clear(tx, 2)
    assert tx.preview().held is None
    clear(tx, 3)
    assert tx.preview().held is not None
    with host.transaction(at=now) as tx:
        tx.define_guard(enabled=False)
    with host.transaction(at=now) as tx:
        clear(tx)
    assert crowd.snapshot().member_count("sales") == 0


def test_a_request_that_is_asked_again(registry: matricula.Registry, now: datetime) -> None:
    host = registry.as_host("hr")
    for later in range(3):
        at = now + timedelta(days=later)
        with host.transaction(at=at, note=str(later), idempotency="feed-1") as tx:
            tx.update_user("ann")
            assert tx.preview().repeats == (later > 0)
        assert tx.delta is not None
        assert (tx.delta.revision, tx.delta.at, tx.delta.note) == (1, now, "0")
    assert registry.revision == 1
    for name, user in [("hr", "bob"), ("payroll", "ann")]:
        tx = registry.as_host(name).transaction(at=now, idempotency="feed-1")
        tx.update_user(user)
        endings: list[Callable[[], object]] = [tx.preview, tx.commit]
        for ending in endings:
            with pytest.raises(matricula.MatriculaError) as caught:
                ending()
            assert caught.value.code == "idempotency_conflict"
    with raises("invalid_key", "idempotency key is empty"):
        host.transaction(at=now, idempotency="")
    with pytest.raises(TypeError):
        host.transaction(at=now, idempotency=1)  # type: ignore[arg-type]


def test_the_next_change_by_time_is_exact(registry: matricula.Registry, now: datetime) -> None:
    assert registry.next_change_at() is None
    host = registry.as_host("hr")
    with host.transaction(at=now) as tx:
        tx.define_attribute("hired_on", "date")
        tx.define_segment("starters", "user.hired_on > today - days(90)")
        tx.update_user("ann", {"hired_on": "2026-09-01"})
    at = registry.next_change_at()
    assert at is not None
    assert at == datetime(2026, 11, 30, tzinfo=UTC) == registry.snapshot().next_change_at()
    assert host.advance(at - timedelta(milliseconds=1)).is_empty
    assert not host.advance(at).is_empty
    assert registry.snapshot().members("starters") == []
    assert registry.next_change_at() is None


def test_what_a_delta_says_for_a_mail(registry: matricula.Registry, now: datetime) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("manager", "user")
        tx.define_attribute("level", "integer")
        tx.update_user("ann", {"manager": "bob"})
        tx.update_user("bob", {"manager": "ann"})
        tx.define_segment("none", "user.level > 5 && user.level < 3")
    delta = tx.delta
    assert delta is not None and delta.author == "hr" and delta.users_suspended == 0
    rules = [each for each in delta.warnings if each.warning == "rule"]
    (circle,) = [each for each in delta.warnings if each.warning == "circle"]
    assert rules and all(each.segment == "none" and each.lint is not None for each in rules)
    assert (circle.attribute, circle.users, circle.people) == ("manager", ["ann", "bob"], 2)
    assert (circle.segment, circle.lint, rules[0].users) == (None, None, None)
    assert str(circle) == circle.message == "manager: 2 people report to each other: ann → bob"
    lines = [str(delta), *(f"warning: {each}" for each in delta.warnings)]
    assert delta.summary == "\n".join(lines)
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann", status="suspended")
    assert tx.delta is not None
    assert (tx.delta.users_changed, tx.delta.users_suspended) == (1, 1)


NDJSON = b'{"id":"ann","phone":"","level":null}\n\n{"id":"bob","phone":"2","level":"x"}\n{"id":"cy"}\n'


@pytest.fixture
def people(registry: matricula.Registry, now: datetime) -> matricula.Registry:
    with registry.as_host("setup").transaction(at=now) as tx:
        tx.define_attribute("phone", "text")
        tx.define_attribute("level", "integer")
        tx.update_user("ann", {"phone": "1", "level": 7})
    return registry


def test_lines_of_json_with_blanks_by_column(people: matricula.Registry, now: datetime) -> None:
    mapping: Mapping[str, str | ColumnDict] = {
        "id": "key",
        "phone": {"target": "user.phone", "blank": "leave"},
        "level": {"target": "user.level"},
    }
    with people.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(NDJSON, mapping, format="ndjson")
    assert (report.rows, report.created, report.changed) == (3, 1, 1)
    assert [(error.line, error.column, error.value) for error in report.errors] == [(3, "level", "x")]
    assert people.snapshot().user("ann").values == {"phone": "1"}


def test_all_rows_or_none(people: matricula.Registry, now: datetime) -> None:
    mapping = {"id": "key", "phone": "user.phone", "level": "user.level"}
    tx = people.as_host("hr").transaction(at=now)
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.import_users(NDJSON, mapping, bad_rows="all_or_nothing", format="ndjson")
    error = caught.value
    assert (error.code, error.hold) == ("bad_rows", None)
    assert error.rows is not None
    reason = "`x` is not a number, expected a whole number such as 12"
    assert [(row.line, row.column, row.value, row.reason) for row in error.rows] == [
        (3, "level", "x", reason)
    ]
    assert str(error) == f"1 of 3 rows are wrong, expected none; {error.rows[0]}"
    assert tx.preview().delta.is_empty


def test_options_of_an_import_that_are_none(people: matricula.Registry, now: datetime) -> None:
    tx = people.as_host("hr").transaction(at=now)
    message = "unknown format of a feed `xml`, expected csv or ndjson"
    with raises("invalid_definition", message):
        tx.import_users(NDJSON, {"id": "key"}, format="xml")  # type: ignore[arg-type]
    message = "unknown treatment of bad rows `stop`, expected all_or_nothing or skip_bad_rows"
    with raises("invalid_definition", message):
        tx.import_users(NDJSON, {"id": "key"}, bad_rows="stop")  # type: ignore[arg-type]
    wrong: list[tuple[type[Exception], str, object]] = [
        (KeyError, "column `id` without `target`", {"blank": "leave"}),
        (TypeError, "unexpected `blnk`, expected target and blank", {"target": "key", "blnk": "leave"}),
        (TypeError, "expected `target` of type str, found int", {"target": 1}),
        (TypeError, "expected values of type str or mapping, found int", 1),
    ]
    for kind, expected, column in wrong:
        with pytest.raises(kind, match=expected):
            tx.import_users(NDJSON, {"id": column})  # type: ignore[dict-item]
    column = "column `id` is mapped to no attribute, so that empty cells of it say nothing"
    with raises("invalid_definition", column):
        tx.import_users(NDJSON, {"id": {"target": "key", "blank": "leave"}})
    assert tx.preview().delta.is_empty
