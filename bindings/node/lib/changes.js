'use strict'

// What transactions of the host and of persons have in common: the changes that they are made of, and how they end.

const native = require('../native.js')
const { audienceOf, effects, place, placeOptions } = require('./access.js')
const {
  callable, entries, instant, isRecord, optionalDue, optionalInstant, optionalText, optionalTexts, optionalTruth, optionalWhole,
  options, pair, text, texts, truth, whole, wrong,
} = require('./arguments.js')
const { MatriculaError, call, settled } = require('./errors.js')
const { notations } = require('./rule.js')
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

/** Work on the thread pool, noted while it is under way. */
class Pool {
  /** @type {{ method: string, promise: Promise<unknown> } | null} */
  #work = null

  /**
   * @template T
   * @param {string} method
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  run(method, work) {
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

  /**
   * Makes changes and ends their transaction.
   *
   * @template T
   * @param {native.Transaction} transaction
   * @param {() => unknown} change
   * @param {() => Promise<T>} end
   * @returns {Promise<T>}
   */
  async finish(transaction, change, end) {
    try {
      await change()
      if (this.#work?.method === 'importUsers') {
        throw new MatriculaError('not_possible', 'importUsers was not awaited, so nothing is recorded')
      }
      await this.#work?.promise
      return await end()
    } finally {
      await this.#work?.promise.catch(() => {})
      transaction.discard()
    }
  }
}

/** @implements {api.Changes} */
class Changes {
  #native

  /** @param {native.Transaction} transaction */
  constructor(transaction) {
    this.#native = transaction
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
   * @param {Parameters<api.Changes['defineCourse']>[1]} [given]
   */
  defineCourse(key, given) {
    text('key', key)
    const { name, site, category } = options('defineCourse', given, ['name', 'site', 'category'])
    const words = /** @type {const} */ ([
      optionalText('name', name), optionalText('site', site), optionalText('category', category),
    ])
    call(() => this.#native.defineCourse(key, ...words))
  }

  /**
   * @param {string} key
   * @param {Parameters<api.Changes['defineCategory']>[1]} [given]
   */
  defineCategory(key, given) {
    text('key', key)
    const { name, site, parent } = options('defineCategory', given, ['name', 'site', 'parent'])
    const words = /** @type {const} */ ([
      optionalText('name', name), optionalText('site', site), optionalText('parent', parent),
    ])
    call(() => this.#native.defineCategory(key, ...words))
  }

  /**
   * @param {string} name
   * @param {api.CapabilityKind} kind
   * @param {Parameters<api.Changes['defineCapability']>[2]} [given]
   */
  defineCapability(name, kind, given) {
    const {
      innermost = 'course', over = false, flags, sentence = '',
    } = options('defineCapability', given, ['innermost', 'over', 'flags', 'sentence'])
    const capability = {
      name: text('name', name),
      kind: text('kind', kind),
      innermost: text('innermost', innermost),
      over: truth('over', over),
      flags: optionalTexts('flags', flags),
      sentence: text('sentence', sentence),
    }
    call(() => this.#native.defineCapability(capability))
  }

  /**
   * @param {string} key
   * @param {api.RoleOptions} [given]
   */
  defineRole(key, given) {
    const {
      name, description, site, like, allow, withhold, deny, mayAssign, needsAudience = false,
    } = options('defineRole', given, [
      'name', 'description', 'site', 'like', 'allow', 'withhold', 'deny', 'mayAssign', 'needsAudience',
    ])
    const role = {
      key: text('key', key),
      name: optionalText('name', name),
      description: optionalText('description', description),
      site: optionalText('site', site),
      like: optionalTexts('like', like),
      effects: effects(allow, withhold, deny),
      mayAssign: optionalTexts('mayAssign', mayAssign),
      needsAudience: truth('needsAudience', needsAudience),
    }
    call(() => this.#native.defineRole(role))
  }

  /**
   * @param {string} role
   * @param {Parameters<api.Changes['overrideRole']>[1]} given
   */
  overrideRole(role, given) {
    text('role', role)
    const { allow, withhold, deny, site, category, course } = options('overrideRole', given, [
      'allow', 'withhold', 'deny', 'site', 'category', 'course',
    ])
    const where = place(site, category, course)
    const said = effects(allow, withhold, deny)
    call(() => this.#native.overrideRole(role, said, where.code, where.key))
  }

  /** @param {api.PlaceOptions} [given] */
  lock(given) {
    const { code, key } = placeOptions('lock', given)
    call(() => this.#native.lock(true, code, key))
  }

  /** @param {api.PlaceOptions} [given] */
  unlock(given) {
    const { code, key } = placeOptions('unlock', given)
    call(() => this.#native.lock(false, code, key))
  }

  /**
   * @param {string} role
   * @param {api.GrantOptions} given
   */
  grant(role, given) {
    text('role', role)
    const { user, segment, site, category, course, over, from, until, note = '' } = options('grant', given, [
      'user', 'segment', 'site', 'category', 'course', 'over', 'from', 'until', 'note',
    ])
    const [holder, members] = [optionalText('user', user), optionalText('segment', segment)]
    if ((holder === null) === (members === null)) throw new TypeError('expected either `user` or `segment`')
    const where = place(site, category, course)
    const [audience, audienceKey] = audienceOf(over)
    const grant = {
      role,
      user: holder,
      segment: members,
      place: where.code,
      placeKey: where.key,
      audience,
      audienceKey,
      from: optionalInstant('from', from),
      until: optionalInstant('until', until),
      note: text('note', note),
    }
    call(() => this.#native.grant(grant))
  }

  /** @param {number} grant */
  revoke(grant) {
    whole('grant', grant)
    call(() => this.#native.revoke(grant))
  }

  /** @param {string} key */
  deleteRole(key) {
    text('key', key)
    call(() => this.#native.deleteRole(key))
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
   * @param {Parameters<api.Changes['defineEnrolmentRule']>[1]} given
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
   * @param {Parameters<api.Changes['updateUser']>[1]} [given]
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

  /** @param {Parameters<api.Changes['defineGuard']>[0]} given */
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
   * @param {Parameters<api.Changes['record']>[2]} given
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

  /** @param {string} user */
  erase(user) {
    text('user', user)
    call(() => this.#native.erase(user))
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
    fn: callable('fn', fn),
    at: instant('at', at),
    note: optionalText('note', note) ?? '',
    idempotency: optionalText('idempotency', idempotency),
  }
}

module.exports = { Changes, Pool, transactArguments }
