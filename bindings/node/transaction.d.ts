// What can be changed. Part of `index.d.ts`, which says how the declarations are kept true.

import type {
  CapabilityFlag, CapabilityKind, GrantOptions, OverrideOptions, PlaceOptions, RoleOptions, ScopeKind,
} from './access.js'
import type { Delta, ImportReport, Preview, Problem } from './deltas.js'
import type { Revert } from './history.js'
import type {
  AttributeOptions, BulkOptions, EnrolmentRuleOptions, ImportOptions, SegmentOptions,
} from './options.js'
import type { AttributeType, InputValue, Snapshot, Status } from './records.js'

/**
 * A set of changes, of the host ({@link Transaction}) or of a person ({@link ActorTransaction}). Each is checked as it is made; nothing is written before the commit. After `commit` or
 * `rollback`, and when the function that was given to `transact` is done, every call fails with `closed`; while a
 * promise of it is pending, every call fails with `not_possible`.
 *
 * Definitions create what is not there and replace what is. What later changes can make right is judged at the
 * end, on commit: people who are named and not there, required values, unique ones. Of a person, every change fails with
 * `not_permitted` unless a role gives it, and so does what would give anybody what the person lacks.
 */
export interface Changes {
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
   * Defines a course. A later definition may move it into another category of its site.
   * @param options `name`: the key if left out; `site`: its category's or the primary one if left out; `category`: directly
   * in its site if left out
   * @throws MatriculaError `invalid_key`, `unknown_site`, `unknown_category`, `invalid_definition` for a category of another
   * site, `not_possible` if it is there on another site
   */
  defineCourse(key: string, options?: {
    name?: string | null | undefined
    site?: string | null | undefined
    category?: string | null | undefined
  }): void
  /**
   * Defines a category of courses, directly in a site or within another category: what is given there is given for its
   * courses. Only its name can change later.
   *
   * ```js
   * tx.defineCategory('safety', { site: 'emea' })
   * tx.defineCategory('fire', { parent: 'safety' })
   * ```
   *
   * @throws MatriculaError `invalid_key`, `unknown_site`, `unknown_category`, `invalid_definition` for a parent of another
   * site, `not_possible` if it would move, `too_many`
   */
  defineCategory(key: string, options?: {
    name?: string | null | undefined
    site?: string | null | undefined
    parent?: string | null | undefined
  }): void
  /**
   * Registers a capability of the host's own, which roles give and `can` asks for. What is written, not read, cannot be done
   * in a place that is locked.
   *
   * ```js
   * tx.defineCapability('invoice.approve', 'write', { innermost: 'site', sentence: 'approve invoices' })
   * ```
   *
   * @param options `innermost`: the innermost kind of place where it makes sense, `course` if left out; `over`: whether it is
   * about people, whom questions name; `flags`: what whoever gives it away should know; `sentence`: what it lets people do
   * @throws MatriculaError `invalid_key` for a name that is no words with dots between them; `invalid_definition` for a word
   * that there is not, or the name of one that is built in
   */
  defineCapability(name: string, kind: CapabilityKind, options?: {
    innermost?: ScopeKind | undefined
    over?: boolean | undefined
    flags?: readonly CapabilityFlag[] | null | undefined
    sentence?: string | undefined
  }): void
  /**
   * Defines a role: the capabilities, or patterns such as `grade.*`, that it gives, does not give although a role that it is
   * `like` does, and denies whatever other roles say. A later definition says everything again but its site.
   *
   * ```js
   * tx.defineRole('marker', { like: ['instructor'], deny: ['grade.delete'], mayAssign: ['learner'] })
   * ```
   *
   * @throws MatriculaError `invalid_key`, `invalid_definition`, `unknown_capability` with the nearest name, `unknown_role`,
   * `unknown_site`, `too_many`; `not_possible` for `administrator`, which stays as it is, and if it is held otherwise than
   * it may be
   */
  defineRole(key: string, options?: RoleOptions): void
  /**
   * Says what a role gives otherwise at a place and in everything within; without a place, in the whole registry. It replaces
   * what was said there before.
   *
   * ```js
   * tx.overrideRole('instructor', { deny: ['grade.edit'], site: 'emea' })
   * ```
   *
   * @throws MatriculaError `unknown_role`, `unknown_capability`, `unknown_site`, `unknown_category`, `unknown_course`;
   * `not_possible` for `administrator`
   */
  overrideRole(role: string, options: OverrideOptions): void
  /**
   * Locks a place; without one, the whole registry: nobody may change anything in it, whatever roles they hold, but unlock
   * it. What is read is read, and the host goes on.
   * @throws MatriculaError `unknown_site`, `unknown_category`, `unknown_course`
   */
  lock(options?: PlaceOptions): void
  /**
   * Unlocks a place.
   * @throws MatriculaError `unknown_site`, `unknown_category`, `unknown_course`
   */
  unlock(options?: PlaceOptions): void
  /**
   * Gives a role to a person, or to whoever is in a segment, at a place and in everything within; without a place, in the
   * whole registry. Its number is in {@link Snapshot.grants}.
   *
   * ```js
   * tx.grant('manager', { user: 'ann', site: 'primary', over: { line: 'manager' } })
   * tx.grant('reporter', { segment: 'hr', until: new Date('2027-01-01'), note: 'audit' })
   * ```
   *
   * @throws MatriculaError `unknown_role`, `unknown_user`, `unknown_segment`, `unknown_attribute`, `unknown_site`,
   * `unknown_category`, `unknown_course`, `invalid_definition`, `invalid_instant`, `not_possible`
   */
  grant(role: string, options: GrantOptions): void
  /**
   * Takes a grant away, by its number.
   * @throws MatriculaError `unknown_grant`, `not_possible`
   */
  revoke(grant: number): void
  /**
   * Deletes a role to which nothing refers. Its key is free afterwards.
   * @throws MatriculaError `unknown_role`; `not_possible`, with their list, while grants or rules refer to it
   */
  deleteRole(key: string): void
  /**
   * Defines a segment: by a rule, in one of its notations, or without one, so that its members are those who are
   * {@link Changes.pin | put in} by hand. What a later definition leaves out stays as it is.
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
   * Erases a person for good: key, values, memberships and decisions by hand go, here and in every earlier commit; a number
   * stays, with facts about enrolments and what is recorded in courses. It cannot be undone. Backups, exports and archives
   * are not reached. The delta warns of segments that go on naming the person.
   * @throws MatriculaError `unknown_user`, `not_possible` if the person is erased already
   */
  erase(user: string): void
  /** Gives the changes up. */
  rollback(): void
}

