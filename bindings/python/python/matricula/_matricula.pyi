"""The native half of the package: import from `matricula`, not from here.

Written by hand, because it is the reference that editors show; `mypy.stubtest` holds it to the module.

Unless it says otherwise, a call raises `TypeError` for an argument of a wrong type and `MatriculaError` for
everything that the library refuses; "Errors" lists the codes. Instants are aware datetimes, to the
millisecond, and come back in UTC; calendar days are dates. What is returned never changes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from os import PathLike
from types import TracebackType
from typing import Final, Literal, Protocol, Self, final, overload

from matricula.types import (
    Action,
    AttributeType,
    EnrolmentDict,
    LeavePolicy,
    MembershipDict,
    ReasonState,
    Status,
)

__all__ = [
    "Attribute",
    "Course",
    "Delta",
    "Enrolment",
    "EnrolmentExplanation",
    "EnrolmentRule",
    "Host",
    "ImportReport",
    "MatriculaError",
    "MembershipExplanation",
    "MembershipStep",
    "Preview",
    "Progress",
    "Reason",
    "Registry",
    "RowError",
    "Segment",
    "Site",
    "Snapshot",
    "Step",
    "Transaction",
    "User",
    "__version__",
    "memory",
    "open",
]

__version__: str

class _BinaryFile(Protocol):
    def read(self) -> bytes: ...

class MatriculaError(Exception):
    """What went wrong, in words: lower case, without a full stop.

    Example:
        try:
            snapshot.user("nobody")
        except matricula.MatriculaError as error:
            if error.code != "unknown_user":
                raise
    """

    code: str
    """The kind of error, which stays the same when words change: `unknown_user`, `invalid_rule`, …"""

def open(path: str | PathLike[str]) -> Registry:
    """Opens the registry in an SQLite file, which is created if it is missing.

    Errors: `store` if the file cannot be opened, `invalid_store` if it is no registry or of a newer version.

    Example:
        with matricula.open("acme.db") as registry:
            print(registry.revision)
    """

def memory() -> Registry:
    """A new registry in memory, for tests and for what need not last."""

@final
class Registry:
    """One organisation's register. Threads may share it.

    As a context manager it closes itself. After that every call fails with `closed`; snapshots, deltas and
    previews can still be read.
    """

    @property
    def revision(self) -> int:
        """How many commits there have been. Errors: `closed`."""

    @property
    def clock(self) -> datetime | None:
        """The instant of the last commit; `None` before the first. Errors: `closed`."""

    def snapshot(self) -> Snapshot:
        """The registry as it is now, for reading: it stays as it is while others commit. It costs next to
        nothing. Errors: `closed`."""

    def refresh(self) -> Snapshot:
        """Reads in what other processes have committed, and returns the current snapshot.

        Errors: `closed`, `store`, `invalid_store`.
        """

    def as_host(self, name: str) -> Host:
        """The host's own view, which may do everything; the name is recorded with every commit.

        Errors: `closed`.
        """

    def deltas(self, after: int = 0, limit: int = 1000) -> list[Delta]:
        """The commits after a revision, oldest first, at most `limit`: the feed for mails and webhooks.

        Errors: `closed`, `store`, `invalid_store`; `OverflowError` for a negative number.

        Example:
            for delta in registry.deltas(after=seen):
                send(delta)
                seen = delta.revision
        """

    def close(self) -> None:
        """Closes the registry and gives up its open transactions. Closing again does nothing."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Host:
    """The registry as the host itself sees and changes it."""

    @property
    def name(self) -> str:
        """The name under which commits are recorded."""

    def transaction(self, at: datetime, note: str = "") -> Transaction:
        """Begins a set of changes that take effect at an instant; at the registry's clock if that is later.

        Leaving the block commits, unless the transaction was committed or rolled back in it; an exception
        rolls back and goes on. The note says why and is recorded.

        Errors: `closed`, `invalid_instant` outside the years 1 to 9999 (UTC); `ValueError` for a datetime
        without a time zone.

        Example:
            with registry.as_host("hr").transaction(at=datetime.now(timezone.utc)) as tx:
                tx.update_user("ann", {"department": "Sales"})
            print(tx.delta)
        """

    def advance(self, to: datetime) -> Delta:
        """Lets time pass up to an instant: people whom a rule about days concerns join and leave, as if the
        library had looked at every midnight.

        Errors: `closed`, `invalid_instant`, `store`, `conflict`; `ValueError` for a datetime without a time
        zone.
        """

