// What is read: snapshots and what they are made of, and the words for it. Part of `index.d.ts`, which says how the
// declarations are kept true. All of it is immutable. Not here: deltas (`deltas.d.ts`), explanations
// (`explanations.d.ts`).

import type { Capability, Category, Grant, Role, Subject } from './access.js'
import type { Guard, Step } from './deltas.js'
import type { EnrolmentExplanation, MembershipExplanation } from './explanations.js'

export type * from './explanations.js'

/** A calendar day, such as `2026-01-31`. A `Date` is an instant, and which day that is depends on the zone. */
export type Day = string
/** Whether a person, or a person's membership of a site, counts. */
export type Status = 'active' | 'suspended'
/** Of a person, as it is read: whoever is erased is so for good. */
export type UserStatus = Status | 'erased'
/** The type of an attribute. A `path` is a place in a tree, such as `EMEA/ZA`; a `user` is another person. */
export type AttributeType =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'choice'
  | 'multi_choice'
  | 'user'
  | 'path'
/**
 * A value of an attribute. Read, an integer is a number, a decimal is text (`'0.1'`, exact), a date is a {@link Day}, a
 * timestamp is a `Date`, a multi-choice is the keys of its options, a user is a key, and all else is text.
 */
export type Value = string | number | boolean | Date | readonly string[]
/** A value as it is given: text stands for a value of any type, as in a feed. */
export type InputValue = Value | bigint
/** The typed tree of a rule: plain data, in which everything stands as a number. */
export type RuleTree = object
/** A query of a rule builder of the `react-querybuilder` family: plain data, as its web page gives it. */
export type BuilderQuery = object
/** How much care values of an attribute need. */
export type Sensitivity = 'public' | 'internal' | 'personal' | 'sensitive'
/** Whether a segment selects: not yet, yes, or no longer, with the members that it had. */
export type SegmentState = 'draft' | 'active' | 'paused'
/** What was decided by hand about a person and a segment, whatever the rule says: always in, or never. */
export type SegmentDecision = 'pinned' | 'banned'
/** Whose SQL is written. */
export type Dialect = 'sqlite' | 'postgres' | 'duckdb'
/** How far a commit to a file goes to last: on disk when it is done, or only beyond the end of the process. */
export type Durability = 'full' | 'normal'
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
  | 'due_changed'
  | 'resumed_by_hand'
  | 'suspended_by_hand'
  | 'kept'
  | 'reason_dropped'
  | 'suspended'
  | 'unenrolled'

