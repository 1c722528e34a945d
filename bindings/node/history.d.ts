// What is read of the past: what became of a person, audits, archives. Part of `index.d.ts`, which says how the
// declarations are kept true. All of it is immutable.

import type { Delta } from './deltas.js'
import type { Action, SegmentDecision, UserStatus, Value } from './records.js'

/** What becomes of what has been changed since: nothing is undone if there is any, or it is left as it is. */
export type Revert = 'strict' | 'skip'

/** What can happen to a person; `something` was erased since. */
export type UserEventCode =
  | 'created'
  | 'status'
  | 'value'
  | 'membership'
  | 'decided'
  | 'recorded'
  | 'joined'
  | 'left'
  | 'step'
  | 'something'
  | 'granted'
  | 'revoked'
  | 'erased'

/**
 * Something that happened to a person, and the commit that did it. What does not belong to what happened is `null`.
 * Everything is named by the key that it has now.
 */
export interface UserEvent {
  /** The revision of the commit. */
  readonly revision: number
  readonly at: Date
  /** Who made the commit: the name of the host, or the key of the person. */
  readonly author: string
  /** Why, in the host's words; may be empty. */
  readonly note: string
  /** What happened. */
  readonly what: UserEventCode
  /** The same in English. */
  readonly message: string
  /** Of `status`: the person's; of `membership`: that of the membership, `null` if it ended. */
  readonly status: UserStatus | null
  /** Of `value`: the attribute's key. */
  readonly attribute: string | null
  /** Of `value`: what it became; `null` if it was taken away, or nothing tells any longer what it was. */
  readonly value: Value | null
  /** Of `membership`: the site's key. */
  readonly site: string | null
  /** Of `decided`, `joined` and `left`: the segment's key. */
  readonly segment: string | null
  /** Of `decided`: the decision; `null` if it was taken back. */
  readonly exception: SegmentDecision | null
  /** Of `recorded` and `step`: the course's key. */
  readonly course: string | null
  /** Of `step`: what happened to the enrolment. */
  readonly action: Action | null
  /** Of `step`: the key of the enrolment rule, or `manual` or `bulk`. */
  readonly reason: string | null
  /** Of `granted`: the key of the role. */
  readonly role: string | null
  /** Of `granted` and `revoked`: the number of the grant. */
  readonly grant: number | null
}

/** Something that an audit found to be otherwise than it should be. */
export interface Difference {
  /** The revision of the commit that it concerns; `null` if it concerns none. */
  readonly revision: number | null
  /** The entry of that commit, by position from 0; `null` if it concerns none. */
  readonly entry: number | null
  /** What is wrong. */
  readonly what: string
  /** The same with where, in English. */
  readonly message: string
}

/** What an audit found. */
export interface Verification {
  /** Whether everything is as it should be. */
  readonly isIntact: boolean
  /** The last revision. */
  readonly revision: number
  /** The end of the chain, to be kept in another place and given to the next audit; `null` if nothing is sealed. */
  readonly head: string | null
  /** The first commit that is sealed: earlier ones could be edited without trace. */
  readonly sealedFrom: number | null
  /**
   * The first commit that is sealed with a journal key, which programs in Rust give: whoever can write the file could make
   * those before anew.
   */
  readonly keyedFrom: number | null
  /** The revision before the first commit that is here; `null` if none is archived. */
  readonly archivedTo: number | null
  /** How many commits were read. */
  readonly commits: number
  /** How many entries, and words of commits, are erased: their seals hold, but what they were nobody can check. */
  readonly erased: number
  /** What is not as it should be, the first things first; at most a hundred. */
  readonly differences: readonly Difference[]
  /** The same in English. */
  readonly summary: string
  /** The summary. */
  toString(): string
}

/** What became of an archiving. */
export interface Archived {
  /** The first revision in the archive. */
  readonly from: number
  /** The last one. */
  readonly to: number
  /** What the commit did that records it. */
  readonly delta: Delta
}
