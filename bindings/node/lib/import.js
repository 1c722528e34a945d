'use strict'

// Feeds of people: what is said of one, what may stop its import, and what it came to.

const { callable, entries, isRecord, optionalText, options, pair, text, wrong } = require('./arguments.js')
const { MatriculaError } = require('./errors.js')
const { RowError } = require('./refusals.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/**
 * What a column of a feed means: its target, or all there is to say.
 *
 * @param {string} column
 * @param {unknown} value
 */
function columnMeans(column, value) {
  const what = `mapping.${column}`
  if (!isRecord(value)) return { column, target: text(what, value, 'a string or an object'), blank: null }
  const { target, blank } = options(what, value, ['target', 'blank'])
  return { column, target: text(`${what}.target`, target), blank: optionalText(`${what}.blank`, blank) }
}

/**
 * How a feed is to be taken, checked.
 *
 * @param {unknown} given
 */
function importArguments(given) {
  const names = /** @type {const} */ (['mapping', 'blank', 'absent', 'badRows', 'format', 'signal', 'progress'])
  const {
    mapping, blank = 'clear', absent = 'leave', badRows = 'skip_bad_rows', format = 'csv', signal, progress,
  } = options('importUsers', given, names)
  const columns = entries('mapping', mapping).map(([column, means]) => columnMeans(column, means))
  const how = {
    mapping: columns.map(({ column, target }) => pair(column, target)),
    blanks: columns.filter(({ blank }) => blank !== null).map(({ column, blank }) => pair(column, blank)),
    blank: text('blank', blank),
    absent: text('absent', absent),
    badRows: text('badRows', badRows),
    format: text('format', format),
  }
  return { how, signal, progress }
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
    /** @type {readonly api.RowError[]} */
    this.errors = Object.freeze(report.errors.map(error => new RowError(error)))
    this.#text = report.text
    Object.freeze(this)
  }

  toString() {
    return this.#text
  }
}

module.exports = { ImportReport, Watch, importArguments }
