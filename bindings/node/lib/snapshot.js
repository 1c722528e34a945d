'use strict'

// The registry at a revision, and the explanations that it gives.

const native = require('../native.js')
const { question } = require('./access.js')
const { instant, optionalText, options, text } = require('./arguments.js')
const { call, settled } = require('./errors.js')
const { RulePreview, advice, notations } = require('./rule.js')
const { single } = require('./steps.js')
const { read } = require('./values.js')

/** @import * as api from '../index.js' */

/**
 * Definitions that nobody can change.
 *
 * @template Definition
 * @param {Definition[]} definitions
 */
function frozen(definitions) {
  for (const definition of definitions) {
    for (const part of Object.values(/** @type {object} */ (definition))) Object.freeze(part)
    Object.freeze(definition)
  }
  return Object.freeze(definitions)
}

/**
 * An object that serves as a map, made so that a key such as `__proto__` is a key like any other.
 *
 * @param {native.Pair[]} pairs
 */
function mapped(pairs) {
  return Object.freeze(Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? ''])))
}

/** @implements {api.Snapshot} */
class Snapshot {
  #native

  /** @param {native.Snapshot} snapshot */
  constructor(snapshot) {
    this.#native = snapshot
    /** @readonly */
    this.revision = snapshot.revision()
    const clock = snapshot.clock()
    /** @readonly */
    this.clock = clock === null ? null : new Date(clock)
    Object.freeze(this)
  }

