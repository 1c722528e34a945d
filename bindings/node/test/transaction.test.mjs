// A set of changes is recorded as a whole or not at all; a handle that is closed says so.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'

import { memory, open } from 'matricula'
import { at, bytes, company, crowd, define, failure, feed, fresh, mapping } from './company.mjs'

const options = { at: at('2026-11-22') }
const closed = failure('closed', 'the transaction is closed')
const busy = failure(
  'not_possible', 'the transaction is still at work, expected the earlier promise to be awaited first',
)

test('an exception gives the changes up and is passed on as it is', async () => {
  const registry = await company()
  const mine = new RangeError('mine')
  for (const fail of [
    tx => { tx.updateUser('eve'); throw mine },
    async tx => { tx.updateUser('eve'); await tx.preview(); throw mine },
    async tx => { await tx.importUsers(crowd(10), { mapping }); throw mine },
  ]) {
    await assert.rejects(registry.asHost('hr').transact(fail, options), error => error === mine)
  }
  assert.deepEqual([registry.revision, registry.snapshot().userCount], [1, 3])
})

test('a rollback gives the changes up and resolves with null', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.updateUser('eve')
    tx.rollback()
    assert.throws(() => tx.updateUser('eve'), closed)
  }, options)
  assert.deepEqual([delta, registry.revision], [null, 1])
})

test('a change that fails changes nothing, and the others stand', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.updateUser('eve', { values: { country: 'BR' } })
    assert.throws(
      () => tx.updateUser('fay', { values: { country: 'BR', hired_on: 'soon' } }),
      failure('invalid_value', 'user `fay`: `soon` is not a date, expected a day such as 2026-01-31'),
    )
  }, options)
  assert.equal(delta.usersCreated, 1)
  assert.throws(() => registry.snapshot().user('fay'), failure('unknown_user', 'unknown user `fay`'))
})

test('nothing to record is not recorded', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => tx.updateUser('ann', { status: 'active' }), options)
  assert.deepEqual([delta.isEmpty, delta.revision, registry.revision], [true, 1, 1])
  assert.equal(String(delta), 'nothing changes')
})

test('a transaction takes effect at the clock if that is later', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    assert.deepEqual(tx.at, at('2026-11-21'))
    tx.updateUser('eve')
  }, { at: at('2026-01-01') })
  assert.deepEqual(delta.at, at('2026-11-21'))
})

test('a preview that no longer holds is refused', async () => {
  const registry = await company()
  const outdated = failure(
    'preview_outdated',
    'the registry or the transaction has changed since the preview, expected the same delta',
  )
  const late = async tx => {
    tx.updateUser('eve')
    const preview = await tx.preview()
    tx.updateUser('fay')
    await tx.commit({ expect: preview })
  }
  await assert.rejects(registry.asHost('hr').transact(late, options), outdated)
  const caught = async tx => { await assert.rejects(late(tx), outdated) }
  assert.equal(await registry.asHost('hr').transact(caught, options), null, 'a failed commit is the end')
  assert.equal(registry.revision, 1)
})

test('after its commit a transaction is closed', async () => {
  const registry = await company()
  let kept
  const delta = await registry.asHost('hr').transact(async tx => {
    kept = tx
    tx.updateUser('eve')
    const done = await tx.commit()
    assert.equal(done.usersCreated, 1)
    return 'the result of the function is not used'
  }, options)
  assert.equal(delta.usersCreated, 1)
  for (const use of [
    tx => tx.at,
    tx => tx.defineSite('a'),
    tx => tx.defineAttribute('a', 'text'),
    tx => tx.defineCourse('a'),
    tx => tx.defineSegment('a', 'has(user.country)'),
    tx => tx.defineEnrolmentRule('a', { segment: 'germans', courses: ['gdpr'], onLeave: 'keep' }),
    tx => tx.updateUser('a'),
    tx => tx.enrol('ann', 'gdpr'),
    tx => tx.unenrol('ann', 'gdpr'),
    tx => tx.enrolSegment('germans', ['gdpr']),
    tx => tx.enrolUsers(['ann'], ['gdpr']),
    tx => tx.suspendEnrolment('ann', 'gdpr'),
    tx => tx.resumeEnrolment('ann', 'gdpr'),
    tx => tx.deleteEnrolmentRule('gdpr-de'),
    tx => tx.deleteSegment('germans'),
    tx => tx.deleteAttribute('country'),
    tx => tx.archiveCourse('gdpr'),
    tx => tx.restoreCourse('gdpr'),
    tx => tx.closeSite('a'),
    tx => tx.reopenSite('a'),
    tx => tx.inputs(),
    tx => tx.rollback(),
  ]) assert.throws(() => use(kept), closed, String(use))
  await assert.rejects(kept.importUsers(bytes(feed), { mapping }), closed)
  await assert.rejects(kept.preview(), closed)
  await assert.rejects(kept.problems(), closed)
  await assert.rejects(kept.commit(), closed)
  assert.equal(registry.revision, 2)
})

