'use strict'

// A set of changes, and the function that makes one: committed when it returns, given up when it throws.

const native = require('../native.js')
const {
  callable, entries, instant, isBytes, optionalText, options, text, texts, truth, wrong,
} = require('./arguments.js')
const { Delta, Preview } = require('./delta.js')
const { MatriculaError, call, settled } = require('./errors.js')

/** @import * as api from '../index.js' */

const pair = (/** @type {string} */ key, /** @type {string | null} */ value) => ({ key, value })

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
   * @param {{ options?: readonly string[] | null | undefined }} [given]
   */
  defineAttribute(key, type, given) {
    text('key', key)
    text('type', type)
    const { options: choices } = options('defineAttribute', given, ['options'])
    const keys = choices === undefined || choices === null ? null : texts('options', choices)
    call(() => this.#native.defineAttribute(key, type, keys))
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
   * @param {string} rule
   * @param {{ name?: string | null | undefined, site?: string | null | undefined }} [given]
   */
  defineSegment(key, rule, given) {
    text('key', key)
    text('rule', rule)
    const { name, site } = options('defineSegment', given, ['name', 'site'])
    const words = /** @type {const} */ ([optionalText('name', name), optionalText('site', site)])
    call(() => this.#native.defineSegment(key, rule, ...words))
  }

  /**
   * @param {string} key
   * @param {Parameters<api.Transaction['defineEnrolmentRule']>[1]} given
   */
  defineEnrolmentRule(key, given) {
    text('key', key)
    const names = /** @type {const} */ (['segment', 'courses', 'onLeave', 'name', 'enabled'])
    const { segment, courses, onLeave = 'keep', name, enabled = true } = options('defineEnrolmentRule', given, names)
    const rule = {
      key,
      segment: text('segment', segment),
      courses: texts('courses', courses),
      onLeave: text('onLeave', onLeave),
      name: optionalText('name', name),
      enabled: truth('enabled', enabled),
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
    const expected = 'text, a day such as 2026-01-31, or null to clear the value'
    const update = {
      key,
      status: optionalText('status', status),
      values: entries('values', values).map(([attribute, value]) =>
        pair(attribute, value === null ? null : text(`values.${attribute}`, value, expected))),
      sites: entries('sites', sites).map(([site, status]) =>
        pair(site, status === null ? null : text(`sites.${site}`, status, 'active, suspended, or null'))),
    }
    call(() => this.#native.updateUser(update))
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
   * @param {string | Uint8Array} source
   * @param {api.ImportOptions} given
   * @returns {Promise<api.ImportReport>}
   */
  async importUsers(source, given) {
    // A copy, because the feed is read on another thread while this one may change the bytes.
    const feed = isBytes(source) ? new Uint8Array(source) : text('source', source, 'a path or a Uint8Array')
    const names = /** @type {const} */ (['mapping', 'blank', 'absent', 'signal', 'progress'])
    const { mapping, blank = 'clear', absent = 'leave', signal, progress } = options('importUsers', given, names)
    const how = {
      mapping: entries('mapping', mapping).map(([column, target]) =>
        pair(column, text(`mapping.${column}`, target))),
      blank: text('blank', blank),
      absent: text('absent', absent),
    }
    const watch = new Watch(signal, progress)
    watch.look()
    try {
      const report = await this.#pooled('importUsers', () => this.#native.importUsers(feed, how, watch.teller))
      return new ImportReport(report)
    } catch (error) {
      throw watch.reason(error)
    }
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

  rollback() {
    call(() => this.#native.rollback())
  }
}

/** What may stop an import. */
class Watch {
  #signal
  #progress
  /** @type {{ error: unknown } | undefined} */
  #thrown

  /**
   * @param {unknown} signal
   * @param {unknown} progress
   */
  constructor(signal, progress) {
    if (signal !== undefined && signal !== null && (typeof signal !== 'object' || !('aborted' in signal))) {
      throw wrong('signal', signal, 'an AbortSignal')
    }
    this.#signal = /** @type {api.AbortSignalLike | null | undefined} */ (signal)
    this.#progress = progress === undefined || progress === null ? null : callable('progress', progress)
  }

  /** What the import tells of its progress; `null` if nobody wants to know. */
  get teller() {
    if (!this.#signal && !this.#progress) return null
    return (/** @type {number} */ rows, /** @type {number} */ bytes, /** @type {number} */ totalBytes) => {
      try {
        if (this.#signal?.aborted) return false
        const answer = this.#progress?.(Object.freeze({ rows, bytes, totalBytes }))
        if (answer === undefined || typeof answer === 'boolean') return answer !== false && !this.#signal?.aborted
        throw wrong('the result of progress', answer, 'a boolean or nothing')
      } catch (error) {
        this.#thrown = { error }
        return false
      }
    }
  }

  /** Stops before anything has begun. */
  look() {
    if (this.#signal?.aborted) throw this.reason(new MatriculaError('cancelled', 'the import was stopped'))
  }

  /**
   * Why the import failed.
   *
   * @param {unknown} error
   */
  reason(error) {
    if (this.#thrown) return this.#thrown.error
    if (this.#signal?.aborted && error instanceof MatriculaError && error.code === 'cancelled') {
      return new MatriculaError('cancelled', error.message, { cause: this.#signal.reason })
    }
    return error
  }
}

/** @implements {api.ImportReport} */
class ImportReport {
  #text

  /** @param {native.ImportReport} report */
  constructor(report) {
    /** @readonly */
    this.rows = report.rows
    /** @readonly */
    this.created = report.created
    /** @readonly */
    this.changed = report.changed
    /** @readonly */
    this.unchanged = report.unchanged
    /** @readonly */
    this.suspended = report.suspended
    /** @type {readonly string[]} */
    this.ignoredColumns = Object.freeze(report.ignoredColumns)
    /** @type {readonly RowError[]} */
    this.errors = Object.freeze(report.errors.map(error => new RowError(error)))
    this.#text = report.text
    Object.freeze(this)
  }

  toString() {
    return this.#text
  }
}

/** @implements {api.RowError} */
class RowError {
  #text

  /** @param {native.RowError} error */
  constructor({ line, column, value, reason, text }) {
    /** @readonly */
    this.line = line
    /** @readonly */
    this.column = column
    /** @readonly */
    this.value = value
    /** @readonly */
    this.reason = reason
    this.#text = text
    Object.freeze(this)
  }

  toString() {
    return this.#text
  }
}

/**
 * The arguments of `transact`, checked.
 *
 * @param {unknown} fn
 * @param {unknown} given
 */
function transactArguments(fn, given) {
  const { at, note } = options('transact', given, ['at', 'note'])
  return {
    fn: /** @type {(tx: api.Transaction) => unknown} */ (callable('fn', fn)),
    at: instant('at', at),
    note: optionalText('note', note) ?? '',
  }
}

module.exports = { Transaction, transactArguments }
