"""The meaning of the library as data: the files of `tests/vectors`, which Rust and Node run too."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import matricula
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "vectors"
FILES = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [
    pytest.param(file.get("given", []) + case.get("given", []), case, id=f"{name}: {case['case']}")
    for name, file in FILES.items()
    for case in file["cases"]
]
CHANGES = (
    "define_site",
    "define_attribute",
    "define_course",
    "define_segment",
    "define_enrolment_rule",
    "update_user",
    "pin",
    "ban",
    "release",
    "record",
    "enrol",
    "unenrol",
    "enrol_segment",
    "enrol_users",
    "suspend_enrolment",
    "resume_enrolment",
    "delete_enrolment_rule",
    "delete_segment",
    "delete_attribute",
    "archive_course",
    "restore_course",
    "close_site",
    "reopen_site",
    "erase",
    "revert",
)
PLACE = ("offset", "line", "column", "pointer", "nearest")
# What each record has, of what vectors ask about.
RECORDS: dict[type, list[str]] = {
    matricula.Delta: ["revision", "at", "users_created", "users_changed", "steps", "memberships"],
    matricula.Step: ["at", "action", "user", "course", "reason", "due"],
    matricula.MembershipStep: ["at", "user", "segment", "joined"],
    matricula.Site: ["key", "name", "zone", "closed"],
    matricula.AttributeOption: ["key", "name", "retired"],
    matricula.Attribute: [
        "key",
        "type",
        "options",
        "name",
        "help",
        "site",
        "required",
        "unique",
        "ignore_case",
        "pattern",
        "minimum",
        "maximum",
        "default",
        "sensitivity",
        "self_writable",
    ],
    matricula.Course: ["key", "name", "site", "archived"],
    matricula.Segment: [
        "key",
        "name",
        "site",
        "rule",
        "english",
        "state",
        "owner",
        "description",
        "sql_rows",
    ],
    matricula.SegmentException: ["user", "exception"],
    matricula.MembershipEvent: ["revision", "at", "author", "note", "joined"],
    matricula.RulePreview: [
        "rule",
        "english",
        "member_count",
        "joining_count",
        "leaving_count",
        "unknown_count",
        "by_site",
        "sample",
        "lints",
        "members",
        "joining",
        "leaving",
        "unknown",
    ],
    matricula.Lint: [
        "lint",
        "message",
        "people",
        "missing",
        "instead",
        "part",
        "attribute",
        "segment",
        "value",
    ],
    matricula.Sql: ["text", "parameters"],
    matricula.EnrolmentRule: [
        "key",
        "name",
        "segment",
        "courses",
        "on_leave",
        "enabled",
        "role",
        "from_",
        "until",
        "due",
    ],
    matricula.Difference: ["revision", "entry", "what"],
    matricula.Verification: [
        "is_intact",
        "revision",
        "sealed_from",
        "keyed_from",
        "archived_to",
        "commits",
        "erased",
        "differences",
    ],
    matricula.Problem: [
        "change",
        "line",
        "user",
        "attribute",
        "value",
        "code",
        "reason",
        "message",
    ],
    matricula.User: ["key", "status", "created", "values", "sites"],
    matricula.Enrolment: ["user", "course", "status", "since", "due", "suspended_by_hand", "reasons"],
    matricula.Reason: ["reason", "role", "state", "since", "due"],
}


def test_there_are_vectors_and_each_has_cases() -> None:
    assert FILES
    for name, file in FILES.items():
        assert set(file) <= {"description", "given", "cases"}, name
        assert file["description"], name
        assert file["cases"], name
        names = [case["case"] for case in file["cases"]]
        assert len(names) == len(set(names)), name


@pytest.mark.parametrize(("given", "case"), CASES)
def test_vector(given: list[dict[str, Any]], case: dict[str, Any]) -> None:
    assert set(case) <= {"case", "given", "ask", "expect"}
    with matricula.memory() as registry:
        for step in given:
            take(registry, step)
        try:
            found = plain(ask(registry, case["ask"]))
        except matricula.MatriculaError as error:
            where = {name: getattr(error, name) for name in PLACE}
            found = {"error": {"code": error.code, "message": str(error), **where}}
    assert matches(case["expect"], found), f"expected {case['expect']}\nfound    {found}"


def take(registry: matricula.Registry, step: dict[str, Any]) -> None:
    host = registry.as_host("vectors")
    match step:
        case {"advance": to, **more} if not more:
            host.advance(datetime.fromisoformat(to))
        case {"at": at, "do": changes, **more} if not more:
            with host.transaction(at=datetime.fromisoformat(at)) as tx:
                make(tx, changes)
        case _:
            raise ValueError(f"no step: {step}")


def make(tx: matricula.Transaction, changes: list[dict[str, Any]]) -> None:
    for change in changes:
        name, arguments = call(change)
        assert name in CHANGES
        getattr(tx, name)(**arguments)


def ask(registry: matricula.Registry, question: dict[str, Any]) -> object:
    name, arguments = call(question)
    snapshot = registry.snapshot()
    if name == "as_of":
        when = arguments["when"]
        snapshot = registry.as_of(datetime.fromisoformat(when) if isinstance(when, str) else when)
        name, arguments = call(arguments["ask"])
    at = snapshot.clock or datetime.fromisoformat("1970-01-01T00:00:00Z")
    if name == "problems":
        tx = registry.as_host("vectors").transaction(at=at)
        make(tx, arguments["do"])
        return tx.problems()
    if name in CHANGES:
        tx = registry.as_host("vectors").transaction(at=at)
        try:
            found = getattr(tx, name)(**arguments)
            # Some of what is wrong is seen at the end of a transaction only.
            tx.preview()
            return found
        finally:
            tx.rollback()
    of_registry = name in ("deltas", "membership_history", "verify")
    asked = getattr(registry if of_registry else snapshot, name)
    return asked(**arguments) if callable(asked) else asked


def call(of: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((name, arguments),) = of.items()
    # Instants are text in JSON; within values, text is what stands for them.
    given = {"completed", "at", "from", "until"} & {
        key for key, value in arguments.items() if value is not None
    }
    arguments = arguments | {key: datetime.fromisoformat(arguments[key]) for key in given}
    if (due := arguments.get("due")) is not None:
        arguments["due"] = timedelta(days=due) if isinstance(due, int) else date.fromisoformat(due)
    # A word of Python's own.
    if "from" in arguments:
        arguments["from_"] = arguments.pop("from")
    return name, arguments


def plain(value: object) -> object:
    """What the library returns, as JSON has it."""
    if isinstance(value, matricula.MembershipExplanation | matricula.EnrolmentExplanation):
        return value.to_dict()
    if isinstance(value, datetime):
        precision = "milliseconds" if value.microsecond else "seconds"
        return value.isoformat(timespec=precision).replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(days=1)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if type(value) in RECORDS:
        fields = {field: getattr(value, field) for field in RECORDS[type(value)]}
        return {
            name.rstrip("_"): plain(field() if callable(field) else field)
            for name, field in fields.items()
        }
    return value


def matches(expected: object, found: object) -> bool:
    """Objects are compared by the keys that are expected; `None` is what is not there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(matches(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return type(expected) is type(found) and expected == found
