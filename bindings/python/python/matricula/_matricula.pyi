"""The native half of the package: import from `matricula`, not from here.

Written by hand, because it is the reference that editors show; `mypy.stubtest` holds it to the module.

Unless it says otherwise, a call raises `TypeError` for an argument of a wrong type and `MatriculaError` for
everything that the library refuses; "Errors" lists the codes. Instants are aware datetimes, to the
millisecond, and come back in UTC; calendar days are dates. What is returned never changes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from os import PathLike
from types import EllipsisType, TracebackType
from typing import Any, Final, Literal, Protocol, Self, final, overload

from typing_extensions import disjoint_base

from matricula.types import (
    Action,
    AttributeType,
    AudienceDict,
    Because,
    BuilderQuery,
    CapabilityFlag,
    CapabilityKind,
    ColumnDict,
    Dialect,
    Durability,
    Effect,
    EnrolmentDict,
    FlipDict,
    InputValue,
    LeavePolicy,
    LintCode,
    Lost,
    MembershipDict,
    OptionDict,
    Place,
    QuestionDict,
    ReasonState,
    Revert,
    RuleTree,
    ScopeKind,
    SegmentDecision,
    SegmentState,
    Sensitivity,
    Status,
    UserEventCode,
    UserStatus,
    Value,
    WarningCode,
)

__all__ = [
    "ALL",
    "ANY",
    "Actor",
    "ActorTransaction",
    "Archived",
    "Attribute",
    "AttributeOption",
    "Capability",
    "Category",
    "Changes",
    "Considered",
    "Course",
    "Delta",
    "Difference",
    "Enrolment",
    "EnrolmentExplanation",
    "EnrolmentRule",
    "Excess",
    "Grant",
    "Guard",
    "Hold",
    "Host",
    "ImportReport",
    "Lint",
    "MatriculaError",
    "MembershipEvent",
    "MembershipExplanation",
    "MembershipStep",
    "Preview",
    "Problem",
    "Progress",
    "Proof",
    "Reason",
    "Registry",
    "Role",
    "RowError",
    "RulePreview",
    "Said",
    "Segment",
    "SegmentException",
    "Site",
    "Snapshot",
    "Sql",
    "Step",
    "Transaction",
    "User",
    "UserEvent",
    "Verification",
    "Warning",
    "__version__",
    "import_registry",
    "limit_connections",
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
    offset: int | None
    """Where in the text of a rule, in characters from 0; `None` if it was no text."""
    line: int | None
    """The line of it, from 1."""
    column: int | None
    """The column of it, in characters, from 1."""
    pointer: str | None
    """Where in a rule that was a tree or a rule builder's query, as a JSON pointer; `None` otherwise."""
    nearest: str | None
    """The name in the rule that was probably meant; `None` if none is near."""
    hold: Hold | None
    """Of `held`: what the guard holds the commit for; `None` otherwise."""
    delta: Delta | None
    """Of `held`: what the commit would have done; `None` otherwise."""
    rows: list[RowError] | None
    """Of `bad_rows`: the rows that are wrong, in order; `None` otherwise."""
    problems: list[Problem] | None
    """Of a preview or commit that fails for what is still wrong at the end: all that is, in the order of the changes;
    `None` otherwise."""

def open(
    path: str | PathLike[str],
    *,
    read_only: bool = False,
    durability: Durability = "full",
    busy_timeout: timedelta | None = None,
    secure_delete: bool = False,
    cache: bool = True,
    max_bytes: int | None = None,
) -> Registry:
    """Opens the registry in an SQLite file, which is created if it is missing.

    With `read_only` commits are refused with `store`, and neither the file, which has to be there, nor anything beside
    it is written. With `durability` `normal` a commit outlives the process, but the last ones may be gone if the machine
    loses power; single commits take a fraction of the time. A commit waits for another process for `busy_timeout`, five
    seconds if left out. With `secure_delete` what is deleted is overwritten with zeros. Without `cache` opening does not
    use the column cache, and closing does not write it. A commit for which the file would have to grow beyond
    `max_bytes` fails with `store`, as on a full disk.

    Errors: `store` if the file cannot be opened, `invalid_store` if it is no registry or of a newer version (of an
    earlier one, if it is only read), `invalid_definition` for an unknown durability; `ValueError` for a negative
    timedelta, `OverflowError` for a negative number.

    Example:
        with matricula.open("acme.db") as registry:
            print(registry.revision)
        with matricula.open("acme.db", read_only=True) as registry:
            print(registry.snapshot().user_count)
    """

def limit_connections(most: int) -> None:
    """Says how many files stay open in this process while nobody uses them, 64 unless told otherwise: those that have
    rested longest are closed, and opened again when they are needed, which takes about a millisecond. For hosts that
    hold a registry for each of many customers. Errors: `OverflowError` for a negative number.

    Example:
        matricula.limit_connections(16)
    """

