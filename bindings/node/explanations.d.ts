// Why somebody is, or is not, in a segment or enrolled in a course. Part of `index.d.ts`, which says how the
// declarations are kept true. All of it is immutable, but for what `toJSON` makes.

import type { ReasonState, SegmentDecision, SegmentState, Status } from './records.js'

/** Why a person is, or is not, in a segment. */
export interface MembershipExplanation {
  readonly user: string
  readonly segment: string
  /** The answer. */
  readonly member: boolean
  /** Whether the segment selects. */
  readonly state: SegmentState
  /** What was decided by hand; `null` if nothing was. */
  readonly exception: SegmentDecision | null
  /** What would have to be otherwise for the answer to be otherwise; none of it can be left out. May be empty. */
  readonly flips: readonly FlipData[]
  /** In English: one line that answers, then a line for each part of the rule. */
  toString(): string
  /** The whole explanation, for programs. */
  toJSON(): MembershipData
}

/** Something that would have to be otherwise for the answer to be otherwise. */
export interface FlipData {
  /** A test of the rule in English, or a circumstance: `pinned`, `banned`, `active`, `member`. */
  readonly test: string
  /** What it would have to become. */
  readonly becomes: boolean
  /** The same as one sentence. */
  readonly says: string
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
  readonly state: SegmentState
  /** Absent unless the segment was deleted, so that nobody is in it any longer. */
  readonly deleted?: boolean
  /** What was decided by hand; absent if nothing was. */
  readonly exception?: SegmentDecision
  /** What the rule says of the person, part by part; absent where members are put in by hand. */
  readonly rule?: RuleData
  /** Absent where nothing of the kind was found, and while the segment is a draft or paused. */
  readonly flips?: readonly FlipData[]
  /** The instant for which this holds; absent in a registry without commits. */
  readonly at?: string
}

/** What a part of a rule says of a person. */
export interface RuleData {
  readonly truth: 'true' | 'false' | 'unknown'
  /** The part in English. */
  readonly rule: string
  /** Of a combination. */
  readonly combines?: 'all' | 'any' | 'not' | 'xor'
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
  /** The day on which the person is to be done, the earliest of the reasons in force. */
  readonly due?: string
  /** Since when it has been suspended by hand; absent if it is not. */
  readonly suspended_by_hand?: string
  /** Absent unless the course is archived, so that no rule changes anything there. */
  readonly archived?: boolean
  /** What holds the enrolment. */
  readonly reasons: readonly ReasonData[]
  /** Enabled rules that would enrol in this course but do not hold this person, and why. */
  readonly others: readonly ReasonData[]
}

/** One reason for an enrolment, or why a rule is none. */
export interface ReasonData {
  /** The key of the enrolment rule, or `manual` or `bulk`. */
  readonly reason: string
  /** The key of the role that it enrols the person as. */
  readonly role: string
  /** Absent if the rule does not hold the person. */
  readonly state?: ReasonState
  readonly since?: string
  /** The day on which the person is to be done, by this reason. */
  readonly due?: string
  /** What keeps the rule from applying although the person may be in its segment. */
  readonly obstacle?: string
  /** Why the person is, or is not, in the rule's segment; absent for `manual` and `bulk`. */
  readonly membership?: MembershipData
}
