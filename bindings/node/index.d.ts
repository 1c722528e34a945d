// Written by hand, because it is the reference that editors show. `test/types.ts` holds it to the files of
// `lib/`, which implement it and are checked against what napi derives from the Rust code; `test/names.mjs`
// holds it to what the module exports.

/// <reference lib="esnext.disposable" />

import type { Delta, Hold, ImportReport, Preview, Problem, RowError } from './deltas.js'
import type {
  AttributeOptions, BulkOptions, EnrolmentRuleOptions, ImportOptions, OpenOptions, SegmentOptions,
} from './options.js'
import type { AttributeType, InputValue, MembershipEvent, Snapshot, Status } from './records.js'

export type * from './deltas.js'
export type * from './options.js'
export type * from './records.js'

/** The version of the library, the same as the package's. */
export declare function version(): string

/**
 * Opens a registry in an SQLite file, which is created if it is not there. Commits are durable when they are done.
 *
 * ```js
 * const registry = matricula.open('acme.db')
 * const delta = await registry.asHost('hr').transact(tx => {
 *   tx.defineAttribute('department', 'text')
 *   tx.defineCourse('pitch')
 *   tx.defineSegment('sales', 'user.department == "Sales"')
 *   tx.defineEnrolmentRule('sales-pitch', { segment: 'sales', courses: ['pitch'], onLeave: 'suspend' })
 *   tx.updateUser('ann', { values: { department: 'Sales' } })
 * }, { at: new Date() })
 * console.log(String(delta))
 * console.log(String(registry.snapshot().explainEnrolment('ann', 'pitch')))
 * registry.close()
 * ```
 *
 * @throws MatriculaError `store` if the file cannot be opened or written, `invalid_store` if it is no registry or
 * of a newer version of the library (or of an earlier one, if it is only read), `invalid_definition` for an unknown
 * durability
 */
export declare function open(path: string, options?: OpenOptions): Registry

/**
 * Says how many files stay open in this process while nobody uses them, 64 unless told otherwise: those that have rested
 * longest are closed, and opened again when they are needed, which takes about a millisecond. For hosts that hold a
 * registry for each of many customers.
 */
export declare function limitConnections(most: number): void

/** Opens an empty registry in memory. It is gone when it is closed. */
export declare function memory(): Registry

/** What a {@link MatriculaError} is about. Codes are stable; messages are not. */
export type ErrorCode =
  | 'invalid_key'
  | 'invalid_instant'
  | 'invalid_definition'
  | 'invalid_value'
  | 'not_unique'
  | 'invalid_rule'
  | 'unknown_attribute'
  | 'unknown_site'
  | 'unknown_user'
  | 'unknown_course'
  | 'unknown_segment'
  | 'unknown_enrolment_rule'
  | 'unknown_time_zone'
  | 'not_possible'
  | 'too_many'
  | 'preview_outdated'
  | 'idempotency_conflict'
  | 'held'
  | 'invalid_token'
  | 'conflict'
  | 'stale'
  | 'bad_rows'
  | 'invalid_feed'
  | 'cancelled'
  | 'store'
  | 'invalid_store'
  | 'closed'

/**
 * Every failure of the library. An argument of the wrong type is a `TypeError` instead; methods that return a
 * promise reject it with either and never throw.
 */
export declare class MatriculaError extends Error {
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown })
  readonly name: 'MatriculaError'
  readonly code: ErrorCode
  /** Where in the text of a rule, from 0, as strings are indexed; absent if it was no text. */
  readonly offset?: number
  /** The line of it, from 1. */
  readonly line?: number
  /** The column of it, in characters, from 1. */
  readonly column?: number
  /** Where in a rule that was a tree or a rule builder's query, as a JSON pointer; absent otherwise. */
  readonly pointer?: string
  /** The name in the rule that was probably meant; absent if none is near. */
  readonly nearest?: string
  /** Of `held`: what the guard holds the commit for. */
  readonly hold?: Hold
  /** Of `bad_rows`: the rows that are wrong, in order. */
  readonly rows?: readonly RowError[]
  /** Of a preview or commit that fails for what is still wrong at the end: all that is, in the order of the changes. */
  readonly problems?: readonly Problem[]
}