def import_registry(
    source: str | PathLike[str] | bytes | _BinaryFile, path: str | PathLike[str] | None = None
) -> Registry:
    """Fills a new registry with what was exported: all of it or, if anything in it is wrong, nothing. It is read from a
    path, bytes, or a file opened in binary mode, and goes to the SQLite file of a path, or to memory.

    Errors: `invalid_archive` with the number of the line that is cut off or altered, `not_possible` if the file has
    commits, `store`; `OSError` if the source cannot be read.

    Example:
        with matricula.import_registry("acme.ndjson", "copy.db") as registry:
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

    def next_change_at(self) -> datetime | None:
        """When time alone next changes anything: somebody joins or leaves a segment for a day that has come. It is
        exact; `None` if nothing ever will. It takes as long as advancing there. Errors: `closed`.

        Example:
            while (at := registry.next_change_at()) is not None and at <= now:
                host.advance(at)
        """

    def snapshot(self) -> Snapshot:
        """The registry as it is now, for reading: it stays as it is while others commit. It costs next to
        nothing. Errors: `closed`."""

    def refresh(self) -> Snapshot:
        """Reads in what other processes have committed, and returns the current snapshot.

        Errors: `closed`, `store`, `invalid_store`.
        """

    def snapshot_at_least(self, revision: int, timeout: timedelta) -> Snapshot:
        """A snapshot in which a commit is, which may be another process's: read in, or waited for. For readers that must
        not answer by what was true before it. Ctrl-C and `close` end the wait.

        Errors: `stale` if the file has not come that far in time, `closed`, `store`, `invalid_store`; `ValueError` for a
        negative timedelta, `OverflowError` for a negative revision.

        Example:
            snapshot = registry.snapshot_at_least(revision_from_elsewhere, timedelta(seconds=2))
        """

    def save_cache(self) -> None:
        """Keeps an image of the current snapshot in the file, so that opening it again is fast. It is done without
        being asked on closing, and from time to time after commits, if much has changed.

        Errors: `closed`, `store` if the file cannot be written.
        """

    def backup(self, path: str | PathLike[str]) -> None:
        """Copies what the file holds to a new one, which can be opened as this one, while others read and commit: all
        commits up to some moment, and nothing of later ones.

        Errors: `not_possible` for a registry in memory, `store` if the file is there already or cannot be written,
        `closed`.

        Example:
            registry.backup(f"acme-{date.today()}.db")
        """

    def as_host(self, name: str) -> Host:
        """The host's own view, which may do everything; the name is recorded with every commit.

        Errors: `closed`.
        """

    def as_actor(self, key: str, at: datetime) -> Actor:
        """The registry as it is now, as one person may see it at an instant: what their roles give. A key that nobody has is
        one who may do nothing. It costs next to nothing: make one for each request.

        Errors: `closed`, `invalid_instant`; `ValueError` for a datetime without a time zone.

        Example:
            ann = registry.as_actor("ann", at=datetime.now(timezone.utc))
            ann.can("content.view", course="gdpr")
        """

    def deltas(self, after: int = 0, limit: int = 1000) -> list[Delta]:
        """The commits after a revision, oldest first, at most `limit`: the feed for mails and webhooks.

        Errors: `closed`, `store`, `invalid_store`; `OverflowError` for a negative number.

        Example:
            for delta in registry.deltas(after=seen):
                send(delta)
                seen = delta.revision
        """

    def membership_history(self, user: str, segment: str) -> list[MembershipEvent]:
        """When a person joined and left a segment, oldest first, with the commit that did it. The journal is read
        from its beginning.

        Errors: `unknown_user`, `unknown_segment`, `closed`, `store`, `invalid_store`.

        Example:
            for event in registry.membership_history("ann", "germans"):
                print(event.at, "joined" if event.joined else "left", event.note)
        """

    def as_of(self, when: int | datetime) -> Snapshot:
        """The registry as it was after a commit, by its revision, or after the last one at or before an instant. Before
        the first commit it is empty. People who have been erased since are stubs in it.

        Errors: `unknown_revision` if there is no such revision yet, `archived` if it is in an archive, `invalid_instant`,
        `closed`, `store`, `invalid_store`; `OverflowError` for a negative revision, `ValueError` for a datetime without
        a time zone.

        Example:
            registry.as_of(12).members("germans")
            registry.as_of(datetime(2026, 12, 31, 23, tzinfo=timezone.utc)).explain_enrolment("ann", "gdpr")
        """

    def as_of_in(
        self, source: str | PathLike[str] | bytes | _BinaryFile, when: int | datetime
    ) -> Snapshot:
        """The registry as it was, from an archive that has it, as `as_of`.

        Errors: those of `as_of`; `invalid_archive` with the number of the line that is cut off or altered,
        `unknown_revision` if the archive does not have it, `archived` if an earlier archive does; `OSError` if the source
        cannot be read.

        Example:
            registry.as_of_in("acme-1-to-999.ndjson", 12)
        """

    def history_of_user(self, user: str) -> list[UserEvent]:
        """Everything that happened to a person, oldest first, as far as the journal is here, which is read as a whole.

        Errors: `unknown_user`, `closed`, `store`, `invalid_store`.

        Example:
            for event in registry.history_of_user("ann"):
                print(event.at, event, event.author, event.note)
        """

    def head(self) -> str | None:
        """The end of the chain of sealed commits, such as `12:9f3a…`: kept in another place, it lets `verify` prove later
        that nothing up to it has been edited. `None` if nothing has been sealed.

        Errors: `closed`, `store`, `invalid_store`.
        """

    def verify(self, saved: str | None = None) -> Verification:
        """Looks through everything: whether the chain of commits is unbroken and leads through a head saved earlier, and
        whether replaying the journal comes to what tables and images say. It reads the whole journal; others can commit
        meanwhile.

        Errors: `invalid_value` for a text that is no head, `closed`, `store`, `invalid_store` if the journal cannot be
        read at all.

        Example:
            verification = registry.verify(head_of_yesterday)
            if not verification.is_intact:
                alert(str(verification))
        """

    def export(self, target: str | PathLike[str]) -> int:
        """Writes the whole registry to a new file, as newline-delimited JSON, and says up to which revision.
        `import_registry` reads it. The same registry always comes to the same bytes.

        Errors: `closed`, `store`, `invalid_store`; `OSError` if the file is there already or cannot be made.

        Example:
            registry.export("acme.ndjson")
        """

    def archive(self, before: int, author: str, target: str | PathLike[str]) -> Archived:
        """Moves the commits before a revision into a new file: they are written and on its disk, then a commit by a host
        of this name records that they were, and they are removed. From then on the journal begins there.

        Errors: `unknown_revision`, `not_possible` if there is nothing before it to archive, `conflict`, `closed`,
        `store`; `OSError` if the file is there already or cannot be made; `OverflowError` for a negative revision.

        Example:
            registry.archive(1000, "keeper", "acme-1-to-999.ndjson")
        """

    def clean(self) -> None:
        """Makes sure that nothing of what was erased is left in the file. Erasing does so itself; where it could not,
        because others were reading, its delta has the warning `unclean`, and this is to be called later.

        Errors: `closed`, `store` if others are still reading.
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

    def transaction(self, at: datetime, note: str = "", *, idempotency: str | None = None) -> Transaction:
        """Begins a set of changes that take effect at an instant; at the registry's clock if that is later.

        Leaving the block commits, unless the transaction was committed or rolled back in it; an exception
        rolls back and goes on. If the guard holds the commit, leaving the block raises `held` and nothing is
        recorded. The note says why and is recorded.

        `idempotency` is a key for the request: whoever does not learn whether a commit was made asks for the same
        changes again under the same key, and gets the first result. It is kept as long as the commit.

        Errors: `closed`, `invalid_instant` outside the years 1 to 9999 (UTC), `invalid_key`, `store` and
        `invalid_store` with `idempotency`; on leaving the block those of `Transaction.commit`; `ValueError` for a
        datetime without a time zone.

        Example:
            with registry.as_host("hr").transaction(at=datetime.now(timezone.utc)) as tx:
                tx.update_user("ann", {"department": "Sales"})
            print(tx.delta)
            with host.transaction(at=now, idempotency="feed-2026-11-21") as tx:
                tx.import_users("feed.csv", mapping)
        """

    def advance(self, to: datetime) -> Delta:
        """Lets time pass up to an instant: people whom a rule about days concerns join and leave, as if the
        library had looked at every midnight.

        Errors: `closed`, `invalid_instant`, `store`, `conflict`, `held`; `ValueError` for a datetime without a
        time zone.
        """

