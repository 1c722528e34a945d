// Written by hand, because it is the reference that editors show. `test/types.ts` holds it to the files of
// `lib/`, which implement it and are checked against what napi derives from the Rust code; `test/names.mjs`
// holds it to what the module exports.

/// <reference lib="esnext.disposable" />

import type { Actor } from './access.js'
import type { Delta, Hold, Problem, RowError } from './deltas.js'
import type { Archived, UserEvent, Verification } from './history.js'
import type { OpenOptions } from './options.js'
import type { MembershipEvent, Snapshot } from './records.js'
import type { Transaction } from './transaction.js'

export type * from './access.js'
export type * from './deltas.js'
export type * from './history.js'
export type * from './options.js'
export type * from './records.js'
export type * from './transaction.js'

/** Over anybody at all, in a question. */
export declare const ANY: unique symbol

/** Over everybody there, in a question. */
export declare const ALL: unique symbol

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

/**
 * Fills a new registry with what was exported: all of it or, if anything in it is wrong, nothing.
 *
 * ```js
 * const registry = await matricula.importRegistry('acme.ndjson', 'copy.db')
 * ```
 *
 * @param source the path of a file, or its bytes
 * @param path the SQLite file to fill; in memory if left out
 * @throws MatriculaError `invalid_archive` with the number of the line that is cut off or altered, or if the source cannot
 * be read; `not_possible` if the file has commits; `store`
 */
export declare function importRegistry(source: string | Uint8Array, path?: string | null | undefined): Promise<Registry>

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
  | 'unknown_category'
  | 'unknown_role'
  | 'unknown_grant'
  | 'unknown_capability'
  | 'unknown_revision'
  | 'archived'
  | 'invalid_archive'
  | 'unknown_time_zone'
  | 'invalid_question'
  | 'not_permitted'
  | 'not_possible'
  | 'too_many'
  | 'preview_outdated'
  | 'idempotency_conflict'
  | 'held'
  | 'invalid_token'
  | 'conflict'
  | 'journal_key'
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
   * The registry as it is now, as one person may see it at an instant: what their roles give. A key that nobody has is one who
   * may do nothing. It costs next to nothing: make one for each request.
   *
   * ```js
   * registry.asActor('ann', { at: new Date() }).can('content.view', { course: 'gdpr' })
   * ```
   *
   * @throws MatriculaError `invalid_instant`
   */
  asActor(key: string, options: { at: Date }): Actor
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
  /**
   * The registry as it was after a commit, by its revision, or after the last one at or before an instant. Before the first
   * commit it is empty. People who have been erased since are stubs in it.
   * @throws MatriculaError `unknown_revision` if there is no such revision yet; `archived` if it is in an archive;
   * `invalid_instant`, `store`, `invalid_store`
   */
  asOf(when: number | Date): Promise<Snapshot>
  /**
   * The registry as it was, from an archive that has it: the path of a file, or its bytes.
   * @throws MatriculaError `invalid_archive` with the number of the line that is cut off or altered, or if it cannot be
   * read; `unknown_revision` if the archive does not have it; `archived` if an earlier archive does
   */
  asOfIn(source: string | Uint8Array, when: number | Date): Promise<Snapshot>
  /**
   * Everything that happened to a person, oldest first, as far as the journal is here, which is read as a whole.
   * @throws MatriculaError `unknown_user`, `store`, `invalid_store`
   */
  historyOfUser(user: string): Promise<UserEvent[]>
  /**
   * The end of the chain of sealed commits, such as `12:9f3a…`: kept in another place, it lets {@link Registry.verify}
   * prove later that nothing up to it has been edited. `null` if nothing has been sealed.
   * @throws MatriculaError `store`, `invalid_store`
   */
  head(): Promise<string | null>
  /**
   * Looks through everything: whether the chain of commits is unbroken and leads through a head saved earlier, and whether
   * replaying the journal comes to what tables and images say. It reads the whole journal; others can commit meanwhile.
   * @throws MatriculaError `invalid_value` for a text that is no head; `store`; `invalid_store` if the journal cannot be
   * read at all
   */
  verify(saved?: string | null | undefined): Promise<Verification>
  /**
   * Writes the whole registry to a new file, as newline-delimited JSON, and says up to which revision.
   * {@link importRegistry} reads it. The same registry always comes to the same bytes.
   * @throws MatriculaError `store`, also if the file is there already or cannot be made; `invalid_store`
   */
  export(target: string): Promise<number>
  /**
   * Moves the commits before a revision into a new file: they are written and on its disk, then a commit by a host of this
   * name records that they were, and they are removed. From then on the journal begins there.
   * @throws MatriculaError `unknown_revision`; `not_possible` if there is nothing before it to archive; `conflict`;
   * `store`, also if the file is there already or cannot be made
   */
  archive(before: number, author: string, target: string): Promise<Archived>
  /**
   * Makes sure that nothing of what was erased is left in the file. Erasing does so itself; where it could not, because
   * others were reading, its delta has the warning `unclean`, and this is to be called later.
   * @throws MatriculaError `store` if others are still reading
   */
  clean(): Promise<void>
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
