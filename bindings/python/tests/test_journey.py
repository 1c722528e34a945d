"""The registry as a host uses it: define, import, preview, commit, read, explain, reopen."""

from datetime import UTC, date, datetime
from pathlib import Path

import matricula
from matricula import MembershipStep, Step
from support import define

FEED = b"""id,dept,country,hired
ann,Sales,DE,2026-10-01
bob,IT,ZA,2020-01-15
cy,IT,Germany,2026-11-01
dee,,DE,
"""
MAPPING = {
    "id": "key",
    "dept": "user.department",
    "country": "user.country",
    "hired": "user.hired_on",
}


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T08:00:00Z")


def test_a_feed_becomes_enrolments_and_survives_reopening(tmp_path: Path) -> None:
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        hr = registry.as_host("hr")
        with hr.transaction(at=at("2026-11-21"), note="first feed") as tx:
            define(tx)
            report = tx.import_users(FEED, MAPPING)
            assert (report.rows, report.created, report.changed, report.unchanged) == (4, 3, 0, 0)
            assert [str(error) for error in report.errors] == [
                'line 4, column country, value "Germany": unknown option `Germany` of `country`'
            ]
            preview = tx.preview()
            assert preview.snapshot.members("germans") == ["ann", "dee"]
            assert registry.revision == 0
            assert tx.commit(expect=preview) == preview.delta
        assert tx.delta == preview.delta
        delta = preview.delta
        assert (delta.revision, delta.author, delta.note) == (1, "hr", "first feed")
        assert (delta.at, delta.users_created, delta.users_changed) == (at("2026-11-21"), 3, 0)
        assert delta.segment_counts == [("germans", 2, 0), ("starters", 1, 0)]
        assert delta.course_counts == [("gdpr", "enrolled", 2), ("onboarding", "enrolled", 1)]
        assert str(delta).splitlines() == [
            "people: 3 created, 0 changed; definitions: 9",
            "segment germans: 2 joined, 0 left",
            "segment starters: 1 joined, 0 left",
            "course gdpr: 2 enrolled",
            "course onboarding: 1 enrolled",
        ]
        assert str(preview) == str(delta)
        assert registry.snapshot().members("starters") == ["ann"]

        # A second day: ann moves to ZA, bob is gone.
        with hr.transaction(at=at("2026-11-22")) as tx:
            feed = b"id,dept,country,hired\nann,Sales,ZA,2026-10-01\ndee,,DE,\n"
            report = tx.import_users(feed, MAPPING, absent="suspend")
            assert (report.changed, report.unchanged, report.suspended) == (1, 1, 1)
        assert tx.delta is not None
        assert tx.delta.steps == tx.delta.steps
        assert [(step.user, step.action, step.course, step.reason) for step in tx.delta.steps] == [
            ("ann", "suspended", "gdpr", "gdpr-de")
        ]
        assert [(step.user, step.segment, step.joined) for step in tx.delta.memberships] == [
            ("ann", "germans", False)
        ]

        # Ninety days on, ann is no longer a starter, but the course is kept.
        delta = registry.as_host("clock").advance(at("2027-02-01"))
        midnight = datetime(2026, 12, 30, tzinfo=UTC)
        assert [(step.at, step.user, step.action) for step in delta.steps] == [
            (midnight, "ann", "kept")
        ]
        assert delta.at == registry.clock == at("2027-02-01")

        snapshot = registry.snapshot()
        explanation = snapshot.explain_enrolment("ann", "onboarding")
        assert str(explanation).startswith(
            "ann is enrolled in onboarding since 2026-11-21T08:00:00Z, because:\n"
            "- rule onboard no longer applies but keeps"
        )
        assert snapshot.user("bob").status == "suspended"

    with matricula.open(str(path)) as reopened:
        assert reopened.snapshot() == snapshot
        assert [delta.revision for delta in reopened.deltas()] == [1, 2, 3]
        assert [delta.revision for delta in reopened.deltas(after=1, limit=1)] == [2]
        assert reopened.deltas()[0] == preview.delta