/** A set of changes by the host. */
export interface Transaction extends Changes {
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
   * Undoes a commit: what it changed becomes what it was before, where nothing has changed it since, and what follows is
   * derived. People whom it created are suspended; definitions that it made stay, but for enrolment rules, which are
   * disabled. Gives what was left because it has been changed since.
   * @param options `how`: `strict`, the default, undoes nothing if anything has been changed since; `skip` leaves that
   * @throws MatriculaError `unknown_revision`, `archived`; `not_possible` with a list of what has been changed since, or if
   * the commit erases people; `invalid_definition` for an unknown way; `store`
   */
  revert(revision: number, options?: { how?: Revert | undefined }): Promise<string[]>
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
}

/**
 * A set of changes by a person. It tells of what follows no more than that it was recorded: how many people a change
 * concerns, whom the person may not see, is an answer to a question that the person may not ask.
 */
export interface ActorTransaction extends Changes {
  /**
   * Fails if the changes cannot be committed as they are.
   * @throws MatriculaError `not_permitted` if they would give anybody what the person lacks; `held` if more would end than
   * the guard lets pass; and whatever else keeps them from being committed
   */
  check(): Promise<void>
  /**
   * Records the changes and everything that follows from them, all or nothing; the number of the commit. Where nothing
   * changes, nothing is recorded.
   * @throws MatriculaError as of {@link ActorTransaction.check}; `store`, `conflict`
   */
  commit(): Promise<number>
}
