"""Wrong arguments, as wrong as they come: each is an exception of Python's, and nothing happens.

Every `type: ignore` is also a test: type checkers refuse the call, or mypy would call the comment unused.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import matricula
import pytest
from support import raises

WRONG: list[object] = [None, 1, -1, 2**53, 2**64, 1.5, math.nan, b"x", ["x"], {"x": "y"}, object()]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_nothing_but_text_is_text(
    company: matricula.Registry, now: datetime, wrong: object
) -> None:
    tx, snapshot = company.as_host("hr").transaction(at=now), company.snapshot()
    calls: list[Callable[[], object]] = [
        lambda: company.as_host(wrong),  # type: ignore[arg-type]
        lambda: company.as_host("hr").transaction(now, wrong),  # type: ignore[arg-type]
        lambda: tx.define_site(wrong),  # type: ignore[arg-type]
        lambda: tx.define_attribute(wrong, "text"),  # type: ignore[arg-type]
        lambda: tx.define_attribute("x", wrong),  # type: ignore[arg-type]
        lambda: tx.define_course(wrong),  # type: ignore[arg-type]
        lambda: tx.define_segment(wrong, "has(user.country)"),  # type: ignore[arg-type]
        lambda: tx.define_segment("x", wrong or 0),  # type: ignore[arg-type]
        lambda: tx.define_segment("x", owner=wrong or 0),  # type: ignore[arg-type]
        lambda: tx.define_segment("x", state=wrong or 0),  # type: ignore[arg-type]
        lambda: tx.define_attribute("x", "text", sensitivity=wrong),  # type: ignore[arg-type]
        lambda: tx.define_attribute("x", "text", pattern=wrong or 0),  # type: ignore[arg-type]
        lambda: tx.pin(wrong, "ann"),  # type: ignore[arg-type]
        lambda: tx.ban("germans", wrong),  # type: ignore[arg-type]
        lambda: tx.release("germans", wrong),  # type: ignore[arg-type]
        lambda: tx.record(wrong, "gdpr"),  # type: ignore[arg-type]
        lambda: tx.define_enrolment_rule(wrong, "germans", ["gdpr"]),  # type: ignore[arg-type]
        lambda: tx.define_enrolment_rule("x", wrong, ["gdpr"]),  # type: ignore[arg-type]
        lambda: tx.define_enrolment_rule("x", "germans", ["gdpr"], wrong),  # type: ignore[arg-type]
        lambda: tx.update_user(wrong),  # type: ignore[arg-type]
        lambda: tx.enrol(wrong, "gdpr"),  # type: ignore[arg-type]
        lambda: tx.unenrol("ann", wrong),  # type: ignore[arg-type]
        lambda: tx.enrol_segment(wrong, ["gdpr"]),  # type: ignore[arg-type]
        lambda: tx.suspend_enrolment("ann", wrong),  # type: ignore[arg-type]
        lambda: tx.resume_enrolment(wrong, "gdpr"),  # type: ignore[arg-type]
        lambda: tx.delete_enrolment_rule(wrong),  # type: ignore[arg-type]
        lambda: tx.delete_segment(wrong),  # type: ignore[arg-type]
        lambda: tx.delete_attribute(wrong),  # type: ignore[arg-type]
        lambda: tx.archive_course(wrong),  # type: ignore[arg-type]
        lambda: tx.restore_course(wrong),  # type: ignore[arg-type]
        lambda: tx.close_site(wrong),  # type: ignore[arg-type]
        lambda: tx.reopen_site(wrong),  # type: ignore[arg-type]
        lambda: tx.import_users(b"id\n", {"id": "key"}, wrong),  # type: ignore[arg-type]
        lambda: tx.import_users(b"id\n", {"id": "key"}, absent=wrong),  # type: ignore[arg-type]
        lambda: tx.import_users(b"id\n", {"id": wrong}),  # type: ignore[dict-item]
        lambda: snapshot.user(wrong),  # type: ignore[arg-type]
        lambda: snapshot.members(wrong),  # type: ignore[arg-type]
        lambda: snapshot.member_count(wrong),  # type: ignore[arg-type]
        lambda: snapshot.is_member("ann", wrong),  # type: ignore[arg-type]
        lambda: snapshot.explain_membership(wrong, "germans"),  # type: ignore[arg-type]
        lambda: snapshot.preview_rule(wrong or 0),  # type: ignore[arg-type]
        lambda: snapshot.preview_rule("has(user.country)", at=wrong or 0),  # type: ignore[arg-type]
        lambda: snapshot.lints(wrong),  # type: ignore[arg-type]
        lambda: snapshot.exceptions(wrong),  # type: ignore[arg-type]
        lambda: snapshot.completed("ann", wrong),  # type: ignore[arg-type]
        lambda: snapshot.score(wrong, "gdpr"),  # type: ignore[arg-type]
        lambda: snapshot.rule_builder(wrong),  # type: ignore[arg-type]
        lambda: snapshot.rule_tree(wrong),  # type: ignore[arg-type]
        lambda: snapshot.segment_sql("germans", wrong),  # type: ignore[arg-type]
        lambda: company.membership_history("ann", wrong),  # type: ignore[arg-type]
        lambda: snapshot.explain_enrolment("ann", wrong),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert tx.preview().delta.is_empty


@pytest.mark.parametrize("wrong", [1, 1.5, math.nan, b"x", [], object()], ids=repr)
def test_nothing_but_a_mapping_or_text_is_a_rule_in_json(
    company: matricula.Registry, now: datetime, wrong: object
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(TypeError, match="^`rule_tree`: expected a mapping or JSON text, found "):
        tx.define_segment("x", rule_tree=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="^`builder`: expected a mapping or JSON text, found "):
        company.snapshot().preview_rule(builder=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [1, 1.5, math.nan, b"x", "x", object()], ids=repr)
def test_nothing_but_a_mapping_or_a_sequence_is_one(
    company: matricula.Registry, now: datetime, wrong: object
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    calls: list[Callable[[], object]] = [
        lambda: tx.define_attribute("x", "choice", wrong),  # type: ignore[arg-type]
        lambda: tx.define_enrolment_rule("x", "germans", wrong),  # type: ignore[arg-type]
        lambda: tx.update_user("ann", wrong),  # type: ignore[arg-type]
        lambda: tx.update_user("ann", sites=wrong),  # type: ignore[arg-type]
        lambda: tx.update_user("ann", {1: "x"}),  # type: ignore[dict-item]
        lambda: tx.import_users(b"id\n", wrong),  # type: ignore[arg-type]
        lambda: tx.import_users(b"id\n", {"id": "key"}, progress=wrong),  # type: ignore[arg-type]
        lambda: tx.commit(expect=wrong),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert tx.preview().delta.is_empty


def test_a_text_alone_is_no_sequence_of_texts(company: matricula.Registry, now: datetime) -> None:
    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(TypeError, match="^`courses`: expected a sequence of str, found str$"):
        tx.define_enrolment_rule("x", "germans", "gdpr")
    message = "^`options`: expected items of type str, mapping or AttributeOption, found int$"
    with pytest.raises(TypeError, match=message):
        tx.define_attribute("x", "choice", ["a", 1])  # type: ignore[list-item]


@pytest.mark.parametrize("wrong", [b"x", 1j, {"x": "y"}, object(), iter(["DE"])], ids=repr)
def test_a_value_is_one_of_a_few_types(
    company: matricula.Registry, now: datetime, wrong: object
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    message = (
        "^`country`: expected str, int, float, Decimal, bool, date, datetime, a list of str or None, "
        f"found {type(wrong).__name__}$"
    )
    with pytest.raises(TypeError, match=message):
        tx.update_user("ann", {"country": wrong})  # type: ignore[dict-item]
    assert tx.preview().delta.is_empty


def test_an_instant_is_no_calendar_day(company: matricula.Registry, now: datetime) -> None:
    tx = company.as_host("hr").transaction(at=now)
    message = (
        "user `ann`: attribute `hired_on` is a date, found a timestamp, "
        "expected a date, since which day a datetime is depends on the zone"
    )
    with raises("invalid_value", message):
        tx.update_user("ann", {"hired_on": now})
    tx.update_user("ann", {"hired_on": now.date()})
    tx.update_user("bob", {"hired_on": date.min})
    assert tx.preview().snapshot.user("bob").values["hired_on"] == date.min


@pytest.mark.parametrize(
    "wrong", [None, 1, 1.5, math.nan, "2026-11-21", date(2026, 11, 21)], ids=repr
)
def test_an_instant_is_a_datetime(company: matricula.Registry, wrong: object) -> None:
    message = f"^`at`: expected an aware datetime, found {type(wrong).__name__}$"
    with pytest.raises(TypeError, match=message):
        company.as_host("hr").transaction(at=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=message.replace("`at`", "`to`")):
        company.as_host("hr").advance(wrong)  # type: ignore[arg-type]


def test_an_instant_has_a_time_zone(company: matricula.Registry, now: datetime) -> None:
    class Unknown(tzinfo):
        def utcoffset(self, _: datetime | None, /) -> None: ...
        def dst(self, _: datetime | None, /) -> None: ...
        def tzname(self, _: datetime | None, /) -> None: ...

    message = "^`at`: expected an aware datetime, found one without a time zone$"
    for naive in (now.replace(tzinfo=None), now.replace(tzinfo=Unknown())):
        with pytest.raises(ValueError, match=message):
            company.as_host("hr").transaction(at=naive)


def test_any_time_zone_will_do_and_milliseconds_count(company: matricula.Registry) -> None:
    there = timezone(timedelta(hours=5, minutes=45))
    tx = company.as_host("hr").transaction(at=datetime(2027, 1, 1, 0, 0, 0, 123_999, tzinfo=there))
    assert tx.at == datetime(2026, 12, 31, 18, 15, 0, 123_000, tzinfo=UTC)
    assert tx.at.tzinfo is UTC


def test_the_first_and_the_last_instant() -> None:
    for edge in (datetime.min, datetime.max):
        at = edge.replace(tzinfo=UTC, microsecond=edge.microsecond // 1000 * 1000)
        with matricula.memory() as registry:
            with registry.as_host("hr").transaction(at=at) as tx:
                tx.update_user("ann")
            assert registry.clock == at


def test_numbers_are_whole_and_not_negative(company: matricula.Registry) -> None:
    for wrong in ("1", 1.5, math.nan, None, object()):
        with pytest.raises(TypeError):
            company.deltas(wrong)  # type: ignore[arg-type]
    for number in (-1, 2**64):
        with pytest.raises(OverflowError):
            company.deltas(number)
        with pytest.raises(OverflowError):
            company.deltas(limit=number)
    for large in (2**53, 2**63, 2**64 - 1):
        assert company.deltas(large) == []
        assert len(company.deltas(limit=large)) == 1
    assert company.deltas(limit=0) == []


def test_half_a_character_is_refused(company: matricula.Registry, now: datetime) -> None:
    lone = "x\ud800"
    tx, snapshot = company.as_host("hr").transaction(at=now), company.snapshot()
    calls: list[Callable[[], object]] = [
        lambda: company.as_host(lone),
        lambda: company.as_host("hr").transaction(now, lone),
        lambda: tx.define_course(lone),
        lambda: tx.define_course("x", lone),
        lambda: tx.define_segment("x", lone),
        lambda: tx.define_attribute("x", "choice", [lone]),
        lambda: tx.update_user(lone),
        lambda: tx.update_user("ann", {lone: "x"}),
        lambda: tx.update_user("ann", {"department": lone}),
        lambda: tx.update_user("ann", sites={lone: "active"}),
        lambda: tx.import_users(b"id\n", {lone: "key"}),
        lambda: snapshot.user(lone),
    ]
    for call in calls:
        with pytest.raises(UnicodeEncodeError):
            call()
    assert tx.preview().delta.is_empty


def test_huge_and_strange_text(company: matricula.Registry, now: datetime) -> None:
    huge, tx = (
        "x" * 10_000_000,
        company.as_host("h" * 100_000).transaction(at=now, note="n" * 100_000),
    )
    calls: list[tuple[str, Callable[[], object]]] = [
        ("invalid_key", lambda: tx.define_course(huge)),
        ("invalid_key", lambda: tx.update_user(huge)),
        ("invalid_key", lambda: tx.define_course("a\0b")),
        ("invalid_key", lambda: tx.define_course(" a")),
        ("invalid_value", lambda: tx.update_user("ann", {"department": huge})),
        ("invalid_value", lambda: tx.update_user("ann", {"country": huge})),
        ("invalid_value", lambda: tx.update_user("ann", {"hired_on": huge})),
        ("invalid_rule", lambda: tx.define_segment("x", huge)),
        ("invalid_rule", lambda: tx.define_segment("x", "(" * 100_000)),
        ("unknown_time_zone", lambda: tx.define_site("x", zone=huge)),
        ("invalid_definition", lambda: tx.define_attribute("x", huge)),  # type: ignore[arg-type]
        ("invalid_definition", lambda: tx.import_users(b"id\n", {"id": huge})),
        ("unknown_user", lambda: company.snapshot().user(huge)),
        ("unknown_segment", lambda: company.snapshot().members(huge)),
    ]
    for code, call in calls:
        with pytest.raises(matricula.MatriculaError) as caught:
            call()
        assert caught.value.code == code
    tx.update_user("zoë\N{SNOWMAN}\N{GRINNING FACE}", {"department": "a\0b\n\N{GRINNING FACE}"})
    delta = tx.commit()
    assert (len(delta.author), len(delta.note)) == (100_000, 100_000)
    zoe = company.snapshot().user("zoe\u0308\N{SNOWMAN}\N{GRINNING FACE}")
    assert zoe.values == {"department": "a\0b\n\N{GRINNING FACE}"}


def test_a_hostile_mapping_or_callable_cannot_reach_the_transaction(
    company: matricula.Registry, now: datetime
) -> None:
    """Arguments are read before the transaction is touched, so their code may even use it."""
    tx = company.as_host("hr").transaction(at=now)

    class Meddling(dict[str, str]):
        def items(self) -> object:  # type: ignore[override]
            tx.update_user("cy")
            return [("department", "Sales")]

    class Failing(dict[str, str]):
        def items(self) -> object:  # type: ignore[override]
            raise RuntimeError("no")

    tx.update_user("dee", Meddling())
    with pytest.raises(RuntimeError, match="^no$"):
        tx.update_user("eve", Failing())
    assert tx.commit().users_created == 2


def test_enrolments_need_somebody_or_something(company: matricula.Registry) -> None:
    with pytest.raises(TypeError, match="^enrolments\\(\\) needs `user`, `course` or both$"):
        company.snapshot().enrolments()  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        company.snapshot().enrolments("ann")  # type: ignore[call-overload]


def test_what_is_returned_cannot_be_changed_or_made(
    company: matricula.Registry, now: datetime
) -> None:
    snapshot, (delta,) = company.snapshot(), company.deltas()
    user = snapshot.user("ann")
    with pytest.raises(AttributeError):
        user.key = "bob"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        delta.steps[0].user = "bob"  # type: ignore[misc]
    user.values.clear()
    user.sites.clear()
    snapshot.members("germans").clear()
    delta.steps.clear()
    assert user == snapshot.user("ann") and user.values["country"] == "DE"
    assert snapshot.members("germans") == ["ann"] and len(delta.steps) == 2
    for kind in (
        matricula.Registry,
        matricula.Host,
        matricula.Transaction,
        matricula.Snapshot,
        matricula.User,
    ):
        with pytest.raises(TypeError):
            kind()
