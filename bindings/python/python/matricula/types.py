"""Names for type checkers: the words that the library uses, and the shapes of `to_dict()` of explanations."""

# Each alias is a union of single words, because that is what `mypy.stubtest` can compare with the module.

from typing import Literal, NotRequired, TypeAlias, TypedDict

Status: TypeAlias = Literal["active"] | Literal["suspended"]
"""Of a person, of a membership of a site, and of an enrolment."""

AttributeType: TypeAlias = Literal["text"] | Literal["choice"] | Literal["date"]
"""Of an attribute."""

LeavePolicy: TypeAlias = Literal["keep"] | Literal["suspend"] | Literal["unenrol"]
"""What becomes of an enrolment when the last reason for it goes."""

ReasonState: TypeAlias = Literal["in_force"] | Literal["kept"] | Literal["suspended"]
"""How a reason stands behind an enrolment."""

Action: TypeAlias = (
    Literal["enrolled"]
    | Literal["resumed"]
    | Literal["reason_added"]
    | Literal["reason_restored"]
    | Literal["kept"]
    | Literal["reason_dropped"]
    | Literal["suspended"]
    | Literal["unenrolled"]
)
"""What happens to an enrolment."""


class RuleDict(TypedDict):
    """What a rule, or a part of it, says of a person."""

    truth: Literal["true", "false", "unknown"]
    rule: str
    """The part in English."""
    combines: NotRequired[Literal["all", "any", "not"]]
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
    rule: RuleDict
    at: NotRequired[str]
    """The instant for which this holds, as RFC 3339."""


class ReasonDict(TypedDict):
    """One reason for an enrolment, or why a rule is none."""

    reason: str
    state: NotRequired[ReasonState]
    """Left out if the rule does not hold the person."""
    since: NotRequired[str]
    """As RFC 3339."""
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
    reasons: list[ReasonDict]
    """What holds the enrolment."""
    others: list[ReasonDict]
    """Enabled rules for the course that do not hold the person, and why."""
