// The past: the registry as it was, what became of a person, audits, erasure, undoing, exports and archives.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'

import { importRegistry, memory, open } from 'matricula'
import { at, company, define, failure, fresh, mistake } from './company.mjs'

const [first, second] = [at('2026-11-21'), at('2026-11-22')]

/** The company, and a day later bob is German too. */
async function moved() {
  const registry = await company()
  await registry.asHost('hr').transact(tx => tx.updateUser('bob', { values: { country: 'DE' } }),
    { at: second, note: 'bob moves' })
  return registry
}

const folder = t => path.dirname(fresh(t))

test('the registry is there as it was', async () => {
  const registry = await moved()
  assert.equal((await registry.asOf(0)).userCount, 0)
  assert.deepEqual((await registry.asOf(1)).members('germans'), ['ann', 'dee'])
  assert.equal((await registry.asOf(at('2026-11-20'))).revision, 0)
  assert.equal((await registry.asOf(first)).revision, 1)
  assert.deepEqual((await registry.asOf(at('2026-11-30'))).members('germans'), ['ann', 'bob', 'dee'])
  await assert.rejects(registry.asOf(3), failure('unknown_revision', 'there is no commit 3, the last one is 2'))
  for (const [when, said] of [
    ['1', 'a string, expected a revision or a Date'],
    [null, 'null, expected a revision or a Date'],
    [-1, 'the number -1, expected a whole number from 0 to 9007199254740991'],
    [new Date(NaN), 'an invalid Date, expected an instant'],
  ]) await assert.rejects(registry.asOf(when), mistake(`\`when\` is ${said}`))
})

test('what became of a person', async () => {
  const registry = await moved()
  await registry.asHost('hr').transact(tx => {
    tx.ban('germans', 'bob')
    tx.record('bob', 'gdpr', { completed: first })
    tx.updateUser('bob', { values: { country: null }, status: 'suspended' })
  }, { at: second })
  const events = await registry.historyOfUser('bob')
  const [created] = events
  assert.deepEqual([created.revision, created.at, created.author, created.what, created.message, created.note],
    [1, first, 'hr', 'created', 'created', ''])
  const [value, joined, step] = events.filter(({ revision }) => revision === 2)
  assert.deepEqual([value.what, value.attribute, value.value, value.note], ['value', 'country', 'DE', 'bob moves'])
  assert.deepEqual([joined.what, joined.segment, joined.value], ['joined', 'germans', null])
  assert.deepEqual([step.what, step.action, step.course, step.reason], ['step', 'enrolled', 'gdpr', 'gdpr-de'])
  const third = Object.fromEntries(events.filter(({ revision }) => revision === 3).map(event => [event.what, event]))
  assert.deepEqual([third.decided.segment, third.decided.exception], ['germans', 'banned'])
  assert.equal(third.recorded.course, 'gdpr')
  assert.deepEqual([third.value.attribute, third.value.value], ['country', null])
  assert.equal(third.status.status, 'suspended')
  assert.deepEqual([third.left.segment, third.step.action], ['germans', 'suspended'])
  const [hired] = events.filter(({ attribute }) => attribute === 'hired_on')
  assert.equal(hired.value, '2020-01-15')
  assert.ok(Object.isFrozen(created))
  await assert.rejects(registry.historyOfUser('bo'), failure('unknown_user', 'unknown user `bo`'))
})

