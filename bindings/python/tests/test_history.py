"""The past: the registry as it was, what became of a person, audits, erasure, undoing, exports and archives."""

import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import matricula
import pytest
from support import define, raises

DAY = timedelta(days=1)


@pytest.fixture
def moved(company: matricula.Registry, now: datetime) -> matricula.Registry:
    """The company, and a day later bob is German too."""
    with company.as_host("hr").transaction(at=now + DAY, note="bob moves") as tx:
        tx.update_user("bob", {"country": "DE"})
    return company


def test_the_registry_is_there_as_it_was(moved: matricula.Registry, now: datetime) -> None:
    assert moved.as_of(0).user_count == 0
    assert moved.as_of(1).members("germans") == ["ann"]
    assert moved.as_of(2) == moved.snapshot()
    assert moved.as_of(now - DAY).revision == 0
    assert moved.as_of(now).revision == moved.as_of(now + DAY / 2).revision == 1
    assert moved.as_of(now + 2 * DAY).members("germans") == ["ann", "bob"]
    with raises("unknown_revision", "there is no commit 3, the last one is 2"):
        moved.as_of(3)
    with pytest.raises(OverflowError):
        moved.as_of(-1)
    with pytest.raises(ValueError, match="^`when`: expected an aware datetime, found one without"):
        moved.as_of(now.replace(tzinfo=None))
    for wrong in (None, True, 1.0, "1", now.date(), b"1"):
        with pytest.raises(TypeError, match="^`when`: expected a revision or an aware datetime, found"):
            moved.as_of(wrong)  # type: ignore[arg-type]


def test_what_became_of_a_person(moved: matricula.Registry, now: datetime) -> None:
    with moved.as_host("hr").transaction(at=now + 2 * DAY) as tx:
        tx.ban("germans", "bob")
        tx.record("bob", "gdpr", completed=now)
        tx.update_user("bob", {"country": None}, status="suspended")
    events = moved.history_of_user("bob")
    first = events[0]
    assert (first.revision, first.at, first.author, first.what) == (1, now, "setup", "created")
    assert (str(first), first.message, first.note) == ("created", "created", "")
    second = [event for event in events if event.revision == 2]
    assert {(event.note, event.author, event.at) for event in second} == {("bob moves", "hr", now + DAY)}
    value, joined, step = second
    assert (value.what, value.attribute, value.value) == ("value", "country", "DE")
    assert (joined.what, joined.segment) == ("joined", "germans")
    assert (step.what, step.action, step.course, step.reason) == ("step", "enrolled", "gdpr", "gdpr-de")
    assert (step.value, step.site, step.exception, step.status) == (None, None, None, None)
    third = {event.what: event for event in events if event.revision == 3}
    assert (third["decided"].segment, third["decided"].exception) == ("germans", "banned")
    assert third["recorded"].course == "gdpr"
    assert (third["value"].attribute, third["value"].value) == ("country", None)
    assert third["status"].status == "suspended"
    assert (third["left"].segment, third["step"].action) == ("germans", "suspended")
    assert hash(first) == hash(moved.history_of_user("bob")[0]) and first != value
    with raises("unknown_user", "unknown user `bo`"):
        moved.history_of_user("bo")


def test_an_audit_finds_the_journal_as_it_was_sealed(
    company: matricula.Registry, now: datetime
) -> None:
    with matricula.memory() as empty:
        assert empty.head() is None
        assert empty.verify().is_intact
    head = company.head()
    assert head is not None and re.fullmatch("1:[0-9a-f]{64}", head)
    with company.as_host("hr").transaction(at=now) as tx:
        tx.update_user("cy")
    found = company.verify(head)
    assert (found.is_intact, found.revision, found.sealed_from, found.archived_to) == (True, 2, 1, None)
    assert (found.commits, found.erased, found.differences) == (2, 0, [])
    assert found.head == company.head() != head
    assert str(found) == found.summary == "2 commits up to revision 2, sealed from 1 on: intact"
    false = company.verify("1:" + "0" * 64)
    assert not false.is_intact
    (difference,) = false.differences
    assert (difference.revision, difference.entry) == (1, None)
    assert difference.what == "its hash is not that of the saved head"
    assert str(difference) == difference.message == f"commit 1: {difference.what}"
    with pytest.raises(matricula.MatriculaError) as caught:
        company.verify("1")
    assert caught.value.code == "invalid_value"
    with pytest.raises(TypeError):
        company.verify(1)  # type: ignore[arg-type]


