// What is given to calls as options. Part of `index.d.ts`, which says how the declarations are kept true.

import type { Progress } from './deltas.js'
import type {
  BuilderQuery, Day, Durability, InputValue, LeavePolicy, RuleTree, SegmentState, Sensitivity, Snapshot,
} from './records.js'

/** How a file is opened. */
export interface OpenOptions {
  /**
   * Whether it is only read: commits are refused with `store`, and neither the file, which has to be there, nor anything
   * beside it is written; `false` if left out.
   */
  readOnly?: boolean | undefined
  /**
   * `full` if left out. With `normal` a commit outlives the process, but the last ones may be gone if the machine loses
   * power; single commits take a fraction of the time.
   */
  durability?: Durability | undefined
  /** How long a commit waits for another process to finish its own, in milliseconds; 5000 if left out. */
  busyTimeout?: number | null | undefined
  /** Whether what is deleted is overwritten with zeros; `false` if left out. */
  secureDelete?: boolean | undefined
  /** Whether opening may use the column cache, and closing write it; `true` if left out. */
  cache?: boolean | undefined
  /** The most bytes that the file grows to: a commit that does not fit fails with `store`, as on a full disk. */
  maxBytes?: number | null | undefined
}

/** What there is to say of an enrolment rule. */
export interface EnrolmentRuleOptions {
  /** The key of the segment whose members are enrolled. */
  segment: string
  /** The keys of the courses: at least one, all of one site. */
  courses: readonly string[]
  /** What happens on leaving; `keep` if left out. */
  onLeave?: LeavePolicy | undefined
  /** The name for people; the key if left out of a new one. */
  name?: string | null | undefined
  /** Whether it acts; `true` if left out. */
  enabled?: boolean | undefined
  /** The key of the role that people are enrolled as; `learner` if left out. */
  role?: string | undefined
  /** The instant from which on it acts; always if left out. */
  from?: Date | null | undefined
  /** The instant from which on it no longer acts, which is leaving; never if left out. */
  until?: Date | null | undefined
  /**
   * When people are to be done: a day, for everybody, or a number of days after the reason arose, counted in calendar
   * days where the course's site is. On no day if left out.
   */
  due?: Day | number | null | undefined
}

/** What else there is to say of a bulk enrolment. */
export interface BulkOptions {
  /** When people are to be done: a day, or a number of days after the enrolment. */
  due?: Day | number | null | undefined
}

/** What else there is to say of an attribute. */
export interface AttributeOptions {
  /**
   * Given only and always with `choice` and `multi_choice`: keys, or objects. A later definition has all earlier
   * options and any new ones; those that a snapshot shows can be given again.
   */
  options?: readonly (string | OptionData)[] | null | undefined
  /** The name for people; the key if left out. */
  name?: string | null | undefined
  /** What it means, for people who fill it in. */
  help?: string | null | undefined
  /** The key of the site whose administrators define it; the whole registry if left out. */
  site?: string | null | undefined
  /** Whether everybody must have a value; `false` if left out. */
  required?: boolean | undefined
  /** Whether no two people may have the same value; `false` if left out. */
  unique?: boolean | undefined
  /** Of text: whether it is compared without regard to case; `false` if left out. */
  ignoreCase?: boolean | undefined
  /** Of text: what every value matches, with `*` for any characters and `?` for one. */
  pattern?: string | null | undefined
  /** Of numbers, dates and timestamps: the least value. */
  minimum?: InputValue | null | undefined
  /** Of numbers, dates and timestamps: the greatest value. */
  maximum?: InputValue | null | undefined
  /** The value that somebody created without one is given. */
  default?: InputValue | null | undefined
  /** How much care values need; `internal` if left out. */
  sensitivity?: Sensitivity | undefined
  /** Whether people may change their own value; `false` if left out. */
  selfWritable?: boolean | undefined
}

/** An option of a choice or multi-choice to be. */
export interface OptionData {
  /** The word that data and rules use. */
  readonly key: string
  /** The name for people; the key if left out. */
  readonly name?: string | null | undefined
  /** Whether nobody can be given it any longer; those who have it keep it, and rules may name it. */
  readonly retired?: boolean | undefined
  /** The key that it had before, if it is to have another one now. */
  readonly was?: string | null | undefined
}

/** What else there is to say of a segment. */
export interface SegmentOptions {
  /** The name for people; the key if left out of a new one. */
  name?: string | null | undefined
  /** The key of the site among whose members it selects; those of any site if left out of a new one. */
  site?: string | null | undefined
  /** The rule as the typed tree that {@link Snapshot.ruleTree} gives, or its JSON text. */
  ruleTree?: RuleTree | string | null | undefined
  /** The rule as the query of a rule builder of the `react-querybuilder` family, or its JSON text. */
  builder?: BuilderQuery | string | null | undefined
  /** Whether it selects; `active` if left out of a new one. */
  state?: SegmentState | null | undefined
  /** Who answers for it, in the host's words. */
  owner?: string | null | undefined
  /** What it is for. */
  description?: string | null | undefined
  /** Whether stores that people read with SQL keep a row for each member; `false` if left out of a new one. */
  sqlRows?: boolean | null | undefined
}

/** How a feed is to be taken. */
export interface ImportOptions {
  /**
   * What each column means: `key` (exactly one column), `status`, `site`, or an attribute such as
   * `user.department`; or an object, to say of that column what an empty cell says. Columns that are not named are left
   * alone.
   */
  mapping: Readonly<Record<string, string | ColumnData>>
  /** What an empty cell says: the person has no value (`clear`, the default), or nothing (`leave`). */
  blank?: 'clear' | 'leave' | undefined
  /** What happens to people whom the feed does not name: nothing (`leave`, the default), or they are suspended. */
  absent?: 'leave' | 'suspend' | undefined
  /**
   * What becomes of a feed in which rows are wrong: they are left out (`skip_bad_rows`, the default), or none is taken
   * (`all_or_nothing`), with the code `bad_rows`.
   */
  badRows?: 'skip_bad_rows' | 'all_or_nothing' | undefined
  /** How the feed is written: `csv` (the default), or `ndjson`, an object on each line. */
  format?: 'csv' | 'ndjson' | undefined
  /** Stops the import, with the code `cancelled`. It is looked at every few thousand rows. */
  signal?: AbortSignalLike | null | undefined
  /** Is told every few thousand rows, and may return `false` to stop the import, with the code `cancelled`. */
  progress?: ((progress: Progress) => boolean | void) | null | undefined
}

/** What a column of a feed means, with what its empty cells say. */
export interface ColumnData {
  /** What it means. */
  readonly target: string
  /** Of an attribute: what an empty cell says; as for all others if left out. */
  readonly blank?: 'clear' | 'leave' | null | undefined
}

/** What is needed of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
}
