'use strict'

// What a feed or a commit was refused for: the rows that are wrong, and what the guard holds.

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

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

/** @implements {api.Hold} */
class Hold {
  /** @param {Omit<api.Hold, 'toString'>} hold as the native module says it in JSON */
  constructor({ revision, token, guard, excesses, summary }) {
    /** @readonly */
    this.revision = revision
    /** @readonly */
    this.token = token
    /** @readonly */
    this.guard = Object.freeze(guard)
    /** @type {readonly api.Excess[]} */
    this.excesses = Object.freeze(excesses.map(excess => Object.freeze(excess)))
    /** @readonly */
    this.summary = summary
    Object.freeze(this)
  }

  toString() {
    return this.summary
  }
}

module.exports = { Hold, RowError }