def test_what_a_snapshot_says(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("setup").transaction(at=now) as tx:
        tx.define_site("emea", name="Europe", zone="Europe/Berlin")
        tx.define_segment("sales", 'user.department=="Sales"&&has(user.country)', "Sellers", "emea")
        tx.update_user("ann", sites={"emea": "suspended"})
    snapshot = company.snapshot()
    assert (snapshot.revision, snapshot.clock) == (2, now)
    assert (snapshot.user_count, snapshot.enrolment_count) == (2, 2)
    assert [(site.key, site.name, site.zone) for site in snapshot.sites] == [
        ("primary", "Primary site", "UTC"),
        ("emea", "Europe", "Europe/Berlin"),
    ]
    assert [(each.key, each.type) for each in snapshot.attributes] == [
        ("department", "text"),
        ("country", "choice"),
        ("hired_on", "date"),
    ]
    assert [(course.key, course.name, course.site) for course in snapshot.courses] == [
        ("gdpr", "gdpr", "primary"),
        ("onboarding", "Welcome", "primary"),
    ]
    segment = snapshot.segments[2]
    assert (segment.key, segment.name, segment.site) == ("sales", "Sellers", "emea")
    assert segment.rule == 'user.department == "Sales" && has(user.country)'
    assert segment.english == 'department is "Sales" and country has a value'
    rule = snapshot.enrolment_rules[0]
    assert (rule.key, rule.segment, rule.courses) == ("gdpr-de", "germans", ["gdpr"])
    assert (rule.name, rule.on_leave, rule.enabled) == ("gdpr-de", "suspend", True)
    ann = snapshot.user("ann")
    assert (ann.key, ann.status, ann.created) == ("ann", "active", now)
    assert ann.values == {"department": "Sales", "country": "DE", "hired_on": date(2026, 10, 1)}
    assert ann.sites == {"primary": "active", "emea": "suspended"}
    assert snapshot.member_count("germans") == 1
    assert snapshot.is_member("ann", "germans")
    assert not snapshot.is_member("bob", "germans")


def test_enrolments_of_a_person_in_a_course_or_both(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("setup").transaction(at=now) as tx:
        tx.enrol("bob", "gdpr")
        tx.enrol("ann", "gdpr")
    snapshot = company.snapshot()
    assert [each.course for each in snapshot.enrolments(user="ann")] == ["gdpr", "onboarding"]
    assert [each.user for each in snapshot.enrolments(course="gdpr")] == ["ann", "bob"]
    (enrolment,) = snapshot.enrolments(user="ann", course="gdpr")
    assert (enrolment.user, enrolment.course, enrolment.status) == ("ann", "gdpr", "active")
    assert enrolment.since == now
    assert [(each.reason, each.state, each.since) for each in enrolment.reasons] == [
        ("manual", "in_force", now),
        ("gdpr-de", "in_force", now),
    ]
    assert snapshot.enrolments(user="bob", course="onboarding") == []
    with company.as_host("setup").transaction(at=now) as tx:
        tx.unenrol("bob", "gdpr")
    assert tx.delta is not None
    assert tx.delta.steps == [
        step for step in tx.delta.steps if (step.user, step.action) == ("bob", "unenrolled")
    ]
    assert company.snapshot().enrolments(user="bob") == []


def test_explanations_are_text_and_data(company: matricula.Registry) -> None:
    snapshot = company.snapshot()
    membership = snapshot.explain_membership("bob", "germans")
    assert (membership.user, membership.segment, membership.member) == ("bob", "germans", False)
    assert str(membership) == (
        'bob is not in segment germans, whose rule is false here:\n  no: country is "DE" (country is "ZA")\n'
        '  bob would join if country is "DE"'
    )
    assert membership.to_dict() == {
        "user": "bob",
        "segment": "germans",
        "member": False,
        "eligible": "eligible",
        "state": "active",
        "rule": {
            "truth": "false",
            "rule": 'country is "DE"',
            "attribute": "country",
            "value": "ZA",
        },
        "flips": [{"test": 'country is "DE"', "becomes": True, "says": 'country is "DE"'}],
        "at": "2026-11-21T08:00:00Z",
    }
    enrolment = snapshot.explain_enrolment("bob", "gdpr")
    assert (enrolment.user, enrolment.course, enrolment.status) == ("bob", "gdpr", None)
    assert enrolment.to_dict() == {
        "user": "bob",
        "course": "gdpr",
        "reasons": [],
        "others": [{"reason": "gdpr-de", "role": "learner", "membership": membership.to_dict()}],
    }
    assert snapshot.explain_enrolment("ann", "gdpr").status == "active"


def test_two_handles_on_one_file_follow_each_other(tmp_path: Path, now: datetime) -> None:
    with matricula.open(tmp_path / "acme.db") as one, matricula.open(tmp_path / "acme.db") as two:
        with one.as_host("one").transaction(at=now) as tx:
            define(tx)
        # The second handle is behind: its changes are made again on the new head.
        with two.as_host("two").transaction(at=now) as tx:
            tx.update_user("ann")
        with one.as_host("one").transaction(at=now) as tx:
            tx.update_user("ann", {"country": "DE"})
        assert two.revision == 2
        assert two.refresh() == one.snapshot()
        assert two.snapshot().members("germans") == ["ann"]


def test_nothing_to_record_is_not_recorded(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann", {"country": "DE"})
    assert tx.delta is not None and tx.delta.is_empty
    assert (str(tx.delta), tx.delta.revision, company.revision) == ("nothing changes", 1, 1)


def test_records_are_what_they_say(company: matricula.Registry, now: datetime) -> None:
    (delta,) = company.deltas()
    step, membership = delta.steps[0], delta.memberships[0]
    assert isinstance(step, Step) and isinstance(membership, MembershipStep)
    shown = "datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.timezone.utc)"
    assert repr(step) == (
        f"Step(at={shown}, action='enrolled', user='ann', course='gdpr', reason='gdpr-de', due=None)"
    )
    assert repr(membership) == (
        f"MembershipStep(at={shown}, user='ann', segment='germans', joined=True)"
    )
    assert repr(company.snapshot().courses[1]) == (
        "Course(key='onboarding', name='Welcome', site='primary', category=None, archived=False)"
    )
    assert len({*delta.steps, *delta.steps}) == len(delta.steps) == 2
    assert delta.steps[0] != delta.steps[1]
    assert step.__eq__("another type") is NotImplemented
