'use strict'

// One person's view: what they may do and see, why, and the changes that they may make.

const { placeOptions, question } = require('./access.js')
const { isRecord, text, wrong } = require('./arguments.js')
const { Changes, Pool, transactArguments } = require('./changes.js')
const { call, settled } = require('./errors.js')
const { MembershipExplanation } = require('./snapshot.js')
const { read } = require('./values.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/** @implements {api.Actor} */
class Actor {
  #registry
  #native
  #at

  /**
   * @param {native.Registry} registry
   * @param {string} key
   * @param {number} at
   */
  constructor(registry, key, at) {
    this.#registry = registry
    this.#native = registry.asActor(key, at)
    this.#at = at
    /** @readonly */
    this.key = key
    Object.freeze(this)
  }

  get at() {
    return new Date(this.#at)
  }

  /**
   * @param {string} capability
   * @param {api.QuestionOptions} [given]
   */
  can(capability, given) {
    text('capability', capability)
    const { code, key, over } = question('can', given)
    return call(() => this.#native.can(capability, code, key, over))
  }

  /** @param {readonly api.QuestionData[]} questions */
  canMany(questions) {
    if (!Array.isArray(questions)) throw wrong('questions', questions, 'an array of questions')
    /** @type {string[]} */
    const texts = []
    /** @type {number[]} */
    const places = []
    for (const [index, asked] of questions.entries()) {
      const what = `questions[${index}]`
      if (!isRecord(asked)) throw wrong(what, asked, 'an object')
      const { capability, ...rest } = asked
      const { code, key, over } = question(what, rest)
      texts.push(text(`${what}.capability`, capability), key, over)
      places.push(code)
    }
    return call(() => this.#native.canMany(texts, places))
  }

  /**
   * @param {string} capability
   * @param {api.QuestionOptions} [given]
   */
  explain(capability, given) {
    text('capability', capability)
    const { code, key, over } = question('explain', given)
    return new Proof(call(() => this.#native.explain(capability, code, key, over)))
  }

  /**
   * @param {string} capability
   * @param {api.PlaceOptions} [given]
   */
  audience(capability, given) {
    text('capability', capability)
    const { code, key } = placeOptions('audience', given)
    return call(() => this.#native.audience(capability, code, key))
  }

  /** @param {string} capability */
  courses(capability) {
    text('capability', capability)
    return call(() => this.#native.courses(capability))
  }

  /** @param {api.PlaceOptions} [given] */
  people(given) {
    const { code, key } = placeOptions('people', given)
    return call(() => this.#native.people(code, key))
  }

  /** @param {string} segment */
  members(segment) {
    text('segment', segment)
    return call(() => this.#native.members(segment))
  }

  /**
   * @param {string} user
   * @param {api.PlaceOptions} [given]
   */
  profile(user, given) {
    text('user', user)
    const { code, key } = placeOptions('profile', given)
    const values = call(() => this.#native.profile(user, code, key))
    return Object.freeze(Object.fromEntries(values.map(({ key, value }) => [key, read(value ?? '')])))
  }

  /** @param {api.PlaceOptions} [given] */
  reports(given) {
    const { code, key } = placeOptions('reports', given)
    return call(() => this.#native.reports(code, key))
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
   * @param {(tx: api.ActorTransaction) => unknown} fn
   * @param {{ at: Date, note?: string | null | undefined, idempotency?: string | null | undefined }} given
   */
  async transact(fn, given) {
    const checked = transactArguments(fn, given)
    const begun = await settled(() =>
      this.#registry.beginAs(this.key, checked.at, checked.note, checked.idempotency))
    return ActorTransaction.run(begun, checked.fn)
  }
}

/** @implements {api.Proof} */
class Proof {
  /** @param {native.Proof} proof */
  constructor(proof) {
    /** @readonly */
    this.actor = proof.actor
    /** @readonly */
    this.capability = proof.capability
    /** @readonly */
    this.site = proof.site
    /** @readonly */
    this.category = proof.category
    /** @readonly */
    this.course = proof.course
    /** @readonly */
    this.over = proof.over
    /** @readonly */
    this.allowed = proof.allowed
    /** @readonly */
    this.because = proof.because
    for (const considered of proof.considered) {
      for (const said of considered.says) Object.freeze(said)
      Object.freeze(considered.says)
      Object.freeze(considered)
    }
    /** @type {readonly api.Considered[]} */
    this.considered = Object.freeze(proof.considered)
    /** @readonly */
    this.summary = proof.summary
    Object.freeze(this)
  }

  toString() {
    return this.summary
  }
}

/** @implements {api.ActorTransaction} */
class ActorTransaction extends Changes {
  #native
  #pool = new Pool()
  /** @type {number | null} */
  #revision = null

  /** @param {native.Transaction} transaction */
  constructor(transaction) {
    super(transaction)
    this.#native = transaction
  }

  /**
   * Runs a function on a transaction and ends the transaction.
   *
   * @param {native.Transaction} transaction
   * @param {Function} fn
   * @returns {Promise<number | null>}
   */
  static run(transaction, fn) {
    const tx = new ActorTransaction(transaction)
    return tx.#pool.finish(transaction, () => fn(tx), async () => (transaction.isOpen() ? tx.commit() : tx.#revision))
  }

  async check() {
    return this.#pool.run('check', () => this.#native.check())
  }

  async commit() {
    return this.#pool.run('commit', async () => {
      const revision = await this.#native.commitOfActor()
      this.#revision = revision
      return revision
    })
  }
}

module.exports = { Actor }
