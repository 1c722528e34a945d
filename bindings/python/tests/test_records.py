"""What people did in courses, and rules that ask for it."""

from datetime import datetime, timedelta
from decimal import Decimal

import matricula
import pytest
from support import raises


def test_completions_and_scores_make_members(company: matricula.Registry, now: datetime) -> None:
    with company.as_host("lms").transaction(at=now) as tx:
        tx.define_segment("done", 'completed("gdpr")')
        tx.define_segment("good", 'score("gdpr") >= 0.8')
        tx.define_segment("fresh", 'completedWithinLast("gdpr", 30, "days")')
        tx.record("ann", "gdpr", completed=now, score=Decimal("0.85"))
        tx.record("bob", "gdpr", score=0.8)
    snapshot = company.snapshot()
    assert (snapshot.completed("ann", "gdpr"), snapshot.score("ann", "gdpr")) == (now, Decimal("0.85"))
    assert (snapshot.completed("bob", "gdpr"), snapshot.score("bob", "gdpr")) == (None, Decimal("0.8"))
    assert snapshot.completed("ann", "onboarding") is None
    assert snapshot.score("ann", "onboarding") is None
    assert snapshot.members("done") == ["ann"]
    assert snapshot.members("good") == ["ann", "bob"]
    assert snapshot.members("fresh") == ["ann"]
    company.as_host("clock").advance(now + timedelta(days=40))
    assert company.snapshot().members("fresh") == []


def test_what_is_left_out_stays_and_none_takes_back(
    company: matricula.Registry, now: datetime
) -> None:
    with company.as_host("lms").transaction(at=now) as tx:
        tx.record("ann", "gdpr", completed=now, score="0.5")
        tx.record("ann", "gdpr")
        tx.record("ann", "gdpr", score=1)
        tx.record("ann", "gdpr", completed=..., score=...)
    assert company.snapshot().completed("ann", "gdpr") == now
    assert company.snapshot().score("ann", "gdpr") == Decimal(1)
    with company.as_host("lms").transaction(at=now) as tx:
        tx.record("ann", "gdpr", completed=None)
    assert company.snapshot().completed("ann", "gdpr") is None
    assert company.snapshot().score("ann", "gdpr") == Decimal(1)
    with company.as_host("lms").transaction(at=now) as tx:
        tx.record("ann", "gdpr", score=None)
    assert company.snapshot().score("ann", "gdpr") is None


def test_records_that_are_none(company: matricula.Registry, now: datetime) -> None:
    fits = "expected a decimal number with at most 6 digits after the point, below 1000000000000 either way"
    with company.as_host("lms").transaction(at=now) as tx:
        with raises("invalid_value", "score 1.1 is not between 0 and 1"):
            tx.record("ann", "gdpr", score=1.1)
        with raises("invalid_value", "score -1 is not between 0 and 1"):
            tx.record("ann", "gdpr", score=-1)
        with raises("invalid_value", f"`score`: `0.1234567` does not fit, {fits}"):
            tx.record("ann", "gdpr", score=0.1234567)
        with raises("invalid_value", f"`score`: `80 %` does not fit, {fits}"):
            tx.record("ann", "gdpr", score="80 %")
        with raises("unknown_course", "unknown course `gdrp`, did you mean `gdpr`?"):
            tx.record("ann", "gdrp", score=1)
        with raises("unknown_user", "unknown user `an`"):
            tx.record("an", "gdpr", completed=now)
        for wrong in (True, b"1", [1], object()):
            with pytest.raises(TypeError, match="^`score`: expected Decimal, float, int, str or None"):
                tx.record("ann", "gdpr", score=wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="^`completed`: expected an aware datetime, found str$"):
            tx.record("ann", "gdpr", completed="2026-01-31T08:00:00Z")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="^`completed`: expected an aware datetime, found one"):
            tx.record("ann", "gdpr", completed=now.replace(tzinfo=None))
        with pytest.raises(TypeError):
            tx.record("ann", "gdpr", now)  # type: ignore[call-arg]
        assert tx.preview().delta.is_empty