/** One organisation's register. Once it is closed, every call on it and on its hosts fails with `closed`. */
export interface Registry {
  /** The revision: the number of the last commit, 0 if there is none. */
  readonly revision: number
  /** The instant of the last commit; `null` if there is none. */
  readonly clock: Date | null
  /**
   * When time alone next changes anything: somebody joins or leaves a segment for a day that has come. It is exact;
   * `null` if nothing ever will. It takes as long as advancing there, on Node's thread pool.
   *
   * ```js
   * for (let at = await registry.nextChangeAt(); at && at <= now; at = await registry.nextChangeAt()) await host.advance(at)
   * ```
   */
  nextChangeAt(): Promise<Date | null>
  /** The registry as it is now, for reading: it stays as it is while others commit. */
  snapshot(): Snapshot
  /**
   * Reads in what other processes have committed to the file.
   * @throws MatriculaError `store`, `invalid_store`
   */
  refresh(): Promise<Snapshot>
  /**
   * A snapshot in which a commit is, which may be another process's: read in, or waited for. For readers that must not
   * answer by what was true before it. No thread is held while it waits.
   *
   * ```js
   * const snapshot = await registry.snapshotAtLeast(revisionFromElsewhere, { timeout: 2000 })
   * ```
   *
   * @param options `timeout`: how long to wait at most, in milliseconds
   * @throws MatriculaError `stale` if the file has not come that far in time; `store`, `invalid_store`
   */
  snapshotAtLeast(revision: number, options: { timeout: number }): Promise<Snapshot>
  /**
   * Keeps an image of the current snapshot in the file, so that opening it again is fast. It is done without being asked
   * on closing, and from time to time after commits, if much has changed.
   * @throws MatriculaError `store` if the file cannot be written
   */
  saveCache(): Promise<void>
  /**
   * Copies what the file holds to a new one, which can be opened as this one, while others read and commit: all commits
   * up to some moment, and nothing of later ones.
   * @throws MatriculaError `not_possible` for a registry in memory; `store` if the file is there already or cannot be
   * written
   */
  backup(path: string): Promise<void>
  /** The view of the host itself, which may do everything; the name is recorded with every commit. */
  asHost(name: string): Host
  /**
   * The commits after a revision, oldest first: the feed for a host's mails and webhooks.
   * @param options `after`: a revision, 0 if left out; `limit`: how many commits at most, 1000 if left out
   * @throws MatriculaError `store`, `invalid_store`
   */
  deltas(options?: { after?: number | undefined; limit?: number | undefined }): Promise<Delta[]>
  /**
   * When a person joined and left a segment, oldest first, as the journal has it.
   *
   * ```js
   * for (const { joined, at, author } of await registry.membershipHistory('ann', 'sales')) {
   *   console.log(joined ? 'in' : 'out', at.toISOString(), author)
   * }
   * ```
   *
   * @throws MatriculaError `unknown_user`, `unknown_segment`, `store`, `invalid_store`
   */
  membershipHistory(user: string, segment: string): Promise<MembershipEvent[]>
  /** Closes the file. Closing again does nothing; work that is under way is finished first. */
  close(): void
  /** The same as {@link Registry.close}, for `using`. */
  [Symbol.dispose](): void
}

/** The registry as the host itself sees and changes it. */
export interface Host {
  /** The name under which commits are recorded. */
  readonly name: string
  /**
   * Makes a set of changes that take effect together, or not at all.
   *
   * When `fn` is done, the changes are committed, unless it has called `commit` or `rollback` itself. When it
   * throws, they are given up, and the promise is rejected with what it threw. A change that fails changes
   * nothing by itself: if `fn` catches its error, the others stand.
   *
   * ```js
   * const delta = await registry.asHost('hr').transact(async tx => {
   *   const report = await tx.importUsers('feed.csv', { mapping: { id: 'key', dept: 'user.department' } })
   *   const preview = await tx.preview()
   *   return report.errors.length > 100 ? tx.rollback() : tx.commit({ expect: preview })
   * }, { at: new Date(), note: 'nightly feed' })
   * ```
   *
   * @param fn makes the changes; it may be asynchronous, and its result is not used
   * @param options `at`: when the changes take effect, at the registry's clock if that is later; `note`: why,
   * recorded with the commit; `idempotency`: a key for the request. Whoever does not learn whether a commit was made
   * asks for the same changes again under the same key, and gets the first result. It is kept as long as the commit.
   * @returns what followed from the changes; `null` if they were given up: rolled back, or by a commit that failed and
   * whose error `fn` caught
   * @throws MatriculaError `invalid_instant` outside the years 1 to 9999; `invalid_key` for `idempotency`; `not_possible` if `fn` did not await its
   * import, in which case nothing is recorded; and what {@link Transaction.commit} throws
   */
  transact(
    fn: (tx: Transaction) => unknown,
    options: { at: Date; note?: string | null | undefined; idempotency?: string | null | undefined },
  ): Promise<Delta | null>
  /**
   * Lets time pass up to an instant: people whom a rule about days concerns join and leave, as if the library had
   * looked at every midnight. It is the same as committing no changes.
   * @throws MatriculaError `invalid_instant`, `store`, `conflict`, `held`
   */
  advance(to: Date): Promise<Delta>
}

