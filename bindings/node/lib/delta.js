'use strict'

// What a commit did, or would do. The lists are made when they are first asked for: a delta may be large, and most
// hosts look at parts of it.

const native = require('../native.js')
const { call } = require('./errors.js')
const { Hold } = require('./refusals.js')
const { advice } = require('./rule.js')
const { Snapshot } = require('./snapshot.js')
const { single } = require('./steps.js')

/** @import * as api from '../index.js' */

/**
 * Records that nobody can change.
 *
 * @template Found
 * @param {Found[]} records
 */
function frozen(records) {
  for (const record of records) Object.freeze(record)
  return Object.freeze(records)
}

/**
 * @param {native.Warning} warning
 * @returns {api.Warning}
 */
function warned({ json, text, lint }) {
  const warning = JSON.parse(json)
  if (lint !== undefined) warning.lint = advice([{ json: JSON.stringify(warning.lint), text: lint }])[0]
  if (warning.users) Object.freeze(warning.users)
  return Object.freeze({ ...warning, message: text })
}

/** @implements {api.Delta} */
class Delta {
  #native
  /** @type {readonly api.Step[] | undefined} */
  #steps
  /** @type {readonly api.MembershipStep[] | undefined} */
  #memberships
  /** @type {readonly api.Warning[] | undefined} */
  #warnings

  /** @param {native.Delta} delta */
  constructor(delta) {
    this.#native = delta
    const { revision, at, author, note, isEmpty, usersCreated, usersChanged, usersSuspended } = delta.summary()
    /** @readonly */
    this.revision = revision
    /** @readonly */
    this.at = new Date(at)
    /** @readonly */
    this.author = author
    /** @readonly */
    this.note = note
    /** @readonly */
    this.isEmpty = isEmpty
    /** @readonly */
    this.usersCreated = usersCreated
    /** @readonly */
    this.usersChanged = usersChanged
    /** @readonly */
    this.usersSuspended = usersSuspended
    Object.freeze(this)
  }

  get warnings() {
    return (this.#warnings ??= Object.freeze(call(() => this.#native.warnings()).map(warned)))
  }

  get summary() {
    return call(() => this.#native.textWithWarnings())
  }

  get steps() {
    return (this.#steps ??= Object.freeze(single(call(() => this.#native.steps()))))
  }

  get memberships() {
    return (this.#memberships ??= Object.freeze(call(() => this.#native.memberships()).flatMap(
      ({ at, users, segment, joined }) =>
        users.map(user => Object.freeze({ at: new Date(at), user, segment, joined })),
    )))
  }

  get segmentCounts() {
    return frozen(call(() => this.#native.segmentCounts()))
  }

  get courseCounts() {
    return frozen(call(() => this.#native.courseCounts()))
  }

  toString() {
    return call(() => this.#native.text())
  }

  toJSON() {
    const { warnings, steps, memberships, segmentCounts, courseCounts } = this
    return { ...this, warnings, steps, memberships, segmentCounts, courseCounts }
  }
}

/** @implements {api.Preview} */
class Preview {
  #native

  /** @param {native.Preview} preview */
  constructor(preview) {
    this.#native = preview
    /** @readonly */
    this.delta = new Delta(preview.delta())
    /** @readonly */
    this.snapshot = new Snapshot(preview.snapshot())
    const held = preview.held()
    /** @readonly */
    this.held = held === null ? null : new Hold(JSON.parse(held))
    /** @readonly */
    this.repeats = preview.repeats()
    Object.freeze(this)
  }

  toString() {
    return call(() => this.#native.text())
  }

  /**
   * The native half of a preview; none of anything else.
   *
   * @param {unknown} value
   */
  static nativeOf(value) {
    return typeof value === 'object' && value !== null && #native in value ? value.#native : undefined
  }
}

module.exports = { Delta, Preview }
