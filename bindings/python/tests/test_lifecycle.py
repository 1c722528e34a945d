"""Roles, windows and due dates of enrolment rules; many enrolled at once; what is suspended, deleted, archived and
closed by hand. What it means is in the vectors; here are its shapes in Python."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import matricula
import pytest
from support import raises


def test_a_rule_has_a_role_a_window_and_a_due_date(
    company: matricula.Registry, now: datetime
) -> None:
    zone = timezone(timedelta(hours=2))
    begin, end = datetime(2027, 1, 1, 2, tzinfo=zone), datetime(2027, 2, 1, 2, tzinfo=zone)
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_enrolment_rule(
            "gdpr-de", "germans", ["gdpr"], "suspend", role="instructor", due=date(2027, 1, 31)
        )
        tx.define_enrolment_rule(
            "season", "germans", ["onboarding"], from_=begin, until=end, due=timedelta(days=30)
        )
    rules = {rule.key: rule for rule in company.snapshot().enrolment_rules}
    assert (rules["gdpr-de"].role, rules["gdpr-de"].due) == ("instructor", date(2027, 1, 31))
    assert (rules["gdpr-de"].from_, rules["gdpr-de"].until) == (None, None)
    season = rules["season"]
    assert (season.from_, season.until) == (begin.astimezone(UTC), end.astimezone(UTC))
    assert (season.role, season.due) == ("learner", timedelta(days=30))
    assert (rules["onboard"].role, rules["onboard"].due) == ("learner", None)
    (enrolment,) = company.snapshot().enrolments(user="ann", course="gdpr")
    assert enrolment.due == date(2027, 1, 31)
    (reason,) = enrolment.reasons
    assert (reason.role, reason.due) == ("instructor", date(2027, 1, 31))
    assert "from_=datetime.datetime(2027, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)" in repr(season)
    # What was read can be given again.
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_enrolment_rule(
            season.key,
            season.segment,
            season.courses,
            season.on_leave,
            season.name,
            season.enabled,
            role=season.role,
            from_=season.from_,
            until=season.until,
            due=season.due,
        )
        assert tx.preview().delta.is_empty
        assert hash(season) == hash({rule.key: rule for rule in tx.inputs().enrolment_rules}["season"])


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (timedelta(days=-1), "due after -1 day, 0:00:00, expected whole days, and none before"),
        (timedelta(hours=30), "due after 1 day, 6:00:00, expected whole days, and none before"),
        (timedelta(microseconds=1), "due after 0:00:00.000001, expected whole days, and none before"),
        (timedelta(days=36526), "due after 36526 days, expected at most 36525"),
        (timedelta.max, "due after 999999999 days, 23:59:59.999999, expected whole days, and none before"),
    ],
)
def test_due_dates_that_are_none(
    company: matricula.Registry, now: datetime, due: timedelta, said: str
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        with raises("invalid_definition", f"enrolment rule `x`: {said}"):
            tx.define_enrolment_rule("x", "germans", ["gdpr"], due=due)
        with raises("invalid_definition", said):
            tx.enrol_users(["ann"], ["gdpr"], due=due)
        with raises("invalid_definition", said):
            tx.enrol_segment("germans", ["gdpr"], due=due)
        tx.define_enrolment_rule("x", "germans", ["gdpr"], due=timedelta())
        assert tx.preview().snapshot.enrolments(user="ann", course="gdpr")[0].due == now.date()


@pytest.mark.parametrize("wrong", [30, 1.5, "2027-01-31", b"x", ["x"], True, object()], ids=repr)
def test_what_is_no_due_date_at_all(
    company: matricula.Registry, now: datetime, wrong: object
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    calls: list[Callable[[], object]] = [
        lambda: tx.define_enrolment_rule("x", "germans", ["gdpr"], due=wrong),  # type: ignore[arg-type]
        lambda: tx.enrol_users(["ann"], ["gdpr"], due=wrong),  # type: ignore[arg-type]
        lambda: tx.enrol_segment("germans", ["gdpr"], due=wrong),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError, match="^`due`: expected date, timedelta or None, found "):
            call()
    with pytest.raises(TypeError, match="^`due`: expected a date, since which day a datetime is"):
        tx.enrol_users(["ann"], ["gdpr"], due=now)
    assert tx.preview().delta.is_empty


def test_instants_of_windows_are_checked_as_all_are(
    company: matricula.Registry, now: datetime
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(TypeError, match="^`from_`: expected an aware datetime, found str$"):
        tx.define_enrolment_rule("x", "germans", ["gdpr"], from_="2027-01-01")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^`until`: expected an aware datetime, found one without"):
        tx.define_enrolment_rule("x", "germans", ["gdpr"], until=datetime(2027, 1, 1))
    with pytest.raises(TypeError):
        tx.define_enrolment_rule("x", "germans", ["gdpr"], role=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        tx.define_enrolment_rule("x", "germans", ["gdpr"], "keep", None, True, "instructor")  # type: ignore[call-arg]


def test_many_are_enrolled_at_once(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.enrol_segment("germans", ("onboarding",), due=timedelta(days=10))
        tx.enrol_users(["bob"], ["gdpr"], due=date(2027, 1, 31))
    assert tx.delta is not None
    told = [(step.action, step.user, step.course, step.reason, step.due) for step in tx.delta.steps]
    assert told == [
        ("enrolled", "bob", "gdpr", "bulk", date(2027, 1, 31)),
        ("reason_added", "ann", "onboarding", "bulk", date(2026, 12, 1)),
    ]
    assert company.snapshot().plan() == []
    with pytest.raises(TypeError, match="^`users`: expected a sequence of str, found str$"):
        company.as_host("hr").transaction(at=now).enrol_users("ann", ["gdpr"])
    with pytest.raises(TypeError, match="^`courses`: expected items of type str, found int$"):
        company.as_host("hr").transaction(at=now).enrol_segment("germans", [1])  # type: ignore[list-item]


def test_an_enrolment_is_suspended_and_resumed_by_hand(
    company: matricula.Registry, now: datetime
) -> None:
    host = company.as_host("hr")
    with host.transaction(at=now) as tx:
        tx.suspend_enrolment("ann", "gdpr")
    (enrolment,) = company.snapshot().enrolments(user="ann", course="gdpr")
    assert (enrolment.status, enrolment.suspended_by_hand) == ("suspended", now)
    why = company.snapshot().explain_enrolment("ann", "gdpr")
    assert str(why).startswith("ann is enrolled in gdpr since 2026-11-21T08:00:00Z, but suspended by hand since")
    assert why.to_dict()["suspended_by_hand"] == "2026-11-21T08:00:00Z"
    assert why.to_dict()["reasons"][0]["role"] == "learner"
    with host.transaction(at=now) as tx:
        tx.resume_enrolment("ann", "gdpr")
    assert tx.delta is not None
    assert [step.action for step in tx.delta.steps] == ["resumed_by_hand"]
    (enrolment,) = company.snapshot().enrolments(user="ann", course="gdpr")
    assert (enrolment.status, enrolment.suspended_by_hand) == ("active", None)


def test_what_is_taken_away(company: matricula.Registry, now: datetime) -> None:
    host = company.as_host("hr")
    with host.transaction(at=now) as tx:
        tx.define_site("labs")
        tx.delete_enrolment_rule("gdpr-de")
        tx.delete_segment("germans")
        tx.delete_attribute("country")
        tx.archive_course("gdpr")
        tx.close_site("labs")
    snapshot = company.snapshot()
    assert [rule.key for rule in snapshot.enrolment_rules] == ["onboard"]
    assert [segment.key for segment in snapshot.segments] == ["starters"]
    assert [attribute.key for attribute in snapshot.attributes] == ["department", "hired_on"]
    assert [(course.key, course.archived) for course in snapshot.courses] == [
        ("gdpr", True),
        ("onboarding", False),
    ]
    assert [(site.key, site.closed) for site in snapshot.sites] == [("primary", False), ("labs", True)]
    assert snapshot.explain_enrolment("ann", "gdpr").to_dict()["archived"] is True
    with host.transaction(at=now) as tx:
        tx.restore_course("gdpr")
        tx.reopen_site("labs")
    assert not any(course.archived for course in company.snapshot().courses)
    assert not any(site.closed for site in company.snapshot().sites)
    with host.transaction(at=now) as tx:
        with raises("unknown_enrolment_rule", "unknown enrolment rule `onbord`, did you mean `onboard`?"):
            tx.delete_enrolment_rule("onbord")
        with raises(
            "not_possible",
            "segment `starters` cannot be deleted, since others refer to it: enrolment rule `onboard`",
        ):
            tx.delete_segment("starters")


def test_what_is_made_so_far_can_be_read(company: matricula.Registry, now: datetime) -> None:
    tx = company.as_host("hr").transaction(at=now)
    tx.update_user("cy", {"country": "DE"})
    assert tx.inputs().users() == ["ann", "bob", "cy"]
    assert tx.inputs().user("cy").values == {"country": "DE"}
    assert company.snapshot().users() == ["ann", "bob"]


def test_problems_are_told_before_and_with_the_error(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("setup").transaction(at=now) as tx:
        tx.define_attribute("badge", "text", unique=True)
        tx.define_attribute("manager", "user")
        tx.update_user("ann", {"badge": "B-1"})
    tx = company.as_host("hr").transaction(at=now)
    assert tx.problems() == []
    tx.update_user("bob", {"badge": "B-1"})
    tx.import_users(b"id,badge\ncy,B-2\n", {"id": "key", "badge": "user.badge"})
    tx.update_user("ann", {"manager": "eve"})
    first, second = problems = tx.problems()
    assert (first.change, first.line, first.user, first.attribute) == (1, None, "bob", "badge")
    assert (first.value, first.code) == ("B-1", "not_unique")
    assert first.reason == "`B-1` is taken, expected a value of `badge` that nobody else has"
    assert str(first) == first.message == f"user `bob`: {first.reason}"
    assert (second.change, second.user, second.value, second.code) == (3, "ann", "eve", "invalid_value")
    assert first != second and hash(first) == hash(tx.problems()[0])
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.preview()
    assert str(caught.value) == f"change 1, {first} (and 1 more)"
    assert (caught.value.code, caught.value.problems) == ("not_unique", problems)
    # The transaction goes on, and can be mended.
    tx.update_user("bob", {"badge": "B-3"})
    tx.update_user("eve")
    assert tx.problems() == []
    with raises("unknown_user", "unknown user `dee`"):
        tx.enrol("dee", "gdpr")
    tx.commit()
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.problems()
    assert (caught.value.code, caught.value.problems) == ("closed", None)
