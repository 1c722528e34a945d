"""Numbers, text and trees as hostile as they come: each is an exception, and nothing happens."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import matricula
import pytest
from support import raises

FITS = "expected a decimal number with at most 6 digits after the point, below 1000000000000 either way"


@pytest.fixture
def tx(company: matricula.Registry, now: datetime) -> matricula.Transaction:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("level", "integer")
        tx.define_attribute("rating", "decimal")
        tx.define_attribute("seen", "timestamp")
        tx.define_attribute("skills", "multi_choice", ["a", "b"])
    return company.as_host("hr").transaction(at=now)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e12, "1000000000000"),
        (5e-324, "0.00000000000000000000000000000000000000…"),
        (1.7976931348623157e308, "1797693134862315700000000000000000000000…"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "sNaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (Decimal("0.1234567"), "0.1234567"),
        (Decimal("1E+12"), "1E+12"),
        (Decimal("1E+999999"), "1E+999999"),
        (Decimal("1E-999999"), "1E-999999"),
        (Decimal("1" * 5000), "1" * 40 + "…"),
    ],
)
def test_numbers_that_no_decimal_can_hold(
    tx: matricula.Transaction, number: float | Decimal, shown: str
) -> None:
    with raises("invalid_value", f"user `ann`: `rating`: `{shown}` does not fit, {FITS}"):
        tx.update_user("ann", {"rating": number})
    with raises("invalid_value", f"`score`: `{shown}` does not fit, {FITS}"):
        tx.record("ann", "gdpr", score=number)
    with raises("invalid_value", f"attribute `rating`: `minimum`: `{shown}` does not fit, {FITS}"):
        tx.define_attribute("rating", "decimal", minimum=number)
    assert tx.preview().delta.is_empty


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63 - 1, -(2**63)])
def test_integers_that_other_languages_cannot_hold(
    tx: matricula.Transaction, number: int
) -> None:
    message = f"user `ann`: integer {number} is beyond 9007199254740991 either way, in `level`"
    with raises("invalid_value", message):
        tx.update_user("ann", {"level": number})


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**5000], ids=["2**63", "-2**63-1", "10**5000"])
def test_integers_of_more_than_64_bits(tx: matricula.Transaction, number: int) -> None:
    wide = "a whole number of more than 64 bits is beyond 9007199254740991 either way"
    with raises("invalid_value", f"user `ann`: `level`: {wide}"):
        tx.update_user("ann", {"level": number})
    with raises("invalid_value", f"`score`: {wide}"):
        tx.record("ann", "gdpr", score=number)
    with raises("invalid_rule", "segment `x`: `rule_tree`: a whole number of more than 64 bits"):
        tx.define_segment("x", rule_tree={"has": number})
    assert tx.preview().delta.is_empty


def test_instants_without_a_zone_or_outside_the_calendar(
    company: matricula.Registry, tx: matricula.Transaction, now: datetime
) -> None:
    naive = now.replace(tzinfo=None)
    expected = "expected an aware datetime, found one without a time zone$"
    calls: list[tuple[str, Callable[[], object]]] = [
        ("seen", lambda: tx.update_user("ann", {"seen": naive})),
        ("default", lambda: tx.define_attribute("seen", "timestamp", default=naive)),
        ("completed", lambda: tx.record("ann", "gdpr", completed=naive)),
        ("at", lambda: company.snapshot().segment_sql("germans", "sqlite", naive)),
        ("at", lambda: company.snapshot().preview_rule("has(user.country)", at=naive)),
    ]
    for what, call in calls:
        with pytest.raises(ValueError, match=f"^`{what}`: {expected}"):
            call()
    tx.update_user("ann", {"seen": datetime.min.replace(tzinfo=UTC)})
    assert tx.preview().snapshot.user("ann").values["seen"] == datetime.min.replace(tzinfo=UTC)


def test_half_a_character_is_refused_wherever_text_goes(
    company: matricula.Registry, tx: matricula.Transaction
) -> None:
    lone, snapshot = "x\ud800", company.snapshot()
    calls: list[Callable[[], object]] = [
        lambda: tx.define_attribute("x", "text", name=lone),
        lambda: tx.define_attribute("x", "text", default=lone),
        lambda: tx.define_attribute("x", "choice", [{"key": lone}]),
        lambda: tx.define_segment("x", owner=lone),
        lambda: tx.define_segment("x", rule_tree={lone: []}),
        lambda: tx.define_segment("x", builder={"combinator": lone, "rules": []}),
        lambda: tx.update_user("ann", {"skills": ["a", lone]}),
        lambda: tx.pin("germans", lone),
        lambda: tx.record("ann", lone),
        lambda: tx.record("ann", "gdpr", score=lone),
        lambda: snapshot.preview_rule(lone),
        lambda: snapshot.lints(lone),
        lambda: snapshot.segment_sql("germans", lone),  # type: ignore[arg-type]
        lambda: company.membership_history(lone, "germans"),
    ]
    for call in calls:
        with pytest.raises(UnicodeEncodeError):
            call()
    assert tx.preview().delta.is_empty


def test_the_null_character(company: matricula.Registry, tx: matricula.Transaction) -> None:
    calls: list[tuple[str, Callable[[], object]]] = [
        ("invalid_key", lambda: tx.define_attribute("a\0b", "text")),
        ("invalid_key", lambda: tx.define_attribute("x", "choice", ["a\0b"])),
        ("invalid_key", lambda: tx.define_segment("a\0b")),
        ("invalid_value", lambda: tx.update_user("ann", {"skills": ["a\0"]})),
        ("invalid_value", lambda: tx.update_user("ann", {"level": "1\0"})),
        ("invalid_value", lambda: tx.record("ann", "gdpr", score="1\0")),
        ("unknown_user", lambda: tx.pin("germans", "ann\0")),
        ("invalid_rule", lambda: company.snapshot().preview_rule("has(user.country)\0")),
        (
            "invalid_definition",
            lambda: company.snapshot().segment_sql("germans", "sqlite\0"),  # type: ignore[arg-type]
        ),
    ]
    for code, call in calls:
        with pytest.raises(matricula.MatriculaError) as caught:
            call()
        assert caught.value.code == code
    tx.update_user("ann", {"department": "a\0b"})
    tx.define_segment("nul", builder={"combinator": "and", "rules": [
        {"field": "department", "operator": "=", "value": "a\0b"}
    ]})
    assert tx.preview().snapshot.members("nul") == ["ann"]


def nested(depth: int) -> dict[str, Any]:
    query: dict[str, Any] = {"field": "country", "operator": "=", "value": "DE"}
    for level in range(depth):
        query = {"combinator": ("and", "or")[level % 2], "rules": [query, query]}
    return query


def chain(depth: int) -> dict[str, Any]:
    query: dict[str, Any] = {"combinator": "and", "rules": []}
    for _ in range(depth):
        query = {"combinator": "and", "rules": [query]}
    return query


def negated(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"has": 0}
    for _ in range(depth):
        tree = {"not": tree}
    return tree


def test_trees_ten_thousand_deep(company: matricula.Registry, tx: matricula.Transaction) -> None:
    deep = "the rule nests more than 64 levels deep"
    for depth in (300, 10_000):
        with raises("invalid_rule", f"segment `x`: `builder`: {deep}"):
            tx.define_segment("x", builder=chain(depth))
        with raises("invalid_rule", f"segment `x`: `rule_tree`: {deep}"):
            tx.define_segment("x", rule_tree=negated(depth))
        text = '{"not":' * depth + '{"has":0}' + "}" * depth
        with raises("invalid_rule", f"segment `x`: {deep}"):
            tx.define_segment("x", rule_tree=text)
        text = '{"rules":[' * depth + "]}" * depth
        with raises("invalid_rule", f"segment `x`: {deep}"):
            tx.define_segment("x", builder=text)
        with raises("invalid_rule", f"`builder`: {deep}"):
            company.snapshot().preview_rule(builder=chain(depth))
    for depth in (65, 150):
        with pytest.raises(matricula.MatriculaError, match=f"{deep} at `/not/not/.*…/not/not") as caught:
            tx.define_segment("x", rule_tree=negated(depth))
        assert caught.value.pointer == "/not" * 64
    with pytest.raises(matricula.MatriculaError, match=deep):
        tx.define_segment("x", rule="!(" * 10_000)
    itself: dict[str, Any] = {"combinator": "and"}
    itself["rules"] = [itself]
    with raises("invalid_rule", f"segment `x`: `builder`: {deep}"):
        tx.define_segment("x", builder=itself)
    assert tx.preview().delta.is_empty


def test_a_small_tree_that_is_huge_when_written_out(tx: matricula.Transaction) -> None:
    message = "longer than any rule, expected at most 1048576 bytes of JSON"
    with raises("invalid_rule", f"segment `x`: `builder`: {message}"):
        tx.define_segment("x", builder=nested(60))
    with raises("invalid_rule", f"segment `x`: `rule_tree`: {message}"):
        tx.define_segment("x", rule_tree={"text": "x" * 2_000_000})
    message = "segment `x`: the text has 2000000 bytes, expected at most 1048576"
    with raises("invalid_rule", message):
        tx.define_segment("x", builder=" " * 2_000_000)
    with raises("invalid_rule", message):
        tx.define_segment("x", rule_tree=" " * 2_000_000)
    with raises("invalid_rule", "segment `x`: the rule is 1000000 bytes long, but at most 65536 are allowed"):
        tx.define_segment("x", rule="x" * 1_000_000)


def test_members_that_a_mapping_gives_twice(tx: matricula.Transaction) -> None:
    class Double(dict[str, object]):
        def items(self) -> Any:
            return [("has", 0), ("has", 1)]

    with raises("invalid_rule", "segment `x`: `has` is there twice at `/not/has`, leave one of them out"):
        tx.define_segment("x", rule_tree={"not": Double(has=0)})


def test_a_hundred_thousand_options(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        tx.define_attribute("many", "choice", [f"o{number}" for number in range(100_000)])
        tx.update_user("ann", {"many": "o99999"})
        tx.define_segment("text", "user.many in ['o0', 'o99999']")
        query = {"field": "many", "operator": "in", "value": ["o0", "o99999"]}
        tx.define_segment("query", builder={"combinator": "and", "rules": [query]})
        values = [{"choice": 0}, {"choice": 99_999}]
        tx.define_segment("tree", rule_tree={"in": {"field": 3, "values": values}})
    snapshot = company.snapshot()
    assert [snapshot.members(key) for key in ("text", "query", "tree")] == [["ann"]] * 3
    with pytest.raises(matricula.MatriculaError, match="`many` has no option `o100000x` at 1:14"):
        snapshot.preview_rule("user.many == 'o100000x'")


def alternating(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"has": 0}
    for level in range(depth):
        tree = {("all", "any")[level % 2]: [{"has": 0}, tree]}
    return tree


def test_a_rule_at_the_greatest_depth_there_and_back(tx: matricula.Transaction) -> None:
    tx.define_segment("deep", rule_tree=alternating(64))
    with pytest.raises(matricula.MatriculaError, match="more than 64 levels deep") as caught:
        tx.define_segment("deeper", rule_tree=alternating(65))
    assert caught.value.code == "invalid_rule"
    snapshot = tx.preview().snapshot
    assert snapshot.rule_tree("deep") == alternating(64)
    text = snapshot.segments[2].rule
    assert snapshot.preview_rule(text).rule == text


def test_a_deep_rule_survives_reopening(tmp_path: Path, now: datetime) -> None:
    with matricula.open(tmp_path / "acme.db") as registry:
        with registry.as_host("hr").transaction(at=now) as tx:
            tx.define_attribute("country", "text")
            tx.define_segment("deep", rule_tree=alternating(60))
        snapshot, deltas = registry.snapshot(), registry.deltas()
    with matricula.open(tmp_path / "acme.db") as registry:
        assert registry.snapshot() == snapshot
        assert registry.deltas() == deltas


@pytest.mark.parametrize("wrong", [math.nan, math.inf], ids=repr)
def test_numbers_that_json_does_not_have(tx: matricula.Transaction, wrong: float) -> None:
    message = "segment `x`: `builder`: a number that is not finite, which JSON does not have"
    with raises("invalid_rule", message):
        tx.define_segment("x", builder={"combinator": "and", "rules": [
            {"field": "level", "operator": "=", "value": wrong}
        ]})


@pytest.mark.parametrize("wrong", [b"x", 1j, Decimal(1), date(2026, 1, 31), object(), {1, 2}], ids=repr)
def test_what_json_does_not_have(tx: matricula.Transaction, wrong: object) -> None:
    found = type(wrong).__name__
    with pytest.raises(TypeError, match=f"^`builder`: expected what JSON has .*, found {found}$"):
        tx.define_segment("x", builder={"combinator": "and", "rules": [wrong]})
    with pytest.raises(TypeError, match="^`rule_tree`: expected keys of type str, found int$"):
        tx.define_segment("x", rule_tree={"not": {1: 2}})


def test_a_meddling_tree_cannot_reach_the_transaction(tx: matricula.Transaction) -> None:
    class Meddling(dict[str, object]):
        def items(self) -> Any:
            tx.update_user("cy")
            return [("has", 0)]

    tx.define_segment("x", rule_tree=Meddling())
    preview = tx.preview()
    assert preview.snapshot.user_count == 3
    assert preview.snapshot.members("x") == ["ann"]