/**
 * A set of changes. Each is checked as it is made; nothing is written before the commit. After `commit` or
 * `rollback`, and when the function that was given to `transact` is done, every call fails with `closed`; while a
 * promise of it is pending, every call fails with `not_possible`.
 *
 * Definitions create what is not there and replace what is. What later changes can make right is judged by `preview` and
 * `commit`: people who are named and not there, required values, unique ones.
 */
export interface Transaction {
  /** The instant at which the changes take effect. */
  readonly at: Date
  /**
   * Defines a site. The key `primary` names the primary site, which is always there.
   * @param options `name`: the key if left out; `zone`: the time zone of its calendar, such as `Europe/Berlin`, the
   * primary site's if left out, UTC for the primary one
   * @throws MatriculaError `invalid_key`, `unknown_time_zone`
   */
  defineSite(key: string, options?: { name?: string | null | undefined; zone?: string | null | undefined }): void
  /**
   * Defines an attribute: a typed field of every person, `user.department` in rules. A later definition says
   * everything again but its site, which stays; what people who are there do not satisfy is refused.
   *
   * ```js
   * tx.defineAttribute('country', 'choice', { options: ['ZA', { key: 'DE', name: 'Germany' }], required: true })
   * tx.defineAttribute('level', 'integer', { minimum: 1, maximum: 9, default: 1 })
   * tx.defineAttribute('email', 'text', { unique: true, ignoreCase: true, pattern: '*@acme.com' })
   * ```
   *
   * @throws MatriculaError `invalid_key`; `invalid_definition` for what the type cannot have; `invalid_value` for a
   * minimum, maximum or default that is no value of it; `unknown_site`; `not_possible` if it is there with another
   * type or site, or if people would not satisfy it; `too_many`
   */
  defineAttribute(key: string, type: AttributeType, options?: AttributeOptions): void
  /**
   * Defines a course.
   * @param options `name`: the key if left out; `site`: the primary one if left out
   * @throws MatriculaError `invalid_key`, `unknown_site`, `not_possible` if it is there on another site
   */
  defineCourse(key: string, options?: { name?: string | null | undefined; site?: string | null | undefined }): void
  /**
   * Defines a segment: by a rule, in one of its notations, or without one, so that its members are those who are
   * {@link Transaction.pin | put in} by hand. What a later definition leaves out stays as it is.
   *
   * ```js
   * tx.defineSegment('starters', 'user.country == "DE" && user.hired_on > today - days(90)', { state: 'draft' })
   * tx.defineSegment('levels', null, { builder: { combinator: 'and', rules: [{ field: 'level', operator: '>', value: 3 }] } })
   * tx.defineSegment('pilot', null, { name: 'Pilot group', owner: 'eve' })
   * ```
   *
   * @param rule the rule as text; `null` or left out if it comes in another notation, or there is none
   * @throws MatriculaError `invalid_key`; `unknown_site`; `invalid_rule` with the position and the nearest name;
   * `invalid_definition` if the rule is given more than once, or for an unknown state; `not_possible` if it would
   * depend on itself, names a draft, or is to become a draft although others refer to it
   */
  defineSegment(key: string, rule?: string | null | undefined, options?: SegmentOptions): void
  /**
   * Defines an enrolment rule: the members of a segment are enrolled in courses. A later definition says everything again
   * but the name.
   *
   * ```js
   * tx.defineEnrolmentRule('gdpr-de', { segment: 'germans', courses: ['gdpr'], onLeave: 'suspend' })
   * tx.defineEnrolmentRule('first-month', { segment: 'starters', courses: ['welcome'], due: 30 })
   * ```
   *
   * @throws MatriculaError `invalid_key`, `invalid_definition`, `unknown_segment`, `unknown_course`, `invalid_instant`
   */
  defineEnrolmentRule(key: string, options: EnrolmentRuleOptions): void
  /**
   * Creates or updates a person. What is left out stays as it is; somebody new is active and, unless sites are
   * given, an active member of the primary site.
   *
   * ```js
   * tx.updateUser('ann', { values: { department: 'Sales', level: 4, hired_on: '2026-10-01', manager: null } })
   * ```
   *
   * | attribute | value |
   * |---|---|
   * | text, path, choice, user | text: for a choice the key of an option, for a user the key of a person |
   * | integer | a whole number, or a `bigint`, within ±(2⁵³ − 1) |
   * | decimal | a number, taken for the decimal that it is shown as, or text such as `'12.50'`, which is exact |
   * | boolean | `true` or `false` |
   * | date | text such as `2026-01-31`; a `Date` is refused, since which day it is depends on the zone |
   * | timestamp | a `Date` |
   * | multi_choice | an array of keys of options; an empty one is no value |
   *
   * Text is taken for any of them, in the form that a feed has.
   *
   * @param options `values`: by attribute, `null` to clear; `sites`: the status of memberships by site, `null` to
   * end one
   * @throws MatriculaError `invalid_key`; `invalid_value`; `not_unique` if somebody else has the value already;
   * `invalid_definition`; `unknown_attribute`; `unknown_site`. A number that is `NaN`, infinite or whole and beyond
   * ±(2⁵³ − 1) is a `TypeError`.
   */
  updateUser(
    key: string,
    options?: {
      values?: Readonly<Record<string, InputValue | null>> | undefined
      status?: Status | null | undefined
      sites?: Readonly<Record<string, Status | null>> | undefined
    },
  ): void
  /**
   * Says from where on what a commit ends has to be confirmed, from the next commit on.
   *
   * ```js
   * tx.defineGuard({ percent: 5, count: 20 })
   * ```
   *
   * @param options `percent`: more than so many of a hundred; `count`: and more than so many; `enabled`: whether
   * anything is held at all. What is left out stays.
   * @throws MatriculaError `invalid_definition` for more than 100 percent
   */
  defineGuard(options: {
    percent?: number | null | undefined
    count?: number | null | undefined
    enabled?: boolean | null | undefined
  }): void
  /**
   * Puts a person into a segment by hand, whatever its rule says, for as long as the person is active.
   * @throws MatriculaError `unknown_segment`, `unknown_user`
   */
  pin(segment: string, user: string): void
  /**
   * Keeps a person out of a segment by hand, whatever its rule says.
   * @throws MatriculaError `unknown_segment`, `unknown_user`, `not_possible` for a segment without a rule
   */
  ban(segment: string, user: string): void
  /**
   * Takes back what was decided by hand about a person and a segment, and leaves it to the rule.
   * @throws MatriculaError `unknown_segment`, `unknown_user`
   */
  release(segment: string, user: string): void
  /**
   * Records what a person did in a course. Rules that ask `completed("gdpr")` or `score("gdpr")` follow at once.
   *
   * ```js
   * tx.record('ann', 'gdpr', { completed: new Date('2026-10-01T08:00:00Z'), score: 0.85 })
   * tx.record('ann', 'gdpr', { score: null })
   * ```
   *
   * @param options `completed`: when; `score`: from 0 to 1, a number or text such as `'0.85'`. `null` takes back; what
   * is left out, or `undefined`, stays as it is.
   * @throws MatriculaError `unknown_user`, `unknown_course`, `invalid_value` for a score that is not from 0 to 1 or has
   * more than six digits after its point, `invalid_instant`
   */
  record(
    user: string,
    course: string,
    options: { completed?: Date | null | undefined; score?: number | string | bigint | null | undefined },
  ): void
  /**
   * Enrols a person in a course by hand. It is no error if the person is enrolled already.
   * @throws MatriculaError `unknown_user`, `unknown_course`, `not_possible` if the person is not a member of the
   * course's site
   */
  enrol(user: string, course: string): void
  /**
   * Takes back an enrolment by hand. An enrolment that a rule holds goes on for that reason.
   * @throws MatriculaError `unknown_user`, `unknown_course`, `not_possible` if nothing is there to take back
   */
  unenrol(user: string, course: string): void
  /**
   * Enrols the members of a segment in courses once, as they are at the end of the transaction: its other changes come
   * first, and what becomes of the segment later changes nothing. Members who are no active members of a course's site
   * are left out. The reason is `bulk`.
   *
   * ```js
   * tx.enrolSegment('germans', ['gdpr'], { due: '2027-01-31' })
   * ```
   *
   * @throws MatriculaError `unknown_segment`, `unknown_course`; `invalid_definition` for no courses, for those of another
   * site than the segment's, and for a due date that is none; `not_possible` for a draft and for an archived course
   */
  enrolSegment(segment: string, courses: readonly string[], options?: BulkOptions): void
  /**
   * Enrols people in courses once, as {@link Transaction.enrolSegment} does: all of them, or nobody.
   * @throws MatriculaError `unknown_user`, `unknown_course`; `invalid_definition` for no courses and for a due date that is
   * none; `not_possible` for somebody who is no member of a course's site and for an archived course
   */
  enrolUsers(users: readonly string[], courses: readonly string[], options?: BulkOptions): void
  /**
   * Suspends an enrolment by hand. It stays suspended whatever rules do, and no rule ends it, until it is resumed or
   * unenrolled by hand. It is no error if it is suspended by hand already.
   * @throws MatriculaError `unknown_user`, `unknown_course`, `not_possible` if the person is not enrolled
   */
  suspendEnrolment(user: string, course: string): void
  /**
   * Takes back a suspension by hand: the enrolment is as its reasons have it.
   * @throws MatriculaError `unknown_user`, `unknown_course`, `not_possible` if it was not suspended by hand
   */
  resumeEnrolment(user: string, course: string): void
  /**
   * Deletes an enrolment rule: whom it holds leaves it, under its policy. Its key is free afterwards.
   * @throws MatriculaError `unknown_enrolment_rule`
   */
  deleteEnrolmentRule(key: string): void
  /**
   * Deletes a segment to which nothing refers. Its key is free afterwards.
   * @throws MatriculaError `unknown_segment`; `not_possible`, with their list, while enrolment rules or segments refer to it
   */
  deleteSegment(key: string): void
  /**
   * Deletes an attribute that no rule names, with everybody's value. Its key is free afterwards.
   * @throws MatriculaError `unknown_attribute`; `not_possible`, with their list, while rules of segments name it
   */
  deleteAttribute(key: string): void
  /**
   * Archives a course: rules enrol nobody there and let nobody go, and nobody is enrolled by hand, until it is restored.
   * @throws MatriculaError `unknown_course`
   */
  archiveCourse(key: string): void
  /**
   * Restores a course that was archived: rules catch up.
   * @throws MatriculaError `unknown_course`
   */
  restoreCourse(key: string): void
  /**
   * Closes a site: its memberships count as inactive, with everything that follows, until it is reopened.
   * @throws MatriculaError `unknown_site`, `not_possible` for the primary site
   */
  closeSite(key: string): void
  /**
   * Reopens a site that was closed: its memberships count again.
   * @throws MatriculaError `unknown_site`
   */
  reopenSite(key: string): void
  /**
   * Imports people from CSV with a header line, or from JSON with an object on each line. A row that is wrong is left
   * out and reported, or has the whole feed refused. The work is done on Node's thread pool. An import that fails leaves nothing in the transaction.
   *
   * @param source the path of a file, or its bytes
   * @throws MatriculaError `invalid_feed` if it cannot be read at all; `invalid_definition` for a wrong mapping;
   * `bad_rows` with all that are wrong as `rows`;
   * `cancelled` if it was stopped, with the signal's reason as `cause`. What `progress` throws is passed on.
   */
  importUsers(source: string | Uint8Array, options: ImportOptions): Promise<ImportReport>
  /**
   * The definitions and people as changed so far. Memberships and enrolments are as before: {@link Transaction.preview}
   * says what follows.
   */
  inputs(): Snapshot
  /**
   * What keeps the transaction from being committed as it is, each with the change that it comes from: people who were
   * named and are not there, required values, unique ones. More changes can mend them.
   */
  problems(): Promise<Problem[]>
  /**
   * What would happen on commit. Nothing is written, and more changes can follow, also where it fails.
   * @throws MatriculaError `invalid_value`, `not_unique` and `not_possible` for what is still wrong at the end, with the
   * change that it comes from, all of it as `problems`; `idempotency_conflict` if the key was used for something else
   */
  preview(): Promise<Preview>
  /**
   * Records the changes and everything that follows from them, all or nothing. If another process committed in the
   * meantime, the changes are made again on top of that. Where nothing changes, nothing is recorded. The transaction
   * is over even if this fails.
   * @param options `expect`: record them only if what follows is exactly what this preview said
   * @throws MatriculaError what {@link Transaction.preview} throws; `held` if more would end than the guard lets pass,
   * with `hold`; `store`, `conflict`, `preview_outdated`, and whatever a change may fail with, if it cannot
   * be made on top of what another writer did
   */
  commit(options?: { expect?: Preview | null | undefined }): Promise<Delta>
  /**
   * Records what the guard holds, as somebody has seen and confirmed it: exactly what the token of the preview's hold
   * stands for. The token may be kept, and given to another process that makes the same changes again.
   *
   * ```js
   * const { held } = await tx.preview()
   * if (held && await agreed(held)) await tx.confirm(held.token)
   * ```
   *
   * @throws MatriculaError `invalid_token` if anything differs, and what {@link Transaction.commit} throws but `held`
   */
  confirm(token: string): Promise<Delta>
  /** Gives the changes up. */
  rollback(): void
}