/** The registry at a revision, for reading. It never changes, and can still be read when the registry is closed. */
export interface Snapshot {
  /** The revision; 0 for the empty registry. */
  readonly revision: number
  /** The instant of the last commit; `null` if there is none. */
  readonly clock: Date | null
  /** From where on what a commit ends has to be confirmed. */
  readonly guard: Guard
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
  /** When time alone next changes anything, on Node's thread pool; `null` if nothing ever will. */
  nextChangeAt(): Promise<Date | null>
  /** The categories, in order of definition. */
  categories(): readonly Category[]
  /** All capabilities: those that are built in, the host's own, then two for each attribute. */
  capabilities(): readonly Capability[]
  /** The roles, those that are built in first. */
  roles(): readonly Role[]
  /** The grants, in the order in which they were given. */
  grants(): readonly Grant[]
  /**
   * The keys of everybody who may do something at an instant, in order of creation.
   *
   * ```js
   * snapshot.whoCan('grade.edit', { at: new Date(), course: 'gdpr', over: 'bob' })
   * ```
   *
   * @throws MatriculaError `unknown_capability`, `unknown_site`, `unknown_category`, `unknown_course`, `unknown_user`;
   * `invalid_question` as of {@link Actor.can}; `invalid_instant`
   */
  whoCan(capability: string, options: {
    at: Date
    site?: string | null | undefined
    category?: string | null | undefined
    course?: string | null | undefined
    over?: Subject | null | undefined
  }): string[]
  /** The keys of all people, in order of creation. */
  users(): string[]
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
   * Who is in or out of a segment by hand, in order of creation.
   * @throws MatriculaError `unknown_segment`
   */
  exceptions(segment: string): SegmentException[]
  /**
   * When a person last completed a course; `null` if that is not recorded.
   * @throws MatriculaError `unknown_user`, `unknown_course`
   */
  completed(user: string, course: string): Date | null
  /**
   * A person's score in a course, exactly, such as `'0.85'`; `null` if there is none.
   * @throws MatriculaError `unknown_user`, `unknown_course`
   */
  score(user: string, course: string): string | null
  /**
   * What a rule would select, pins and bans considered, if a transaction at an instant saved it. Nothing is changed. The
   * work is done on Node's thread pool.
   *
   * ```js
   * const preview = await snapshot.previewRule('user.level > 3', { segment: 'seniors' })
   * console.log(preview.memberCount, preview.joining(), preview.lints.map(lint => lint.message))
   * ```
   *
   * @param rule the rule as text; `null` or left out if it comes in another notation
   * @param options `ruleTree`, `builder`: the other notations; `site`: among whose members, those of any site if left
   * out; `segment`: which segment is to have the rule, whose site then counts and whose members are compared with;
   * `at`: the registry's clock if left out
   * @throws MatriculaError `invalid_rule`; `invalid_definition` if no rule is given, or more than one; `not_possible` if
   * it names what is not for segments of its site, or the segment would depend on itself; `too_many` if it would end
   * too long a chain of segments; `unknown_site`; `unknown_segment`; `invalid_instant`
   */
  previewRule(rule?: string | null | undefined, options?: PreviewRuleOptions): Promise<RulePreview>
  /**
   * What is strange about the rule of a segment; nothing about one without a rule. The work is done on Node's thread
   * pool.
   * @throws MatriculaError `unknown_segment`
   */
  lints(segment: string): Promise<readonly Lint[]>
  /**
   * The rule of a segment as the query of a rule builder of the `react-querybuilder` family; `null` if it has none.
   * @throws MatriculaError `unknown_segment`, `invalid_rule` if rule builders have no words for a part of it
   */
  ruleBuilder(segment: string): BuilderQuery | null
  /**
   * The rule of a segment as its typed tree, plain data that names everything by number; `null` if it has none.
   * @throws MatriculaError `unknown_segment`
   */
  ruleTree(segment: string): RuleTree | null
  /**
   * A query for the ids of a segment's members, over the tables that the file has or a copy of them in another
   * database. What the rule says of days is worked out for the day that it is at an instant.
   *
   * ```js
   * const { text, parameters } = snapshot.segmentSql('sales', 'postgres', { at: new Date() })
   * const { rows } = await client.query(text, parameters)
   * ```
   *
   * @param options `at`: the registry's clock if left out
   * @throws MatriculaError `unknown_segment`; `invalid_definition` for an unknown dialect; `not_possible` if it is not
   * active or its rule names a segment without rows for SQL; `invalid_rule` if the database cannot be asked exactly
   */
  segmentSql(segment: string, dialect: Dialect, options?: { at?: Date | null | undefined }): Sql
  /**
   * The enrolments of a person in the order in which courses were defined, those in a course in the order in which
   * people were created, or the one of a person in a course, if there is one.
   * @throws MatriculaError `unknown_user`, `unknown_course`
   */
  enrolments(
    of: { user: string; course?: string | null | undefined } | { user?: string | null | undefined; course: string },
  ): Enrolment[]
  /**
   * What would have to happen to enrolments for them to be as the rules want them at the clock. Nothing, always: a step
   * here is a fault of this library, or of the file. It looks at every enrolment, on Node's thread pool, and is meant for
   * audits.
   */
  plan(): Promise<Step[]>
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
  /** Whether its memberships count as inactive, until it is reopened. */
  readonly closed: boolean
}

/** A typed profile field. */
export interface Attribute {
  readonly key: string
  readonly type: AttributeType
  /** The name for people. */
  readonly name: string
  /** What it means, for people who fill it in. */
  readonly help: string | null
  /**
   * The options of a choice or multi-choice, retired ones included; `null` for any other type. Their keys are
   * `options.map(option => option.key)`.
   */
  readonly options: readonly AttributeOption[] | null
  /** The key of the site whose administrators define it; `null` for the whole registry. */
  readonly site: string | null
  /** Whether everybody must have a value. */
  readonly required: boolean
  /** Whether no two people may have the same value. */
  readonly unique: boolean
  /** Whether it is compared without regard to case. */
  readonly ignoreCase: boolean
  /** What every value matches. */
  readonly pattern: string | null
  readonly minimum: Value | null
  readonly maximum: Value | null
  /** The value that somebody created without one is given. */
  readonly default: Value | null
  readonly sensitivity: Sensitivity
  /** Whether people may change their own value. */
  readonly selfWritable: boolean
}

/** An option of a choice. */
export interface AttributeOption {
  /** The word that data and rules use. */
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** Whether nobody can be given it any longer. */
  readonly retired: boolean
}

/** A course of a site. */
export interface Course {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of its site. */
  readonly site: string
  /** The key of the category that it lies in; `null` if it lies directly in its site. */
  readonly category: string | null
  /** Whether rules bring nobody and let nobody go, until it is restored. */
  readonly archived: boolean
}

/** People selected by a rule or by hand. */
export interface Segment {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of the site among whose members it selects; `null` for those of any site. */
  readonly site: string | null
  /** The rule, in its canonical text; `null` where members are put in by hand. */
  readonly rule: string | null
  /** The rule in English; `null` where members are put in by hand. */
  readonly english: string | null
  readonly state: SegmentState
  /** Who answers for it, in the host's words. */
  readonly owner: string | null
  /** What it is for. */
  readonly description: string | null
  /** Whether stores that people read with SQL keep a row for each member. */
  readonly sqlRows: boolean
}

