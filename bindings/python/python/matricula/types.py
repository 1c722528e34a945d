"""Names for type checkers: the words that the library uses, the values of attributes, and the shapes of mappings."""

# Each alias is a union of single words, because that is what `mypy.stubtest` can compare with the module.

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NotRequired, TypeAlias, TypedDict

Status: TypeAlias = Literal["active"] | Literal["suspended"]
"""Of a person, as it is given; of a membership of a site, and of an enrolment."""

UserStatus: TypeAlias = Literal["active"] | Literal["suspended"] | Literal["erased"]
"""Of a person, as it is read: whoever is erased is so for good."""

AttributeType: TypeAlias = (
    Literal["text"]
    | Literal["integer"]
    | Literal["decimal"]
    | Literal["boolean"]
    | Literal["date"]
    | Literal["timestamp"]
    | Literal["choice"]
    | Literal["multi_choice"]
    | Literal["user"]
    | Literal["path"]
)
"""Of an attribute."""

Value: TypeAlias = str | int | Decimal | bool | date | datetime | list[str]
"""The value of an attribute, as it is read: the key of an option or of a person as text, a timestamp as an aware
`datetime` in UTC, options of a multi-choice as a list of their keys."""

InputValue: TypeAlias = (
    str
    | int
    | float
    | Decimal
    | bool
    | date
    | datetime
    | list[str]
    | tuple[str, ...]
    | set[str]
    | frozenset[str]
)
"""The value of an attribute, as it is given. Text stands for a value of any type: `2026-01-31`, `0.8`, `true`."""

Sensitivity: TypeAlias = (
    Literal["public"] | Literal["internal"] | Literal["personal"] | Literal["sensitive"]
)
"""How much care the values of an attribute need."""

SegmentState: TypeAlias = Literal["draft"] | Literal["active"] | Literal["paused"]
"""Whether a segment selects: not yet, yes, or no longer, with the members that it had."""

SegmentDecision: TypeAlias = Literal["pinned"] | Literal["banned"]
"""What was decided by hand about a person and a segment, whatever the rule says."""

Dialect: TypeAlias = Literal["sqlite"] | Literal["postgres"] | Literal["duckdb"]
"""Whose SQL is written."""

Lost: TypeAlias = Literal["enrolments"] | Literal["users"]
"""What the guard counts: enrolments that end or are suspended, and people who are suspended."""

WarningCode: TypeAlias = Literal["rule"] | Literal["circle"] | Literal["erased"] | Literal["unclean"]
"""What is probably not meant: a rule that is strange, people who report to each other in a circle, a segment that says
something of a person who is erased, a file that still has bytes of what was erased."""

Place: TypeAlias = Literal["rule"] | Literal["text"] | Literal["words"]
"""Where a segment says something of a person."""

LintCode: TypeAlias = (
    Literal["left_out_as_unknown"]
    | Literal["never_true"]
    | Literal["always_true"]
    | Literal["contradicts"]
    | Literal["duplicate"]
    | Literal["subsumed"]
    | Literal["unused"]
)
"""What is strange about a rule."""

Durability: TypeAlias = Literal["full"] | Literal["normal"]
"""How far a commit to a file goes to last: on disk when it returns, or only beyond the end of the process."""

LeavePolicy: TypeAlias = Literal["keep"] | Literal["suspend"] | Literal["unenrol"]
"""What becomes of an enrolment when the last reason for it goes."""

ReasonState: TypeAlias = Literal["in_force"] | Literal["kept"] | Literal["suspended"]
"""How a reason stands behind an enrolment."""

Revert: TypeAlias = Literal["strict"] | Literal["skip"]
"""What becomes of what has been changed since: nothing is undone if there is any, or it is left as it is."""

UserEventCode: TypeAlias = (
    Literal["created"]
    | Literal["status"]
    | Literal["value"]
    | Literal["membership"]
    | Literal["decided"]
    | Literal["recorded"]
    | Literal["joined"]
    | Literal["left"]
    | Literal["step"]
    | Literal["something"]
    | Literal["granted"]
    | Literal["revoked"]
    | Literal["erased"]
)
"""What can happen to a person; `something` was erased since."""

Action: TypeAlias = (
    Literal["enrolled"]
    | Literal["resumed"]
    | Literal["reason_added"]
    | Literal["reason_restored"]
    | Literal["due_changed"]
    | Literal["resumed_by_hand"]
    | Literal["suspended_by_hand"]
    | Literal["kept"]
    | Literal["reason_dropped"]
    | Literal["suspended"]
    | Literal["unenrolled"]
)
"""What happens to an enrolment. Of one enrolment at one instant, things happen in this order."""

Effect: TypeAlias = Literal["allow"] | Literal["withhold"] | Literal["deny"]
"""What a role says of a capability: it gives it, it does not and another role may, or nobody who holds the role has it."""

CapabilityKind: TypeAlias = Literal["read"] | Literal["write"]
"""Whether something is looked at or changed."""

CapabilityFlag: TypeAlias = (
    Literal["escalates"] | Literal["destroys"] | Literal["personal"] | Literal["many"]
)
"""What whoever gives a capability away should know of it: who has it can give rights to others, it cannot be undone, it is
about what people may want to keep to themselves, it concerns many people at once."""

ScopeKind: TypeAlias = (
    Literal["registry"] | Literal["site"] | Literal["category"] | Literal["course"]
)
"""A kind of place, each within the one before."""

