// What is read: previews, deltas, snapshots and what they are made of. Part of `index.d.ts`, which says how the
// declarations are kept true. All of it is immutable.

/** A calendar day, such as `2026-01-31`. A `Date` is an instant, and which day that is depends on the zone. */
export type Day = string
/** Whether a person, or a person's membership of a site, counts. */
export type Status = 'active' | 'suspended'
/** The type of an attribute: free text, one of a list of options, or a calendar day. */
export type AttributeType = 'text' | 'choice' | 'date'
/** What becomes of the enrolment of somebody who leaves the segment. */
export type LeavePolicy = 'keep' | 'suspend' | 'unenrol'
/** How a reason stands behind an enrolment. */
export type ReasonState = 'in_force' | 'kept' | 'suspended'
/** What happens to an enrolment. Of one enrolment at one instant, things happen in this order. */
export type Action =
  | 'enrolled'
  | 'resumed'
  | 'reason_added'
  | 'reason_restored'
  | 'kept'
  | 'reason_dropped'
  | 'suspended'
  | 'unenrolled'

/** How far an import has come. */
export interface Progress {
  /** Rows read so far. */
  readonly rows: number
  /** Bytes read so far. */
  readonly bytes: number
  /** Bytes of the feed. */
  readonly totalBytes: number
}

/** What an import came to. */
export interface ImportReport {
  /** Rows read. */
  readonly rows: number
  /** People created. */
  readonly created: number
  /** People changed, not counting those suspended because they are absent. */
  readonly changed: number
  /** Rows that said what was true already. */
  readonly unchanged: number
  /** People suspended because the feed does not name them. */
  readonly suspended: number
  /** Columns that the mapping leaves alone. */
  readonly ignoredColumns: readonly string[]
  /** The rows that were left out, in order. */
  readonly errors: readonly RowError[]
  /** One line of counts, then the first rows that were left out. */
  toString(): string
}

/** A row that was left out, and why. */
export interface RowError {
  /** The line on which the row begins; the header is line 1. */
  readonly line: number
  /** The column to blame, if one is. */
  readonly column: string | null
  /** What stands there, shortened if it is long. */
  readonly value: string | null
  /** What is wrong. */
  readonly reason: string
  /** Such as `line 12, column country, value "ZAA": unknown option …`. */
  toString(): string
}

/** What a transaction would do if it were committed now. */
export interface Preview {
  /** What would happen. */
  readonly delta: Delta
  /** The registry as it would be. */
  readonly snapshot: Snapshot
  /** A summary in English. */
  toString(): string
}

/** Everything that a commit did, or that a previewed one would do. */
export interface Delta {
  /** The revision of the commit; of the last one before it if there was nothing to record. */
  readonly revision: number
  /** When it took effect. */
  readonly at: Date
  /** Who, by the name that the host gave. */
  readonly author: string
  /** Why, in the host's words; may be empty. */
  readonly note: string
  /** Whether nothing changed. */
  readonly isEmpty: boolean
  /** How many people were created. */
  readonly usersCreated: number
  /** How many people who were there before were changed; each counts once. */
  readonly usersChanged: number
  /** What happened to enrolments, in order. Made when it is first asked for. */
  readonly steps: readonly Step[]
  /** Who joined and left which segment, in order. Made when it is first asked for. */
  readonly memberships: readonly MembershipStep[]
  /** How many joined and left each segment, in the order of definition. */
  readonly segmentCounts: readonly SegmentCount[]
  /** How often each thing happened in each course, in the order of definition. */
  readonly courseCounts: readonly CourseCount[]
  /** A summary in English, one line a fact, such as `course gdpr: 12 enrolled, 3 suspended`. */
  toString(): string
  /** Everything, for `JSON.stringify`. */
  toJSON(): object
}

/** One thing that happened to one enrolment. */
export interface Step {
  readonly at: Date
  readonly action: Action
  /** The user's key. */
  readonly user: string
  /** The course's key. */
  readonly course: string
  /** The key of the enrolment rule, or `manual`. */
  readonly reason: string
}

/** One person joining or leaving one segment. */
export interface MembershipStep {
  readonly at: Date
  /** The user's key. */
  readonly user: string
  /** The segment's key. */
  readonly segment: string
  /** Whether the person joined; otherwise left. */
  readonly joined: boolean
}

/** How many joined and left a segment. */
export interface SegmentCount {
  /** The segment's key. */
  readonly segment: string
  readonly joined: number
  readonly left: number
}

/** How often a thing happened in a course. */
export interface CourseCount {
  /** The course's key. */
  readonly course: string
  readonly action: Action
  readonly count: number
}