@disjoint_base
class Changes:
    """A set of changes, of the host (`Transaction`) or of a person (`ActorTransaction`): made and committed as a whole or not
    at all.

    Each change is checked as it is made; one that fails changes nothing, and the others stand. What later changes can
    make right is judged at the end, on commit: people who are named and not there, required values, unique ones.
    A definition of what is there already replaces it; a name, zone or site that is left out stays as it is (an enrolment
    rule's `on_leave` and `enabled` do not: say them again). After a commit (even one that
    failed) or a rollback every call fails with `closed`. While an import runs, calls from its `progress` and
    from other threads fail with `not_possible`. Of a person, every change fails with `not_permitted` unless a role gives
    it, and so does what would give anybody what the person lacks.
    """

    @property
    def at(self) -> datetime:
        """The instant at which the changes take effect."""

    def define_site(self, key: str, name: str | None = None, zone: str | None = None) -> None:
        """Defines a site; `primary` is always there. The zone, such as `Africa/Johannesburg`, is that of its
        calendar; the primary site's if left out.

        Errors: `invalid_key`, `unknown_time_zone`, `closed`.
        """

    def define_attribute(
        self,
        key: str,
        type: AttributeType,
        options: Sequence[str | OptionDict | AttributeOption] | None = None,
        *,
        name: str | None = None,
        help: str | None = None,
        site: str | None = None,
        required: bool = False,
        unique: bool = False,
        ignore_case: bool = False,
        pattern: str | None = None,
        minimum: InputValue | None = None,
        maximum: InputValue | None = None,
        default: InputValue | None = None,
        sensitivity: Sensitivity = "internal",
        self_writable: bool = False,
    ) -> None:
        """Defines an attribute, which rules call `user.<key>`. A later definition says everything again but the
        site, which stays; what the people who are there do not satisfy is refused.

        A choice or multi-choice, and nothing else, has `options`: their keys, or mappings with `key`, `name`,
        `retired` (nobody can be given it any longer) and `was` (the key that it had before). A later definition
        names all of them again, as in the second example, and may add some.

        `name` and `help` are for people who fill it in; a `site` is one whose administrators define it. With
        `required`, everybody must have a value; with `unique`, no two people the same. Text may `ignore_case`
        and have a `pattern`, with `*` for any characters and `?` for one; numbers, dates and timestamps have a
        `minimum` and a `maximum`. A person created without a value is given the `default`.

        Errors: `invalid_key`, `invalid_definition`, `invalid_value` for a bound or default that is no value of
        the attribute, `unknown_site`, `not_possible` if it is there with another type, an option is left out, or
        people do not satisfy it, `too_many` from 500 attributes on, `closed`; `KeyError` for an option without
        `key`.

        Example:
            tx.define_attribute("country", "choice", ["ZA", "DE"])
            tx.define_attribute("country", "choice", [{"key": "RSA", "was": "ZA"}, {"key": "DE", "retired": True}])
            tx.define_attribute("badge", "text", unique=True, pattern="N-????")
            tx.define_attribute("rating", "decimal", minimum=0, maximum=Decimal("5"))
        """

    def define_course(
        self, key: str, name: str | None = None, site: str | None = None, *, category: str | None = None
    ) -> None:
        """Defines a course of a site; of its category's, or the primary one, if left out. A later definition may move it into
        another category of its site.

        Errors: `invalid_key`, `unknown_site`, `unknown_category`, `invalid_definition` for a category of another site,
        `not_possible` if it is a course of another site, `closed`.

        Example:
            tx.define_course("gdpr", category="safety")
        """

    def define_category(
        self, key: str, name: str | None = None, site: str | None = None, *, parent: str | None = None
    ) -> None:
        """Defines a category of courses, directly in a site or within another category: what is given there is given for
        its courses. Only its name can change later.

        Errors: `invalid_key`, `unknown_site`, `unknown_category`, `invalid_definition` for a parent of another site,
        `not_possible` if it would move, `too_many`, `closed`.

        Example:
            tx.define_category("safety", site="emea")
            tx.define_category("fire", parent="safety")
        """

    def define_segment(
        self,
        key: str,
        rule: str | None = None,
        name: str | None = None,
        site: str | None = None,
        *,
        rule_tree: RuleTree | None = None,
        builder: BuilderQuery | None = None,
        state: SegmentState | None = None,
        owner: str | None = None,
        description: str | None = None,
        sql_rows: bool | None = None,
    ) -> None:
        """Defines a segment: the active members of a site, or of any, whom a rule selects or who are pinned. A
        later definition may leave out what stays as it is; the site stays in any case.

        The rule is text, a typed tree or the query of a rule builder, at most one of them. A new segment without
        a rule has the members that are pinned. A `draft` has no members; a `paused` segment keeps those that it
        has, but for people who become inactive. `owner` and `description` are for people; with `sql_rows`, stores
        that people read with SQL keep a row for each member.

        Errors: `invalid_key`, `invalid_rule` with the position and the nearest name, `invalid_definition` for
        more than one rule, `unknown_site`, `not_possible` if it is a segment of another site, would depend on
        itself, or cannot become a draft, `too_many`, `closed`.

        Example:
            tx.define_segment("starters", "user.hired_on > today - days(90)", state="draft", owner="HR")
            tx.define_segment("board")
            tx.define_segment("sales", builder={"combinator": "and", "rules": [
                {"field": "department", "operator": "=", "value": "Sales"},
            ]})
        """

    def define_guard(
        self, *, percent: int | None = None, count: int | None = None, enabled: bool | None = None
    ) -> None:
        """Says from where on what a commit ends has to be confirmed, from the next commit on: if it is more than
        `percent` of a hundred and more than `count`. What is left out stays.

        Errors: `invalid_definition` for more than 100 percent, `closed`; `OverflowError` for a negative number.

        Example:
            tx.define_guard(percent=5, count=20)
        """

    def pin(self, segment: str, user: str) -> None:
        """Puts a person into a segment by hand, whatever its rule says, as long as the person is active. It ends
        a ban.

        Errors: `unknown_segment`, `unknown_user`, `closed`.

        Example:
            tx.pin("board", "ann")
        """

    def ban(self, segment: str, user: str) -> None:
        """Keeps a person out of a segment by hand, whatever its rule says. It ends a pin.

        Errors: `unknown_segment`, `unknown_user`, `not_possible` for a segment without a rule, `closed`.

        Example:
            tx.ban("starters", "ann")
        """

    def release(self, segment: str, user: str) -> None:
        """Takes back what was decided by hand about a person and a segment: the rule decides. It is no error if
        nothing was.

        Errors: `unknown_segment`, `unknown_user`, `closed`.

        Example:
            tx.release("starters", "ann")
        """

    def record(
        self,
        user: str,
        course: str,
        *,
        completed: datetime | EllipsisType | None = ...,
        score: Decimal | float | str | EllipsisType | None = ...,
    ) -> None:
        """Records what a person did in a course: rules that ask about completions and scores follow at once.

        `completed` is when, `score` from 0 to 1. `None` takes back; what is left out, or `...`, stays.

        Errors: `unknown_user`, `unknown_course`, `invalid_value` for a score that is not from 0 to 1 or has more
        than six digits after the point, `invalid_instant`, `closed`; `ValueError` for a datetime without a time
        zone.

        Example:
            tx.record("ann", "gdpr", completed=datetime.now(timezone.utc), score=Decimal("0.8"))
            tx.record("ann", "gdpr", score=None)
        """

    def define_enrolment_rule(
        self,
        key: str,
        segment: str,
        courses: Sequence[str],
        on_leave: LeavePolicy = "keep",
        name: str | None = None,
        enabled: bool = True,
        *,
        role: str = "learner",
        from_: datetime | None = None,
        until: datetime | None = None,
        due: date | timedelta | None = None,
    ) -> None:
        """Defines that members of a segment are enrolled in courses, at least one and all of one site, and
        what happens to the enrolments of those who leave it. A later definition says everything again but the name.

        `role` is the key of the role that people are enrolled as. Within a window the rule acts from `from_` on, and at
        `until` no longer, which is leaving. `due` is when people are to be done: a `date`, for everybody, or a
        `timedelta` of whole days after the reason arose, counted in calendar days where the course's site is. A
        `datetime` is a `TypeError`: which day it is depends on the time zone.

        Errors: `invalid_key`, `invalid_definition`, `unknown_segment`, `unknown_course`, `invalid_instant`, `closed`;
        `ValueError` for a datetime without a time zone.

        Example:
            tx.define_enrolment_rule("gdpr-de", "germans", ["gdpr"], on_leave="suspend")
            tx.define_enrolment_rule("first-month", "starters", ["welcome"], due=timedelta(days=30))
            tx.define_enrolment_rule("drive", "sales", ["pitch"], "unenrol", until=datetime(2027, 1, 1, tzinfo=UTC))
        """

    def update_user(
        self,
        key: str,
        values: Mapping[str, InputValue | None] | None = None,
        status: Status | None = None,
        sites: Mapping[str, Status | None] | None = None,
    ) -> None:
        """Creates or updates a person. What is left out stays as it is.

        `values` are set by attribute; `None` clears, and so does an empty list. An `int` goes for an integer or
        a decimal, a `float` or `Decimal` for a decimal (a `float` as the number that its shortest text says), a
        `date` for a date, an aware `datetime` for a timestamp (not for a date: which day it is depends on the
        time zone), a list, tuple or set of option keys for a multi-choice. Text is text, the key of an option or
        of a person, a path, and stands for a value of any other type: `12`, `0.8`, `true`, `2026-01-31`,
        `2026-01-31T08:00:00Z`, `A;B`. `sites` are memberships by site; `None` ends one. Somebody new is active,
        and a member of the primary site unless sites are given.

        Errors: `invalid_key`, `invalid_value`, `not_unique`, `invalid_definition` for a status that there is not,
        `unknown_attribute`, `unknown_site`, `invalid_instant`, `closed`; `ValueError` for a datetime without a
        time zone.

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

    def enrol_segment(
        self, segment: str, courses: Sequence[str], *, due: date | timedelta | None = None
    ) -> None:
        """Enrols the members of a segment in courses once, as they are at the end of the transaction: its other
        changes come first, and what becomes of the segment later changes nothing. Members who are no active members of
        a course's site are left out. The reason is `bulk`; `due` is a date, or whole days after the enrolment.

        Errors: `unknown_segment`, `unknown_course`, `invalid_definition` for no courses, for those of another site
        than the segment's, and for a due date that is none, `not_possible` for a draft and for an archived course,
        `closed`.

        Example:
            tx.enrol_segment("germans", ["gdpr"], due=timedelta(days=30))
        """

    def enrol_users(
        self, users: Sequence[str], courses: Sequence[str], *, due: date | timedelta | None = None
    ) -> None:
        """Enrols people in courses once, as `enrol_segment` does: all of them, or nobody.

        Errors: `unknown_user`, `unknown_course`, `invalid_definition` for no courses and for a due date that is none,
        `not_possible` for somebody who is no member of a course's site and for an archived course, `closed`.

        Example:
            tx.enrol_users(["ann", "bob"], ["gdpr", "safety"], due=date(2027, 1, 31))
        """

    def suspend_enrolment(self, user: str, course: str) -> None:
        """Suspends an enrolment by hand. It stays suspended whatever rules do, and no rule ends it, until it is resumed
        or unenrolled by hand. It is no error if it is suspended by hand already.

        Errors: `unknown_user`, `unknown_course`, `not_possible` if the person is not enrolled, `closed`.

        Example:
            tx.suspend_enrolment("ann", "gdpr")
        """

    def resume_enrolment(self, user: str, course: str) -> None:
        """Takes back a suspension by hand: the enrolment is as its reasons have it.

        Errors: `unknown_user`, `unknown_course`, `not_possible` if it was not suspended by hand, `closed`.

        Example:
            tx.resume_enrolment("ann", "gdpr")
        """

    def delete_enrolment_rule(self, key: str) -> None:
        """Deletes an enrolment rule: whom it holds leaves it, under its policy. Its key is free afterwards.

        Errors: `unknown_enrolment_rule`, `closed`.
        """

    def delete_segment(self, key: str) -> None:
        """Deletes a segment to which nothing refers. Its key is free afterwards.

        Errors: `unknown_segment`; `not_possible`, with their list, while enrolment rules or segments refer to it;
        `closed`.
        """

    def delete_attribute(self, key: str) -> None:
        """Deletes an attribute that no rule names, with everybody's value. Its key is free afterwards.

        Errors: `unknown_attribute`; `not_possible`, with their list, while rules of segments name it; `closed`.
        """

    def archive_course(self, key: str) -> None:
        """Archives a course: rules enrol nobody there and let nobody go, and nobody is enrolled by hand, until it is
        restored.

        Errors: `unknown_course`, `closed`.
        """

    def restore_course(self, key: str) -> None:
        """Restores a course that was archived: rules catch up. Errors: `unknown_course`, `closed`."""

    def close_site(self, key: str) -> None:
        """Closes a site: its memberships count as inactive, with everything that follows, until it is reopened.

        Errors: `unknown_site`, `not_possible` for the primary site, `closed`.
        """

    def reopen_site(self, key: str) -> None:
        """Reopens a site that was closed: its memberships count again. Errors: `unknown_site`, `closed`."""

    def erase(self, user: str) -> None:
        """Erases a person for good: key, values, memberships and decisions by hand go, here and in every earlier commit; a
        number stays, with facts about enrolments and what is recorded in courses. It cannot be undone. Backups, exports
        and archives are not reached. The delta warns of segments that go on naming the person.

        Errors: `unknown_user`, `not_possible` if the person is erased already, `closed`.

        Example:
            tx.erase("ann")
        """

    def define_capability(
        self,
        name: str,
        kind: CapabilityKind,
        *,
        innermost: ScopeKind = "course",
        over: bool = False,
        flags: Sequence[CapabilityFlag] | None = None,
        sentence: str = "",
    ) -> None:
        """Registers a capability of the host's own, which roles give and `can` asks for. What is written, not read, cannot
        be done in a place that is locked. It can be asked for at its `innermost` kind of place and in what lies without;
        with `over` it is about people, whom questions name. `flags` are what whoever gives it away should know.

        Errors: `invalid_key` for a name that is no words with dots between them, `invalid_definition` for a word that there
        is not, or the name of one that is built in, `closed`.

        Example:
            tx.define_capability("invoice.approve", "write", innermost="site", sentence="approve invoices")
        """

    def define_role(
        self,
        key: str,
        *,
        name: str | None = None,
        description: str | None = None,
        site: str | None = None,
        like: Sequence[str] | None = None,
        allow: Sequence[str] | None = None,
        withhold: Sequence[str] | None = None,
        deny: Sequence[str] | None = None,
        may_assign: Sequence[str] | None = None,
        needs_audience: bool = False,
    ) -> None:
        """Defines a role: the capabilities, or patterns such as `grade.*`, that it gives, does not give although a role that
        it is `like` does, and denies whatever other roles say. A later definition says everything again but its site.

        `like` are keys of roles whose effects it begins with; `may_assign` those of roles that its holders may give to
        others, `*` for all. With `needs_audience` it is never held over everybody. A `site` is one whose administrators
        define it.

        Errors: `invalid_key`, `invalid_definition`, `unknown_capability` with the nearest name, `unknown_role`,
        `unknown_site`, `not_possible` for `administrator`, which stays as it is, and if it is held otherwise than it may be,
        `too_many`, `closed`.

        Example:
            tx.define_role("marker", like=["instructor"], deny=["grade.delete"], may_assign=["learner"])
        """

    def override_role(
        self,
        role: str,
        *,
        allow: Sequence[str] | None = None,
        withhold: Sequence[str] | None = None,
        deny: Sequence[str] | None = None,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
    ) -> None:
        """Says what a role gives otherwise at a place and in everything within; without a place, in the whole registry. It
        replaces what was said there before.

        Errors: `unknown_role`, `unknown_capability`, `unknown_site`, `unknown_category`, `unknown_course`, `not_possible` for
        `administrator`, `closed`.

        Example:
            tx.override_role("instructor", deny=["grade.edit"], site="emea")
        """

    def lock(
        self, *, site: str | None = None, category: str | None = None, course: str | None = None
    ) -> None:
        """Locks a place; without one, the whole registry: nobody may change anything in it, whatever roles they hold, but
        unlock it. What is read is read, and the host goes on.

        Errors: `unknown_site`, `unknown_category`, `unknown_course`, `closed`.

        Example:
            tx.lock(course="gdpr")
        """

    def unlock(
        self, *, site: str | None = None, category: str | None = None, course: str | None = None
    ) -> None:
        """Unlocks a place. Errors: `unknown_site`, `unknown_category`, `unknown_course`, `closed`."""

    def grant(
        self,
        role: str,
        *,
        user: str | None = None,
        segment: str | None = None,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
        over: AudienceDict | None = None,
        from_: datetime | None = None,
        until: datetime | None = None,
        note: str = "",
    ) -> None:
        """Gives a role to a person, or to whoever is in a segment, at a place and in everything within; without a place, in the
        whole registry. `over` says over whom it counts, with one key: those in a `segment`, those who name the holder in an
        attribute (`reports`), those and theirs at any depth (`line`), those who have the `same` value; everybody if left out.
        It counts from `from_` on, and at `until` no longer. Its number is in `Snapshot.grants`.

        Errors: `unknown_role`, `unknown_user`, `unknown_segment`, `unknown_attribute`, `unknown_site`, `unknown_category`,
        `unknown_course`, `invalid_definition`, `invalid_instant`, `not_possible`, `closed`; `TypeError` unless exactly one of
        `user` and `segment` is given, `ValueError` for a datetime without a time zone.

        Example:
            tx.grant("manager", user="ann", site="primary", over={"line": "manager"})
            tx.grant("reporter", segment="hr", until=datetime(2027, 1, 1, tzinfo=UTC), note="audit")
        """

    def revoke(self, grant: int) -> None:
        """Takes a grant away, by its number. Errors: `unknown_grant`, `not_possible`, `closed`; `OverflowError` for a negative
        number.

        Example:
            for grant in snapshot.grants():
                if grant.user == "ann":
                    tx.revoke(grant.number)
        """

    def delete_role(self, key: str) -> None:
        """Deletes a role to which nothing refers. Its key is free afterwards.

        Errors: `unknown_role`; `not_possible`, with their list, while grants or rules refer to it; `closed`.
        """

    def rollback(self) -> None:
        """Gives up the changes. Errors: `closed`."""

@final
class Transaction(Changes):
    """A set of changes by the host: made, previewed, and committed as a whole or not at all."""

    @property
    def delta(self) -> Delta | None:
        """What the commit did; `None` before it and after a rollback."""

    def import_users(
        self,
        source: str | PathLike[str] | bytes | _BinaryFile,
        mapping: Mapping[str, str | ColumnDict],
        blank: Literal["clear", "leave"] = "clear",
        absent: Literal["leave", "suspend"] = "leave",
        progress: Callable[[Progress], object] | None = None,
        *,
        bad_rows: Literal["skip_bad_rows", "all_or_nothing"] = "skip_bad_rows",
        format: Literal["csv", "ndjson"] = "csv",
    ) -> ImportReport:
        """Imports people from CSV with a header line or, with the format `ndjson`, from JSON with an object on each
        line: from a path, bytes, or a file opened in binary mode.

        `mapping` says what columns mean: `key` (exactly one), `status`, `site`, or an attribute such as
        `user.department`. An empty cell clears a value or leaves it, for single columns as a mapping of `target` and
        `blank` says; people whom the feed does not name are left alone or suspended. A row that is wrong is left out
        and reported or, with `all_or_nothing`, has the whole feed refused. `progress` is called every few thousand rows and stops the import by returning `False`; an exception in it, or Ctrl-C, ends the
        import too. Nothing of a feed that failed or was stopped is in the transaction.

        Errors: `invalid_feed` if the feed cannot be understood at all, `invalid_definition` for a wrong
        mapping, `bad_rows` with all that are wrong as `rows`, `cancelled`, `not_possible` from within `progress`, `closed`; `OSError` if a path cannot be
        read.

        Example:
            report = tx.import_users("feed.csv", {"id": "key", "dept": "user.department"}, absent="suspend")
            for error in report.errors:
                print(error)
            mapping = {"id": "key", "phone": {"target": "user.phone", "blank": "leave"}}
            tx.import_users("feed.ndjson", mapping, format="ndjson", bad_rows="all_or_nothing")
        """

    def revert(self, revision: int, how: Revert = "strict") -> list[str]:
        """Undoes a commit: what it changed becomes what it was before, where nothing has changed it since, and what
        follows is derived. People whom it created are suspended; definitions that it made stay, but for enrolment rules,
        which are disabled. What has been changed since has nothing undone or, with `skip`, is left and told.

        Errors: `unknown_revision`, `archived`, `not_possible` with a list of what has been changed since, or if the
        commit erases people, `invalid_definition` for an unknown way, `closed`, `store`; `OverflowError` for a negative
        revision.

        Example:
            left = tx.revert(41, "skip")
        """

    def inputs(self) -> Snapshot:
        """The definitions and people as changed so far. Memberships and enrolments are as before: `preview` says what
        follows. Errors: `closed`.
        """

    def problems(self) -> list[Problem]:
        """What keeps the transaction from being committed as it is, each with the change that it comes from: people who
        were named and are not there, required values, unique ones. More changes can mend them. Errors: `closed`.

        Example:
            for problem in tx.problems():
                print(problem.change, problem)
        """

    def preview(self) -> Preview:
        """What would happen on commit. Nothing is written, and more changes can follow, also where it fails.

        Errors: `invalid_value`, `not_unique` and `not_possible` for what is still wrong at the end, with the change
        that it comes from, all of it as `problems`; `idempotency_conflict` if the key was used for something else;
        `closed`.
        """

    def commit(self, expect: Preview | None = None) -> Delta:
        """Records the changes and everything that follows from them, all or nothing; with `expect`, only if
        that is exactly what the preview said. Where nothing changes, nothing is recorded.

        Errors: those of `preview`; `held` if more would end than the guard lets pass, with `hold`;
        `preview_outdated`, `store`, `conflict`, `closed`, and those of the changes if another process committed in
        the meantime and they are no longer possible.
        """

    def confirm(self, token: str) -> Delta:
        """Records what the guard holds, as somebody has seen and confirmed it: exactly what the token of the preview's
        hold stands for. The token may be kept, and given to another process that makes the same changes again.

        Errors: `invalid_token` if anything differs, and those of `commit` but `held`.

        Example:
            preview = tx.preview()
            if preview.held and agreed(preview):
                tx.confirm(preview.held.token)
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class ActorTransaction(Changes):
    """A set of changes by a person. It tells of what follows no more than that it was recorded: how many people a change
    concerns, whom the person may not see, is an answer to a question that the person may not ask.
    """

    @property
    def revision(self) -> int | None:
        """The number of the commit; `None` before it and after a rollback."""

    def check(self) -> None:
        """Fails if the changes cannot be committed as they are.

        Errors: `not_permitted` if they would give anybody what the person lacks, `held` if more would end than the guard lets
        pass, and whatever else keeps them from being committed.
        """

    def commit(self) -> int:
        """Records the changes and everything that follows from them, all or nothing; the number of the commit. Where
        nothing changes, nothing is recorded.

        Errors: those of `check`; `store`, `conflict`, `closed`.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Actor:
    """The registry at a revision as one person may see it, at an instant. Whoever is nobody, or not active, may do and see
    nothing. What may not be seen is as if it were not there.
    """

    key: Final[str]
    """The key of the person."""
    at: Final[datetime]
    """The instant at which it is asked."""

    def can(
        self,
        capability: str,
        *,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
        over: str | _Subject | None = None,
    ) -> bool:
        """Whether something may be done at a place; without one, in the registry as a whole. A capability that is about
        people needs `over`: the key of a person, `ANY` for anybody at all (may the menu be shown?), `ALL` for everybody
        there. What nobody knows of may not be done.

        Errors: `invalid_question` if the capability is about people and `over` is left out, or the other way round.

        Example:
            ann = registry.as_actor("ann", at=datetime.now(timezone.utc))
            if ann.can("grade.edit", course="gdpr", over="bob"):
                ...
            ann.can("report.view", site="primary", over=matricula.ANY)
        """

    def can_many(self, questions: Sequence[QuestionDict]) -> list[bool]:
        """Whether each of many things may be done, in order; each is a mapping with the arguments of `can`.

        Errors: `invalid_question` with the number of the question, from 1; `KeyError` for one without `capability`.

        Example:
            ann.can_many([{"capability": "course.edit", "course": key} for key in keys])
        """

    def explain(
        self,
        capability: str,
        *,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
        over: str | _Subject | None = None,
    ) -> Proof:
        """Why something may or may not be done: every role that the person holds there, and what it says.

        Errors: `unknown_capability`, `not_permitted` for a place that is not there.

        Example:
            print(ann.explain("course.delete", course="gdpr"))
        """

    def audience(
        self,
        capability: str,
        *,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
    ) -> list[str]:
        """The keys of everybody at a place over whom something may be done, in the order in which people were created.

        Errors: `unknown_capability`.
        """

    def courses(self, capability: str) -> list[str]:
        """The keys of the courses in which something may be done; over anybody, if it is about people.

        Errors: `unknown_capability`.
        """

    def people(
        self, *, site: str | None = None, category: str | None = None, course: str | None = None
    ) -> list[str]:
        """The keys of the people who may be seen at a place, in the order in which they were created."""

    def members(self, segment: str) -> list[str]:
        """The keys of the members of a segment who may be seen in it. One that may not be seen, or is not there, has none."""

    def profile(
        self,
        user: str,
        *,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
    ) -> dict[str, Value]:
        """What may be read of a person at a place: values by attribute; nothing of somebody who may not be seen there.

        Example:
            ann.profile("bob", site="primary").get("department")
        """

    def reports(
        self, *, site: str | None = None, category: str | None = None, course: str | None = None
    ) -> list[str]:
        """The names of the reports that may be seen at a place, of anybody at all: `overview` for the capability
        `report.view.overview`."""

    def explain_membership(self, user: str, segment: str) -> MembershipExplanation:
        """Why a person is, or is not, in a segment.

        Errors: `not_permitted` if anything that it would show may not be read, or is not there.
        """

    def transaction(
        self, at: datetime, note: str = "", *, idempotency: str | None = None
    ) -> ActorTransaction:
        """Begins a set of changes by the person, as `Host.transaction`. Each is refused unless a role gives it, and so is what
        would give anybody what the person lacks.

        Errors: `not_permitted` for somebody who is not there, `closed`, `invalid_instant`, `invalid_key`; `ValueError` for a
        datetime without a time zone.

        Example:
            with ann.transaction(at=datetime.now(timezone.utc)) as tx:
                tx.grant("instructor", user="bob", course="gdpr")
            print(tx.revision)
        """

@final
class _Subject:
    """Over whom a question is asked, where it is not one person: `ANY` or `ALL`."""

    ANY: Final[_Subject]
    ALL: Final[_Subject]

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

ANY: Final[_Subject]
"""Over anybody at all, in a question."""
ALL: Final[_Subject]
"""Over everybody there, in a question."""

@final
class Proof:
    """Why something may or may not be done; `str()` says it in English."""

    actor: Final[str]
    """The key of who asks."""
    capability: Final[str]
    """The name of the capability."""
    site: Final[str | None]
    """The key of the site where it is asked."""
    category: Final[str | None]
    """The key of the category where it is asked."""
    course: Final[str | None]
    """The key of the course where it is asked; all three are `None` for the whole registry."""
    over: Final[str | None]
    """Over whom: a key, `ANY`, `ALL`; `None` for nobody."""
    allowed: Final[bool]
    """Whether it may be done."""
    because: Final[Because]
    """`allowed`, or the word for why not."""
    considered: Final[list[Considered]]
    """Every role that the person holds there, by whatever reason, counting or not."""
    summary: Final[str]
    """The same in English."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Considered:
    """A role that was considered."""

    role: Final[str]
    """The key of the role."""
    site: Final[str | None]
    """The key of the site where it is held."""
    category: Final[str | None]
    """The key of the category where it is held."""
    course: Final[str | None]
    """The key of the course where it is held; all three are `None` for the whole registry."""
    via: Final[str]
    """Why it is held, in English."""
    grant: Final[int | None]
    """The number of the grant; `None` if it is not by one."""
    audience: Final[str | None]
    """Over whom it is held, in English; `None` for everybody."""
    says: Final[list[Said]]
    """What the role says, from within to without; its own definition last."""
    effect: Final[Effect | None]
    """What that comes to; `None` if it says nothing."""
    discounted: Final[str | None]
    """Why it does not count, in English; `None` if it does."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Said:
    """What a role says of a capability at a place."""

    effect: Final[Effect]
    """What it says."""
    scope: Final[str | None]
    """Where, in English, such as ``site `emea` ``; `None` for the role's own definition."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Category:
    """Courses of a site that belong together."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    site: Final[str]
    """The key of its site."""
    parent: Final[str | None]
    """The key of the category that it lies in; `None` if it lies directly in its site."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Capability:
    """Something that can be allowed or denied."""

    name: Final[str]
    """The name, such as `grade.edit`."""
    kind: Final[CapabilityKind]
    """Whether something is looked at or changed."""
    innermost: Final[ScopeKind]
    """The innermost kind of place where it makes sense."""
    over: Final[bool]
    """Whether it is about a person, who has to be named in questions."""
    flags: Final[list[CapabilityFlag]]
    """What whoever gives it away should know."""
    sentence: Final[str]
    """What it lets people do, as a sentence."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Role:
    """What a holder may do."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    description: Final[str | None]
    """What it is for."""
    site: Final[str | None]
    """The key of the site whose administrators define it; `None` for the whole registry."""
    allow: Final[list[str]]
    """What it gives: capabilities and patterns."""
    withhold: Final[list[str]]
    """What it does not give, which another role may."""
    deny: Final[list[str]]
    """What it denies, whatever other roles say."""
    may_assign: Final[list[str]]
    """The keys of the roles that its holders may give to others; `*` for all."""
    needs_audience: Final[bool]
    """Whether it is never held without an audience."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Grant:
    """A role held."""

    number: Final[int]
    """The number, for `revoke`; never given again."""
    role: Final[str]
    """The key of the role."""
    user: Final[str | None]
    """The key of the person who holds it; `None` if a segment does."""
    segment: Final[str | None]
    """The key of the segment whose members hold it; `None` if a person does."""
    site: Final[str | None]
    """The key of the site where it is held."""
    category: Final[str | None]
    """The key of the category where it is held."""
    course: Final[str | None]
    """The key of the course where it is held; all three are `None` for the whole registry."""
    over: Final[AudienceDict | None]
    """Over whom, with one key, as it is given; `None` for everybody. A new dict each time."""
    from_: Final[datetime | None]
    """The instant from which on it counts; `None` for always."""
    until: Final[datetime | None]
    """The instant from which on it no longer counts; `None` for never."""
    note: Final[str]
    """Why, in the words of whoever gave it; may be empty."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

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
class Problem:
    """Something that keeps a transaction from being committed as it is, and the change that it comes from; `str()` is the
    message."""

    change: Final[int]
    """Which change of the transaction, from 1; those that were refused do not count."""
    line: Final[int | None]
    """The line of the feed, if the change was an import."""
    user: Final[str | None]
    """The key of the person concerned, if it is about one."""
    attribute: Final[str | None]
    """The key of the attribute, if it is about one."""
    value: Final[str | None]
    """The value, as text, if there is one."""
    code: Final[str]
    """The kind of error that it is: `invalid_value`, `not_unique` or `not_possible`."""
    reason: Final[str]
    """What is wrong, without where."""
    message: Final[str]
    """The same with where, in English."""

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
    """The registry as it would be; as it is, if the request was committed before."""
    held: Final[Hold | None]
    """What the guard holds it for: `commit` would refuse it, and `confirm` takes its token. `None` if it is not held."""
    repeats: Final[bool]
    """Whether the same request was committed before, so that this is what it came to then."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Guard:
    """From where on what a commit ends has to be confirmed: more than a share, and more than a number."""

    percent: Final[int]
    """More than so many of a hundred."""
    count: Final[int]
    """And more than so many."""
    enabled: Final[bool]
    """Whether anything is held at all."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Hold:
    """A commit that has to be confirmed, since it would end more than the guard lets pass; `str()` is a summary."""

    revision: Final[int]
    """The revision that the commit would be."""
    token: Final[str]
    """What confirms exactly this commit."""
    guard: Final[Guard]
    """What the guard lets pass."""
    excesses: Final[list[Excess]]
    """Where it is more; at least one place."""
    summary: Final[str]
    """The same in English."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Excess:
    """Where a commit would end more than the guard lets pass."""

    site: Final[str | None]
    """The key of the site; `None` for the registry as a whole."""
    what: Final[Lost]
    """What would end."""
    count: Final[int]
    """How many would end by this commit."""
    earlier: Final[int]
    """How many the same author ended in the 24 hours before, unconfirmed."""
    of: Final[int]
    """How many there are, those ended earlier included."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Warning:
    """Something that a commit does, is allowed and is probably not meant; `str()` says it in English. What does not
    belong to the kind of thing is `None`."""

    warning: Final[WarningCode]
    """What kind of thing."""
    message: Final[str]
    """The same in English."""
    segment: Final[str | None]
    """Of `rule`: the key of the segment that was defined. Of `erased`: that of the segment that says something."""
    lint: Final[Lint | None]
    """Of `rule`: what is strange about it."""
    attribute: Final[str | None]
    """Of `circle`: the key of the attribute that says to whom people report."""
    users: Final[list[str] | None]
    """Of `circle`: the keys of the first ten, in the order in which they report."""
    people: Final[int | None]
    """Of `circle`: how many they are."""
    place: Final[Place | None]
    """Of `erased`: where the segment says something of a person who is erased. `rule`: its rule names the person;
    `text`: its rule has a text that stands for the person; `words`: its name, owner or description does."""
    reason: Final[str | None]
    """Of `unclean`: why bytes of what was erased are still in the file, so that it has to be cleaned later."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Delta:
    """Everything that a commit did, or that a previewed one would do; `str()` is a summary."""

    revision: Final[int]
    """The revision of the commit; of the last one before it if there was nothing to record."""
    at: Final[datetime]
    """When it took effect."""
    author: Final[str]
    """Who made it: the name of the host, or the key of the person."""
    note: Final[str]
    """Why, in the host's words; may be empty."""
    is_empty: Final[bool]
    """Whether nothing changed."""
    users_created: Final[int]
    """How many people were created."""
    users_changed: Final[int]
    """How many people who were there before were changed."""
    users_suspended: Final[int]
    """How many people were suspended; they are among those who were changed."""
    warnings: Final[list[Warning]]
    """What is probably not meant, although it is allowed: rules that are strange, circles of managers; a new list each
    time."""
    summary: Final[str]
    """What `str()` says, and the warnings: for a mail."""
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
    """The key of the enrolment rule, or `manual` or `bulk`."""
    due: Final[date | None]
    """The day on which the person is to be done by this reason from then on; `None` if the step gives none."""

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
    guard: Final[Guard]
    """From where on what a commit ends has to be confirmed."""
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

    def next_change_at(self) -> datetime | None:
        """When time alone next changes anything, as `Registry.next_change_at`."""

    def categories(self) -> list[Category]:
        """The categories, in order of definition."""

    def capabilities(self) -> list[Capability]:
        """All capabilities: those that are built in, the host's own, then two for each attribute."""

    def roles(self) -> list[Role]:
        """The roles, those that are built in first."""

    def grants(self) -> list[Grant]:
        """The grants, in the order in which they were given."""

    def who_can(
        self,
        capability: str,
        at: datetime,
        *,
        site: str | None = None,
        category: str | None = None,
        course: str | None = None,
        over: str | _Subject | None = None,
    ) -> list[str]:
        """The keys of everybody who may do something at an instant, in the order in which people were created.

        Errors: `unknown_capability`, `unknown_site`, `unknown_category`, `unknown_course`, `unknown_user`,
        `invalid_question` as of `Actor.can`, `invalid_instant`; `ValueError` for a datetime without a time zone.

        Example:
            snapshot.who_can("grade.edit", datetime.now(timezone.utc), course="gdpr", over="bob")
        """

    def users(self) -> list[str]:
        """The keys of all people, in the order in which they were created."""

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

    def exceptions(self, segment: str) -> list[SegmentException]:
        """Who is in or out of a segment by hand, in the order in which people were created.

        Errors: `unknown_segment`.
        """

    def completed(self, user: str, course: str) -> datetime | None:
        """When a person last completed a course; `None` if never. Errors: `unknown_user`, `unknown_course`."""

    def score(self, user: str, course: str) -> Decimal | None:
        """A person's score in a course, from 0 to 1; `None` without one.

        Errors: `unknown_user`, `unknown_course`.
        """

    def preview_rule(
        self,
        rule: str | None = None,
        *,
        rule_tree: RuleTree | None = None,
        builder: BuilderQuery | None = None,
        site: str | None = None,
        segment: str | None = None,
        at: datetime | None = None,
    ) -> RulePreview:
        """What a rule would select among the active members of a site, or of any: nothing is changed. Compared
        with a segment that has another rule now, if one is given, whose site and pins and bans then count. It says
        what a transaction at an instant would come to, days until then included; at the clock if left out.

        Errors: `invalid_rule`, `invalid_definition` unless there is exactly one rule, `unknown_site`,
        `unknown_segment`, `not_possible` if the rule names what is not for segments of its site or the segment would
        depend on itself, `too_many` if it would end too long a chain of segments, `invalid_instant`; `ValueError` for
        a datetime without a time zone.

        Example:
            preview = snapshot.preview_rule('user.country != "DE"', segment="germans")
            print(preview.member_count, preview.joining(), *preview.lints, sep="\n")
        """

    def lints(self, segment: str) -> list[Lint]:
        """What is strange about the rule of a segment, although it is right; nothing where members are put in by
        hand. Errors: `unknown_segment`.

        Example:
            for lint in snapshot.lints("germans"):
                print(lint.lint, lint)
        """

    def rule_builder(self, segment: str) -> dict[str, Any] | None:
        """The rule of a segment as a query of a rule builder, for its web page; a new dict each time. `None`
        where members are put in by hand.

        Errors: `unknown_segment`, `invalid_rule` if rule builders have no words for a part of it.
        """

    def rule_tree(self, segment: str) -> dict[str, Any] | None:
        """The rule of a segment as the typed tree; a new dict each time. `None` where members are put in by hand.

        Errors: `unknown_segment`.
        """

    def segment_sql(self, segment: str, dialect: Dialect, at: datetime | None = None) -> Sql:
        """A query for the ids of a segment's members, over the tables of the registry's SQLite file or a copy of
        them in another database. What the rule says of days is worked out for the day that it is at an instant;
        at the clock if left out.

        Errors: `unknown_segment`, `invalid_definition` for a dialect that there is not, `not_possible` unless the
        segment is active, or if its rule names a segment without `sql_rows`, `invalid_rule` if the database cannot
        be asked for it exactly, `invalid_instant`; `ValueError` for a datetime without a time zone.

        Example:
            sql = snapshot.segment_sql("germans", "sqlite")
            # Not of a file that is open here: of a copy, in another process, or after close().
            rows = sqlite3.connect("copy.db").execute(sql.text, sql.parameters).fetchall()
        """

    @overload
    def enrolments(self, *, user: str, course: str | None = None) -> list[Enrolment]:
        """The enrolments of a person, in the order in which courses were defined; those in a course, in the
        order in which people were created; or the one of a person in a course, if there is one.

        Errors: `unknown_user`, `unknown_course`; `TypeError` if neither is given.
        """

    @overload
    def enrolments(self, *, user: str | None = None, course: str) -> list[Enrolment]: ...
    def plan(self) -> list[Step]:
        """What would have to happen to enrolments for them to be as the rules want them at the clock. Nothing, always: a
        step here is a fault of this library, or of the file. It looks at every enrolment and is meant for audits.
        """

    def explain_membership(self, user: str, segment: str) -> MembershipExplanation:
        """Why a person is, or is not, in a segment, and what would have to be otherwise for that to change.

        Errors: `unknown_user`, `unknown_segment`.

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
    closed: Final[bool]
    """Whether its memberships count as inactive, until it is reopened."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class AttributeOption:
    """An option of a choice or multi-choice attribute."""

    key: Final[str]
    """The key: the word that data and rules use."""
    name: Final[str]
    """The name for people."""
    retired: Final[bool]
    """Whether nobody can be given it any longer."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Attribute:
    """A typed field of a person's profile."""

    key: Final[str]
    """The key: `department` in `user.department`."""
    type: Final[AttributeType]
    """The type."""
    options: Final[list[AttributeOption] | None]
    """The options of a choice or multi-choice, which `define_attribute` takes back; `None` of any other type."""
    name: Final[str]
    """The name for people."""
    help: Final[str | None]
    """What it means, for people who fill it in."""
    site: Final[str | None]
    """The key of the site whose administrators define it; `None` for the whole registry."""
    required: Final[bool]
    """Whether everybody must have a value."""
    unique: Final[bool]
    """Whether no two people may have the same value."""
    ignore_case: Final[bool]
    """Of text: whether it is compared without regard to case."""
    pattern: Final[str | None]
    """Of text: a pattern that every value matches."""
    minimum: Final[Value | None]
    """Of numbers, dates and timestamps: the least value allowed."""
    maximum: Final[Value | None]
    """Of numbers, dates and timestamps: the greatest value allowed."""
    default: Final[Value | None]
    """The value that a person created without one is given."""
    sensitivity: Final[Sensitivity]
    """How much care the values need."""
    self_writable: Final[bool]
    """Whether people may change their own value."""

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
    category: Final[str | None]
    """The key of the category that it lies in; `None` if it lies directly in its site."""
    archived: Final[bool]
    """Whether rules bring nobody and let nobody go, until it is restored."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Segment:
    """People selected by a rule or by hand."""

    key: Final[str]
    """The key."""
    name: Final[str]
    """The name for people."""
    site: Final[str | None]
    """The key of the site among whose members it selects; `None` for those of any site."""
    rule: Final[str | None]
    """The rule, as text in its one canonical form; `None` where members are put in by hand."""
    english: Final[str | None]
    """The rule in English; `None` where members are put in by hand."""
    state: Final[SegmentState]
    """Whether it selects."""
    owner: Final[str | None]
    """Who answers for it, in the host's words."""
    description: Final[str | None]
    """What it is for, in the host's words."""
    sql_rows: Final[bool]
    """Whether stores that people read with SQL keep a row for each member."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SegmentException:
    """What was decided by hand about a person and a segment."""

    user: Final[str]
    """The user's key."""
    exception: Final[SegmentDecision]
    """The decision."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RulePreview:
    """What a rule would select."""

    rule: Final[str]
    """The rule, as text in its one canonical form."""
    english: Final[str]
    """The rule in English."""
    member_count: Final[int]
    """How many would be in, pins and bans considered."""
    joining_count: Final[int]
    """How many of them are not in the segment now; all of them if none was given."""
    leaving_count: Final[int]
    """How many are in the segment now and would no longer be."""
    unknown_count: Final[int]
    """How many are left out because the rule cannot be answered for want of a value."""
    by_site: Final[dict[str, int]]
    """How many of those who would be in are active members of each site; one person may count at several."""
    sample: Final[list[str]]
    """The keys of the first ten of them."""
    lints: Final[list[Lint]]
    """What is strange about the rule; a new list each time."""

    def members(self) -> list[str]:
        """The keys of those who would be in, in the order in which people were created."""

    def joining(self) -> list[str]:
        """The keys of those of them who are not in the segment now."""

    def leaving(self) -> list[str]:
        """The keys of those who are in the segment now and would no longer be."""

    def unknown(self) -> list[str]:
        """The keys of those left out because the rule cannot be answered for want of a value."""

    def __eq__(self, other: object, /) -> bool: ...

@final
class Lint:
    """Something strange about a rule although it is right; `str()` says it in English. What does not belong to the
    kind of thing is `None`."""

    lint: Final[LintCode]
    """What kind of thing."""
    message: Final[str]
    """The same in English."""
    people: Final[int | None]
    """Of `left_out_as_unknown`: how many people are left out because a value is missing."""
    missing: Final[list[tuple[str, int]] | None]
    """Of `left_out_as_unknown`: the attributes that are missing, each with how many of those people lack it."""
    instead: Final[str | None]
    """Of `left_out_as_unknown`: what to write to have them in."""
    part: Final[str | None]
    """Of `never_true`, `always_true` and `contradicts`: the part of the rule, in English."""
    attribute: Final[str | None]
    """Of `contradicts` and `unused`: the attribute's key."""
    segment: Final[str | None]
    """Of `duplicate` and `subsumed`: the other segment's key."""
    value: Final[str | None]
    """Of `unused`: the value that nobody has."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Sql:
    """A query with the values to bind: the first is `?1` in SQLite and `$1` elsewhere; one may stand in the text
    several times."""

    text: Final[str]
    """The text, in which no value stands."""
    parameters: Final[list[str | int | bool]]
    """The values to bind, in order."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class MembershipEvent:
    """A person joining or leaving a segment, and the commit that did it."""

    revision: Final[int]
    """The revision of the commit."""
    at: Final[datetime]
    """When."""
    author: Final[str]
    """The name of the host that made the commit."""
    note: Final[str]
    """Why, in the host's words; may be empty."""
    joined: Final[bool]
    """Whether the person joined; otherwise left."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class UserEvent:
    """Something that happened to a person, and the commit that did it; `str()` says it in English. What does not belong to
    what happened is `None`. Everything is named by the key that it has now."""

    revision: Final[int]
    """The revision of the commit."""
    at: Final[datetime]
    """When."""
    author: Final[str]
    """Who made the commit: the name of the host, or the key of the person."""
    note: Final[str]
    """Why, in the host's words; may be empty."""
    what: Final[UserEventCode]
    """What happened."""
    message: Final[str]
    """The same in English."""
    status: Final[UserStatus | None]
    """Of `status`: the person's; of `membership`: that of the membership, `None` if it ended."""
    attribute: Final[str | None]
    """Of `value`: the attribute's key."""
    value: Final[Value | None]
    """Of `value`: what it became; `None` if it was taken away, or nothing tells any longer what it was."""
    site: Final[str | None]
    """Of `membership`: the site's key."""
    segment: Final[str | None]
    """Of `decided`, `joined` and `left`: the segment's key."""
    exception: Final[SegmentDecision | None]
    """Of `decided`: the decision; `None` if it was taken back."""
    course: Final[str | None]
    """Of `recorded` and `step`: the course's key."""
    action: Final[Action | None]
    """Of `step`: what happened to the enrolment."""
    reason: Final[str | None]
    """Of `step`: the key of the enrolment rule, or `manual` or `bulk`."""
    role: Final[str | None]
    """Of `granted`: the key of the role."""
    grant: Final[int | None]
    """Of `granted` and `revoked`: the number of the grant."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Difference:
    """Something that an audit found to be otherwise than it should be; `str()` is the message."""

    revision: Final[int | None]
    """The revision of the commit that it concerns; `None` if it concerns none."""
    entry: Final[int | None]
    """The entry of that commit, by position from 0; `None` if it concerns none."""
    what: Final[str]
    """What is wrong."""
    message: Final[str]
    """The same with where, in English."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Verification:
    """What an audit found; `str()` is a summary."""

    is_intact: Final[bool]
    """Whether everything is as it should be."""
    revision: Final[int]
    """The last revision."""
    head: Final[str | None]
    """The end of the chain, to be kept in another place and given to the next audit; `None` if nothing is sealed."""
    sealed_from: Final[int | None]
    """The first commit that is sealed: earlier ones could be edited without trace."""
    keyed_from: Final[int | None]
    """The first commit that is sealed with a journal key, which programs in Rust give: whoever can write the file could
    make those before anew."""
    archived_to: Final[int | None]
    """The revision before the first commit that is here; `None` if none is archived."""
    commits: Final[int]
    """How many commits were read."""
    erased: Final[int]
    """How many entries, and words of commits, are erased: their seals hold, but what they were nobody can check."""
    differences: Final[list[Difference]]
    """What is not as it should be, the first things first; at most a hundred."""
    summary: Final[str]
    """The same in English."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Archived:
    """What became of an archiving."""

    from_: Final[int]
    """The first revision in the archive."""
    to: Final[int]
    """The last one."""
    delta: Final[Delta]
    """What the commit did that records it."""

    def __eq__(self, other: object, /) -> bool: ...

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
    role: Final[str]
    """The key of the role that people are enrolled as."""
    from_: Final[datetime | None]
    """The instant from which on it acts; `None` for always."""
    until: Final[datetime | None]
    """The instant from which on it no longer acts; `None` for never."""
    due: Final[date | timedelta | None]
    """When people are to be done: on a day, or whole days after the reason arose; `None` for no day."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class User:
    """A person."""

    key: Final[str]
    """The key."""
    status: Final[UserStatus]
    """The person's status."""
    created: Final[datetime]
    """When the person was created."""
    values: Final[dict[str, Value]]
    """The values that the person has, by attribute; a new dict each time."""
    sites: Final[dict[str, Status]]
    """The statuses of the person's memberships, by site; a new dict each time."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reason:
    """One reason for an enrolment."""

    reason: Final[str]
    """The key of the enrolment rule, or `manual` or `bulk`."""
    role: Final[str]
    """The key of the role that it enrols the person as."""
    state: Final[ReasonState]
    """Whether it is in force."""
    since: Final[datetime]
    """Since when it has been there."""
    due: Final[date | None]
    """The day on which the person is to be done, by this reason; `None` for no day."""

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
    due: Final[date | None]
    """The day on which the person is to be done, the earliest of the reasons in force; `None` for no day, and while the
    enrolment is suspended."""
    suspended_by_hand: Final[datetime | None]
    """Since when it has been suspended by hand; `None` if it is not."""
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
    state: Final[SegmentState]
    """Whether the segment selects."""
    exception: Final[SegmentDecision | None]
    """What was decided by hand; `None` if nothing was."""
    flips: Final[list[FlipDict]]
    """What would have to be otherwise for the answer to be otherwise; none of it can be left out. Empty where nothing
    of the kind was found, and while the segment is a draft or paused. A new list each time."""

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
