'use strict'

// A registry opened on a store, and the host's view of it.

const native = require('../native.js')
const { instant, options, text, whole } = require('./arguments.js')
const { Delta } = require('./delta.js')
const { call, settled } = require('./errors.js')
const { Snapshot } = require('./snapshot.js')
const { Transaction, transactArguments } = require('./transaction.js')

/** @import * as api from '../index.js' */

/** @implements {api.Registry} */
class Registry {
  #native

  /** @param {native.Registry} registry */
  constructor(registry) {
    this.#native = registry
  }

  get revision() {
    return call(() => this.#native.revision())
  }

  get clock() {
    const clock = call(() => this.#native.clock())
    return clock === null ? null : new Date(clock)
  }

  async nextChangeAt() {
    const millis = await settled(() => this.#native.nextChangeAt())
    return millis === null ? null : new Date(millis)
  }

  snapshot() {
    return new Snapshot(call(() => this.#native.snapshot()))
  }

  async refresh() {
    return new Snapshot(await settled(() => this.#native.refresh()))
  }

  /** @param {string} name */
  asHost(name) {
    text('name', name)
    call(() => this.#native.checkOpen())
    return new Host(this.#native, name)
  }

  /** @param {{ after?: number | undefined, limit?: number | undefined }} [given] */
  async deltas(given) {
    const { after = 0, limit = 1000 } = options('deltas', given, ['after', 'limit'])
    const numbers = /** @type {const} */ ([whole('after', after), whole('limit', limit)])
    const deltas = await settled(() => this.#native.deltas(...numbers))
    return deltas.map(delta => new Delta(delta))
  }

  /**
   * @param {string} user
   * @param {string} segment
   */
  async membershipHistory(user, segment) {
    text('user', user)
    text('segment', segment)
    const events = await settled(() => this.#native.membershipHistory(user, segment))
    return events.map(event => Object.freeze({ ...event, at: new Date(event.at) }))
  }

  close() {
    call(() => this.#native.close())
  }

  [Symbol.dispose]() {
    this.close()
  }
}

/** @implements {api.Host} */
class Host {
  #native

  /**
   * @param {native.Registry} registry
   * @param {string} name
   */
  constructor(registry, name) {
    this.#native = registry
    /** @readonly */
    this.name = name
    Object.freeze(this)
  }

  /**
   * @param {(tx: api.Transaction) => unknown} fn
   * @param {{ at: Date, note?: string | null | undefined, idempotency?: string | null | undefined }} given
   */
  async transact(fn, given) {
    const checked = transactArguments(fn, given)
    const begun = await settled(() => 
      this.#native.begin(this.name, checked.at, checked.note, checked.idempotency))
    return Transaction.run(begun, checked.fn)
  }

  /** @param {Date} to */
  async advance(to) {
    const millis = instant('to', to)
    return new Delta(await settled(() => this.#native.advance(this.name, millis)))
  }
}

/**
 * @param {string} path
 * @returns {api.Registry}
 */
function open(path) {
  text('path', path)
  // SQLite would take an empty path for a file of its own that is gone when it is closed.
  if (path === '') throw new TypeError('`path` is empty, expected the path of a file')
  return new Registry(call(() => native.Registry.open(path)))
}

/** @returns {api.Registry} */
function memory() {
  return new Registry(call(() => native.Registry.memory()))
}

/** @returns {string} */
function version() {
  return native.version()
}

module.exports = { memory, open, version }