test('an exception after the commit does not undo it', async () => {
  const registry = await company()
  const mine = new Error('mine')
  await assert.rejects(
    registry.asHost('hr').transact(async tx => { tx.updateUser('eve'); await tx.commit(); throw mine }, options),
    error => error === mine,
  )
  assert.equal(registry.revision, 2)
})

test('while the pool works on a transaction, nothing else can', async () => {
  const registry = memory()
  await registry.asHost('hr').transact(async tx => {
    define(tx)
    const importing = tx.importUsers(crowd(20_000), { mapping })
    assert.throws(() => tx.updateUser('eve'), busy)
    assert.throws(() => tx.rollback(), busy)
    await assert.rejects(tx.preview(), busy)
    await assert.rejects(tx.commit(), busy)
    assert.equal((await importing).created, 20_000)
    tx.updateUser('eve')
  }, options)
  assert.equal(registry.snapshot().userCount, 20_001)
})

test('an import that is not awaited is not recorded', async () => {
  const registry = await company()
  const forgetful = tx => { tx.importUsers(crowd(20_000), { mapping }) }
  await assert.rejects(
    registry.asHost('hr').transact(forgetful, options),
    failure('not_possible', 'importUsers was not awaited, so nothing is recorded'),
  )
  assert.equal(registry.revision, 1)
})

test('a commit that is not awaited is awaited by transact', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.updateUser('eve')
    tx.commit()
  }, options)
  assert.deepEqual([delta.usersCreated, registry.revision], [1, 2])
})

test('a closed registry fails every call, and closing again is nothing', async () => {
  const registry = await company()
  const host = registry.asHost('hr')
  const snapshot = registry.snapshot()
  registry.close()
  registry.close()
  registry[Symbol.dispose]()
  const gone = failure('closed', 'the registry is closed')
  assert.throws(() => registry.revision, gone)
  assert.throws(() => registry.clock, gone)
  assert.throws(() => registry.snapshot(), gone)
  assert.throws(() => registry.asHost('hr'), gone)
  await assert.rejects(registry.refresh(), gone)
  await assert.rejects(registry.deltas(), gone)
  await assert.rejects(host.advance(options.at), gone)
  await assert.rejects(host.transact(() => assert.fail('this is not called'), options), gone)
  assert.equal(host.name, 'hr')
  assert.deepEqual(snapshot.members('germans'), ['ann', 'dee'], 'a snapshot does not need the registry')
})

test('closing the registry ends a transaction that is under way', async t => {
  const file = fresh(t)
  const registry = open(file)
  const gone = failure('closed', 'the registry is closed')
  const work = async tx => {
    define(tx)
    registry.close()
    assert.throws(() => tx.updateUser('eve'), gone)
  }
  await assert.rejects(registry.asHost('hr').transact(work, options), gone)
  const again = open(file)
  assert.equal(again.revision, 0)
  again.close()
  assert.deepEqual(fs.readdirSync(file.replace(/acme\.db$/, '')), ['acme.db'], 'nobody holds the file any more')
})

test('two handles on one file follow each other', async t => {
  const file = fresh(t)
  const [one, two] = [open(file), open(file)]
  t.after(() => { one.close(); two.close() })
  await one.asHost('one').transact(define, options)
  // The second handle is behind: its changes are made again on the new head.
  await two.asHost('two').transact(tx => tx.updateUser('ann'), options)
  await one.asHost('one').transact(tx => tx.updateUser('ann', { values: { country: 'DE' } }), options)
  assert.equal(two.revision, 2)
  assert.equal((await two.refresh()).revision, 3)
  assert.deepEqual(two.snapshot().members('germans'), ['ann'])
})
