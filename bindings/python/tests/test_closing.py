"""When things end: leaving a block commits, an exception rolls back, and what is closed stays closed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import matricula
import pytest
from support import raises


class Unexpected(Exception):
    """Something of the host's own."""


def test_leaving_the_block_commits(registry: matricula.Registry, now: datetime) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann")
        assert (tx.at, tx.delta) == (now, None)
    assert tx.delta is not None and tx.delta.revision == registry.revision == 1
    assert repr(tx) == "<Transaction at 2026-11-21T08:00:00Z, committed>"


def test_an_exception_rolls_back_and_goes_on(registry: matricula.Registry, now: datetime) -> None:
    with pytest.raises(Unexpected):
        with registry.as_host("hr").transaction(at=now) as tx:
            tx.update_user("ann")
            raise Unexpected
    assert (tx.delta, registry.revision) == (None, 0)
    assert registry.snapshot().user_count == 0


def test_a_block_can_end_its_transaction_itself(
    registry: matricula.Registry, now: datetime
) -> None:
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann")
        tx.rollback()
    assert (tx.delta, registry.revision) == (None, 0)
    with registry.as_host("hr").transaction(at=now) as tx:
        tx.update_user("ann")
        delta = tx.commit()
    assert (tx.delta, registry.revision) == (delta, 1)


def test_a_transaction_that_is_left_alone_is_given_up(
    registry: matricula.Registry, now: datetime
) -> None:
    tx = registry.as_host("hr").transaction(at=now)
    tx.update_user("ann")
    del tx
    assert registry.revision == 0


def test_an_instant_before_the_clock_becomes_the_clock(
    company: matricula.Registry, now: datetime
) -> None:
    tx = company.as_host("hr").transaction(at=now.replace(year=2020))
    assert tx.at == now


@pytest.mark.parametrize("end", [matricula.Transaction.commit, matricula.Transaction.rollback])
def test_an_ended_transaction_refuses_every_call(
    company: matricula.Registry,
    now: datetime,
    end: Callable[[matricula.Transaction], object],
) -> None:
    tx = company.as_host("hr").transaction(at=now)
    end(tx)
    calls: list[Callable[[], object]] = [
        lambda: tx.define_site("x"),
        lambda: tx.define_attribute("x", "text"),
        lambda: tx.define_course("x"),
        lambda: tx.define_segment("x", "has(user.country)"),
        lambda: tx.define_enrolment_rule("x", "germans", ["gdpr"]),
        lambda: tx.update_user("x"),
        lambda: tx.enrol("ann", "gdpr"),
        lambda: tx.unenrol("ann", "gdpr"),
        lambda: tx.enrol_segment("germans", ["gdpr"]),
        lambda: tx.enrol_users(["ann"], ["gdpr"]),
        lambda: tx.suspend_enrolment("ann", "gdpr"),
        lambda: tx.resume_enrolment("ann", "gdpr"),
        lambda: tx.delete_enrolment_rule("gdpr-de"),
        lambda: tx.delete_segment("germans"),
        lambda: tx.delete_attribute("country"),
        lambda: tx.archive_course("gdpr"),
        lambda: tx.restore_course("gdpr"),
        lambda: tx.close_site("x"),
        lambda: tx.reopen_site("x"),
        lambda: tx.inputs(),
        lambda: tx.problems(),
        lambda: tx.import_users("/no/such/file", {"id": "key"}),
        lambda: tx.preview(),
        lambda: tx.commit(),
        lambda: tx.rollback(),
        lambda: tx.__enter__(),
    ]
    for call in calls:
        with raises("closed", "the transaction is closed"):
            call()
    assert tx.at == now


def test_a_closed_registry_refuses_every_call(company: matricula.Registry, now: datetime) -> None:
    host = company.as_host("hr")
    tx = host.transaction(at=now)
    tx.update_user("cy")
    preview = tx.preview()
    company.close()
    company.close()
    calls: list[Callable[[], object]] = [
        lambda: company.revision,
        lambda: company.clock,
        lambda: company.snapshot(),
        lambda: company.refresh(),
        lambda: company.as_host("hr"),
        lambda: company.deltas(),
        lambda: company.snapshot_at_least(0, timedelta()),
        lambda: company.save_cache(),
        lambda: company.backup("/no/such/file"),
        lambda: company.__enter__(),
        lambda: host.transaction(at=now),
        lambda: host.advance(now),
        lambda: tx.update_user("x"),
        lambda: tx.import_users(b"id\nx\n", {"id": "key"}),
        lambda: tx.preview(),
        lambda: tx.commit(expect=preview),
        lambda: tx.rollback(),
        lambda: tx.__exit__(None, None, None),
    ]
    for call in calls:
        with raises("closed", "the registry is closed"):
            call()
    assert repr(company) == "<Registry, closed>"
    assert (host.name, tx.delta, preview.snapshot.user_count) == ("hr", None, 3)


def test_what_was_read_outlives_the_registry(now: datetime) -> None:
    with matricula.memory() as registry:
        with registry.as_host("hr").transaction(at=now) as tx:
            tx.update_user("ann")
        snapshot, deltas = registry.snapshot(), registry.deltas()
    assert snapshot.user("ann").status == "active"
    assert [delta.users_created for delta in deltas] == [1]


def test_closing_lets_go_of_the_file_even_while_a_transaction_is_open(
    tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        tx = registry.as_host("hr").transaction(at=now)
        tx.update_user("ann")
    # The last connection to a database takes its write-ahead log away.
    assert [file.name for file in tmp_path.iterdir()] == ["acme.db"]
    with matricula.open(path) as registry:
        assert registry.snapshot().user_count == 0
