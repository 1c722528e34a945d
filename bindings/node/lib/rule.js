'use strict'

// Rules in their notations, and what is said about them before they are saved.

const { optionalText } = require('./arguments.js')
const { call } = require('./errors.js')
const { json } = require('./values.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/**
 * A rule in the notations in which it may be given.
 *
 * @param {unknown} rule
 * @param {unknown} tree
 * @param {unknown} builder
 * @returns {native.RuleArguments}
 */
function notations(rule, tree, builder) {
  return {
    text: optionalText('rule', rule),
    tree: tree === undefined || tree === null ? null : json('ruleTree', tree),
    builder: builder === undefined || builder === null ? null : json('builder', builder),
  }
}

/**
 * Advice as records that nobody can change.
 *
 * @param {native.Lint[]} lints
 * @returns {readonly api.Lint[]}
 */
function advice(lints) {
  return Object.freeze(lints.map(({ json, text }) => {
    const lint = JSON.parse(json)
    if (lint.missing) {
      for (const pair of lint.missing) Object.freeze(pair)
      Object.freeze(lint.missing)
    }
    return Object.freeze({ ...lint, message: text })
  }))
}

/** @implements {api.RulePreview} */
class RulePreview {
  #native

  /** @param {native.RulePreview} preview */
  constructor(preview) {
    this.#native = preview
    const { rule, english, memberCount, joiningCount, leavingCount, unknownCount, ...more } = preview.summary()
    /** @readonly */
    this.rule = rule
    /** @readonly */
    this.english = english
    /** @readonly */
    this.memberCount = memberCount
    /** @readonly */
    this.joiningCount = joiningCount
    /** @readonly */
    this.leavingCount = leavingCount
    /** @readonly */
    this.unknownCount = unknownCount
    /** @type {Readonly<Record<string, number>>} */
    this.bySite = Object.freeze(Object.fromEntries(more.bySite.map(({ site, count }) => [site, count])))
    /** @type {readonly string[]} */
    this.sample = Object.freeze(more.sample)
    /** @readonly */
    this.lints = advice(more.lints)
    Object.freeze(this)
  }

  members() {
    return call(() => this.#native.members())
  }

  joining() {
    return call(() => this.#native.joining())
  }

  leaving() {
    return call(() => this.#native.leaving())
  }

  unknown() {
    return call(() => this.#native.unknown())
  }
}

module.exports = { RulePreview, advice, notations }
