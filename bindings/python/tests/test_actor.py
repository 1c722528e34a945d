"""What people may do and see by their roles, why, and what they may change."""

from datetime import datetime, timedelta

import matricula
import pytest
from support import raises


@pytest.fixture
def acme(registry: matricula.Registry, now: datetime) -> matricula.Registry:
    """Two sites, a course in each, a manager line, an administrator of everything and one of a site."""
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_site("emea")
        tx.define_course("gdpr")
        tx.define_course("safety", site="emea")
        tx.define_attribute("department", "text")
        tx.define_attribute("manager", "user")
        tx.define_attribute("salary", "integer", sensitivity="sensitive")
        for key in ["root", "ann", "bob", "cy", "dee", "eve"]:
            tx.update_user(key, sites={"primary": "active", "emea": "active"})
        tx.update_user("bob", {"manager": "ann", "salary": 10})
        tx.update_user("cy", {"manager": "bob", "department": "Sales"})
        tx.define_segment("sales", 'user.department == "Sales"')
        tx.grant("administrator", user="root")
        tx.grant("administrator", user="dee", site="emea")
        tx.grant("manager", user="ann", site="primary", over={"line": "manager"})
    return registry


def test_a_manager_sees_the_people_of_the_line_and_no_others(
    acme: matricula.Registry, now: datetime
) -> None:
    ann = acme.as_actor("ann", now)
    assert (ann.key, ann.at) == ("ann", now)
    assert ann.people(site="primary") == ["ann", "bob", "cy"]
    assert ann.audience("report.view", site="primary") == ["bob", "cy"]
    assert ann.can("report.view", site="primary", over="cy")
    assert ann.can("report.view", site="primary", over=matricula.ANY)
    assert not ann.can("report.view", site="primary", over=matricula.ALL)
    assert not ann.can("report.view", site="primary", over="dee")
    assert not ann.can("report.view", site="emea", over="bob"), "nor where the role is not held"
    assert not ann.can("report.fly", site="primary")
    assert not acme.as_actor("nobody", now).can("report.view", site="primary", over="cy")
    assert ann.profile("bob", site="primary") == {"manager": "ann"}, "not the salary"
    assert ann.profile("dee", site="primary") == {}
    assert ann.members("sales") == []
    assert ann.reports(site="emea") == ["transcript"], "of oneself"
    assert repr(matricula.ANY) == "matricula.ANY"