test('an audit finds the journal as it was sealed', async () => {
  assert.equal(await memory().head(), null)
  const registry = await company()
  const head = await registry.head()
  assert.match(head, /^1:[0-9a-f]{64}$/)
  await registry.asHost('hr').transact(tx => tx.updateUser('eve'), { at: second })
  const found = await registry.verify(head)
  assert.deepEqual({ ...found }, {
    isIntact: true, revision: 2, head: await registry.head(), sealedFrom: 1, keyedFrom: null, archivedTo: null, commits: 2, erased: 0,
    differences: [], summary: '2 commits up to revision 2, sealed from 1 on: intact',
  })
  assert.equal(String(found), found.summary)
  const { isIntact, differences } = await registry.verify(`1:${'0'.repeat(64)}`)
  assert.equal(isIntact, false)
  const what = 'its hash is not that of the saved head'
  assert.deepEqual(differences, [{ revision: 1, entry: null, what, message: `commit 1: ${what}` }])
  assert.ok(Object.isFrozen(differences[0]))
  await assert.rejects(registry.verify('1'), { code: 'invalid_value' })
  await assert.rejects(registry.verify(1), mistake('`saved` is the number 1, expected a string'))
})

test('a person is erased for good', async t => {
  const file = fresh(t)
  const registry = open(file)
  const host = registry.asHost('hr')
  await host.transact(tx => {
    define(tx)
    tx.defineAttribute('manager', 'user')
    tx.updateUser('ann-the-first', { values: { country: 'DE', department: 'a-department-of-one' } })
    tx.updateUser('bob', { values: { manager: 'ann-the-first' } })
    tx.defineSegment('team', 'user.manager == "ann-the-first"')
  }, { at: first })
  const delta = await host.transact(async tx => {
    tx.erase('ann-the-first')
    const { warnings: [{ warning, segment, place }] } = (await tx.preview()).delta
    assert.deepEqual({ warning, segment, place }, { warning: 'erased', segment: 'team', place: 'rule' })
  }, { at: second, note: 'ann-the-first asked for it' })
  assert.equal(delta.note, 'erased:0 asked for it')
  assert.deepEqual(registry.snapshot().users(), ['erased:0', 'bob'])
  const { status, values, sites } = registry.snapshot().user('erased:0')
  assert.deepEqual({ status, values: { ...values }, sites: { ...sites } }, { status: 'erased', values: {}, sites: {} })
  assert.deepEqual((await registry.asOf(1)).users(), ['erased:0', 'bob'])
  const found = await registry.verify()
  assert.ok(found.isIntact && found.erased > 0, String(found))
  await registry.clean()
  await host.transact(tx => {
    assert.throws(() => tx.erase('erased:0'), failure('not_possible', 'user `erased:0` is erased already'))
    assert.throws(() => tx.erase('ann-the-first'), failure('unknown_user', 'unknown user `ann-the-first`'))
    assert.throws(() => tx.erase(0), mistake('`user` is the number 0, expected a string'))
    tx.rollback()
  }, { at: second })
  registry.close()
  assert.equal(fs.readFileSync(file).includes('a-department-of-one'), false)
})

test('a commit is undone', async () => {
  const registry = await moved()
  const host = registry.asHost('hr')
  await host.transact(async tx => assert.deepEqual(await tx.revert(2), []), { at: second })
  assert.deepEqual(registry.snapshot().members('germans'), ['ann', 'dee'])
  await host.transact(tx => tx.updateUser('bob', { values: { country: 'BR', department: 'Legal' } }), { at: second })
  await host.transact(tx => tx.updateUser('bob', { values: { country: 'DE' } }), { at: second })
  await host.transact(async tx => {
    await assert.rejects(tx.revert(4), error => {
      assert.equal(error.code, 'not_possible')
      assert.match(error.message, /^commit 4 cannot be undone as a whole: /)
      return true
    })
    const [left, ...others] = await tx.revert(4, { how: 'skip' })
    assert.match(left, /`bob`.*`country`/)
    assert.deepEqual(others, [])
    await assert.rejects(tx.revert(99), failure('unknown_revision', 'there is no commit 99, the last one is 5'))
    await assert.rejects(tx.revert(4, { how: 'halfway' }), { code: 'invalid_definition' })
    await assert.rejects(tx.revert('4'), mistake('`revision` is a string, expected a whole number from 0 to 9007199254740991'))
  }, { at: second })
  const { country, department } = registry.snapshot().user('bob').values
  assert.deepEqual({ country, department }, { country: 'DE', department: 'IT' })
})

