'use strict'

// What happens to enrolments, one by one: the native module tells it of many people at a time.

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/**
 * @param {native.Steps[]} steps
 * @returns {api.Step[]}
 */
function single(steps) {
  return steps.flatMap(({ at, action, users, course, reason, due }) =>
    users.map(user => Object.freeze({ at: new Date(at), action, user, course, reason, due })))
}

module.exports = { single }
