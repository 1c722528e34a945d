// Written by hand, because it is the reference that editors show. `test/types.ts` holds it to the files of
// `lib/`, which implement it and are checked against what napi derives from the Rust code; `test/names.mjs`
// holds it to what the module exports.

/// <reference lib="esnext.disposable" />

import type {
  AttributeType, Day, Delta, ImportReport, LeavePolicy, Preview, Progress, Snapshot, Status,
} from './records.js'

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
 * of a newer version of the library
 */
export declare function open(path: string): Registry

/** Opens an empty registry in memory. It is gone when it is closed. */
export declare function memory(): Registry

/** What a {@link MatriculaError} is about. Codes are stable; messages are not. */
export type ErrorCode =
  | 'invalid_key'
  | 'invalid_instant'
  | 'invalid_definition'
  | 'invalid_value'
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
  | 'conflict'
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
}

/** One organisation's register. Once it is closed, every call on it and on its hosts fails with `closed`. */
export interface Registry {
  /** The revision: the number of the last commit, 0 if there is none. */
  readonly revision: number
  /** The instant of the last commit; `null` if there is none. */
  readonly clock: Date | null
  /** The registry as it is now, for reading: it stays as it is while others commit. */
  snapshot(): Snapshot
  /**
   * Reads in what other processes have committed to the file.
   * @throws MatriculaError `store`, `invalid_store`
   */
  refresh(): Promise<Snapshot>
  /** The view of the host itself, which may do everything; the name is recorded with every commit. */
  asHost(name: string): Host
  /**
   * The commits after a revision, oldest first: the feed for a host's mails and webhooks.
   * @param options `after`: a revision, 0 if left out; `limit`: how many commits at most, 1000 if left out
   * @throws MatriculaError `store`, `invalid_store`
   */
  deltas(options?: { after?: number | undefined; limit?: number | undefined }): Promise<Delta[]>
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
   * recorded with the commit
   * @returns what followed from the changes; `null` if they were given up: rolled back, or by a commit that failed and
   * whose error `fn` caught
   * @throws MatriculaError `invalid_instant` outside the years 1 to 9999; `not_possible` if `fn` did not await its
   * import, in which case nothing is recorded; and what {@link Transaction.commit} throws
   */
  transact(
    fn: (tx: Transaction) => unknown,
    options: { at: Date; note?: string | null | undefined },
  ): Promise<Delta | null>
  /**
   * Lets time pass up to an instant: people whom a rule about days concerns join and leave, as if the library had
   * looked at every midnight. It is the same as committing no changes.
   * @throws MatriculaError `invalid_instant`, `store`, `conflict`
   */
  advance(to: Date): Promise<Delta>
}

/**
 * A set of changes. Each is checked as it is made; nothing is written before the commit. After `commit` or
 * `rollback`, and when the function that was given to `transact` is done, every call fails with `closed`; while a
 * promise of it is pending, every call fails with `not_possible`.
 *
 * Definitions create what is not there and replace what is.
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
   * Defines an attribute: a typed field of every person, `user.department` in rules.
   * @param options `options`: given only and always with `choice`; a later definition may add to them
   * @throws MatriculaError `invalid_key`, `invalid_definition`, `not_possible` if it is there with another type
   */
  defineAttribute(
    key: string,
    type: AttributeType,
    options?: { options?: readonly string[] | null | undefined },
  ): void
  /**
   * Defines a course.
   * @param options `name`: the key if left out; `site`: the primary one if left out
   * @throws MatriculaError `invalid_key`, `unknown_site`, `not_possible` if it is there on another site
   */
  defineCourse(key: string, options?: { name?: string | null | undefined; site?: string | null | undefined }): void
  /**
   * Defines a segment by a rule, such as `user.country == "DE" && user.hired_on > today - days(90)`.
   * @param options `name`: the key if left out; `site`: among whose members, those of any site if left out
   * @throws MatriculaError `invalid_key`, `unknown_site`, `invalid_rule` with the position and the nearest name
   */
  defineSegment(
    key: string,
    rule: string,
    options?: { name?: string | null | undefined; site?: string | null | undefined },
  ): void
  /**
   * Defines an enrolment rule: the members of a segment are enrolled in courses.
   * @param options `courses`: at least one, all of one site; `onLeave`: what happens on leaving the segment,
   * `keep` if left out; `name`: the key if left out; `enabled`: whether it acts, `true` if left out
   * @throws MatriculaError `invalid_key`, `invalid_definition`, `unknown_segment`, `unknown_course`
   */
  defineEnrolmentRule(
    key: string,
    options: {
      segment: string
      courses: readonly string[]
      onLeave?: LeavePolicy | undefined
      name?: string | null | undefined
      enabled?: boolean | undefined
    },
  ): void
  /**
   * Creates or updates a person. What is left out stays as it is; somebody new is active and, unless sites are
   * given, an active member of the primary site.
   *
   * ```js
   * tx.updateUser('ann', { values: { department: 'Sales', hired_on: '2026-10-01', manager: null } })
   * ```
   *
   * @param options `values`: by attribute, text or a day such as `2026-01-31`, `null` to clear; `sites`: the status
   * of memberships by site, `null` to end one
   * @throws MatriculaError `invalid_key`, `invalid_value`, `invalid_definition`, `unknown_attribute`, `unknown_site`
   */
  updateUser(
    key: string,
    options?: {
      values?: Readonly<Record<string, string | Day | null>> | undefined
      status?: Status | null | undefined
      sites?: Readonly<Record<string, Status | null>> | undefined
    },
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
   * Imports people from CSV with a header line. A row that is wrong is left out and reported; the others are in the
   * transaction. The work is done on Node's thread pool. An import that fails leaves nothing in the transaction.
   *
   * @param source the path of a file, or its bytes
   * @throws MatriculaError `invalid_feed` if it cannot be read at all; `invalid_definition` for a wrong mapping;
   * `cancelled` if it was stopped, with the signal's reason as `cause`. What `progress` throws is passed on.
   */
  importUsers(source: string | Uint8Array, options: ImportOptions): Promise<ImportReport>
  /** What would happen on commit. Nothing is written, and more changes can follow. */
  preview(): Promise<Preview>
  /**
   * Records the changes and everything that follows from them, all or nothing. If another process committed in the
   * meantime, the changes are made again on top of that. Where nothing changes, nothing is recorded. The transaction
   * is over even if this fails.
   * @param options `expect`: record them only if what follows is exactly what this preview said
   * @throws MatriculaError `store`, `conflict`, `preview_outdated`, and whatever a change may fail with, if it cannot
   * be made on top of what another writer did
   */
  commit(options?: { expect?: Preview | null | undefined }): Promise<Delta>
  /** Gives the changes up. */
  rollback(): void
}

/** How a feed is to be taken. */
export interface ImportOptions {
  /**
   * What each column means: `key` (exactly one column), `status`, `site`, or an attribute such as
   * `user.department`. Columns that are not named are left alone.
   */
  mapping: Readonly<Record<string, string>>
  /** What an empty cell says: the person has no value (`clear`, the default), or nothing (`leave`). */
  blank?: 'clear' | 'leave' | undefined
  /** What happens to people whom the feed does not name: nothing (`leave`, the default), or they are suspended. */
  absent?: 'leave' | 'suspend' | undefined
  /** Stops the import, with the code `cancelled`. It is looked at every few thousand rows. */
  signal?: AbortSignalLike | null | undefined
  /** Is told every few thousand rows, and may return `false` to stop the import, with the code `cancelled`. */
  progress?: ((progress: Progress) => boolean | void) | null | undefined
}

/** What is needed of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
}
