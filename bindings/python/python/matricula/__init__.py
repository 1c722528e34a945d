"""Who belongs where, who should learn what, and why: segments and enrolment rules.

    import matricula
    from datetime import datetime, timezone

    with matricula.open("acme.db") as registry:
        with registry.as_host("hr").transaction(at=datetime.now(timezone.utc)) as tx:
            tx.define_attribute("country", "choice", ["ZA", "DE"])
            tx.define_course("gdpr")
            tx.define_segment("germans", 'user.country == "DE"')
            tx.define_enrolment_rule("gdpr-de", "germans", ["gdpr"], on_leave="suspend")
            tx.update_user("ann", {"country": "DE"})
        print(registry.snapshot().explain_enrolment("ann", "gdpr"))

Reads are in memory and never wait. Calls that work for long release the interpreter, so that
`await asyncio.to_thread(registry.refresh)` keeps an event loop free.
"""

from matricula._matricula import (
    Archived,
    Attribute,
    AttributeOption,
    Course,
    Delta,
    Difference,
    Enrolment,
    EnrolmentExplanation,
    EnrolmentRule,
    Excess,
    Guard,
    Hold,
    Host,
    ImportReport,
    Lint,
    MatriculaError,
    MembershipEvent,
    MembershipExplanation,
    MembershipStep,
    Preview,
    Problem,
    Progress,
    Reason,
    Registry,
    RowError,
    RulePreview,
    Segment,
    SegmentException,
    Site,
    Snapshot,
    Sql,
    Step,
    Transaction,
    User,
    UserEvent,
    Verification,
    Warning,
    __version__,
    import_registry,
    limit_connections,
    memory,
    open,
)

__all__ = [
    "Archived",
    "Attribute",
    "AttributeOption",
    "Course",
    "Delta",
    "Difference",
    "Enrolment",
    "EnrolmentExplanation",
    "EnrolmentRule",
    "Excess",
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
    "Reason",
    "Registry",
    "RowError",
    "RulePreview",
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