/** The registry at a revision, for reading. It never changes, and can still be read when the registry is closed. */
export interface Snapshot {
  /** The revision; 0 for the empty registry. */
  readonly revision: number
  /** The instant of the last commit; `null` if there is none. */
  readonly clock: Date | null
  /** How many people there are. */
  readonly userCount: number
  /** How many enrolments there are, suspended ones included. */
  readonly enrolmentCount: number
  /** The sites, the primary one first. */
  readonly sites: readonly Site[]
  /** The attributes, in order of definition. */
  readonly attributes: readonly Attribute[]
  /** The courses, in order of definition. */
  readonly courses: readonly Course[]
  /** The segments, in order of definition. */
  readonly segments: readonly Segment[]
  /** The enrolment rules, in order of definition. */
  readonly enrolmentRules: readonly EnrolmentRule[]
  /**
   * A person.
   * @throws MatriculaError `unknown_user`
   */
  user(key: string): User
  /**
   * The keys of the members of a segment, in order of creation.
   * @throws MatriculaError `unknown_segment`, with the nearest key
   */
  members(segment: string): string[]
  /**
   * How many members a segment has.
   * @throws MatriculaError `unknown_segment`, with the nearest key
   */
  memberCount(segment: string): number
  /**
   * Whether a person is a member of a segment.
   * @throws MatriculaError `unknown_user`, `unknown_segment`
   */
  isMember(user: string, segment: string): boolean
  /**
   * The enrolments of a person in the order in which courses were defined, those in a course in the order in which
   * people were created, or the one of a person in a course, if there is one.
   * @throws MatriculaError `unknown_user`, `unknown_course`
   */
  enrolments(
    of: { user: string; course?: string | null | undefined } | { user?: string | null | undefined; course: string },
  ): Enrolment[]
  /**
   * Why a person is, or is not, in a segment.
   * @throws MatriculaError `unknown_user`, `unknown_segment`
   */
  explainMembership(user: string, segment: string): MembershipExplanation
  /**
   * Why a person is, or is not, enrolled in a course.
   * @throws MatriculaError `unknown_user`, `unknown_course`
   */
  explainEnrolment(user: string, course: string): EnrolmentExplanation
}

/** A site: an instance with its own members, courses and calendar. */
export interface Site {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The zone whose calendar days count here, such as `Europe/Berlin`. */
  readonly zone: string
}

/** A typed profile field. */
export interface Attribute {
  readonly key: string
  readonly type: AttributeType
  /** The options of a choice; `null` for any other type. */
  readonly options: readonly string[] | null
}

/** A course of a site. */
export interface Course {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of its site. */
  readonly site: string
}

/** People selected by a rule. */
export interface Segment {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of the site among whose members it selects; `null` for those of any site. */
  readonly site: string | null
  /** The rule, in its canonical text. */
  readonly rule: string
  /** The rule in English. */
  readonly description: string
}

/** Members of a segment are enrolled in courses. */
export interface EnrolmentRule {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of the segment. */
  readonly segment: string
  /** The keys of the courses. */
  readonly courses: readonly string[]
  readonly onLeave: LeavePolicy
  /** Whether it acts. */
  readonly enabled: boolean
}

/** A person. */
export interface User {
  readonly key: string
  readonly status: Status
  /** The values that the person has, by attribute; a day as `2026-01-31`. */
  readonly values: Readonly<Record<string, string | Day>>
  /** The status of the person's memberships, by site. */
  readonly sites: Readonly<Record<string, Status>>
}

/** A person's enrolment in a course. */
export interface Enrolment {
  /** The user's key. */
  readonly user: string
  /** The course's key. */
  readonly course: string
  readonly status: Status
  /** Since when, without a break, the person has been enrolled; a suspension is no break. */
  readonly since: Date
  /** What holds it, at least one. */
  readonly reasons: readonly Reason[]
}

/** One reason of an enrolment. */
export interface Reason {
  /** The key of the enrolment rule, or `manual`. */
  readonly reason: string
  readonly state: ReasonState
  /** Since when the reason has been there. */
  readonly since: Date
}

/** Why a person is, or is not, in a segment. */
export interface MembershipExplanation {
  readonly user: string
  readonly segment: string
  /** The answer. */
  readonly member: boolean
  /** In English: one line that answers, then a line for each part of the rule. */
  toString(): string
  /** The whole explanation, for programs. */
  toJSON(): MembershipData
}

/** Why a person is, or is not, enrolled in a course. */
export interface EnrolmentExplanation {
  readonly user: string
  readonly course: string
  /** The answer; `null` if the person is not enrolled. */
  readonly status: Status | null
  /** In English: one line that answers, then a paragraph for each reason. */
  toString(): string
  /** The whole explanation, for programs. */
  toJSON(): EnrolmentData
}

/** A {@link MembershipExplanation} as data, in the same form in all languages; instants are RFC 3339. */
export interface MembershipData {
  readonly user: string
  readonly segment: string
  readonly member: boolean
  /** Whether the person counts at all, and if not why. */
  readonly eligible: 'eligible' | 'suspended' | 'not_a_member'
  readonly rule: RuleData
  /** The instant for which this holds; absent in a registry without commits. */
  readonly at?: string
}

/** What a part of a rule says of a person. */
export interface RuleData {
  readonly truth: 'true' | 'false' | 'unknown'
  /** The part in English. */
  readonly rule: string
  /** Of a combination. */
  readonly combines?: 'all' | 'any' | 'not'
  /** The key of the attribute, of a test. */
  readonly attribute?: string
  /** The person's value, of a test; absent if there is none. */
  readonly value?: string
  /** The parts of a combination. */
  readonly parts?: readonly RuleData[]
}

/** An {@link EnrolmentExplanation} as data, in the same form in all languages; instants are RFC 3339. */
export interface EnrolmentData {
  readonly user: string
  readonly course: string
  /** Absent if the person is not enrolled. */
  readonly status?: Status
  readonly since?: string
  /** What holds the enrolment. */
  readonly reasons: readonly ReasonData[]
  /** Enabled rules that would enrol in this course but do not hold this person, and why. */
  readonly others: readonly ReasonData[]
}

/** One reason for an enrolment, or why a rule is none. */
export interface ReasonData {
  /** The key of the enrolment rule, or `manual`. */
  readonly reason: string
  /** Absent if the rule does not hold the person. */
  readonly state?: ReasonState
  readonly since?: string
  /** What keeps the rule from applying although the person may be in its segment. */
  readonly obstacle?: string
  /** Why the person is, or is not, in the rule's segment; absent for `manual`. */
  readonly membership?: MembershipData
}