  get guard() {
    return Object.freeze(call(() => this.#native.guard()))
  }

  async nextChangeAt() {
    const millis = await settled(() => this.#native.nextChangeAt())
    return millis === null ? null : new Date(millis)
  }

  get userCount() {
    return call(() => this.#native.userCount())
  }

  get enrolmentCount() {
    return call(() => this.#native.enrolmentCount())
  }

  get sites() {
    return frozen(call(() => this.#native.sites()))
  }

  get attributes() {
    const value = (/** @type {Parameters<typeof read>[0] | null} */ given) => (given === null ? null : read(given))
    return frozen(call(() => this.#native.attributes()).map(attribute => ({
      ...attribute,
      options: attribute.options && frozen(attribute.options),
      minimum: value(attribute.minimum),
      maximum: value(attribute.maximum),
      default: value(attribute.default),
    })))
  }

  get courses() {
    return frozen(call(() => this.#native.courses()))
  }

  get segments() {
    return frozen(call(() => this.#native.segments()))
  }

  get enrolmentRules() {
    const at = (/** @type {number | null} */ millis) => (millis === null ? null : new Date(millis))
    return frozen(call(() => this.#native.enrolmentRules()).map(rule =>
      ({ ...rule, from: at(rule.from), until: at(rule.until) })))
  }

  categories() {
    return frozen(call(() => this.#native.categories()))
  }

  capabilities() {
    return frozen(call(() => this.#native.capabilities()))
  }

  roles() {
    return frozen(call(() => this.#native.roles()))
  }

  grants() {
    const at = (/** @type {number | null} */ millis) => (millis === null ? null : new Date(millis))
    return frozen(call(() => this.#native.grants()).map(({ audience, audienceKey, ...grant }) => ({
      ...grant,
      over: audience === null ? null : /** @type {api.AudienceData} */ ({ [audience]: audienceKey }),
      from: at(grant.from),
      until: at(grant.until),
    })))
  }

  /**
   * @param {string} capability
   * @param {{ at: Date } & api.QuestionOptions} given
   */
  whoCan(capability, given) {
    text('capability', capability)
    const { at, ...asked } = options('whoCan', given, ['at', 'site', 'category', 'course', 'over'])
    const { code, key, over } = question('whoCan', asked)
    const millis = instant('at', at)
    return call(() => this.#native.whoCan(capability, millis, code, key, over))
  }

  users() {
    return call(() => this.#native.users())
  }

  /**
   * @param {string} key
   * @returns {api.User}
   */
  user(key) {
    text('key', key)
    const { values, sites, created, ...user } = call(() => this.#native.user(key))
    const statuses = /** @type {Readonly<Record<string, api.Status>>} */ (mapped(sites))
    return Object.freeze({
      ...user,
      created: created === null ? null : new Date(created),
      values: Object.freeze(Object.fromEntries(values.map(({ key, value }) => [key, read(value ?? '')]))),
      sites: statuses,
    })
  }

  /** @param {string} segment */
  members(segment) {
    text('segment', segment)
    return call(() => this.#native.members(segment))
  }

  /** @param {string} segment */
  memberCount(segment) {
    text('segment', segment)
    return call(() => this.#native.memberCount(segment))
  }

  /**
   * @param {string} user
   * @param {string} segment
   */
  isMember(user, segment) {
    text('user', user)
    text('segment', segment)
    return call(() => this.#native.isMember(user, segment))
  }

  /** @param {string} segment */
  exceptions(segment) {
    text('segment', segment)
    return call(() => this.#native.exceptions(segment)).map(record => Object.freeze(record))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  completed(user, course) {
    text('user', user)
    text('course', course)
    const at = call(() => this.#native.completed(user, course))
    return at === null ? null : new Date(at)
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  score(user, course) {
    text('user', user)
    text('course', course)
    return call(() => this.#native.score(user, course))
  }

  /**
   * @param {string | null | undefined} [rule]
   * @param {api.PreviewRuleOptions} [given]
   * @returns {Promise<api.RulePreview>}
   */
  async previewRule(rule, given) {
    const names = /** @type {const} */ (['ruleTree', 'builder', 'site', 'segment', 'at'])
    const { ruleTree, builder, site, segment, at } = options('previewRule', given, names)
    const source = notations(rule, ruleTree, builder)
    const words = /** @type {const} */ ([optionalText('site', site), optionalText('segment', segment)])
    const millis = at === undefined || at === null ? null : instant('at', at)
    return new RulePreview(await settled(() => this.#native.previewRule(source, ...words, millis)))
  }

  /** @param {string} segment */
  async lints(segment) {
    text('segment', segment)
    return advice(await settled(() => this.#native.lints(segment)))
  }

  /**
   * @param {string} segment
   * @returns {object | null}
   */
  ruleTree(segment) {
    text('segment', segment)
    const json = call(() => this.#native.ruleTree(segment))
    return json === null ? null : JSON.parse(json)
  }

  /**
   * @param {string} segment
   * @returns {object | null}
   */
  ruleBuilder(segment) {
    text('segment', segment)
    const json = call(() => this.#native.ruleBuilder(segment))
    return json === null ? null : JSON.parse(json)
  }

  /**
   * @param {string} segment
   * @param {api.Dialect} dialect
   * @param {{ at?: Date | null | undefined }} [given]
   */
  segmentSql(segment, dialect, given) {
    text('segment', segment)
    text('dialect', dialect)
    const { at } = options('segmentSql', given, ['at'])
    const millis = at === undefined || at === null ? null : instant('at', at)
    const sql = call(() => this.#native.segmentSql(segment, dialect, millis))
    Object.freeze(sql.parameters)
    return Object.freeze(sql)
  }

  /** @param {{ user?: string | null | undefined, course?: string | null | undefined }} of */
  enrolments(of) {
    const given = options('enrolments', of, ['user', 'course'])
    const user = optionalText('user', given.user)
    const course = optionalText('course', given.course)
    if (user === null && course === null) {
      throw new TypeError('neither `user` nor `course` is given to enrolments, expected at least one')
    }
    return call(() => this.#native.enrolments(user, course)).map(enrolment => {
      const reasons = enrolment.reasons.map(held => Object.freeze({ ...held, since: new Date(held.since) }))
      const { since, suspendedByHand: halted } = enrolment
      return Object.freeze({
        ...enrolment,
        since: new Date(since),
        suspendedByHand: halted === null ? null : new Date(halted),
        reasons: Object.freeze(reasons),
      })
    })
  }

  async plan() {
    return single(await settled(() => this.#native.plan()))
  }

  /**
   * @param {string} user
   * @param {string} segment
   */
  explainMembership(user, segment) {
    text('user', user)
    text('segment', segment)
    return new MembershipExplanation(call(() => this.#native.explainMembership(user, segment)))
  }

  /**
   * @param {string} user
   * @param {string} course
   */
  explainEnrolment(user, course) {
    text('user', user)
    text('course', course)
    return new EnrolmentExplanation(call(() => this.#native.explainEnrolment(user, course)))
  }
}

/** @implements {api.MembershipExplanation} */
class MembershipExplanation {
  #native

  /** @param {native.Explanation} explanation */
  constructor(explanation) {
    this.#native = explanation
    const { user, segment, member, state, exception, flips } = this.toJSON()
    /** @readonly */
    this.user = user
    /** @readonly */
    this.segment = segment
    /** @readonly */
    this.member = member
    /** @readonly */
    this.state = state
    /** @readonly */
    this.exception = exception ?? null
    /** @type {readonly api.FlipData[]} */
    this.flips = Object.freeze((flips ?? []).map(flip => Object.freeze(flip)))
    Object.freeze(this)
  }

  toString() {
    return this.#native.text
  }

  /** @returns {api.MembershipData} */
  toJSON() {
    return JSON.parse(this.#native.json)
  }
}

/** @implements {api.EnrolmentExplanation} */
class EnrolmentExplanation {
  #native

  /** @param {native.Explanation} explanation */
  constructor(explanation) {
    this.#native = explanation
    const { user, course, status } = this.toJSON()
    /** @readonly */
    this.user = user
    /** @readonly */
    this.course = course
    /** @readonly */
    this.status = status ?? null
    Object.freeze(this)
  }

  toString() {
    return this.#native.text
  }

  /** @returns {api.EnrolmentData} */
  toJSON() {
    return JSON.parse(this.#native.json)
  }
}

module.exports = { MembershipExplanation, Snapshot }