/** What was decided by hand about a person. */
export interface SegmentException {
  /** The user's key. */
  readonly user: string
  readonly exception: SegmentDecision
}

/** A person joining or leaving a segment. */
export interface MembershipEvent {
  /** The revision of the commit. */
  readonly revision: number
  readonly at: Date
  /** Who made the commit, by the name that the host gave. */
  readonly author: string
  /** Why, in the host's words. */
  readonly note: string
  /** Whether the person joined; otherwise left. */
  readonly joined: boolean
}

/** Where and when a rule is previewed, and in what notation, if not as text. */
export interface PreviewRuleOptions {
  ruleTree?: RuleTree | string | null | undefined
  builder?: BuilderQuery | string | null | undefined
  site?: string | null | undefined
  segment?: string | null | undefined
  at?: Date | null | undefined
}

/** What a rule would select. Lists of people are made when they are asked for. */
export interface RulePreview {
  /** The rule, in its canonical text. */
  readonly rule: string
  /** The rule in English. */
  readonly english: string
  /** How many would be in. */
  readonly memberCount: number
  /** How many of them are not in the segment now. */
  readonly joiningCount: number
  /** How many are in the segment now and would no longer be. */
  readonly leavingCount: number
  /** How many are left out because the rule cannot be answered for want of a value. */
  readonly unknownCount: number
  /** How many of those who would be in are active members of each site; one person may count at several. */
  readonly bySite: Readonly<Record<string, number>>
  /** The keys of the first few who would be in. */
  readonly sample: readonly string[]
  /** What is strange about the rule. */
  readonly lints: readonly Lint[]
  /** Who would be in, in order of creation, as all these lists. */
  members(): string[]
  /** Who of them is not in the segment now. */
  joining(): string[]
  /** Who is in the segment now and would no longer be. */
  leaving(): string[]
  /** Who is left out because the rule cannot be answered for want of a value. */
  unknown(): string[]
}

/**
 * Something strange about a rule that is right. Advice, not an error; `message` is English, and `lint` says what it is
 * and what else there is: parts of the rule are in English, attributes and segments are keys. There may be more kinds.
 */
export type Lint = { readonly message: string } & (
  | {
      /** People are left out because a value is missing. */
      readonly lint: 'left_out_as_unknown'
      readonly people: number
      /** The attributes that are missing, each with how many of them lack it. */
      readonly missing: readonly (readonly [attribute: string, people: number])[]
      /** What to write to have them in. */
      readonly instead: string
    }
  | { readonly lint: 'never_true' | 'always_true'; readonly part: string }
  | { readonly lint: 'contradicts'; readonly part: string; readonly attribute: string }
  | { readonly lint: 'duplicate' | 'subsumed'; readonly segment: string }
  | { readonly lint: 'unused'; readonly attribute: string; readonly value: string }
)

/** What is strange about a rule. */
export type LintCode = Lint['lint']

/** A query with the values to bind, of which the first is `?1` in SQLite and `$1` elsewhere. */
export interface Sql {
  /** No value from a rule is part of it. */
  readonly text: string
  /** A whole number beyond what a `number` says exactly is a `bigint`. */
  readonly parameters: readonly (string | number | bigint | boolean)[]
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
  /** The key of the role that people are enrolled as. */
  readonly role: string
  /** The instant from which on it acts; `null` for always. */
  readonly from: Date | null
  /** The instant from which on it no longer acts; `null` for never. */
  readonly until: Date | null
  /** When people are to be done: on a day, or so many days after the reason arose; `null` for no day. */
  readonly due: Day | number | null
}

/** A person. */
export interface User {
  readonly key: string
  readonly status: UserStatus
  /** When the person was created; `null` if that is not known. */
  readonly created: Date | null
  /** The values that the person has, by attribute. */
  readonly values: Readonly<Record<string, Value>>
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
  /** When the person is to be done, the earliest of the reasons in force; `null` for no day, and while it is suspended. */
  readonly due: Day | null
  /** Since when it has been suspended by hand; `null` if it is not. */
  readonly suspendedByHand: Date | null
  /** What holds it, at least one. */
  readonly reasons: readonly Reason[]
}

/** One reason of an enrolment. */
export interface Reason {
  /** The key of the enrolment rule, or `manual` or `bulk`. */
  readonly reason: string
  /** The key of the role that it enrols the person as. */
  readonly role: string
  readonly state: ReasonState
  /** Since when the reason has been there. */
  readonly since: Date
  /** When the person is to be done, by this reason; `null` for no day. */
  readonly due: Day | null
}
