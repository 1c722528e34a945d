// What a transaction comes to: imports, problems, previews, holds, deltas. Part of `index.d.ts`, which says how the
// declarations are kept true. All of it is immutable.

import type { ErrorCode } from './index.js'
import type { Action, Day, Lint, Snapshot } from './records.js'

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

/** Something that keeps a transaction from being committed as it is, and the change that it comes from. */
export interface Problem {
  /** Which change of the transaction, from 1; those that were refused do not count. */
  readonly change: number
  /** The line of the feed; `null` unless the change was an import. */
  readonly line: number | null
  /** The key of the person concerned; `null` if it is about nobody in particular. */
  readonly user: string | null
  /** The key of the attribute; `null` if it is about none. */
  readonly attribute: string | null
  /** The value, as text; `null` if there is none. */
  readonly value: string | null
  /** The kind of error that it is. */
  readonly code: ErrorCode
  /** What is wrong, without where. */
  readonly reason: string
  /** The same with where, in English. */
  readonly message: string
}

/** What a transaction would do if it were committed now. */
export interface Preview {
  /** What would happen. */
  readonly delta: Delta
  /** The registry as it would be; as it is, if the request was committed before. */
  readonly snapshot: Snapshot
  /** What the guard holds it for: `commit` would refuse it, and `confirm` takes its token. `null` if it is not held. */
  readonly held: Hold | null
  /** Whether the same request was committed before, so that this is what it came to then. */
  readonly repeats: boolean
  /** A summary in English. */
  toString(): string
}

/** From where on what a commit ends has to be confirmed: more than a share, and more than a number. */
export interface Guard {
  /** More than so many of a hundred. */
  readonly percent: number
  /** And more than so many. */
  readonly count: number
  /** Whether anything is held at all. */
  readonly enabled: boolean
}

/** A commit that has to be confirmed, since it would end more than the guard lets pass. */
export interface Hold {
  /** The revision that the commit would be. */
  readonly revision: number
  /** What confirms exactly this commit. */
  readonly token: string
  /** What the guard lets pass. */
  readonly guard: Guard
  /** Where it is more; at least one place. */
  readonly excesses: readonly Excess[]
  /** The same in English. */
  readonly summary: string
  /** The summary. */
  toString(): string
}

/** Where a commit would end more than the guard lets pass. */
export interface Excess {
  /** The key of the site; `null` for the registry as a whole. */
  readonly site: string | null
  /** What would end. */
  readonly what: Lost
  /** How many would end by this commit. */
  readonly count: number
  /** How many the same author ended in the 24 hours before, unconfirmed. */
  readonly earlier: number
  /** How many there are, those ended earlier included. */
  readonly of: number
}

/** What the guard counts: enrolments that end or are suspended, and people who are suspended. */
export type Lost = 'enrolments' | 'users'

/**
 * Something that a commit does, is allowed and is probably not meant: `message` is English, and `warning` says what it is
 * and what else there is. There may be more kinds.
 */
export type Warning = { readonly message: string } & (
  | {
      /** A segment was defined whose rule is strange. */
      readonly warning: 'rule'
      /** The segment's key. */
      readonly segment: string
      /** What is strange about it. */
      readonly lint: Lint
    }
  | {
      /** People report to each other in a circle. */
      readonly warning: 'circle'
      /** The key of the attribute that says to whom people report. */
      readonly attribute: string
      /** The keys of the first ten, in the order in which they report. */
      readonly users: readonly string[]
      /** How many they are. */
      readonly people: number
    }
  | {
      /** A segment goes on saying something of a person who is erased. */
      readonly warning: 'erased'
      /** The segment's key. */
      readonly segment: string
      /** Where: its rule names the person, has a text that stands for the person, or its name, owner or description does. */
      readonly place: Place
    }
  | {
      /** Bytes of what was erased are still in the file, and it has to be cleaned later. */
      readonly warning: 'unclean'
      /** Why. */
      readonly reason: string
    }
)

/** Where a segment says something of a person. */
export type Place = 'rule' | 'text' | 'words'

/** What is probably not meant. */
export type WarningCode = Warning['warning']

/** Everything that a commit did, or that a previewed one would do. */
export interface Delta {
  /** The revision of the commit; of the last one before it if there was nothing to record. */
  readonly revision: number
  /** When it took effect. */
  readonly at: Date
  /** Who: the name of the host, or the key of the person. */
  readonly author: string
  /** Why, in the host's words; may be empty. */
  readonly note: string
  /** Whether nothing changed. */
  readonly isEmpty: boolean
  /** How many people were created. */
  readonly usersCreated: number
  /** How many people who were there before were changed; each counts once. */
  readonly usersChanged: number
  /** How many people were suspended; they are among those who were changed. */
  readonly usersSuspended: number
  /** What is probably not meant: rules that are strange, circles of managers. Made when it is first asked for. */
  readonly warnings: readonly Warning[]
  /** What `toString` says, and the warnings: for a mail. */
  readonly summary: string
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
  /** The key of the enrolment rule, or `manual` or `bulk`. */
  readonly reason: string
  /** When the person is to be done by this reason from then on; `null` if the step gives no day. */
  readonly due: Day | null
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