test('a registry goes out and in again', async t => {
  const registry = await moved()
  const file = path.join(folder(t), 'acme.ndjson')
  const beside = name => path.join(path.dirname(file), name)
  assert.equal(await registry.export(file), 2)
  const exported = fs.readFileSync(file)
  await assert.rejects(registry.export(file), { code: 'store' })
  assert.ok(exported.equals(fs.readFileSync(file)))
  for (const source of [file, exported, new Uint8Array(exported)]) {
    const copy = await importRegistry(source)
    assert.equal(await copy.head(), await registry.head())
    assert.deepEqual(copy.snapshot().members('germans'), ['ann', 'bob', 'dee'])
  }
  const filled = await importRegistry(file, beside('copy.db'))
  assert.deepEqual((await filled.deltas()).map(({ note }) => note), ['', 'bob moves'])
  assert.equal(await filled.export(beside('again.ndjson')), 2)
  filled.close()
  assert.ok(exported.equals(fs.readFileSync(beside('again.ndjson'))))
  await assert.rejects(importRegistry(file, beside('copy.db')),
    failure('not_possible', 'the store has commits, expected an empty one'))
  await assert.rejects(importRegistry(exported.subarray(0, -10)), { code: 'invalid_archive' })
  await assert.rejects(importRegistry(beside('missing.ndjson')), { code: 'invalid_archive' })
  await assert.rejects(importRegistry(1), mistake('`source` is the number 1, expected a path or a Uint8Array'))
  await assert.rejects(importRegistry(file, ''), mistake('`path` is empty, expected the path of a file'))
})

test('old commits go to an archive', async t => {
  const registry = await moved()
  const [file, none] = ['1.ndjson', 'none.ndjson'].map(name => path.join(folder(t), name))
  const saved = await registry.head()
  const { from, to, delta } = await registry.archive(2, 'keeper', file)
  assert.deepEqual([from, to, delta.revision, delta.author], [1, 1, 3, 'keeper'])
  assert.deepEqual((await registry.asOf(1)).members('germans'), ['ann', 'dee'])
  await assert.rejects(registry.asOf(0), { code: 'archived' })
  await assert.rejects(registry.deltas(), { code: 'archived' })
  assert.equal((await registry.asOfIn(file, 0)).userCount, 0)
  assert.deepEqual((await registry.asOfIn(fs.readFileSync(file), first)).members('germans'), ['ann', 'dee'])
  await assert.rejects(registry.asOfIn(file, 2), failure('unknown_revision', 'there is no commit 2, the last one is 1'))
  await assert.rejects(registry.asOfIn(none, 1), { code: 'invalid_archive' })
  const found = await registry.verify(saved)
  assert.deepEqual([found.isIntact, found.archivedTo, found.commits], [true, 1, 2])
  await assert.rejects(registry.archive(99, 'keeper', none),
    failure('unknown_revision', 'there is no commit 99, the last one is 3'))
  await assert.rejects(registry.archive(2, 'keeper', none), { code: 'not_possible' })
  assert.equal(fs.existsSync(none), false)
  await assert.rejects(registry.archive(3, 'keeper', file), { code: 'store' })
})

test('what is closed is closed', async t => {
  const registry = await moved()
  registry.close()
  const file = path.join(folder(t), 'x')
  for (const call of [
    () => registry.asOf(1),
    () => registry.asOfIn(new Uint8Array(), 1),
    () => registry.historyOfUser('ann'),
    () => registry.head(),
    () => registry.verify(),
    () => registry.export(file),
    () => registry.archive(2, 'keeper', file),
    () => registry.clean(),
  ]) await assert.rejects(call(), failure('closed', 'the registry is closed'))
  assert.equal(fs.existsSync(file), false)
})