@final
class Transaction:
    """A set of changes: made, previewed, and committed as a whole or not at all.

    Each change is checked as it is made; one that fails changes nothing, and the others stand. A definition
    of what is there already replaces it; a name, zone or site that is left out stays as it is (an enrolment
    rule's `on_leave` and `enabled` do not: say them again). After a commit (even one that
    failed) or a rollback every call fails with `closed`. While an import runs, calls from its `progress` and
    from other threads fail with `not_possible`.
    """

    @property
    def at(self) -> datetime:
        """The instant at which the changes take effect."""

    @property
    def delta(self) -> Delta | None:
        """What the commit did; `None` before it and after a rollback."""

    def define_site(self, key: str, name: str | None = None, zone: str | None = None) -> None:
        """Defines a site; `primary` is always there. The zone, such as `Africa/Johannesburg`, is that of its
        calendar; the primary site's if left out.

        Errors: `invalid_key`, `unknown_time_zone`, `closed`.
        """

    def define_attribute(
        self, key: str, type: AttributeType, options: Sequence[str] | None = None
    ) -> None:
        """Defines an attribute, which rules call `user.<key>`. A choice, and nothing else, has options;
        defining it again may add some.

        Errors: `invalid_key`, `invalid_definition`, `not_possible` if it is there with another type or an
        option is left out, `too_many` from 500 attributes on, `closed`.

        Example:
            tx.define_attribute("country", "choice", ["ZA", "DE"])
        """

    def define_course(self, key: str, name: str | None = None, site: str | None = None) -> None:
        """Defines a course of a site; of the primary one if left out.

        Errors: `invalid_key`, `unknown_site`, `not_possible` if it is a course of another site, `closed`.
        """

    def define_segment(
        self, key: str, rule: str, name: str | None = None, site: str | None = None
    ) -> None:
        """Defines a segment: the active members of a site, or of any, whom a rule selects.

        Errors: `invalid_key`, `invalid_rule` with the position and the nearest name, `unknown_site`,
        `not_possible` if it is a segment of another site, `closed`.

        Example:
            tx.define_segment("starters", "user.hired_on > today - days(90)")
        """

    def define_enrolment_rule(
        self,
        key: str,
        segment: str,
        courses: Sequence[str],
        on_leave: LeavePolicy = "keep",
        name: str | None = None,
        enabled: bool = True,
    ) -> None:
        """Defines that members of a segment are enrolled in courses, at least one and all of one site, and
        what happens to the enrolments of those who leave it.

        Errors: `invalid_key`, `invalid_definition`, `unknown_segment`, `unknown_course`, `closed`.

        Example:
            tx.define_enrolment_rule("gdpr-de", "germans", ["gdpr"], on_leave="suspend")
        """

    def update_user(
        self,
        key: str,
        values: Mapping[str, str | date | None] | None = None,
        status: Status | None = None,
        sites: Mapping[str, Status | None] | None = None,
    ) -> None:
        """Creates or updates a person. What is left out stays as it is.

        `values` are set by attribute: text, the key of an option, a day as `date` or `2026-01-31` (a
        `datetime` is a `TypeError`: which day it is depends on the time zone); `None` clears. `sites` are
        memberships by site; `None` ends one. Somebody new is active, and a member of the primary site unless
        sites are given.

        Errors: `invalid_key`, `invalid_value`, `invalid_definition` for a status that there is not,
        `unknown_attribute`, `unknown_site`, `closed`.

        Example:
            tx.update_user("ann", {"department": "Sales", "hired_on": date(2026, 10, 1)}, sites={"emea": "active"})
        """

    def enrol(self, user: str, course: str) -> None:
        """Enrols a person in a course by hand. It is no error if the person is enrolled already.

        Errors: `unknown_user`, `unknown_course`, `not_possible` if the person is not a member of the
        course's site, `closed`.
        """

    def unenrol(self, user: str, course: str) -> None:
        """Takes back an enrolment by hand. An enrolment that a rule holds goes on for that reason.

        Errors: `unknown_user`, `unknown_course`, `not_possible` if nothing is there to take back, `closed`.
        """

    def import_users(
        self,
        source: str | PathLike[str] | bytes | _BinaryFile,
        mapping: Mapping[str, str],
        blank: Literal["clear", "leave"] = "clear",
        absent: Literal["leave", "suspend"] = "leave",
        progress: Callable[[Progress], object] | None = None,
    ) -> ImportReport:
        """Imports people from CSV with a header line: from a path, bytes, or a file opened in binary mode.

        `mapping` says what columns mean: `key` (exactly one), `status`, `site`, or an attribute such as
        `user.department`. An empty cell clears a value or leaves it; people whom the feed does not name are
        left alone or suspended. A row that is wrong is left out and reported. `progress` is called every few
        thousand rows and stops the import by returning `False`; an exception in it, or Ctrl-C, ends the
        import too. Nothing of a feed that failed or was stopped is in the transaction.

        Errors: `invalid_feed` if the feed cannot be understood at all, `invalid_definition` for a wrong
        mapping, `cancelled`, `not_possible` from within `progress`, `closed`; `OSError` if a path cannot be
        read.

        Example:
            report = tx.import_users("feed.csv", {"id": "key", "dept": "user.department"}, absent="suspend")
            for error in report.errors:
                print(error)
        """

    def preview(self) -> Preview:
        """What would happen on commit. Nothing is written, and more changes can follow.

        Errors: `closed`.
        """

    def commit(self, expect: Preview | None = None) -> Delta:
        """Records the changes and everything that follows from them, all or nothing; with `expect`, only if
        that is exactly what the preview said. Where nothing changes, nothing is recorded.

        Errors: `preview_outdated`, `store`, `conflict`, `closed`, and those of the changes if another process
        committed in the meantime and they are no longer possible.
        """

    def rollback(self) -> None:
        """Gives up the changes. Errors: `closed`."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Progress:
    """How far an import has come."""

    rows: Final[int]
    """Rows read so far."""
    bytes: Final[int]
    """Bytes read so far."""
    total_bytes: Final[int]
    """Bytes of the feed."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RowError:
    """A row that was left out; `str()` says all of it."""

    line: Final[int]
    """The line on which the row begins; the header is line 1."""
    column: Final[str | None]
    """The column to blame, if one is."""
    value: Final[str | None]
    """What stands there, shortened if it is long."""
    reason: Final[str]
    """What is wrong."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ImportReport:
    """What an import came to; `str()` is a summary. Nothing is recorded before the transaction's commit."""

    rows: Final[int]
    """Rows read."""
    created: Final[int]
    """People created."""
    changed: Final[int]
    """People changed, not counting those suspended because they are absent."""
    unchanged: Final[int]
    """Rows that said what was true already."""
    suspended: Final[int]
    """People suspended because the feed does not name them."""
    ignored_columns: Final[list[str]]
    """Columns that the mapping leaves alone."""
    errors: Final[list[RowError]]
    """The rows that were left out, in order; a new list each time."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Preview:
    """What a transaction would do if it were committed now; `str()` is a summary."""

    delta: Final[Delta]
    """What would happen."""
    snapshot: Final[Snapshot]
    """The registry as it would be."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Delta:
    """Everything that a commit did, or that a previewed one would do; `str()` is a summary."""

    revision: Final[int]
    """The revision of the commit; of the last one before it if there was nothing to record."""
    at: Final[datetime]
    """When it took effect."""
    author: Final[str]
    """The name of the host that made it."""
    note: Final[str]
    """Why, in the host's words; may be empty."""
    is_empty: Final[bool]
    """Whether nothing changed."""
    users_created: Final[int]
    """How many people were created."""
    users_changed: Final[int]
    """How many people who were there before were changed."""
    steps: Final[list[Step]]
    """What happened to enrolments, in order; a new list each time."""
    memberships: Final[list[MembershipStep]]
    """Who joined and left which segment, in order; a new list each time."""
    segment_counts: Final[list[tuple[str, int, int]]]
    """Segment, how many joined, how many left; without making `memberships`."""
    course_counts: Final[list[tuple[str, Action, int]]]
    """Course, what happened, how often; without making `steps`."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Step:
    """One thing that happened to one enrolment."""

    at: Final[datetime]
    """When."""
    action: Final[Action]
    """What happened."""
    user: Final[str]
    """The user's key."""
    course: Final[str]
    """The course's key."""
    reason: Final[str]
    """The key of the enrolment rule, or `manual`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MembershipStep:
    """One person joining or leaving one segment."""

    at: Final[datetime]
    """When."""
    user: Final[str]
    """The user's key."""
    segment: Final[str]
    """The segment's key."""
    joined: Final[bool]
    """Whether the person joined; otherwise left."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Snapshot:
    """The registry at a revision. It never changes and is read without waiting for writers.

    Two are equal if everything in them is; that compares every person and is meant for tests.
    """

    revision: Final[int]
    """The revision; 0 for the empty registry."""
    clock: Final[datetime | None]
    """The instant of the last commit; `None` before the first."""
    user_count: Final[int]
    """How many people there are."""
    enrolment_count: Final[int]
    """How many enrolments there are, suspended ones included."""
    sites: Final[list[Site]]
    """The sites, the primary one first."""
    attributes: Final[list[Attribute]]
    """The attributes, in order of definition."""
    courses: Final[list[Course]]
    """The courses, in order of definition."""
    segments: Final[list[Segment]]
    """The segments, in order of definition."""
    enrolment_rules: Final[list[EnrolmentRule]]
    """The enrolment rules, in order of definition."""

    def user(self, key: str) -> User:
        """A person. Errors: `unknown_user`."""

    def members(self, segment: str) -> list[str]:
        """The keys of a segment's members, in the order in which people were created.

        Errors: `unknown_segment`, with the nearest key.
        """

    def member_count(self, segment: str) -> int:
        """How many members a segment has. Errors: `unknown_segment`."""

    def is_member(self, user: str, segment: str) -> bool:
        """Whether a person is a member of a segment. Errors: `unknown_user`, `unknown_segment`."""

    @overload
    def enrolments(self, *, user: str, course: str | None = None) -> list[Enrolment]:
        """The enrolments of a person, in the order in which courses were defined; those in a course, in the
        order in which people were created; or the one of a person in a course, if there is one.

        Errors: `unknown_user`, `unknown_course`; `TypeError` if neither is given.
        """

    @overload
    def enrolments(self, *, user: str | None = None, course: str) -> list[Enrolment]: ...
    def explain_membership(self, user: str, segment: str) -> MembershipExplanation:
        """Why a person is, or is not, in a segment. Errors: `unknown_user`, `unknown_segment`.

        Example:
            print(snapshot.explain_membership("ann", "germans"))
        """

    def explain_enrolment(self, user: str, course: str) -> EnrolmentExplanation:
        """Why a person is, or is not, enrolled in a course. Errors: `unknown_user`, `unknown_course`."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Site:
    """A site: an instance with its own members, courses and calendar."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    zone: Final[str]
    """The time zone whose calendar days count here, such as `Europe/Berlin`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Attribute:
    """A typed field of a person's profile."""

    key: Final[str]
    """The key: `department` in `user.department`."""
    type: Final[AttributeType]
    """The type."""
    options: Final[list[str] | None]
    """The options of a choice; `None` of any other type."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Course:
    """A course of a site."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    site: Final[str]
    """The key of its site."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Segment:
    """People selected by a rule."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    site: Final[str | None]
    """The key of the site among whose members it selects; `None` for those of any site."""
    rule: Final[str]
    """The rule, as text."""
    description: Final[str]
    """The rule in English."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class EnrolmentRule:
    """Members of a segment are enrolled in courses."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    segment: Final[str]
    """The key of the segment."""
    courses: Final[list[str]]
    """The keys of the courses."""
    on_leave: Final[LeavePolicy]
    """What happens to the enrolment of someone who leaves the segment."""
    enabled: Final[bool]
    """Whether it acts."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class User:
    """A person."""

    key: Final[str]
    """The key."""
    status: Final[Status]
    """The person's status."""
    values: Final[dict[str, str | date]]
    """The values that the person has, by attribute; a new dict each time."""
    sites: Final[dict[str, Status]]
    """The statuses of the person's memberships, by site; a new dict each time."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reason:
    """One reason for an enrolment."""

    reason: Final[str]
    """The key of the enrolment rule, or `manual`."""
    state: Final[ReasonState]
    """Whether it is in force."""
    since: Final[datetime]
    """Since when it has been there."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Enrolment:
    """A person's enrolment in a course."""

    user: Final[str]
    """The user's key."""
    course: Final[str]
    """The course's key."""
    status: Final[Status]
    """Whether it is in force."""
    since: Final[datetime]
    """Since when, without a break, the person has been enrolled; a suspension is no break."""
    reasons: Final[list[Reason]]
    """What holds it, at least one."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MembershipExplanation:
    """Why a person is, or is not, in a segment; `str()` says it in English."""

    user: Final[str]
    """The user's key."""
    segment: Final[str]
    """The segment's key."""
    member: Final[bool]
    """Whether the person is a member."""

    def to_dict(self) -> MembershipDict:
        """All that there is to know, part by part, as plain values."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class EnrolmentExplanation:
    """Why a person is, or is not, enrolled in a course; `str()` says it in English."""

    user: Final[str]
    """The user's key."""
    course: Final[str]
    """The course's key."""
    status: Final[Status | None]
    """Whether the enrolment is in force; `None` if the person is not enrolled."""

    def to_dict(self) -> EnrolmentDict:
        """All that there is to know, part by part, as plain values."""

    def __eq__(self, other: object, /) -> bool: ...
