'use strict'

// The one error class, and the errors of the native module made into it.

const native = require('../native.js')
const { Hold, RowError } = require('./refusals.js')

/** @import * as api from '../index.js' */
/** @import { RowError as NativeRowError } from '../native.js' */

class MatriculaError extends Error {
  /**
   * @param {api.ErrorCode} code
   * @param {string} message
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, message, options) {
    super(message, options)
    /** @readonly */
    this.code = code
  }

  /** @returns {'MatriculaError'} */
  get name() {
    return 'MatriculaError'
  }
}

const codes = new Set(native.errorCodes())

/**
 * What the native module threw, as users get it. What has none of the library's codes is a defect and stays as it is.
 *
 * @param {unknown} error
 * @returns {unknown}
 */
function translated(error) {
  if (!(error instanceof Error) || !('code' in error) || !codes.has(String(error.code))) return error
  const translated = new MatriculaError(/** @type {api.ErrorCode} */ (error.code), error.message)
  if (!(error.cause instanceof Error)) return translated
  // The native module says what else there is to know in the only other place that it has.
  const { hold, rows, problems, ...place } = JSON.parse(error.cause.message)
  if (hold) Object.assign(translated, { hold: new Hold(hold) })
  if (rows) {
    const errors = rows.map((/** @type {NativeRowError} */ row) => new RowError(row))
    Object.assign(translated, { rows: Object.freeze(errors) })
  }
  if (problems) {
    for (const problem of problems) Object.freeze(problem)
    Object.assign(translated, { problems: Object.freeze(problems) })
  }
  return Object.assign(translated, place)
}

/**
 * Calls the native module.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function call(work) {
  try {
    return work()
  } catch (error) {
    throw translated(error)
  }
}

/**
 * Calls the native module for a promise.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function settled(work) {
  try {
    return await work()
  } catch (error) {
    throw translated(error)
  }
}

module.exports = { MatriculaError, call, settled }
