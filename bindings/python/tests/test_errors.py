"""What is refused: each with its code, in words that help, and without a trace left behind."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import matricula
import pytest
from support import raises


def test_an_error_has_a_code_and_a_message(registry: matricula.Registry) -> None:
    with pytest.raises(matricula.MatriculaError) as caught:
        registry.snapshot().user("nobody")
    assert caught.value.code == "unknown_user"
    assert caught.value.args == ("unknown user `nobody`",)
    assert type(caught.value).__mro__[1] is Exception


def test_names_that_there_are_not(company: matricula.Registry) -> None:
    snapshot = company.snapshot()
    with raises("unknown_user", "unknown user `an`"):
        snapshot.user("an")
    with raises("unknown_user", "unknown user `an`"):
        snapshot.is_member("an", "germans")
    with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
        snapshot.members("german")
    with raises("unknown_segment", "unknown segment `german`, did you mean `germans`?"):
        snapshot.explain_membership("ann", "german")
    with raises("unknown_course", "unknown course `gdrp`, did you mean `gdpr`?"):
        snapshot.enrolments(course="gdrp")
    with raises("unknown_course", "unknown course `gdrp`, did you mean `gdpr`?"):
        snapshot.explain_enrolment("ann", "gdrp")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda tx: tx.define_course(""), "invalid_key", "course key is empty"),
        (
            lambda tx: tx.define_site("x", zone="Berlin"),
            "unknown_time_zone",
            "unknown time zone `Berlin`, expected a name such as Europe/Berlin",
        ),
        (
            lambda tx: tx.define_attribute("x", "txt"),
            "invalid_definition",
            "attribute `x`: unknown attribute type `txt`, expected one of text, integer, decimal, "
            "boolean, date, timestamp, choice, multi_choice, user, path, did you mean `text`?",
        ),
        (
            lambda tx: tx.define_attribute("x", "choice"),
            "invalid_definition",
            "attribute `x`: no options, expected at least one",
        ),
        (
            lambda tx: tx.define_attribute("x", "date", ["a"]),
            "invalid_definition",
            "attribute `x`: options are given for a date, expected them for a choice only",
        ),
        (
            lambda tx: tx.define_attribute("country", "text"),
            "not_possible",
            "attribute `country`: the type is choice and cannot become text "
            "(2 people have a value; named by segments `germans`)",
        ),
        (
            lambda tx: tx.define_segment("x", 'user.departmnt == "Sales"'),
            "invalid_rule",
            "segment `x`: unknown attribute `departmnt` at 1:6, did you mean `department`?",
        ),
        (
            lambda tx: tx.define_segment("x", "has(user.country)", site="emea"),
            "unknown_site",
            "segment `x`: unknown site `emea`",
        ),
        (
            lambda tx: tx.define_enrolment_rule("x", "germans", []),
            "invalid_definition",
            "enrolment rule `x`: no courses, expected at least one",
        ),
        (
            lambda tx: tx.define_enrolment_rule("x", "germans", ["gdpr"], on_leave="kep"),
            "invalid_definition",
            "unknown leave policy `kep`, expected one of keep, suspend, unenrol, "
            "did you mean `keep`?",
        ),
        (
            lambda tx: tx.update_user("ann", {"hired_on": "soon"}),
            "invalid_value",
            "user `ann`: `soon` is not a date, expected a day such as 2026-01-31",
        ),
        (
            lambda tx: tx.update_user("ann", {"contry": "DE"}),
            "unknown_attribute",
            "user `ann`: unknown attribute `contry`, did you mean `country`?",
        ),
        (
            lambda tx: tx.update_user("ann", status="activ"),
            "invalid_definition",
            "unknown status `activ`, expected one of active, suspended, did you mean `active`?",
        ),
        (
            lambda tx: tx.update_user("ann", sites={"primary": "gone"}),
            "invalid_definition",
            "unknown status `gone`, expected one of active, suspended",
        ),
        (
            lambda tx: tx.unenrol("bob", "gdpr"),
            "not_possible",
            "user `bob` cannot be unenrolled from course `gdpr`: enrolled not at all",
        ),
        (
            lambda tx: tx.import_users(b"id\nann\n", {"id": "user.id"}),
            "invalid_definition",
            "no column is mapped to `key`, expected exactly one",
        ),
        (
            lambda tx: tx.import_users(b"nr\nann\n", {"id": "key"}),
            "invalid_feed",
            "the feed has no column `id`",
        ),
        (
            lambda tx: tx.import_users(b"id\nann\n", {"id": "key"}, absent="suspnd"),
            "invalid_definition",
            "unknown treatment of absent people `suspnd`, expected leave or suspend",
        ),
    ],
)
def test_a_change_that_fails_changes_nothing(
    company: matricula.Registry,
    now: datetime,
    change: Callable[[matricula.Transaction], object],
    code: str,
    message: str,
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        with raises(code, message):
            change(tx)
        assert tx.preview().delta.is_empty
        tx.update_user("cy")
    assert company.snapshot().user_count == 3


def test_a_preview_that_no_longer_holds_is_refused(
    company: matricula.Registry, now: datetime
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    tx.update_user("cy")
    preview = tx.preview()
    tx.define_course("extra")
    assert tx.preview() != preview
    message = (
        "the registry or the transaction has changed since the preview, expected the same delta"
    )
    with raises("preview_outdated", message):
        tx.commit(expect=preview)
    assert (tx.delta, company.revision) == (None, 1)
    with raises("closed", "the transaction is closed"):
        tx.commit()


def test_instants_outside_the_calendar(registry: matricula.Registry, now: datetime) -> None:
    early = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    with raises("invalid_instant", "instant -62135647200000 ms is outside the years 1 to 9999"):
        registry.as_host("hr").transaction(at=early)
    late = datetime.max.replace(tzinfo=timezone(-timedelta(hours=14)))
    with raises("invalid_instant", "instant 253402351199999 ms is outside the years 1 to 9999"):
        registry.as_host("hr").advance(to=late)


def test_files_that_are_no_registry(tmp_path: Path) -> None:
    with pytest.raises(matricula.MatriculaError) as caught:
        matricula.open(tmp_path / "missing" / "acme.db")
    assert caught.value.code == "store"
    assert str(caught.value).startswith(f"cannot open `{tmp_path / 'missing' / 'acme.db'}`: ")
    (tmp_path / "text").write_text("not a database, but long enough to be asked " * 99)
    with pytest.raises(matricula.MatriculaError) as caught:
        matricula.open(tmp_path / "text")
    assert caught.value.code == "invalid_store"
    assert "the file is not a database" in str(caught.value)


def where(error: matricula.MatriculaError) -> tuple[object, ...]:
    return error.offset, error.line, error.column, error.pointer, error.nearest


def test_an_error_says_where_in_a_rule(company: matricula.Registry, now: datetime) -> None:
    snapshot, text = company.snapshot(), 'has(user.department) &&\n  "😀é" == user.departmnt'
    with pytest.raises(matricula.MatriculaError) as caught:
        snapshot.preview_rule(text)
    assert where(caught.value) == (39, 2, 16, None, "department")
    assert text[39:] == "departmnt"
    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.define_segment("x", builder={"rules": [{"field": "contry", "operator": "=", "value": "x"}]})
    assert where(caught.value) == (None, None, None, "/rules/0/field", "country")
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.define_segment("x", rule_tree='{"not": {"hass": 0}}')
    assert where(caught.value) == (None, None, None, "/not/hass", "has")
    with pytest.raises(matricula.MatriculaError) as caught:
        tx.define_segment("x", rule_tree='{"é": x}')
    assert where(caught.value) == (6, 1, 7, None, None)
    with pytest.raises(matricula.MatriculaError) as caught:
        snapshot.user("nobody")
    assert where(caught.value) == (None, None, None, None, None)
