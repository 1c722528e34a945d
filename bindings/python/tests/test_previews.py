"""What a rule would select before it is saved, and what is strange about it."""

from datetime import datetime, timedelta

import matricula
import pytest
from support import raises


def test_a_preview_says_who_would_be_in_and_changes_nothing(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_site("emea")
        tx.update_user("ann", sites={"emea": "active"})
        tx.update_user("cy")
    snapshot = company.snapshot()
    preview = snapshot.preview_rule('user.country  !=  "BR"')
    assert preview.rule == 'user.country != "BR"'
    assert preview.english == 'country is not "BR"'
    assert (preview.member_count, preview.members()) == (2, ["ann", "bob"])
    assert (preview.joining_count, preview.joining()) == (2, ["ann", "bob"])
    assert (preview.leaving_count, preview.leaving()) == (0, [])
    assert (preview.unknown_count, preview.unknown()) == (1, ["cy"])
    assert preview.by_site == {"primary": 2, "emea": 1}
    assert preview.sample == ["ann", "bob"]
    assert repr(preview) == '<RulePreview of `user.country != \\"BR\\"`: 2 members>'
    assert company.snapshot() == snapshot


def test_a_preview_is_of_a_site_or_compared_with_a_segment(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_site("emea")
        tx.update_user("bob", sites={"emea": "active"})
        tx.ban("germans", "bob")
    snapshot = company.snapshot()
    everybody = 'account.key != ""'
    assert snapshot.preview_rule(everybody, site="emea").members() == ["bob"]
    assert snapshot.preview_rule(everybody, segment="germans").members() == ["ann"]
    preview = snapshot.preview_rule('user.country == "ZA"', segment="starters")
    assert (preview.joining(), preview.leaving()) == (["bob"], ["ann"])
    with raises("unknown_site", "unknown site `apac`"):
        snapshot.preview_rule(everybody, site="apac")
    with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
        snapshot.preview_rule(everybody, segment="german")
    message = "membership would depend on itself: segment germans → segment germans"
    with raises("not_possible", message):
        snapshot.preview_rule('inSegment("germans")', segment="germans")


def test_a_preview_is_of_an_instant(company: matricula.Registry, now: datetime) -> None:
    snapshot = company.snapshot()
    old = "account.created.olderThan(2, 'days')"
    assert snapshot.preview_rule(old).members() == []
    assert snapshot.preview_rule(old, at=None).members() == []
    later = snapshot.preview_rule(old, at=now + timedelta(days=4)).members()
    assert later == snapshot.preview_rule('account.key != ""').members() != []
    # As a transaction then would say.
    with company.as_host("hr").transaction(at=now + timedelta(days=4)) as tx:
        tx.define_segment("old", old)
    assert company.snapshot().members("old") == later


def test_sites_do_not_see_each_other(company: matricula.Registry, now: datetime) -> None:
    tx = company.as_host("hr").transaction(at=now)
    tx.define_site("emea")
    tx.define_segment("emea-staff", "has(user.country)", site="emea")
    message = "belongs to site `emea`, expected it in segments of that site only"
    with raises("not_possible", f"segment `s`: segment `emea-staff` {message}"):
        tx.define_segment("s", 'inSegment("emea-staff")', site="primary")
    message = "members of site `primary` are asked for, expected those of site `emea` only, whose segment it is"
    with raises("not_possible", f"segment `s`: {message}"):
        tx.define_segment("s", 'memberOf("primary")', site="emea")
    tx.commit()
    with raises("not_possible", message):
        company.snapshot().preview_rule('memberOf("primary")', site="emea")


def test_previews_are_equal_if_they_say_the_same(company: matricula.Registry) -> None:
    snapshot = company.snapshot()
    one, other = snapshot.preview_rule("has(user.country)"), snapshot.preview_rule("has(user.country)")
    assert one == other
    assert one != snapshot.preview_rule("has(user.department)")
    assert one != "another type"


def test_people_left_out_for_want_of_a_value_are_pointed_out(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.update_user("cy")
        tx.define_segment("abroad", 'user.country != "DE"')
    (lint,) = company.snapshot().lints("abroad")
    assert (lint.lint, lint.people) == ("left_out_as_unknown", 1)
    assert (lint.missing, lint.instead) == ([("country", 1)], "add `|| !has(user.country)`")
    assert str(lint) == lint.message == (
        "1 person is left out because a value is missing: country (1); "
        "to have them in, add `|| !has(user.country)`"
    )
    # The advice is good.
    assert company.snapshot().preview_rule(
        'user.country != "DE" || !has(user.country)'
    ).members() == ["bob", "cy"]


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        (
            'user.level > 3 && user.level < 2',
            "never_true",
            {"part": "level is more than 3 and level is less than 2"},
        ),
        ("user.level > 3 || user.level <= 3", "always_true", {}),
        ("user.level > 9", "contradicts", {"attribute": "level"}),
        ('user.country == "DE"', "duplicate", {"segment": "germans"}),
        (
            'user.country == "DE" && user.level == 5',
            "subsumed",
            {"segment": "germans"},
        ),
        ('user.country == "BR"', "unused", {"attribute": "country", "value": "BR"}),
    ],
)
def test_what_is_strange_about_a_rule(
    company: matricula.Registry, now: datetime, rule: str, code: str, said: dict[str, str]
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("level", "integer", minimum=1, maximum=9)
        tx.update_user("ann", {"level": 5})
        tx.update_user("bob", {"level": 5})
    lints = company.snapshot().preview_rule(rule).lints
    found = [lint for lint in lints if lint.lint == code]
    assert found, [str(lint) for lint in lints]
    assert {key: getattr(found[0], key) for key in said} == said
    assert found[0].message
    assert found[0].people is None and found[0].missing is None
    assert len({*found, *found}) == len(found)
