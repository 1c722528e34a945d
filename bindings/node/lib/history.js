'use strict'

// The registry as it was: points in its history, what became of a person, and what an audit found.

const { instant, whole, wrong } = require('./arguments.js')
const { read } = require('./values.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/**
 * A revision, or an instant.
 *
 * @param {unknown} when
 * @returns {number | native.Moment}
 */
function pointInTime(when) {
  if (typeof when === 'number') return whole('when', when)
  if (Object.prototype.toString.call(when) === '[object Date]') return { millis: instant('when', when) }
  throw wrong('when', when, 'a revision or a Date')
}

/**
 * @param {native.UserEvent} event
 * @returns {api.UserEvent}
 */
function event(event) {
  const value = event.value === null ? null : read(event.value)
  return Object.freeze({ ...event, at: new Date(event.at), value })
}

/** @implements {api.Verification} */
class Verification {
  /** @param {native.Verification} found */
  constructor(found) {
    /** @readonly */
    this.isIntact = found.isIntact
    /** @readonly */
    this.revision = found.revision
    /** @readonly */
    this.head = found.head
    /** @readonly */
    this.sealedFrom = found.sealedFrom
    /** @readonly */
    this.keyedFrom = found.keyedFrom
    /** @readonly */
    this.archivedTo = found.archivedTo
    /** @readonly */
    this.commits = found.commits
    /** @readonly */
    this.erased = found.erased
    /** @type {readonly api.Difference[]} */
    this.differences = Object.freeze(found.differences.map(difference => Object.freeze(difference)))
    /** @readonly */
    this.summary = found.summary
    Object.freeze(this)
  }

  toString() {
    return this.summary
  }
}

module.exports = { Verification, event, pointInTime }
