"""What the tests share: expecting an error, and a small company's definitions."""

from collections.abc import Iterator
from contextlib import contextmanager

import matricula
import pytest


@contextmanager
def raises(code: str, message: str) -> Iterator[None]:
    """Expects the library's error with exactly this code and message."""
    with pytest.raises(matricula.MatriculaError) as caught:
        yield
    assert (caught.value.code, str(caught.value)) == (code, message)


def define(tx: matricula.Transaction) -> None:
    tx.define_attribute("department", "text")
    tx.define_attribute("country", "choice", ["ZA", "DE", "BR"])
    tx.define_attribute("hired_on", "date")
    tx.define_course("gdpr")
    tx.define_course("onboarding", name="Welcome")
    tx.define_segment("germans", 'user.country == "DE"')
    tx.define_segment("starters", "user.hired_on > today - days(90)")
    tx.define_enrolment_rule("gdpr-de", "germans", ["gdpr"], on_leave="suspend")
    tx.define_enrolment_rule("onboard", "starters", ["onboarding"])
