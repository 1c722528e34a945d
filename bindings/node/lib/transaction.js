'use strict'

// A set of changes, and the function that makes one: committed when it returns, given up when it throws.

const native = require('../native.js')
const {
  callable, entries, instant, isBytes, isRecord, optionalDue, optionalInstant, optionalText, optionalTruth,
  optionalWhole, options, pair, text, texts, truth, whole, wrong,
} = require('./arguments.js')
const { Delta, Preview } = require('./delta.js')
const { MatriculaError, call, settled } = require('./errors.js')
const { ImportReport, Watch, importArguments } = require('./import.js')
const { notations } = require('./rule.js')
const { Snapshot } = require('./snapshot.js')
const { givenOrNull, number, optionalGiven } = require('./values.js')

/** @import * as api from '../index.js' */

/**
 * An option of a choice: its key, or all there is to say.
 *
 * @param {unknown} value
 * @param {number} index
 * @returns {native.OptionArguments}
 */
function option(value, index) {
  const what = `options[${index}]`
  if (typeof value === 'string') return { key: text(what, value), name: null, retired: false, was: null }
  if (!isRecord(value)) throw wrong(what, value, 'the key of an option, or an object')
  const { key, name, retired = false, was } = options(what, value, ['key', 'name', 'retired', 'was'])
  return {
    key: text(`${what}.key`, key),
    name: optionalText(`${what}.name`, name),
    retired: truth(`${what}.retired`, retired),
    was: optionalText(`${what}.was`, was),
  }
}

/** @implements {api.Transaction} */
class Transaction {
  #native
  /**
   * What is under way.
   * @type {{ method: string, promise: Promise<unknown> } | null}
   */
  #work = null
  /** @type {api.Delta | null} */
  #delta = null

  /** @param {native.Transaction} transaction */
  constructor(transaction) {
    this.#native = transaction
  }

  /**
   * Runs a function on a transaction and ends the transaction.
   *
   * @param {native.Transaction} transaction
   * @param {(tx: api.Transaction) => unknown} fn
   * @returns {Promise<api.Delta | null>}
   */
  static async run(transaction, fn) {
    const tx = new Transaction(transaction)
    try {
      await fn(tx)
      if (tx.#work?.method === 'importUsers') {
        throw new MatriculaError('not_possible', 'importUsers was not awaited, so nothing is recorded')
      }
      await tx.#work?.promise
      return transaction.isOpen() ? await tx.commit() : tx.#delta
    } finally {
      await tx.#work?.promise.catch(() => {})
      transaction.discard()
    }
  }

