"""Attributes: values of every type there and back, options over time, and what values have to satisfy."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import matricula
import pytest
from matricula import AttributeOption
from matricula.types import AttributeType, InputValue, Value
from support import raises

NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
NEPAL = timezone(timedelta(hours=5, minutes=45))
# Type, what is given, what is read.
THERE_AND_BACK: list[tuple[AttributeType, InputValue, Value]] = [
    ("text", "Sales", "Sales"),
    ("text", "", ""),
    ("text", "e\u0301", "\u00e9"),
    ("integer", 12, 12),
    ("integer", "-12", -12),
    ("integer", 2**53 - 1, 2**53 - 1),
    ("integer", 1 - 2**53, 1 - 2**53),
    ("decimal", Decimal("0.80"), Decimal("0.8")),
    ("decimal", 0.8, Decimal("0.8")),
    ("decimal", -0.000001, Decimal("-0.000001")),
    ("decimal", 3, Decimal(3)),
    ("decimal", "12.5", Decimal("12.5")),
    ("decimal", Decimal("1.5E+3"), Decimal(1500)),
    ("decimal", Decimal("-0"), Decimal(0)),
    ("decimal", Decimal("0E-999999"), Decimal(0)),
    ("decimal", Decimal("999999999999.999999"), Decimal("999999999999.999999")),
    ("boolean", True, True),
    ("boolean", False, False),
    ("boolean", "yes", True),
    ("date", date(2026, 1, 31), date(2026, 1, 31)),
    ("date", "2026-01-31", date(2026, 1, 31)),
    ("timestamp", NOON, NOON),
    ("timestamp", NOON.astimezone(NEPAL), NOON),
    ("timestamp", "2026-01-31T13:00:00.25+01:00", NOON),
    ("choice", "b", "b"),
    ("multi_choice", ["c", "a", "c"], ["a", "c"]),
    ("multi_choice", ("b",), ["b"]),
    ("multi_choice", {"b", "a"}, ["a", "b"]),
    ("multi_choice", frozenset({"c"}), ["c"]),
    ("multi_choice", "c; a", ["a", "c"]),
    ("user", "boss", "boss"),
    ("path", "EMEA/ZA/Cape Town", "EMEA/ZA/Cape Town"),
]


def options(kind: str) -> list[str] | None:
    return ["a", "b", "c"] if kind in ("choice", "multi_choice") else None


@pytest.mark.parametrize(("kind", "given", "read"), THERE_AND_BACK)
def test_a_value_there_and_back(
    registry: matricula.Registry,
    now: datetime,
    kind: AttributeType,
    given: InputValue,
    read: Value,
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("x", kind, options(kind))
        tx.update_user("boss")
        tx.update_user("ann", {"x": given})
    found = registry.snapshot().user("ann").values["x"]
    assert (type(found), found) == (type(read), read)
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann", {"x": found})
    assert tx.delta is not None and tx.delta.is_empty
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann", {"x": None})
    assert registry.snapshot().user("ann").values == {}


def test_no_options_are_no_value(registry: matricula.Registry, now: datetime) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("skills", "multi_choice", ["a", "b"])
        tx.update_user("ann", {"skills": ["a"]})
        tx.update_user("ann", {"skills": []})
    assert registry.snapshot().user("ann").values == {}


WRONG: list[tuple[AttributeType, InputValue, str]] = [
    ("text", 12, "attribute `x` is a text, found a whole number"),
    ("text", True, "attribute `x` is a text, found a boolean"),
    ("text", ["a"], "attribute `x` is a text, found a list"),
    ("integer", 1.0, "attribute `x` is an integer, found a decimal number"),
    ("integer", True, "attribute `x` is an integer, found a boolean"),
    ("integer", 2**53, "integer 9007199254740992 is beyond 9007199254740991 either way, in `x`"),
    ("integer", "12.0", "`12.0` is not a number, expected a whole number such as 12"),
    ("boolean", 1, "attribute `x` is a boolean, found a whole number"),
    ("date", "31.1.2026", "`31.1.2026` is not a date, expected a day such as 2026-01-31"),
    ("timestamp", date(2026, 1, 31), "attribute `x` is a timestamp, found a date"),
    ("choice", "d", "unknown option `d` of `x`"),
    ("choice", ["a"], "attribute `x` is a choice, found a list"),
    ("multi_choice", ["a", "d"], "unknown option `d` of `x`"),
    ("path", "EMEA//ZA", "`EMEA//ZA` is not a path, expected names with `/` between them"),
]


@pytest.mark.parametrize(("kind", "given", "reason"), WRONG)
def test_a_value_of_another_type(
    registry: matricula.Registry,
    now: datetime,
    kind: AttributeType,
    given: InputValue,
    reason: str,
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("x", kind, options(kind))
        with raises("invalid_value", f"user `ann`: {reason}"):
            tx.update_user("ann", {"x": given})
    assert registry.snapshot().user_count == 0


def test_a_person_who_is_not_there_may_come_until_the_end(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("manager", "user")
        tx.update_user("ann", {"manager": "eve"})
        message = "change 2, user `ann`: there is no user `eve` for `manager`"
        with raises("invalid_value", message):
            tx.preview()
        tx.update_user("eve")
    assert registry.snapshot().user("ann").values == {"manager": "eve"}


def test_everything_that_a_definition_says_is_read_back(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_site("emea")
        tx.define_attribute(
            "rating",
            "decimal",
            name="Rating",
            help="from the last review",
            site="emea",
            required=True,
            minimum=0,
            maximum=Decimal("5.5"),
            default=2.5,
            sensitivity="personal",
            self_writable=True,
        )
        tx.define_attribute("badge", "text", unique=True, ignore_case=True, pattern="N-??")
    rating, badge = registry.snapshot().attributes
    assert (rating.key, rating.type, rating.options) == ("rating", "decimal", None)
    assert (rating.name, rating.help, rating.site) == ("Rating", "from the last review", "emea")
    assert (rating.required, rating.unique, rating.ignore_case) == (True, False, False)
    assert (rating.minimum, rating.maximum) == (Decimal(0), Decimal("5.5"))
    assert (rating.default, rating.pattern) == (Decimal("2.5"), None)
    assert (rating.sensitivity, rating.self_writable) == ("personal", True)
    assert (badge.name, badge.help, badge.site) == ("badge", None, None)
    assert (badge.unique, badge.ignore_case, badge.pattern) == (True, True, "N-??")
    assert (badge.sensitivity, badge.self_writable) == ("internal", False)
    assert (badge.minimum, badge.maximum, badge.default) == (None, None, None)


def test_a_later_definition_says_everything_again(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("level", "integer", name="Level", minimum=1)
        tx.define_attribute("level", "integer")
    (level,) = registry.snapshot().attributes
    assert (level.name, level.minimum) == ("level", None)


def test_bounds_and_defaults_are_values_of_the_type(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("start", "timestamp", minimum=NOON, maximum="2030-01-01T00:00:00Z")
        tx.define_attribute("skills", "multi_choice", ["a", "b"], default={"b"})
        tx.define_attribute("active", "boolean", default=False)
        tx.update_user("ann")
    start, skills, _ = registry.snapshot().attributes
    assert (start.minimum, start.maximum) == (NOON, datetime(2030, 1, 1, tzinfo=UTC))
    assert skills.default == ["b"]
    assert registry.snapshot().user("ann").values == {"skills": ["b"], "active": False}


def test_options_are_renamed_and_retired_and_people_keep_them(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("team", "choice", ["red", {"key": "blue", "name": "The blues"}])
        tx.define_segment("reds", 'user.team == "red"')
        tx.update_user("ann", {"team": "red"})
        tx.update_user("bob", {"team": "blue"})
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute(
            "team", "choice", [{"key": "ruby", "was": "red"}, {"key": "blue", "retired": True}, "gold"]
        )
        with raises("invalid_value", "user `cy`: option `blue` of `team` is retired"):
            tx.update_user("cy", {"team": "blue"})
    snapshot = registry.snapshot()
    (team,) = snapshot.attributes
    assert team.options is not None
    assert [(each.key, each.name, each.retired) for each in team.options] == [
        ("ruby", "ruby", False),
        ("blue", "blue", True),
        ("gold", "gold", False),
    ]
    assert repr(team.options[0]) == "AttributeOption(key='ruby', name='ruby', retired=False)"
    assert (snapshot.user("ann").values, snapshot.user("bob").values) == (
        {"team": "ruby"},
        {"team": "blue"},
    )
    assert snapshot.segments[0].rule == 'user.team == "ruby"'
    assert snapshot.members("reds") == ["ann"]


def test_the_options_of_a_snapshot_are_taken_back(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute(
            "team", "choice", ["red", {"key": "blue", "name": "The blues", "retired": True}]
        )
    (team,) = registry.snapshot().attributes
    assert team.options is not None
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("team", "choice", team.options)
    assert tx.delta is not None and tx.delta.is_empty
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("team", "choice", [*team.options, "gold"])
    (team,) = registry.snapshot().attributes
    assert isinstance(team.options, list) and isinstance(team.options[2], AttributeOption)
    assert [option.key for option in team.options] == ["red", "blue", "gold"]


def test_options_that_are_none(registry: matricula.Registry, now: datetime) -> None:
    tx = registry.as_host("hr").transaction(at=now)
    wrong: list[tuple[type[Exception], str, object]] = [
        (KeyError, "an option without `key`", {"name": "A"}),
        (TypeError, "unexpected `nam`, expected key, name, retired and was", {"key": "a", "nam": "A"}),
        (TypeError, "expected `retired` of type bool, found int", {"key": "a", "retired": 1}),
        (TypeError, "expected `key` of type str, found int", {"key": 1}),
        (TypeError, "expected `was` of type str, found list", {"key": "a", "was": ["b"]}),
        (TypeError, "expected items of type str, mapping or AttributeOption, found bytes", b"a"),
    ]
    for kind, message, option in wrong:
        with pytest.raises(kind, match=f"`options`: {message}"):
            tx.define_attribute("x", "choice", [option])  # type: ignore[list-item]
    with raises("invalid_definition", "attribute `x`: option `a` is given twice"):
        tx.define_attribute("x", "choice", ["a", {"key": "a"}])
    message = "attribute `x`: option `b` was `a`, but there is no such option"
    with raises("invalid_definition", message):
        tx.define_attribute("x", "choice", [{"key": "b", "was": "a"}])
    assert tx.preview().delta.is_empty


DEMANDS: list[tuple[str, str, Callable[[matricula.Transaction], object]]] = [
    (
        "invalid_value",
        "user `cy`: `X-01` does not match the pattern `N-??` of `badge`",
        lambda tx: tx.update_user("cy", {"badge": "X-01"}),
    ),
    (
        "invalid_value",
        "user `cy`: 0 is below 1, the minimum of `level`",
        lambda tx: tx.update_user("cy", {"level": 0}),
    ),
    (
        "invalid_value",
        "user `cy`: 10 is above 9, the maximum of `level`",
        lambda tx: tx.update_user("cy", {"level": 10}),
    ),
    (
        "not_possible",
        "attribute `level`: 1 person has a value that it would not accept, `ann` among them",
        lambda tx: tx.define_attribute("level", "integer", minimum=4),
    ),
    (
        "invalid_definition",
        "attribute `city`: the minimum is above the maximum",
        lambda tx: tx.define_attribute("city", "date", minimum="2026-01-02", maximum="2026-01-01"),
    ),
    (
        "invalid_definition",
        "attribute `city`: a boolean cannot have a minimum",
        lambda tx: tx.define_attribute("city", "boolean", minimum=True),
    ),
    (
        "invalid_definition",
        "attribute `city`: it is unique, so that people cannot all have the same default",
        lambda tx: tx.define_attribute("city", "text", unique=True, default="x"),
    ),
    (
        "invalid_definition",
        "attribute `city`: unknown sensitivity `privat`, expected one of public, internal, personal, "
        "sensitive",
        lambda tx: tx.define_attribute("city", "text", sensitivity="privat"),  # type: ignore[arg-type]
    ),
    (
        "invalid_value",
        "attribute `level`: attribute `level` is an integer, found a decimal number",
        lambda tx: tx.define_attribute("level", "integer", minimum=0.5),
    ),
    (
        "unknown_site",
        "attribute `city`: unknown site `emea`",
        lambda tx: tx.define_attribute("city", "text", site="emea"),
    ),
]


# What later changes can make right, judged at the end.
JUDGED: list[tuple[str, str, Callable[[matricula.Transaction], object]]] = [
    (
        "not_unique",
        "user `cy`: `n-01` is taken, expected a value of `badge` that nobody else has",
        lambda tx: tx.update_user("cy", {"badge": "n-01"}),
    ),
    (
        "invalid_value",
        "user `ann`: attribute `level` is required",
        lambda tx: tx.update_user("ann", {"level": None}),
    ),
    (
        "not_possible",
        "attribute `city`: 1 person would lack a required value, `ann` among them",
        lambda tx: tx.define_attribute("city", "text", required=True),
    ),
]


def demanding(registry: matricula.Registry, now: datetime) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("badge", "text", unique=True, ignore_case=True, pattern="N-??")
        tx.define_attribute("level", "integer", required=True, minimum=1, maximum=9, default=3)
        tx.update_user("ann", {"badge": "N-01"})
    assert registry.snapshot().user("ann").values == {"badge": "N-01", "level": 3}


@pytest.mark.parametrize(("code", "message", "change"), JUDGED)
def test_what_is_judged_at_the_end(
    registry: matricula.Registry,
    now: datetime,
    code: str,
    message: str,
    change: Callable[[matricula.Transaction], object],
) -> None:
    demanding(registry, now)
    tx = registry.as_host("hr").transaction(at=now)
    change(tx)
    with raises(code, message):
        tx.preview()
    with raises(code, message):
        tx.commit()
    with raises(code, message), registry.as_host("hr").transaction(at=now) as tx:
        change(tx)
    assert registry.revision == 1


@pytest.mark.parametrize(("code", "message", "change"), DEMANDS)
def test_what_values_have_to_satisfy(
    registry: matricula.Registry,
    now: datetime,
    code: str,
    message: str,
    change: Callable[[matricula.Transaction], object],
) -> None:
    demanding(registry, now)
    with registry.as_host("hr").transaction(at=now) as tx:
        with raises(code, message):
            change(tx)
        assert tx.preview().delta.is_empty
