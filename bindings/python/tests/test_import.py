"""Imports: from where, how far they have come, and how they are stopped."""

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import matricula
import pytest
from support import raises

MAPPING = {"id": "key", "country": "user.country"}
FEED = b"id,country,shoe\ncy,DE,44\nann,,39\nbob,ZA,41\n"


def sources(folder: Path) -> dict[str, Callable[[], str | Path | bytes | io.BufferedIOBase]]:
    path = folder / "feed.csv"
    path.write_bytes(FEED)
    return {
        "bytes": lambda: FEED,
        "text path": lambda: str(path),
        "path": lambda: path,
        "memory": lambda: io.BytesIO(FEED),
        "file": lambda: path.open("rb"),
    }


@pytest.mark.parametrize("kind", ["bytes", "text path", "path", "memory", "file"])
def test_feeds_come_from_paths_bytes_and_files(
    company: matricula.Registry, now: datetime, tmp_path: Path, kind: str
) -> None:
    source = sources(tmp_path)[kind]()
    with company.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(source, MAPPING)
    if isinstance(source, io.BufferedIOBase):
        source.close()
    assert (report.rows, report.created, report.changed, report.unchanged) == (3, 1, 1, 1)
    assert (report.suspended, report.ignored_columns, report.errors) == (0, ["shoe"], [])
    assert str(report) == "3 rows: 1 created, 1 changed, 1 unchanged, 0 left out"
    assert repr(report) == f"<ImportReport: {report}>"
    assert company.snapshot().members("germans") == ["cy"]


def test_blank_cells_can_leave_values_alone(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(FEED, MAPPING, blank="leave")
    assert report.changed == 0
    assert company.snapshot().members("germans") == ["ann", "cy"]


def test_rows_that_are_wrong_are_named(company: matricula.Registry, now: datetime) -> None:
    feed = b"id,country\ncy,DE\ndee,Germany\n,ZA\n"
    with company.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(feed, MAPPING)
    assert [(e.line, e.column, e.value, e.reason) for e in report.errors] == [
        (3, "country", "Germany", "unknown option `Germany` of `country`"),
        (4, None, None, "the key is empty"),
    ]
    assert str(report.errors[1]) == "line 4: the key is empty"
    assert (report.created, report.suspended) == (1, 0)


def test_people_whom_a_feed_does_not_name_can_be_suspended(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("hr").transaction(at=now) as tx:
        with raises(
            "invalid_feed",
            "who is absent cannot be told: the row on line 3 does not say whom it is about",
        ):
            tx.import_users(b"id,country\ncy,DE\n,ZA\n", MAPPING, absent="suspend")
        assert tx.preview().delta.is_empty
        report = tx.import_users(b"id,country\ncy,DE\ndee,Germany\n", MAPPING, absent="suspend")
    assert (report.created, report.suspended, len(report.errors)) == (1, 2, 1)


def big(rows: int) -> bytes:
    return b"id,country\n" + b"".join(b"user-%d,DE\n" % row for row in range(rows))


def test_progress_is_told_and_ends_with_the_whole_feed(
    company: matricula.Registry, now: datetime
) -> None:
    feed, told = big(50_000), list[matricula.Progress]()
    with company.as_host("hr").transaction(at=now) as tx:
        tx.import_users(feed, MAPPING, progress=told.append)
    assert len(told) > 1
    assert [each.rows for each in told] == sorted({each.rows for each in told})
    assert (told[-1].rows, told[-1].bytes) == (50_000, len(feed))
    assert {each.total_bytes for each in told} == {len(feed)}


def test_progress_stops_an_import_by_saying_false(
    company: matricula.Registry, now: datetime
) -> None:
    told = list[int]()

    def stop(progress: matricula.Progress) -> bool:
        told.append(progress.rows)
        return len(told) < 2

    with company.as_host("hr").transaction(at=now) as tx:
        with raises("cancelled", "the import was stopped"):
            tx.import_users(big(50_000), MAPPING, progress=stop)
        assert len(told) == 2
        assert tx.preview().delta.is_empty
        tx.update_user("cy")
    assert company.snapshot().user_count == 3


def test_nothing_but_false_stops_an_import(company: matricula.Registry, now: datetime) -> None:
    answers = iter((None, 0, "", 0.0))
    with company.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(big(50_000), MAPPING, progress=lambda _: next(answers))
    assert report.created == 50_000


def test_an_exception_in_progress_goes_on_and_leaves_nothing(
    company: matricula.Registry, now: datetime
) -> None:
    def fail(_: matricula.Progress) -> None:
        raise KeyboardInterrupt("enough")

    with company.as_host("hr").transaction(at=now) as tx:
        with pytest.raises(KeyboardInterrupt, match="enough"):
            tx.import_users(FEED, MAPPING, progress=fail)
        assert tx.preview().delta.is_empty


def test_progress_cannot_use_its_transaction(company: matricula.Registry, now: datetime) -> None:
    message = "the transaction is importing people, expected no other call until that ends"
    calls: list[Callable[[], object]] = [
        lambda: tx.update_user("x"),
        lambda: tx.import_users(FEED, MAPPING),
        lambda: tx.preview(),
        lambda: tx.commit(),
        lambda: tx.rollback(),
    ]
    refused = 0

    def meddle(_: matricula.Progress) -> None:
        nonlocal refused
        assert "importing" in repr(tx)
        for call in calls:
            with raises("not_possible", message):
                call()
            refused += 1
        assert company.snapshot().user_count == 2

    with company.as_host("hr").transaction(at=now) as tx:
        report = tx.import_users(FEED, MAPPING, progress=meddle)
    assert (refused, report.created, company.snapshot().user_count) == (len(calls), 1, 3)


def test_closing_the_registry_in_progress_gives_the_import_up(
    company: matricula.Registry, now: datetime
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    with raises("closed", "the registry is closed"):
        tx.import_users(FEED, MAPPING, progress=lambda _: company.close())
    with raises("closed", "the registry is closed"):
        tx.commit()


def test_paths_that_cannot_be_read_are_the_systems_errors(
    company: matricula.Registry, now: datetime, tmp_path: Path
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(FileNotFoundError) as caught:
        tx.import_users(tmp_path / "missing.csv", MAPPING)
    assert caught.value.filename == str(tmp_path / "missing.csv")
    with pytest.raises(OSError):
        tx.import_users(tmp_path, MAPPING)
    assert tx.preview().delta.is_empty


def test_errors_of_a_file_object_go_on(company: matricula.Registry, now: datetime) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TimeoutError("the network is gone")

    tx = company.as_host("hr").transaction(at=now)
    with pytest.raises(TimeoutError, match="the network is gone"):
        tx.import_users(Broken(), MAPPING)
    tx.commit()