  /**
   * Work on the thread pool, noted while it is under way.
   *
   * @template T
   * @param {string} method
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #pooled(method, work) {
    const promise = settled(work)
    // What fails because other work is under way must not take that work's place.
    if (this.#work) return promise
    this.#work = { method, promise }
    const over = () => {
      this.#work = null
    }
    promise.then(over, over)
    return promise
  }

  get at() {
    return new Date(call(() => this.#native.at()))
  }

  /**
   * @param {string} key
   * @param {{ name?: string | null | undefined, zone?: string | null | undefined }} [given]
   */
  defineSite(key, given) {
    text('key', key)
    const { name, zone } = options('defineSite', given, ['name', 'zone'])
    const words = /** @type {const} */ ([optionalText('name', name), optionalText('zone', zone)])
    call(() => this.#native.defineSite(key, ...words))
  }

  /**
   * @param {string} key
   * @param {api.AttributeType} type
   * @param {api.AttributeOptions} [given]
   */
  defineAttribute(key, type, given) {
    text('key', key)
    text('type', type)
    const {
      options: choices, name, help, site, required = false, unique = false, ignoreCase = false, pattern, minimum,
      maximum, default: standard, sensitivity = 'internal', selfWritable = false,
    } = options('defineAttribute', given, [
      'options', 'name', 'help', 'site', 'required', 'unique', 'ignoreCase', 'pattern', 'minimum', 'maximum', 'default',
      'sensitivity', 'selfWritable',
    ])
    const left = choices === undefined || choices === null
    if (!left && !Array.isArray(choices)) throw wrong('options', choices, 'an array of options')
    const attribute = {
      key,
      type,
      name: optionalText('name', name),
      help: optionalText('help', help),
      options: left ? null : Array.from({ length: choices.length }, (_, index) => option(choices[index], index)),
      site: optionalText('site', site),
      required: truth('required', required),
      unique: truth('unique', unique),
      ignoreCase: truth('ignoreCase', ignoreCase),
      pattern: optionalText('pattern', pattern),
      minimum: optionalGiven('minimum', minimum),
      maximum: optionalGiven('maximum', maximum),
      default: optionalGiven('default', standard),
      sensitivity: text('sensitivity', sensitivity),
      selfWritable: truth('selfWritable', selfWritable),
    }
    call(() => this.#native.defineAttribute(attribute))
  }

  /**
   * @param {string} key
   * @param {{ name?: string | null | undefined, site?: string | null | undefined }} [given]
   */
  defineCourse(key, given) {
    text('key', key)
    const { name, site } = options('defineCourse', given, ['name', 'site'])
    const words = /** @type {const} */ ([optionalText('name', name), optionalText('site', site)])
    call(() => this.#native.defineCourse(key, ...words))
  }

  /**
   * @param {string} key
   * @param {string | null | undefined} [rule]
   * @param {api.SegmentOptions} [given]
   */
  defineSegment(key, rule, given) {
    text('key', key)
    const { name, site, ruleTree, builder, state, owner, description, sqlRows } = options('defineSegment', given, [
      'name', 'site', 'ruleTree', 'builder', 'state', 'owner', 'description', 'sqlRows',
    ])
    const segment = {
      key,
      rule: notations(rule, ruleTree, builder),
      name: optionalText('name', name),
      site: optionalText('site', site),
      state: optionalText('state', state),
      owner: optionalText('owner', owner),
      description: optionalText('description', description),
      sqlRows: optionalTruth('sqlRows', sqlRows),
    }
    call(() => this.#native.defineSegment(segment))
  }

  /**
   * @param {string} key
   * @param {Parameters<api.Transaction['defineEnrolmentRule']>[1]} given
   */
  defineEnrolmentRule(key, given) {
    text('key', key)
    const {
      segment, courses, onLeave = 'keep', name, enabled = true, role = 'learner', from, until, due,
    } = options('defineEnrolmentRule', given, [
      'segment', 'courses', 'onLeave', 'name', 'enabled', 'role', 'from', 'until', 'due',
    ])
    const rule = {
      key,
      segment: text('segment', segment),
      courses: texts('courses', courses),
      onLeave: text('onLeave', onLeave),
      name: optionalText('name', name),
      enabled: truth('enabled', enabled),
      role: text('role', role),
      from: optionalInstant('from', from),
      until: optionalInstant('until', until),
      due: optionalDue(due),
    }
    call(() => this.#native.defineEnrolmentRule(rule))
  }

  /**
   * @param {string} key
   * @param {Parameters<api.Transaction['updateUser']>[1]} [given]
   */
  updateUser(key, given) {
    text('key', key)
    const { values = {}, status, sites = {} } = options('updateUser', given, ['values', 'status', 'sites'])
    const update = {
      key,
      status: optionalText('status', status),
      values: entries('values', values).map(([attribute, value]) =>
        ({ key: attribute, value: givenOrNull(`values.${attribute}`, value) })),
      sites: entries('sites', sites).map(([site, status]) =>
        pair(site, status === null ? null : text(`sites.${site}`, status, 'active, suspended, or null'))),
    }
    call(() => this.#native.updateUser(update))
  }

  /** @param {Parameters<api.Transaction['defineGuard']>[0]} given */
  defineGuard(given) {
    const { percent, count, enabled } = options('defineGuard', given, ['percent', 'count', 'enabled'])
    const guard = /** @type {const} */ ([
      optionalWhole('percent', percent), optionalWhole('count', count), optionalTruth('enabled', enabled),
    ])
    call(() => this.#native.defineGuard(...guard))
  }

  /**
   * @param {string} segment
   * @param {string} user
   */
  pin(segment, user) {
    text('segment', segment)
    text('user', user)
    call(() => this.#native.pin(segment, user))
  }

  /**
   * @param {string} segment
   * @param {string} user
   */
  ban(segment, user) {
    text('segment', segment)
    text('user', user)
    call(() => this.#native.ban(segment, user))
  }

  /**
   * @param {string} segment
   * @param {string} user
   */
  release(segment, user) {
    text('segment', segment)
    text('user', user)
    call(() => this.#native.release(segment, user))
  }

  /**
   * @param {string} user
   * @param {string} course
   * @param {Parameters<api.Transaction['record']>[2]} given
   */
  record(user, course, given) {
    text('user', user)
    text('course', course)
    const { completed, score } = options('record', given, ['completed', 'score'])
    const none = (/** @type {unknown} */ value) => value === undefined || value === null
    const record = {
      user,
      course,
      givesCompleted: completed !== undefined,
      completed: none(completed) ? null : instant('completed', completed),
      givesScore: score !== undefined,
      score: none(score) ? null : typeof score === 'string' ? text('score', score) : number('score', score),
    }
    call(() => this.#native.record(record))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  enrol(user, course) {
    text('user', user)
    text('course', course)
    call(() => this.#native.enrol(user, course))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  unenrol(user, course) {
    text('user', user)
    text('course', course)
    call(() => this.#native.unenrol(user, course))
  }

  /**
   * @param {string} segment
   * @param {readonly string[]} courses
   * @param {api.BulkOptions} [given]
   */
  enrolSegment(segment, courses, given) {
    text('segment', segment)
    const keys = texts('courses', courses)
    const due = optionalDue(options('enrolSegment', given, ['due']).due)
    call(() => this.#native.enrolSegment(segment, keys, due))
  }

  /**
   * @param {readonly string[]} users
   * @param {readonly string[]} courses
   * @param {api.BulkOptions} [given]
   */
  enrolUsers(users, courses, given) {
    const keys = /** @type {const} */ ([texts('users', users), texts('courses', courses)])
    const due = optionalDue(options('enrolUsers', given, ['due']).due)
    call(() => this.#native.enrolUsers(...keys, due))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  suspendEnrolment(user, course) {
    text('user', user)
    text('course', course)
    call(() => this.#native.suspendEnrolment(user, course))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  resumeEnrolment(user, course) {
    text('user', user)
    text('course', course)
    call(() => this.#native.resumeEnrolment(user, course))
  }

  /** @param {string} key */
  deleteEnrolmentRule(key) {
    text('key', key)
    call(() => this.#native.deleteEnrolmentRule(key))
  }

  /** @param {string} key */
  deleteSegment(key) {
    text('key', key)
    call(() => this.#native.deleteSegment(key))
  }

  /** @param {string} key */
  deleteAttribute(key) {
    text('key', key)
    call(() => this.#native.deleteAttribute(key))
  }

  /** @param {string} key */
  archiveCourse(key) {
    text('key', key)
    call(() => this.#native.archiveCourse(key))
  }

  /** @param {string} key */
  restoreCourse(key) {
    text('key', key)
    call(() => this.#native.restoreCourse(key))
  }

  /** @param {string} key */
  closeSite(key) {
    text('key', key)
    call(() => this.#native.closeSite(key))
  }

  /** @param {string} key */
  reopenSite(key) {
    text('key', key)
    call(() => this.#native.reopenSite(key))
  }

  /**
   * @param {string | Uint8Array} source
   * @param {api.ImportOptions} given
   * @returns {Promise<api.ImportReport>}
   */
  async importUsers(source, given) {
    // A copy, because the feed is read on another thread while this one may change the bytes.
    const feed = isBytes(source) ? new Uint8Array(source) : text('source', source, 'a path or a Uint8Array')
    const { how, signal, progress } = importArguments(given)
    const watch = new Watch(signal, progress)
    watch.look()
    try {
      const report = await this.#pooled('importUsers', () => this.#native.importUsers(feed, how, watch.teller))
      return new ImportReport(report)
    } catch (error) {
      throw watch.reason(error)
    }
  }

  /** @param {string} user */
  erase(user) {
    text('user', user)
    call(() => this.#native.erase(user))
  }

  /**
   * @param {number} revision
   * @param {{ how?: api.Revert | undefined }} [given]
   */
  async revert(revision, given) {
    whole('revision', revision)
    const { how = 'strict' } = options('revert', given, ['how'])
    const word = text('how', how)
    return this.#pooled('revert', () => this.#native.revert(revision, word))
  }

  inputs() {
    return new Snapshot(call(() => this.#native.inputs()))
  }

  async problems() {
    const problems = await this.#pooled('problems', () => this.#native.problems())
    return problems.map(problem => Object.freeze(problem))
  }

  async preview() {
    return new Preview(await this.#pooled('preview', () => this.#native.preview()))
  }

  /** @param {{ expect?: api.Preview | null | undefined }} [given] */
  async commit(given) {
    const { expect } = options('commit', given, ['expect'])
    const preview = Preview.nativeOf(expect)
    if (expect !== undefined && expect !== null && preview === undefined) {
      throw wrong('expect', expect, 'a preview')
    }
    return this.#pooled('commit', async () => {
      this.#delta = new Delta(await this.#native.commit(preview ?? null))
      return this.#delta
    })
  }

  /** @param {string} token */
  async confirm(token) {
    text('token', token)
    return this.#pooled('confirm', async () => {
      this.#delta = new Delta(await this.#native.confirm(token))
      return this.#delta
    })
  }

  rollback() {
    call(() => this.#native.rollback())
  }
}

/**
 * The arguments of `transact`, checked.
 *
 * @param {unknown} fn
 * @param {unknown} given
 */
function transactArguments(fn, given) {
  const { at, note, idempotency } = options('transact', given, ['at', 'note', 'idempotency'])
  return {
    fn: /** @type {(tx: api.Transaction) => unknown} */ (callable('fn', fn)),
    at: instant('at', at),
    note: optionalText('note', note) ?? '',
    idempotency: optionalText('idempotency', idempotency),
  }
}

module.exports = { Transaction, transactArguments }
