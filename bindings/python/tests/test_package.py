"""The package as users get it: installed from the wheel, typed, one version."""

import sysconfig
import textwrap
from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import assert_type, get_args

import matricula
import pytest
from matricula import Step
from matricula.types import Action, EnrolmentDict, LeavePolicy, LintCode, ReasonState, UserStatus, Value
from packaging.version import Version


def test_it_is_the_installed_wheel_that_is_tested() -> None:
    installed = Path(sysconfig.get_path("platlib")).resolve()
    assert Path(matricula.__file__).resolve().is_relative_to(installed)


def test_the_version_is_the_distribution_s() -> None:
    assert Version(matricula.__version__) == Version(version("matricula"))


def test_type_checkers_see_the_annotations() -> None:
    assert files(matricula).joinpath("py.typed").is_file()


def test_all_names_what_is_there_and_public() -> None:
    assert all(hasattr(matricula, name) for name in matricula.__all__)
    assert matricula.__all__ == sorted(matricula.__all__)


def test_the_example_of_the_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert matricula.__doc__ is not None
    example = [
        line for line in matricula.__doc__.splitlines() if line.startswith("    ") or not line
    ]
    exec(textwrap.dedent("\n".join(example)), {})
    assert capsys.readouterr().out.startswith("ann is enrolled in gdpr since ")
    assert (tmp_path / "acme.db").is_file()


@pytest.mark.parametrize("name", [name for name in matricula.__all__ if name != "__version__"])
def test_everything_says_what_it_is(name: str) -> None:
    public = getattr(matricula, name)
    assert public.__module__ in ("matricula", "matricula._matricula")
    assert public.__doc__
    members = (
        [member for member in vars(public) if not member.startswith("_")]
        if isinstance(public, type)
        else []
    )
    assert [member for member in members if not getattr(public, member).__doc__] == []


def test_type_checkers_know_what_comes_back(company: matricula.Registry) -> None:
    snapshot, (delta,) = company.snapshot(), company.deltas()
    assert_type(snapshot.user("ann").values, dict[str, Value])
    assert_type(snapshot.user("ann").status, UserStatus)
    assert_type(snapshot.enrolments(user="ann")[0].reasons[0].state, ReasonState)
    assert_type(snapshot.explain_enrolment("ann", "gdpr").to_dict(), EnrolmentDict)
    assert_type(snapshot.enrolment_rules[0].on_leave, LeavePolicy)
    assert_type(snapshot.enrolment_rules[0].due, date | timedelta | None)
    assert_type(snapshot.enrolments(user="ann")[0].due, date | None)
    assert_type(snapshot.plan(), list[Step])
    assert_type(snapshot.score("ann", "gdpr"), Decimal | None)
    for lint in snapshot.lints("germans"):
        assert_type(lint.lint, LintCode)
    assert_type(delta.course_counts, list[tuple[str, Action, int]])
    words = {word for union in get_args(Action) for word in get_args(union)}
    assert {step.action for step in delta.steps} <= words
