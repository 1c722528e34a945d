"""What protects a register from a bad feed: a third day on which the department column came empty is held by the
guard, the right feed is shown as a plan and committed once however often it is asked for, time moves on, and the first
day is compared with today.

`python examples/python/hr_guard.py` keeps the register in memory.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import matricula

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"
DAY_1 = (DATA / "day-1.csv").read_text(encoding="utf-8")
DAY_2 = (DATA / "day-2.csv").read_text(encoding="utf-8")
# Where the department stands in a row.
DEPARTMENT = 4

MAPPING = {
    "employee_id": "key",
    "department": "user.department",
    "country": "user.country",
    "hired_on": "user.hired_on",
    "site": "site",
}


def main() -> None:
    registry = matricula.memory()
    host = registry.as_host("hr-sync")
    with host.transaction(at=instant("2026-11-20T06:00:00Z")) as tx:
        define(tx)
        import_feed(tx, DAY_1)
    with host.transaction(at=instant("2026-11-21T06:00:00Z")) as tx:
        import_feed(tx, DAY_2)
    snapshot = registry.snapshot()
    print(f"{snapshot.user_count} people, {snapshot.enrolment_count} enrolments")

    print("\n# Day 3: the department column came empty\n")
    try:
        with host.transaction(at=instant("2026-11-22T06:00:00Z")) as tx:
            import_feed(tx, edited(lambda employee, department: ""))
            print(tx.preview())
    except matricula.MatriculaError as error:
        places = len(error.hold.excesses) if error.hold else 0
        print(f"\nrefused with `{error.code}`: {places} places")
    else:
        raise SystemExit("the guard has let it pass")
    print(f"the register is still at revision {registry.revision}")

    print("\n# The feed as it should have been: the plan\n")
    feed = edited(moved)
    at, key = instant("2026-11-22T07:00:00Z"), "feed-2026-11-22"
    with host.transaction(at=at, idempotency=key) as tx:
        import_feed(tx, feed)
        preview = tx.preview()
        print_plan(registry.snapshot(), preview)
        delta = tx.commit(expect=preview)
    print(f"\ncommitted as revision {delta.revision}")
    # The answer was lost on its way, and the host asks again.
    with host.transaction(at=at, idempotency=key) as tx:
        import_feed(tx, feed)
        again = tx.commit()
    print(f"asked again, it is revision {again.revision} still, of {registry.revision}")

    print("\n# Time moves on\n")
    for _ in range(3):
        next_at = registry.next_change_at()
        if next_at is None:
            break
        delta = registry.as_host("clock").advance(next_at)
        print(shown(next_at))
        for step in delta.steps:
            print(f"  {step.user} {step.action} {step.course} ({step.reason})")

    print("\n# The first day and today\n")
    then, now = registry.as_of(1), registry.snapshot()
    print(f"{then.user_count} people then, {now.user_count} now")
    for segment in now.segments:
        key = segment.key
        print(f"segment {key}: {then.member_count(key)} then, {now.member_count(key)} now")
    for course in now.courses:
        before, after = (len(at.enrolments(course=course.key)) for at in (then, now))
        print(f"course {course.key}: {before} enrolled then, {after} now")
    print(registry.verify(registry.head()))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shown(at: datetime) -> str:
    """As the library writes instants: `2026-11-20T06:00:00Z`."""
    return at.isoformat().replace("+00:00", "Z")


def edited(edit: Callable[[str, str], str]) -> str:
    """The second day's feed with its departments changed, but for the few rows that have quotes."""
    lines = DAY_2.splitlines()
    for number, line in enumerate(lines[1:], start=1):
        cells = line.split(",")
        if '"' not in line and len(cells) > DEPARTMENT:
            cells[DEPARTMENT] = edit(cells[0], cells[DEPARTMENT])
            lines[number] = ",".join(cells)
    return "".join(f"{line}\n" for line in lines)


def moved(employee: str, department: str) -> str:
    """One team moves from Sales to Legal."""
    team = employee.endswith("7") and employee < "E10400" and department == "Sales"
    return "Legal" if team else department


def print_plan(before: matricula.Snapshot, preview: matricula.Preview) -> None:
    """A line for each person and each enrolment: what comes, what goes, what becomes otherwise."""
    for employee in (line.split(",")[0] for line in DAY_2.splitlines()[1:]):
        if preview.snapshot.user(employee) != before.user(employee):
            print(f"~ {employee}")
    signs = {"enrolled": "+", "unenrolled": "-"}
    for step in preview.delta.steps:
        sign = signs.get(step.action, "~")
        print(f"{sign} {step.user} {step.course}: {step.action} ({step.reason})")


def define(tx: matricula.Transaction) -> None:
    """What the company teaches, and who must learn it."""
    tx.define_site("labs")
    tx.define_attribute("department", "text")
    tx.define_attribute("country", "choice", ["ZA", "DE", "NL", "BR", "IN", "US"])
    tx.define_attribute("hired_on", "date")
    for course in ["gdpr", "welcome", "selling"]:
        tx.define_course(course)
    tx.define_course("lab-safety", site="labs")
    tx.define_segment("eu-staff", 'user.country in ["DE", "NL"]')
    tx.define_segment("starters", "user.hired_on > today - days(90)")
    tx.define_segment("sellers", 'user.department == "Sales"')
    tx.define_segment("lab-staff", "has(user.department)", site="labs")
    tx.define_enrolment_rule("gdpr-for-eu", "eu-staff", ["gdpr"], on_leave="suspend")
    tx.define_enrolment_rule("first-90-days", "starters", ["welcome"], on_leave="unenrol")
    tx.define_enrolment_rule("sales-basics", "sellers", ["selling"], on_leave="unenrol")
    tx.define_enrolment_rule("lab-safety-for-all", "lab-staff", ["lab-safety"], on_leave="suspend")


def import_feed(tx: matricula.Transaction, feed: str) -> None:
    tx.import_users(feed.encode(), MAPPING, absent="suspend")


if __name__ == "__main__":
    main()
