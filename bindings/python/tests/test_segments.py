"""Segments: by rule in each notation, by hand, their states, why somebody is in one, and since when."""

from datetime import datetime, timedelta

import matricula
import pytest
from matricula import MembershipEvent, SegmentException
from support import raises


def test_a_segment_without_a_rule_has_the_members_put_in_by_hand(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("board", owner="the chair", description="who decides", sql_rows=True)
        tx.pin("board", "bob")
        with raises(
            "not_possible",
            "segment `board` has no rule that could select user `ann`, so that there is nothing to ban",
        ):
            tx.ban("board", "ann")
    board = company.snapshot().segments[2]
    assert (board.key, board.rule, board.english) == ("board", None, None)
    assert (board.state, board.owner, board.description) == ("active", "the chair", "who decides")
    assert board.sql_rows
    snapshot = company.snapshot()
    assert snapshot.members("board") == ["bob"]
    assert (snapshot.rule_tree("board"), snapshot.rule_builder("board")) == (None, None)
    assert snapshot.lints("board") == []
    explanation = snapshot.explain_membership("ann", "board")
    assert str(explanation) == (
        "ann is not in segment board, whose members are put in by hand\n"
        "  ann would join if the person is put in by hand"
    )
    assert "rule" not in explanation.to_dict()


def test_pins_and_bans_overrule_the_rule_until_they_are_released(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.ban("germans", "ann")
        tx.pin("germans", "bob")
    snapshot = company.snapshot()
    assert snapshot.members("germans") == ["bob"]
    exceptions = snapshot.exceptions("germans")
    assert [(each.user, each.exception) for each in exceptions] == [
        ("ann", "banned"),
        ("bob", "pinned"),
    ]
    assert isinstance(exceptions[0], SegmentException)
    assert repr(exceptions[0]) == "SegmentException(user='ann', exception='banned')"
    banned = snapshot.explain_membership("ann", "germans").to_dict()
    assert banned["exception"] == "banned"
    assert banned["flips"] == [
        {"test": "banned", "becomes": False, "says": "the person is no longer banned"}
    ]
    with company.as_host("hr").transaction(at=now) as tx:
        tx.release("germans", "ann")
        tx.release("germans", "bob")
        tx.release("germans", "bob")
    assert company.snapshot().members("germans") == ["ann"]
    assert company.snapshot().exceptions("germans") == []
    with company.as_host("hr").transaction(at=now) as tx:
        for change in (tx.pin, tx.ban, tx.release):
            with raises("unknown_user", "unknown user `an`"):
                change("germans", "an")
            with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
                change("german", "ann")


def test_a_draft_has_no_members_and_a_paused_segment_keeps_its_own(
    company: matricula.Registry, now: datetime
) -> None:
    hr = company.as_host("hr")
    with hr.transaction(at=now) as tx:
        tx.define_segment("all", 'account.key != ""', state="draft")
    assert (company.snapshot().segments[2].state, company.snapshot().members("all")) == ("draft", [])
    with hr.transaction(at=now) as tx:
        tx.define_segment("all", state="active")
    assert company.snapshot().members("all") == ["ann", "bob"]
    with hr.transaction(at=now) as tx:
        tx.define_segment("all", state="paused")
        tx.update_user("cy")
    snapshot = company.snapshot()
    assert snapshot.segments[2].rule == 'account.key != ""'
    assert snapshot.members("all") == ["ann", "bob"]
    cy = snapshot.explain_membership("cy", "all").to_dict()
    assert (cy["state"], cy["member"], "flips" in cy) == ("paused", False, False)
    with hr.transaction(at=now) as tx:
        with raises(
            "invalid_definition",
            "segment `all`: unknown segment state `activ`, expected one of draft, active, paused, "
            "did you mean `active`?",
        ):
            tx.define_segment("all", state="activ")  # type: ignore[arg-type]
        tx.define_segment("all", state="active")
    assert company.snapshot().members("all") == ["ann", "bob", "cy"]


def test_what_is_left_out_of_a_later_definition_stays(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("germans", name="Germans", owner="legal", description="d", sql_rows=True)
        tx.define_segment("germans", owner="privacy")
    germans = company.snapshot().segments[0]
    assert (germans.name, germans.owner, germans.description) == ("Germans", "privacy", "d")
    assert (germans.rule, germans.sql_rows) == ('user.country == "DE"', True)


QUERY = {
    "combinator": "or",
    "rules": [
        {"field": "department", "operator": "beginsWith", "value": "Sal"},
        {"field": "country", "operator": "notIn", "value": ["DE", "BR"]},
    ],
}
TEXT = 'user.department.startsWith("Sal") || !(user.country in ["DE", "BR"])'
TREE = {
    "any": [
        {"match": {"field": 0, "how": "starts_with", "text": "Sal"}},
        {"not": {"in": {"field": 1, "values": [{"choice": 1}, {"choice": 2}]}}},
    ]
}


def test_a_rule_is_the_same_in_each_notation(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("text", TEXT)
        tx.define_segment("tree", rule_tree=TREE)
        tx.define_segment("builder", builder=QUERY)
    snapshot = company.snapshot()
    for segment in snapshot.segments[2:]:
        assert segment.rule == TEXT
        assert segment.english == 'department starts with "Sal" or country is none of "DE", "BR"'
        assert snapshot.rule_tree(segment.key) == TREE
        assert snapshot.rule_builder(segment.key) == QUERY
        assert snapshot.members(segment.key) == ["ann", "bob"]
        assert snapshot.preview_rule(TEXT) == snapshot.preview_rule(
            rule_tree=snapshot.rule_tree(segment.key)
        )
    tree = snapshot.rule_tree("text")
    assert tree is not None
    tree.clear()
    assert snapshot.rule_tree("text") == TREE


def test_a_rule_is_given_once(company: matricula.Registry, now: datetime) -> None:
    twice = "the rule is given more than once, expected at most one of rule, rule_tree and builder"
    with company.as_host("hr").transaction(at=now) as tx:
        with raises("invalid_definition", f"segment `x`: {twice}"):
            tx.define_segment("x", TEXT, builder=QUERY)
        with raises("invalid_definition", f"segment `x`: {twice}"):
            tx.define_segment("x", rule_tree=TREE, builder=QUERY)
    with raises("invalid_definition", twice):
        company.snapshot().preview_rule(TEXT, rule_tree=TREE)
    message = "no rule is given, expected one of rule, rule_tree and builder"
    with raises("invalid_definition", message):
        company.snapshot().preview_rule()


def test_what_is_wrong_with_a_rule_is_said_in_its_own_notation(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        with raises(
            "invalid_rule",
            "segment `x`: unknown field `departmnt` at `/rules/0/field`, did you mean `department`?",
        ):
            rules = [{"field": "departmnt", "operator": "=", "value": "x"}]
            tx.define_segment("x", builder={"combinator": "and", "rules": rules})
        with raises("invalid_rule", "segment `x`: unknown attribute 7 at `/not/has`"):
            tx.define_segment("x", rule_tree={"not": {"has": 7}})
        message = "segment `x`: there is no `alle` in rules at `/alle`, did you mean `all`?"
        with raises("invalid_rule", message):
            tx.define_segment("x", rule_tree={"alle": []})
        with raises("invalid_rule", "segment `x`: `has` is there twice at `/has`, leave one of them out"):
            tx.define_segment("x", rule_tree='{"has": 0, "has": 1}')
        with raises("invalid_rule", "segment `x`: the text is no json: expected value at 1:12"):
            tx.define_segment("x", builder='{"rules": [}')
    with raises("unknown_segment", "unknown segment `x`"):
        company.snapshot().rule_builder("x")


def test_segments_name_each_other_but_not_in_a_circle(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("both", 'inSegment("germans") && inSegment("starters")')
        circle = "segment germans → segment both → segment germans"
        with raises(
            "not_possible",
            f"segment `germans`: membership would depend on itself: {circle}",
        ):
            tx.define_segment("germans", 'inSegment("both")')
    assert company.snapshot().members("both") == ["ann"]


def test_an_explanation_says_what_would_have_to_be_otherwise(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_segment("sellers", 'user.country == "DE" && user.department == "Sales"')
    snapshot = company.snapshot()
    ann = snapshot.explain_membership("ann", "sellers")
    assert [flip["becomes"] for flip in ann.flips] == [False]
    assert (ann.state, ann.exception) == ("active", None)
    assert repr(ann) == (
        "MembershipExplanation(user='ann', segment='sellers', member=True, state='active', exception=None)"
    )
    assert ann.flips == ann.to_dict()["flips"]
    bob = snapshot.explain_membership("bob", "sellers").to_dict()
    assert bob["flips"] == [
        {"test": 'country is "DE"', "becomes": True, "says": 'country is "DE"'},
        {"test": 'department is "Sales"', "becomes": True, "says": 'department is "Sales"'},
    ]
    # What it says is so: with all of it, bob joins.
    with company.as_host("hr").transaction(at=now) as tx:
        tx.update_user("bob", {"country": "DE", "department": "Sales"})
    assert company.snapshot().members("sellers") == ["ann", "bob"]


def test_the_history_of_a_membership(company: matricula.Registry, now: datetime) -> None:
    hr = company.as_host("hr")
    with hr.transaction(at=now + timedelta(days=1), note="moved to ZA") as tx:
        tx.update_user("ann", {"country": "ZA"})
    with hr.transaction(at=now + timedelta(days=2)) as tx:
        tx.update_user("cy")
    with hr.transaction(at=now + timedelta(days=3), note="came back") as tx:
        tx.update_user("ann", {"country": "DE"})
    history = company.membership_history("ann", "germans")
    assert [(e.revision, e.at, e.author, e.note, e.joined) for e in history] == [
        (1, now, "setup", "", True),
        (2, now + timedelta(days=1), "hr", "moved to ZA", False),
        (4, now + timedelta(days=3), "hr", "came back", True),
    ]
    assert isinstance(history[0], MembershipEvent)
    assert history == company.membership_history("ann", "germans")
    assert company.membership_history("bob", "germans") == []
    with raises("unknown_user", "unknown user `an`"):
        company.membership_history("an", "germans")
    with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
        company.membership_history("ann", "german")
    company.close()
    with raises("closed", "the registry is closed"):
        company.membership_history("ann", "germans")