def test_an_audit_finds_an_edit(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        with registry.as_host("hr").transaction(at=now) as tx:
            tx.update_user("ann")
        assert registry.verify().is_intact
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("""UPDATE journal_entry SET entry = replace(entry, '"ann"', '"eve"')""")
    with matricula.open(path) as registry:
        found = registry.verify()
        assert not found.is_intact
        assert (found.differences[0].revision, found.differences[0].entry) == (1, 0)
        assert str(found).startswith("1 commits up to revision 1, sealed from 1 on: ")
        assert str(found.differences[0]) in str(found)


def test_a_person_is_erased_for_good(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        with registry.as_host("hr").transaction(at=now) as tx:
            define(tx)
            tx.define_attribute("manager", "user")
            tx.update_user("ann-the-first", {"country": "DE", "department": "a-department-of-one"})
            tx.update_user("bob", {"manager": "ann-the-first"})
            tx.define_segment("team", 'user.manager == "ann-the-first"')
        with registry.as_host("hr").transaction(at=now, note="ann-the-first asked for it") as tx:
            tx.erase("ann-the-first")
            (warning,) = tx.preview().delta.warnings
            assert (warning.warning, warning.segment, warning.place) == ("erased", "team", "rule")
        assert tx.delta is not None
        assert (tx.delta.note, tx.delta.users_suspended) == ("erased:0 asked for it", 0)
        snapshot = registry.snapshot()
        assert snapshot.users() == ["erased:0", "bob"]
        user = snapshot.user("erased:0")
        assert (user.status, user.values, user.sites) == ("erased", {}, {})
        assert registry.as_of(1).users() == ["erased:0", "bob"]
        assert registry.verify().is_intact and registry.verify().erased > 0
        registry.clean()
        with registry.as_host("hr").transaction(at=now) as tx:
            with raises("not_possible", "user `erased:0` is erased already"):
                tx.erase("erased:0")
            with raises("unknown_user", "unknown user `ann-the-first`"):
                tx.erase("ann-the-first")
            with raises("invalid_key", "user key `erased:9` begins as the keys of erased people do"):
                tx.update_user("erased:9")
            with pytest.raises(matricula.MatriculaError):
                tx.update_user("bob", status="erased")  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                tx.erase(0)  # type: ignore[arg-type]
    assert b"a-department-of-one" not in path.read_bytes()


def test_a_commit_is_undone(moved: matricula.Registry, now: datetime) -> None:
    host = moved.as_host("hr")
    with host.transaction(at=now + DAY) as tx:
        assert tx.revert(2) == []
    assert moved.snapshot().members("germans") == ["ann"]
    with host.transaction(at=now + DAY) as tx:
        tx.update_user("bob", {"country": "BR", "department": "IT"})
    with host.transaction(at=now + DAY) as tx:
        tx.update_user("bob", {"country": "DE"})
    with host.transaction(at=now + DAY) as tx:
        with pytest.raises(matricula.MatriculaError) as caught:
            tx.revert(4)
        assert caught.value.code == "not_possible"
        assert str(caught.value).startswith("commit 4 cannot be undone as a whole: ")
        (left,) = tx.revert(4, "skip")
        assert "`bob`" in left and "`country`" in left
        with raises("unknown_revision", "there is no commit 99, the last one is 5"):
            tx.revert(99)
        with pytest.raises(matricula.MatriculaError) as caught:
            tx.revert(4, "halfway")  # type: ignore[arg-type]
        assert caught.value.code == "invalid_definition"
        with pytest.raises(OverflowError):
            tx.revert(-1)
        with pytest.raises(TypeError):
            tx.revert("4")  # type: ignore[arg-type]
    assert moved.snapshot().user("bob").values == {"country": "DE"}


def test_a_registry_goes_out_and_in_again(
    moved: matricula.Registry, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "acme.ndjson"
    assert moved.export(path) == 2
    exported = path.read_bytes()
    with pytest.raises(FileExistsError):
        moved.export(str(path))
    assert path.read_bytes() == exported
    with pytest.raises(FileNotFoundError):
        moved.export(tmp_path / "no" / "acme.ndjson")
    for source in (path, str(path), exported, io.BytesIO(exported)):
        with matricula.import_registry(source) as copy:
            assert copy.snapshot() == moved.snapshot()
            assert copy.head() == moved.head()
    file = tmp_path / "copy.db"
    with matricula.import_registry(path, file) as copy:
        assert [delta.note for delta in copy.deltas()] == ["", "bob moves"]
    with matricula.open(file) as copy:
        assert copy.export(tmp_path / "again.ndjson") == 2
    assert (tmp_path / "again.ndjson").read_bytes() == exported
    with raises("not_possible", "the store has commits, expected an empty one"):
        matricula.import_registry(path, file)
    with pytest.raises(matricula.MatriculaError) as caught:
        matricula.import_registry(exported.replace(b"bob", b"eve"))
    assert caught.value.code == "invalid_archive" and str(caught.value).startswith("line ")
    with pytest.raises(FileNotFoundError):
        matricula.import_registry(tmp_path / "missing.ndjson")
    with pytest.raises(TypeError):
        matricula.import_registry(1)  # type: ignore[arg-type]


def test_old_commits_go_to_an_archive(
    moved: matricula.Registry, tmp_path: Path, now: datetime
) -> None:
    path, saved = tmp_path / "1.ndjson", moved.head()
    archived = moved.archive(2, "keeper", path)
    assert (archived.from_, archived.to) == (1, 1)
    assert (archived.delta.revision, archived.delta.author) == (3, "keeper")
    assert repr(archived).startswith("Archived(from_=1, to=1, delta=<Delta of revision 3: ")
    assert moved.as_of(1).members("germans") == ["ann"]
    for call in (lambda: moved.as_of(0), lambda: moved.deltas()):
        with pytest.raises(matricula.MatriculaError) as caught:
            call()
        assert caught.value.code == "archived"
    assert moved.as_of_in(path, 0).user_count == 0
    assert moved.as_of_in(path.read_bytes(), now).members("germans") == ["ann"]
    with raises("unknown_revision", "there is no commit 2, the last one is 1"):
        moved.as_of_in(path, 2)
    with pytest.raises(FileNotFoundError):
        moved.as_of_in(tmp_path / "missing.ndjson", 1)
    found = moved.verify(saved)
    assert (found.is_intact, found.archived_to, found.commits) == (True, 1, 2)
    assert [event.revision for event in moved.history_of_user("bob")] == [2, 2, 2]
    with raises("unknown_revision", "there is no commit 99, the last one is 3"):
        moved.archive(99, "keeper", tmp_path / "none.ndjson")
    with pytest.raises(matricula.MatriculaError) as caught:
        moved.archive(2, "keeper", tmp_path / "none.ndjson")
    assert caught.value.code == "not_possible"
    assert not (tmp_path / "none.ndjson").exists()
    with pytest.raises(FileExistsError):
        moved.archive(3, "keeper", path)


def test_what_is_closed_is_closed(moved: matricula.Registry, now: datetime, tmp_path: Path) -> None:
    moved.close()
    calls: list[Callable[[], object]] = [
        lambda: moved.as_of(1),
        lambda: moved.as_of_in(b"", 1),
        lambda: moved.history_of_user("ann"),
        lambda: moved.head(),
        lambda: moved.verify(),
        lambda: moved.export(tmp_path / "x"),
        lambda: moved.archive(2, "keeper", tmp_path / "x"),
        lambda: moved.clean(),
    ]
    for call in calls:
        with raises("closed", "the registry is closed"):
            call()
    assert not (tmp_path / "x").exists()
