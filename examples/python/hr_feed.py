"""An HR feed becomes enrolments: a first day, a second day with its preview, and one person explained.

`python examples/python/hr_feed.py` writes the register to `target/hr_feed_python/acme.db`. It takes a folder of other feeds,
such as those that the same example in Rust makes with `--users`.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

import matricula

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "data"

MAPPING = {
    "employee_id": "key",
    "first_name": "user.first_name",
    "last_name": "user.last_name",
    "email": "user.email",
    "department": "user.department",
    "job_title": "user.job_title",
    "country": "user.country",
    "employment": "user.employment",
    "hired_on": "user.hired_on",
    "site": "site",
}


def main() -> None:
    folder = ROOT / "target" / "hr_feed_python"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ["acme.db", "acme.db-wal", "acme.db-shm"]:
        (folder / file).unlink(missing_ok=True)

    with matricula.open(folder / "acme.db") as registry:
        host = registry.as_host("hr-sync")

        print("# Day 1: definitions and the first feed\n")
        with host.transaction(at=instant("2026-11-20T06:00:00Z")) as tx:
            define(tx)
            import_feed(tx, "day-1.csv", absent="leave")
            delta = tx.commit()
        print(f"\nrevision {delta.revision}\n{delta}")

        print("\n# Who is enrolled in what, and why\n")
        print_enrolments(registry.snapshot())

        print("\n# Day 2: the next feed, previewed and then committed\n")
        with host.transaction(at=instant("2026-11-21T06:00:00Z")) as tx:
            import_feed(tx, "day-2.csv", absent="suspend")
            preview = tx.preview()
            print(f"\nthe preview says:\n{preview}\n\nof these, enrolments that end or are suspended:")
            for step in preview.delta.steps:
                if ends(step):
                    print(f"  {step.user} {step.action} {step.course} ({step.reason})")
            delta = tx.commit(expect=preview)
        print(f"\ncommitted as revision {delta.revision}, exactly as previewed")

        print("\n# One person, explained\n")
        snapshot = registry.snapshot()
        user, course, segment = transferred(delta, snapshot)
        print(snapshot.explain_membership(user, segment))
        print()
        print(snapshot.explain_enrolment(user, course))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def define(tx: matricula.Transaction) -> None:
    """What HR exports, what the company teaches, and who must learn it."""
    tx.define_site("primary", name="Acme", zone="Africa/Johannesburg")
    tx.define_site("labs", name="Acme Labs", zone="Europe/Berlin")

    for key in ["first_name", "last_name", "email", "department", "job_title"]:
        tx.define_attribute(key, "text")
    tx.define_attribute("country", "choice", ["ZA", "DE", "NL", "BR", "IN", "US"])
    tx.define_attribute("employment", "choice", ["permanent", "fixed-term", "contractor"])
    tx.define_attribute("hired_on", "date")

    for course in ["gdpr", "welcome", "security", "leading-people", "selling"]:
        tx.define_course(course)
    tx.define_course("lab-safety", site="labs")

    tx.define_segment("eu-staff", 'user.country in ["DE", "NL"]')
    tx.define_segment("starters", "user.hired_on > today - days(90)")
    tx.define_segment(
        "leads", 'user.job_title in ["Team Lead", "Manager"] && user.employment != "contractor"'
    )
    tx.define_segment("sellers", 'user.department == "Sales" && !(user.country == "US")')
    tx.define_segment("lab-staff", "has(user.department)", site="labs")

    tx.define_enrolment_rule("gdpr-for-eu", "eu-staff", ["gdpr"], on_leave="suspend")
    tx.define_enrolment_rule("first-90-days", "starters", ["welcome", "security"], on_leave="keep")
    tx.define_enrolment_rule("leadership", "leads", ["leading-people"], on_leave="unenrol")
    tx.define_enrolment_rule("sales-basics", "sellers", ["selling"], on_leave="unenrol")
    tx.define_enrolment_rule(
        "lab-safety-for-all", "lab-staff", ["lab-safety"], on_leave="suspend", name="Lab safety"
    )


def import_feed(
    tx: matricula.Transaction, feed: str, absent: Literal["leave", "suspend"]
) -> None:
    report = tx.import_users(DATA / feed, MAPPING, blank="clear", absent=absent)
    print(f"{feed}: {report}")


def print_enrolments(snapshot: matricula.Snapshot) -> None:
    """For each course how many are enrolled and, of the first three, why."""
    for course in snapshot.courses:
        enrolments = snapshot.enrolments(course=course.key)
        print(f"{course.key}: {len(enrolments)} enrolled, such as")
        for enrolment in enrolments[:3]:
            reasons = ", ".join(held.reason for held in enrolment.reasons)
            print(f"  {enrolment.user} since {shown(enrolment.since)}, by {reasons}")


def shown(at: datetime) -> str:
    """As the library writes instants: `2026-11-20T06:00:00Z`."""
    return at.isoformat().replace("+00:00", "Z")


def transferred(delta: matricula.Delta, snapshot: matricula.Snapshot) -> tuple[str, str, str]:
    """The first enrolment that ended or was suspended that day of somebody who is still with the company:
    the user, the course, and the segment of the rule."""
    segments = {rule.key: rule.segment for rule in snapshot.enrolment_rules}
    return next(
        (step.user, step.course, segments[step.reason])
        for step in delta.steps
        if ends(step) and snapshot.user(step.user).status == "active"
    )


def ends(step: matricula.Step) -> bool:
    return step.action in ("suspended", "unenrolled")


if __name__ == "__main__":
    main()
