'use strict'

// The host's set of changes: imports, previews and commits. Not here: the changes that it is made of (`changes`).

const { isBytes, options, text, whole, wrong } = require('./arguments.js')
const { Changes, Pool } = require('./changes.js')
const { Delta, Preview } = require('./delta.js')
const { call } = require('./errors.js')
const { ImportReport, Watch, importArguments } = require('./import.js')
const { Snapshot } = require('./snapshot.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/** @implements {api.Transaction} */
class Transaction extends Changes {
  #native
  #pool = new Pool()
  /** @type {api.Delta | null} */
  #delta = null

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
   * @returns {Promise<api.Delta | null>}
   */
  static run(transaction, fn) {
    const tx = new Transaction(transaction)
    return tx.#pool.finish(transaction, () => fn(tx), async () => (transaction.isOpen() ? tx.commit() : tx.#delta))
  }

  /**
   * @param {string | Uint8Array} source
   * @param {api.ImportOptions} given
   * @returns {Promise<api.ImportReport>}
   */
  async importUsers(source, given) {
    // A copy, because the feed is read on another thread while this one may change the bytes.
    const feed = isBytes(source) ? new Uint8Array(source) : text('source', source, 'a path or a Uint8Array')
    const { how, signal, progress } = importArguments(given)
    const watch = new Watch(signal, progress)
    watch.look()
    try {
      const report = await this.#pool.run('importUsers', () => this.#native.importUsers(feed, how, watch.teller))
      return new ImportReport(report)
    } catch (error) {
      throw watch.reason(error)
    }
  }

  /**
   * @param {number} revision
   * @param {{ how?: api.Revert | undefined }} [given]
   */
  async revert(revision, given) {
    whole('revision', revision)
    const { how = 'strict' } = options('revert', given, ['how'])
    const word = text('how', how)
    return this.#pool.run('revert', () => this.#native.revert(revision, word))
  }

  inputs() {
    return new Snapshot(call(() => this.#native.inputs()))
  }

  async problems() {
    const problems = await this.#pool.run('problems', () => this.#native.problems())
    return problems.map(problem => Object.freeze(problem))
  }

  async preview() {
    return new Preview(await this.#pool.run('preview', () => this.#native.preview()))
  }

  /** @param {{ expect?: api.Preview | null | undefined }} [given] */
  async commit(given) {
    const { expect } = options('commit', given, ['expect'])
    const preview = Preview.nativeOf(expect)
    if (expect !== undefined && expect !== null && preview === undefined) {
      throw wrong('expect', expect, 'a preview')
    }
    return this.#pool.run('commit', async () => {
      this.#delta = new Delta(await this.#native.commit(preview ?? null))
      return this.#delta
    })
  }

  /** @param {string} token */
  async confirm(token) {
    text('token', token)
    return this.#pool.run('confirm', async () => {
      this.#delta = new Delta(await this.#native.confirm(token))
      return this.#delta
    })
  }
}

module.exports = { Transaction }
