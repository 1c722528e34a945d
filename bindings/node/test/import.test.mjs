// Imports: progress, stopping, and feeds that cannot be read.

import assert from 'node:assert/strict'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'

import { memory } from 'matricula'
import { at, bytes, company, crowd, define, failure, feed, mapping, mistake } from './company.mjs'

const options = { at: at('2026-11-22') }
const stopped = failure('cancelled', 'the import was stopped')

/** Imports into a registry in which only the definitions are, and says how many people are then in it. */
async function importing(source, given) {
  const registry = memory()
  const result = { report: undefined, error: undefined, users: 0 }
  await registry.asHost('hr').transact(async tx => {
    define(tx)
    try {
      result.report = await tx.importUsers(source, { mapping, ...given })
    } catch (error) {
      result.error = error
    }
  }, options)
  return { ...result, users: registry.snapshot().userCount }
}

test('progress is told on the main thread, up to the end', async () => {
  const source = crowd(40_000)
  const seen = []
  const { report } = await importing(source, { progress: progress => { seen.push(progress) } })
  assert.equal(report.created, 40_000)
  assert.ok(seen.length >= 2, `${seen.length} calls`)
  assert.deepEqual(seen.at(-1), { rows: 40_000, bytes: source.length, totalBytes: source.length })
  for (const [before, after] of seen.slice(1).map((progress, index) => [seen[index], progress])) {
    assert.ok(before.rows < after.rows && before.bytes < after.bytes)
  }
})

test('progress stops the import by returning false, and nothing of it remains', async () => {
  const { error, users } = await importing(crowd(40_000), { progress: ({ rows }) => rows < 20_000 })
  stopped(error)
  assert.equal(error.cause, undefined)
  assert.equal(users, 0)
})

test('what progress throws is passed on, and nothing of the import remains', async () => {
  const mine = new RangeError('mine')
  const { error, users } = await importing(crowd(10), { progress: () => { throw mine } })
  assert.equal(error, mine)
  assert.equal(users, 0)
})

test('progress that returns anything else is a mistake', async () => {
  const { error, users } = await importing(crowd(10), { progress: async () => false })
  mistake('`the result of progress` is an object of type Promise, expected a boolean or nothing')(error)
  assert.equal(users, 0)
})

test('a signal stops the import with its reason as the cause', async () => {
  for (const reason of [undefined, new Error('mine')]) {
    const controller = new AbortController()
    const progress = () => { controller.abort(reason) }
    const { error, users } = await importing(crowd(10), { signal: controller.signal, progress })
    stopped(error)
    assert.equal(error.cause, controller.signal.reason)
    assert.equal(users, 0)
  }
})

test('a signal that was given before stops the import before it begins', async () => {
  const { error } = await importing('/nobody/reads/this.csv', { signal: AbortSignal.abort('why') })
  stopped(error)
  assert.equal(error.cause, 'why')
})

test('a signal stops an import that is under way', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 5)
  const { error, users } = await importing(crowd(400_000), { signal: controller.signal })
  stopped(error)
  assert.equal(users, 0)
})

test('a signal that is never given leaves no trace', async () => {
  const { report } = await importing(bytes(feed), { signal: new AbortController().signal })
  assert.equal(report.created, 3)
})

test('blank cells clear values, or leave them', async () => {
  for (const [blank, department] of [['clear', undefined], ['leave', 'Sales'], [undefined, undefined]]) {
    const registry = await company()
    await registry.asHost('hr').transact(
      tx => tx.importUsers(bytes('id,dept\nann,\n'), { mapping: { id: 'key', dept: 'user.department' }, blank }),
      options,
    )
    assert.equal(registry.snapshot().user('ann').values.department, department)
  }
})

test('bytes may be any Uint8Array, and may be changed meanwhile', async () => {
  const source = crowd(30_000)
  const shared = new Uint8Array(new SharedArrayBuffer(source.length))
  shared.set(source)
  const padded = Buffer.concat([Buffer.from('xx'), source]).subarray(2)
  const registry = memory()
  for (const given of [source.slice(), padded, shared]) {
    await registry.asHost('hr').transact(async tx => {
      define(tx)
      const importing = tx.importUsers(given, { mapping })
      given.fill(0x2c)
      assert.equal((await importing).created, 30_000)
      tx.rollback()
    }, options)
  }
})

test('a feed that cannot be read at all', async () => {
  const missing = path.join(os.tmpdir(), 'there is no such feed.csv')
  for (const [source, message] of [
    [missing, `the feed \`${missing}\` cannot be read: No such file or directory (os error 2)`],
    ['', 'the feed `` cannot be read: No such file or directory (os error 2)'],
    [new Uint8Array(), 'the feed is empty, expected a header line'],
    [bytes('id,dept,contry,hired\n'), 'the feed has no column `country`, did you mean `contry`?'],
  ]) {
    if (process.platform === 'win32' && typeof source === 'string') continue
    failure('invalid_feed', message)((await importing(source)).error)
  }
  const { error } = await importing(os.tmpdir())
  assert.equal(error.code, 'invalid_feed')
})

test('a mapping and options that make no sense', async () => {
  const target = 'expected key, status, site, or an attribute such as user.department'
  for (const [given, message] of [
    [{ mapping: {} }, 'no column is mapped to `key`, expected exactly one'],
    [{ mapping: { id: 'kee' } }, `column \`id\`: unknown target \`kee\`, ${target}`],
    [{ mapping: { id: 'key', nr: 'key' } }, 'column `nr` has the same target as another column'],
    [{ blank: 'empty' }, 'unknown treatment of blank cells `empty`, expected clear or leave'],
    [{ absent: 'delete' }, 'unknown treatment of absent people `delete`, expected leave or suspend'],
  ]) failure('invalid_definition', message)((await importing(bytes(feed), given)).error)
})