Because: TypeAlias = (
    Literal["allowed"]
    | Literal["unknown_actor"]
    | Literal["inactive_actor"]
    | Literal["unknown_capability"]
    | Literal["unknown_scope"]
    | Literal["wrong_scope"]
    | Literal["closed_site"]
    | Literal["no_subject"]
    | Literal["needs_no_subject"]
    | Literal["unknown_subject"]
    | Literal["subject_elsewhere"]
    | Literal["locked"]
    | Literal["denied"]
    | Literal["not_given"]
)
"""That something may be done, or why it may not."""


class AudienceDict(TypedDict):
    """Over whom a grant counts, with exactly one key."""

    segment: NotRequired[str]
    """Those in a segment, also while they are suspended."""
    reports: NotRequired[str]
    """Those who name the holder in this attribute."""
    line: NotRequired[str]
    """Those, and those who name them, and so on."""
    same: NotRequired[str]
    """Those who have the same value of this attribute as the holder."""


class QuestionDict(TypedDict):
    """One of many questions: the arguments of `Actor.can`."""

    capability: str
    """The name of the capability."""
    site: NotRequired[str | None]
    """The key of the site."""
    category: NotRequired[str | None]
    """The key of the category."""
    course: NotRequired[str | None]
    """The key of the course; without any of the three, the registry as a whole."""
    over: NotRequired[object]
    """Over whom: a key, `ANY` or `ALL`; left out if it is not about people."""


class OptionDict(TypedDict):
    """An option of a choice or multi-choice attribute to be."""

    key: str
    """The word that data and rules use."""
    name: NotRequired[str | None]
    """The name for people; the key if left out."""
    retired: NotRequired[bool]
    """Whether nobody can be given it any longer; those who have it keep it."""
    was: NotRequired[str | None]
    """The key that the option had before, if it is to have another one now."""


class ColumnDict(TypedDict):
    """What a column of a feed means, with what its empty cells say."""

    target: str
    """What it means: `key`, `status`, `site`, or an attribute such as `user.department`."""
    blank: NotRequired[Literal["clear", "leave"] | None]
    """Of an attribute: what an empty cell says; as for all others if left out."""


RuleTree: TypeAlias = Mapping[str, object] | str
"""The typed tree of a rule, or its JSON text: one key, such as `all`, `compare` or `is`, with what belongs to it. Attributes, options,
segments, courses, sites and people stand in it as numbers, which are their places in the order of definition."""

BuilderQuery: TypeAlias = Mapping[str, object] | str
"""A query of a rule builder of the `react-querybuilder` family, or its JSON text: a group, with `combinator` and `rules`."""


class FlipDict(TypedDict):
    """Something that would have to be otherwise for the answer to be otherwise."""

    test: str
    """A test of the rule, in English, or a circumstance: `active`, `member`, `pinned` or `banned`."""
    becomes: bool
    """What it would have to become."""
    says: str
    """The same as one sentence."""


class RuleDict(TypedDict):
    """What a rule, or a part of it, says of a person."""

    truth: Literal["true", "false", "unknown"]
    rule: str
    """The part in English."""
    combines: NotRequired[Literal["all", "any", "not", "xor"]]
    """Of a combination."""
    parts: NotRequired[list["RuleDict"]]
    """Of a combination."""
    attribute: NotRequired[str]
    """Of a test."""
    value: NotRequired[str]
    """The person's value, of a test; left out if there is none."""


class MembershipDict(TypedDict):
    """Why a person is, or is not, in a segment."""

    user: str
    segment: str
    member: bool
    eligible: Literal["eligible", "suspended", "not_a_member"]
    """Whether the person counts at all: nobody who is suspended, or no active member of the site, does."""
    state: SegmentState
    """Whether the segment selects."""
    deleted: NotRequired[bool]
    """Left out unless the segment was deleted, so that nobody is in it any longer."""
    exception: NotRequired[SegmentDecision]
    """Left out unless something was decided by hand."""
    rule: NotRequired[RuleDict]
    """Left out where members are put in by hand."""
    flips: NotRequired[list[FlipDict]]
    """What would have to be otherwise for the answer to be otherwise; none of it can be left out. Left out where
    nothing of the kind was found, and while the segment is a draft or paused."""
    at: NotRequired[str]
    """The instant for which this holds, as RFC 3339."""


class ReasonDict(TypedDict):
    """One reason for an enrolment, or why a rule is none."""

    reason: str
    """The key of the enrolment rule, or `manual` or `bulk`."""
    role: str
    """The key of the role that it enrols the person as."""
    state: NotRequired[ReasonState]
    """Left out if the rule does not hold the person."""
    since: NotRequired[str]
    """As RFC 3339."""
    due: NotRequired[str]
    """The day on which the person is to be done, by this reason."""
    obstacle: NotRequired[str]
    """What keeps the rule from applying although the person may be in its segment."""
    membership: NotRequired[MembershipDict]
    """Of a rule: whether the person is in its segment, and why."""


class EnrolmentDict(TypedDict):
    """Why a person is, or is not, enrolled in a course."""

    user: str
    course: str
    status: NotRequired[Status]
    """Left out if the person is not enrolled."""
    since: NotRequired[str]
    """As RFC 3339."""
    due: NotRequired[str]
    """The day on which the person is to be done, the earliest of the reasons in force."""
    suspended_by_hand: NotRequired[str]
    """Since when it has been suspended by hand, as RFC 3339; left out if it is not."""
    archived: NotRequired[bool]
    """Left out unless the course is archived, so that no rule changes anything there."""
    reasons: list[ReasonDict]
    """What holds the enrolment."""
    others: list[ReasonDict]
    """Enabled rules for the course that do not hold the person, and why."""
