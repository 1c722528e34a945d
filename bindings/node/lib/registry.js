'use strict'

// A registry opened on a store, and the host's view of it.

const native = require('../native.js')
const {
  instant, isBytes, optionalText, optionalWhole, options, text, truth, whole,
} = require('./arguments.js')
const { Actor } = require('./actor.js')
const { transactArguments } = require('./changes.js')
const { Delta } = require('./delta.js')
const { MatriculaError, call, settled } = require('./errors.js')
const { Verification, event, pointInTime } = require('./history.js')
const { Snapshot } = require('./snapshot.js')
const { Transaction } = require('./transaction.js')

/** @import * as api from '../index.js' */

/**
 * What waits without a thread, and what measures it: not of the language, but of whatever runs it.
 *
 * @typedef {{ performance: { now(): number }, setTimeout(done: () => void, millis: number): unknown }} Around
 */
const { performance, setTimeout: later } = /** @type {Around} */ (/** @type {unknown} */ (globalThis))

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

  /**
   * @param {number} revision
   * @param {{ timeout: number }} given
   */
  async snapshotAtLeast(revision, given) {
    whole('revision', revision)
    const timeout = whole('timeout', options('snapshotAtLeast', given, ['timeout']).timeout)
    const start = performance.now()
    for (let pause = 1; ; pause = Math.min(2 * pause, 20)) {
      const now = this.snapshot()
      const snapshot = now.revision < revision ? await this.refresh() : now
      const left = start + timeout - performance.now()
      if (snapshot.revision >= revision) return snapshot
      if (left <= 0) {
        const message = `the registry is at revision ${snapshot.revision}, expected at least ${revision} within ${timeout}ms`
        throw new MatriculaError('stale', message)
      }
      await new Promise(done => later(() => done(undefined), Math.min(pause, left)))
    }
  }

  async saveCache() {
    await settled(() => this.#native.saveCache())
  }

  /** @param {string} path */
  async backup(path) {
    filePath('path', path)
    await settled(() => this.#native.backup(path))
  }

  /** @param {string} name */
  asHost(name) {
    text('name', name)
    call(() => this.#native.checkOpen())
    return new Host(this.#native, name)
  }

  /**
   * @param {string} key
   * @param {{ at: Date }} given
   */
  asActor(key, given) {
    text('key', key)
    const at = instant('at', options('asActor', given, ['at']).at)
    return call(() => new Actor(this.#native, key, at))
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

  /** @param {number | Date} when */
  async asOf(when) {
    const point = pointInTime(when)
    return new Snapshot(await settled(() => this.#native.asOf(point)))
  }

  /**
   * @param {string | Uint8Array} source
   * @param {number | Date} when
   */
  async asOfIn(source, when) {
    const [archive, point] = [readable(source), pointInTime(when)]
    return new Snapshot(await settled(() => this.#native.asOfIn(archive, point)))
  }

  /** @param {string} user */
  async historyOfUser(user) {
    text('user', user)
    return (await settled(() => this.#native.historyOfUser(user))).map(event)
  }

  async head() {
    return settled(() => this.#native.head())
  }

  /** @param {string | null | undefined} [saved] */
  async verify(saved) {
    const head = optionalText('saved', saved)
    return new Verification(await settled(() => this.#native.verify(head)))
  }

  /** @param {string} target */
  async export(target) {
    filePath('target', target)
    return settled(() => this.#native.export(target))
  }

  /**
   * @param {number} before
   * @param {string} author
   * @param {string} target
   * @returns {Promise<api.Archived>}
   */
  async archive(before, author, target) {
    whole('before', before)
    text('author', author)
    filePath('target', target)
    const archived = await settled(() => this.#native.archive(before, author, target))
    return Object.freeze({ from: archived.from(), to: archived.to(), delta: new Delta(archived.delta()) })
  }

  async clean() {
    await settled(() => this.#native.clean())
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
 * @param {string} what
 * @param {unknown} path
 */
function filePath(what, path) {
  // SQLite would take an empty path for a file of its own that is gone when it is closed.
  if (text(what, path) === '') throw new TypeError(`\`${what}\` is empty, expected the path of a file`)
}

/**
 * A path, or a copy of bytes, because they are read on another thread while this one may change them.
 *
 * @param {string | Uint8Array} source
 */
const readable = source =>
  (isBytes(source) ? new Uint8Array(source) : text('source', source, 'a path or a Uint8Array'))

/**
 * @param {string | Uint8Array} source
 * @param {string | null | undefined} [path]
 * @returns {Promise<api.Registry>}
 */
async function importRegistry(source, path) {
  const archive = readable(source)
  const file = optionalText('path', path)
  if (file !== null) filePath('path', file)
  return new Registry(await settled(() => native.importRegistry(archive, file)))
}

/**
 * @param {string} path
 * @param {api.OpenOptions} [given]
 * @returns {api.Registry}
 */
function open(path, given) {
  filePath('path', path)
  const { readOnly = false, durability = 'full', busyTimeout, secureDelete = false, cache = true, maxBytes } = options(
    'open', given, ['readOnly', 'durability', 'busyTimeout', 'secureDelete', 'cache', 'maxBytes'])
  const how = {
    readOnly: truth('readOnly', readOnly),
    durability: text('durability', durability),
    busyTimeout: optionalWhole('busyTimeout', busyTimeout),
    secureDelete: truth('secureDelete', secureDelete),
    cache: truth('cache', cache),
    maxBytes: optionalWhole('maxBytes', maxBytes),
  }
  return new Registry(call(() => native.Registry.open(path, how)))
}

/** @returns {api.Registry} */
function memory() {
  return new Registry(call(() => native.Registry.memory()))
}

/** @param {number} most */
function limitConnections(most) {
  whole('most', most)
  call(() => native.limitConnections(most))
}

/** @returns {string} */
function version() {
  return native.version()
}

module.exports = { importRegistry, limitConnections, memory, open, version }