def test_a_question_names_people_if_it_is_about_people(acme: matricula.Registry, now: datetime) -> None:
    ann, snapshot = acme.as_actor("ann", now), acme.snapshot()
    missing = (
        "`report.view` is about people, expected over whom it is asked: a user, anybody, everybody"
    )
    superfluous = "`site.create` is not about people, expected no one over whom it is asked"
    with raises("invalid_question", missing):
        ann.can("report.view", site="primary")
    with raises("invalid_question", superfluous):
        ann.can("site.create", over="bob")
    with raises("invalid_question", missing):
        snapshot.who_can("report.view", now, site="primary")
    with raises("invalid_question", f"question 2: {missing}"):
        ann.can_many([{"capability": "site.create"}, {"capability": "report.view"}])
    with pytest.raises(TypeError, match="`over`: expected str, ANY, ALL or None, found int"):
        ann.can("report.view", over=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected at most one of `site`, `category` and `course`"):
        ann.can("course.view", site="primary", course="gdpr")
    with pytest.raises(KeyError, match="a question without `capability`"):
        ann.can_many([{"site": "primary"}])  # type: ignore[typeddict-item]


def test_many_questions_are_answered_as_each_alone(acme: matricula.Registry, now: datetime) -> None:
    ann = acme.as_actor("ann", now)
    assert ann.can_many(
        [
            {"capability": "report.view", "site": "primary", "over": "cy"},
            {"capability": "report.view", "site": "primary", "over": matricula.ALL},
            {"capability": "site.create", "site": None},
        ]
    ) == [True, False, False]
    assert ann.can_many([]) == []


def test_an_explanation_names_every_role(acme: matricula.Registry, now: datetime) -> None:
    proof = acme.as_actor("ann", now).explain("report.view", site="primary", over="dee")
    assert str(proof) == (
        "user `ann` may not `report.view` in site `primary` over user `dee`: not given\n"
        "  role `manager` in site `primary` (grant 2), over those who report to the holder by `manager`, at "
        "any depth: allow; it is not held over this person\n"
        "  role `authenticated` in site `primary` (an active member of the site): says nothing of it\n"
        "  role `self` in the registry (the person in question): says nothing of it; it is not held over "
        "this person"
    )
    assert (proof.allowed, proof.because, proof.site, proof.over) == (False, "not_given", "primary", "dee")
    manager, member, _ = proof.considered
    assert (manager.role, manager.grant, manager.site, manager.effect) == ("manager", 2, "primary", "allow")
    assert [(said.effect, said.scope) for said in manager.says] == [("allow", None)]
    assert (member.grant, member.effect, member.says) == (None, None, [])


def test_who_may_do_something(acme: matricula.Registry, now: datetime) -> None:
    snapshot = acme.snapshot()
    assert snapshot.who_can("course.delete", now, course="safety") == ["root", "dee"]
    assert snapshot.who_can("report.view", now, site="primary", over="cy") == ["root", "ann"]
    assert acme.as_actor("dee", now).courses("course.delete") == ["safety"]
    with raises("unknown_site", "unknown site `emae`, did you mean `emea`?"):
        snapshot.who_can("site.edit", now, site="emae")


def test_nobody_gives_what_they_lack(acme: matricula.Registry, now: datetime) -> None:
    dee = acme.as_actor("dee", now)
    with dee.transaction(at=now, note="for a while") as tx:
        assert tx.at == now
        tx.grant("instructor", user="eve", site="emea", until=now + timedelta(days=1))
        tx.check()
        assert tx.revision is None
    assert tx.revision == acme.revision == 2
    with pytest.raises(matricula.MatriculaError) as caught:
        with dee.transaction(at=now) as tx:
            tx.grant("administrator", user="eve")
    assert caught.value.code == "not_permitted"
    assert "`role.assign` in the registry" in str(caught.value)
    assert acme.revision == 2
    eve = acme.as_actor("eve", now)
    assert eve.can("grade.edit", course="safety", over="bob")
    assert not acme.as_actor("eve", now + timedelta(days=1)).can("grade.edit", course="safety", over="bob")
    tx = eve.transaction(at=now)
    with pytest.raises(matricula.MatriculaError, match="`course.create`"):
        tx.define_course("x", site="emea")
    tx.rollback()
    with raises("closed", "the transaction is closed"):
        tx.commit()
    with raises("not_permitted", "not permitted: nobody may change anything"):
        acme.as_actor("nobody", now).transaction(at=now)
    with raises("not_permitted", "not permitted: `segment.view` in the registry"):
        acme.as_actor("ann", now).explain_membership("bob", "sales")


def test_locks_and_overrides(acme: matricula.Registry, now: datetime) -> None:
    root = acme.as_actor("root", now)
    with root.transaction(at=now) as tx:
        tx.lock(course="gdpr")
        tx.grant("instructor", user="eve")
        tx.override_role("instructor", deny=["grade.edit"], site="emea")
    root = acme.as_actor("root", now)
    assert not root.can("content.edit", course="gdpr")
    assert root.can("content.view", course="gdpr")
    eve = acme.as_actor("eve", now)
    assert not eve.can("grade.edit", course="safety", over="bob")
    with root.transaction(at=now) as tx:
        tx.unlock(course="gdpr")
    assert acme.as_actor("root", now).can("content.edit", course="gdpr")
    assert acme.as_actor("eve", now).can("grade.edit", course="gdpr", over="bob")


def test_what_is_defined_is_read_back(acme: matricula.Registry, now: datetime) -> None:
    with acme.as_host("hr").transaction(at=now) as tx:
        tx.define_category("rules", site="emea")
        tx.define_category("fire", name="Fire", parent="rules")
        tx.define_course("safety", category="fire")
        tx.define_capability("invoice.approve", "write", innermost="site", flags=["many"], sentence="approve")
        tx.define_role("clerk", like=["learner"], allow=["invoice.approve"], withhold=["course.view"], deny=["grade.*"])
        tx.grant("clerk", segment="sales", category="rules", over={"same": "department"}, from_=now, note="why")
    snapshot = acme.snapshot()
    rules, fire = snapshot.categories()
    assert (rules.site, rules.parent, fire.name, fire.site, fire.parent) == ("emea", None, "Fire", "emea", "rules")
    assert snapshot.courses[1].category == "fire"
    own = next(it for it in snapshot.capabilities() if it.name == "invoice.approve")
    assert (own.kind, own.innermost, own.over, own.flags, own.sentence) == ("write", "site", False, ["many"], "approve")
    clerk = snapshot.roles()[-1]
    assert (clerk.key, clerk.withhold, clerk.deny) == ("clerk", ["course.view"], ["grade.*"])
    assert "invoice.approve" in clerk.allow
    grant = snapshot.grants()[-1]
    assert (grant.number, grant.role, grant.user, grant.segment, grant.category) == (3, "clerk", None, "sales", "rules")
    assert (grant.over, grant.from_, grant.until, grant.note) == ({"same": "department"}, now, None, "why")
    with acme.as_host("hr").transaction(at=now) as tx:
        tx.revoke(3)
        tx.delete_role("clerk")
        with raises("unknown_grant", "there is no grant number 9"):
            tx.revoke(9)
        with raises("unknown_role", "unknown role `clerk`"):
            tx.grant("clerk", user="ann")
        with raises("unknown_category", "course `x`: unknown category `fir`, did you mean `fire`?"):
            tx.define_course("x", category="fir")
        with pytest.raises(TypeError, match="expected either `user` or `segment`"):
            tx.grant("learner")
        with pytest.raises(TypeError, match="`over`: unexpected `lines`"):
            tx.grant("learner", user="ann", over={"lines": "manager"})  # type: ignore[arg-type]
    assert [grant.number for grant in acme.snapshot().grants()] == [0, 1, 2]


def test_history_tells_of_grants(acme: matricula.Registry, now: datetime) -> None:
    with acme.as_host("hr").transaction(at=now) as tx:
        tx.revoke(2)
    granted, revoked = [event for event in acme.history_of_user("ann") if event.grant is not None]
    assert (granted.what, granted.role, granted.grant, str(granted)) == (
        "granted",
        "manager",
        2,
        "granted manager (grant 2)",
    )
    assert (revoked.what, revoked.role, revoked.grant) == ("revoked", None, 2)


def test_an_actor_can_be_asked_when_the_registry_is_closed(acme: matricula.Registry, now: datetime) -> None:
    ann = acme.as_actor("ann", now)
    acme.close()
    assert ann.can("report.view", site="primary", over="cy")
    with raises("closed", "the registry is closed"):
        ann.transaction(at=now)
    with raises("closed", "the registry is closed"):
        acme.as_actor("ann", now)
