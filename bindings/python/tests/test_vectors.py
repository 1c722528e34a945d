"""The meaning of the library as data: the files of `tests/vectors`, which Rust and Node run too."""

import json
from datetime import date, datetime
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
    "enrol",
    "unenrol",
)
# What each record has, of what vectors ask about.
RECORDS: dict[type, list[str]] = {
    matricula.Delta: ["revision", "at", "users_created", "users_changed", "steps", "memberships"],
    matricula.Step: ["at", "action", "user", "course", "reason"],
    matricula.MembershipStep: ["at", "user", "segment", "joined"],
    matricula.Site: ["key", "name", "zone"],
    matricula.Attribute: ["key", "type", "options"],
    matricula.Course: ["key", "name", "site"],
    matricula.Segment: ["key", "name", "site", "rule", "description"],
    matricula.EnrolmentRule: ["key", "name", "segment", "courses", "on_leave", "enabled"],
    matricula.User: ["key", "status", "values", "sites"],
    matricula.Enrolment: ["user", "course", "status", "since", "reasons"],
    matricula.Reason: ["reason", "state", "since"],
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
            found = {"error": {"code": error.code, "message": str(error)}}
    assert matches(case["expect"], found), f"expected {case['expect']}\nfound    {found}"


def take(registry: matricula.Registry, step: dict[str, Any]) -> None:
    host = registry.as_host("vectors")
    match step:
        case {"advance": to, **more} if not more:
            host.advance(datetime.fromisoformat(to))
        case {"at": at, "do": changes, **more} if not more:
            with host.transaction(at=datetime.fromisoformat(at)) as tx:
                for change in changes:
                    name, arguments = call(change)
                    assert name in CHANGES
                    getattr(tx, name)(**arguments)
        case _:
            raise ValueError(f"no step: {step}")


def ask(registry: matricula.Registry, question: dict[str, Any]) -> object:
    name, arguments = call(question)
    snapshot = registry.snapshot()
    if name in CHANGES:
        at = snapshot.clock or datetime.fromisoformat("1970-01-01T00:00:00Z")
        tx = registry.as_host("vectors").transaction(at=at)
        try:
            return getattr(tx, name)(**arguments)
        finally:
            tx.rollback()
    asked = getattr(registry if name == "deltas" else snapshot, name)
    return asked(**arguments) if callable(asked) else asked


def call(of: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((name, arguments),) = of.items()
    return name, arguments


def plain(value: object) -> object:
    """What the library returns, as JSON has it."""
    if isinstance(value, matricula.MembershipExplanation | matricula.EnrolmentExplanation):
        return value.to_dict()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if type(value) in RECORDS:
        return {field: plain(getattr(value, field)) for field in RECORDS[type(value)]}
    return value


def matches(expected: object, found: object) -> bool:
    """Objects are compared by the keys that are expected; `None` is what is not there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(matches(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return type(expected) is type(found) and expected == found
