// What protects a register: the guard, requests that are asked again, the next change by time, what a delta says.

import assert from 'node:assert/strict'
import test from 'node:test'

import { memory } from 'matricula'
import { at, bytes, failure, mistake } from './company.mjs'

const options = { at: at('2026-11-21') }
const numbers = count => Array.from({ length: count }, (_, index) => index)

/** A hundred people, all in Sales and enrolled for it. */
async function crowd() {
  const registry = memory()
  await registry.asHost('setup').transact(tx => {
    tx.defineAttribute('department', 'text')
    tx.defineCourse('pitch')
    tx.defineSegment('sales', 'user.department == "Sales"')
    tx.defineEnrolmentRule('sales-pitch', { segment: 'sales', courses: ['pitch'], onLeave: 'unenrol' })
    for (const number of numbers(100)) tx.updateUser(`u${number}`, { values: { department: 'Sales' } })
  }, options)
  return registry
}

function clear(tx, people = 100) {
  for (const number of numbers(people)) tx.updateUser(`u${number}`, { values: { department: null } })
}

const summary = 'held: 100 of 100 enrolments would end or be suspended in the registry, '
  + '100 of 100 enrolments would end or be suspended at site `primary`; '
  + 'more than 10 % and more than 50 has to be confirmed'

test('a hold says where it is too much, and what is held is rolled back', async () => {
  const registry = await crowd()
  let held
  await assert.rejects(registry.asHost('hr').transact(async tx => {
    assert.equal((await tx.preview()).held, null)
    clear(tx)
    const preview = await tx.preview()
    held = preview.held
    assert.equal(String(preview), `${summary}\n${preview.delta}`)
  }, options), error => {
    assert.equal(error.code, 'held')
    assert.deepEqual({ ...error.hold }, { ...held })
    assert.equal(error.rows, undefined)
    return true
  })
  const { token, ...others } = held
  assert.equal(typeof token, 'string')
  assert.deepEqual(others, {
    revision: 2,
    guard: { percent: 10, count: 50, enabled: true },
    excesses: [
      { site: null, what: 'enrolments', count: 100, earlier: 0, of: 100 },
      { site: 'primary', what: 'enrolments', count: 100, earlier: 0, of: 100 },
    ],
    summary,
  })
  assert.equal(String(held), summary)
  for (const part of [held, held.guard, held.excesses, held.excesses[0]]) assert.ok(Object.isFrozen(part))
  assert.equal(registry.revision, 1)
  assert.equal(registry.snapshot().memberCount('sales'), 100)
})

test('a token confirms exactly what was shown', async () => {
  const registry = await crowd()
  const host = registry.asHost('hr')
  let token
  await host.transact(async tx => {
    clear(tx)
    token = (await tx.preview()).held.token
    tx.rollback()
  }, options)
  await assert.rejects(host.transact(tx => { clear(tx, 99); return tx.confirm(token) }, options), { code: 'invalid_token' })
  assert.equal(registry.revision, 1)
  const delta = await host.transact(async tx => { clear(tx); await tx.confirm(token) }, options)
  assert.equal(delta.revision, 2)
  assert.equal(registry.snapshot().memberCount('sales'), 0)
})

test('a guard is defined for later commits', async () => {
  const registry = await crowd()
  const host = registry.asHost('hr')
  await host.transact(tx => {
    tx.defineGuard({ percent: 0, count: 2 })
    for (const percent of [101, 300]) {
      const wrong = failure('invalid_definition', `guard: ${percent} percent, expected at most 100`)
      assert.throws(() => tx.defineGuard({ percent }), wrong)
    }
  }, options)
  assert.deepEqual(registry.snapshot().guard, { percent: 0, count: 2, enabled: true })
  await host.transact(async tx => {
    clear(tx, 2)
    assert.equal((await tx.preview()).held, null)
    clear(tx, 3)
    assert.notEqual((await tx.preview()).held, null)
    tx.rollback()
  }, options)
  await host.transact(tx => tx.defineGuard({ enabled: false }), options)
  await host.transact(tx => clear(tx), options)
  assert.equal(registry.snapshot().memberCount('sales'), 0)
})

test('a request that is asked again gets its first result', async () => {
  const registry = memory()
  const ask = (day, name = 'hr', user = 'ann') => registry.asHost(name).transact(async tx => {
    tx.updateUser(user)
    assert.equal((await tx.preview()).repeats, registry.revision > 0)
  }, { at: at(day), note: day, idempotency: 'feed-1' })
  for (const day of ['2026-11-21', '2026-11-22', '2026-11-23']) {
    const { revision, note } = await ask(day)
    assert.deepEqual({ revision, note }, { revision: 1, note: '2026-11-21' })
  }
  assert.equal(registry.revision, 1)
  await assert.rejects(ask('2026-11-21', 'hr', 'bob'), { code: 'idempotency_conflict' })
  await assert.rejects(ask('2026-11-21', 'payroll'), { code: 'idempotency_conflict' })
  const empty = registry.asHost('hr').transact(() => {}, { ...options, idempotency: '' })
  await assert.rejects(empty, failure('invalid_key', 'idempotency key is empty'))
})

test('the next change by time is exact', async () => {
  const registry = memory()
  assert.equal(await registry.nextChangeAt(), null)
  const host = registry.asHost('hr')
  await host.transact(tx => {
    tx.defineAttribute('hired_on', 'date')
    tx.defineSegment('starters', 'user.hired_on > today - days(90)')
    tx.updateUser('ann', { values: { hired_on: '2026-09-01' } })
  }, options)
  const next = await registry.nextChangeAt()
  assert.deepEqual(next, new Date('2026-11-30T00:00:00Z'))
  assert.deepEqual(await registry.snapshot().nextChangeAt(), next)
  assert.equal((await host.advance(new Date(next.getTime() - 1))).isEmpty, true)
  assert.equal((await host.advance(next)).isEmpty, false)
  assert.deepEqual(registry.snapshot().members('starters'), [])
  assert.equal(await registry.nextChangeAt(), null)
})

test('a delta says what is for a mail', async () => {
  const registry = memory()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.defineAttribute('manager', 'user')
    tx.defineAttribute('level', 'integer')
    tx.updateUser('ann', { values: { manager: 'bob' } })
    tx.updateUser('bob', { values: { manager: 'ann' } })
    tx.defineSegment('none', 'user.level > 5 && user.level < 3')
  }, options)
  const rules = delta.warnings.filter(({ warning }) => warning === 'rule')
  assert.ok(rules.length > 0)
  for (const { segment, lint } of rules) {
    assert.equal(segment, 'none')
    assert.equal(typeof lint.message, 'string')
    assert.equal(typeof lint.lint, 'string')
  }
  assert.deepEqual(delta.warnings.filter(({ warning }) => warning === 'circle'), [{
    warning: 'circle', attribute: 'manager', users: ['ann', 'bob'], people: 2,
    message: 'manager: 2 people report to each other: ann → bob',
  }])
  assert.equal(delta.summary, [String(delta), ...delta.warnings.map(({ message }) => `warning: ${message}`)].join('\n'))
  assert.deepEqual(JSON.parse(JSON.stringify(delta)).warnings, delta.warnings)
  const { usersChanged, usersSuspended } = await registry.asHost('hr').transact(
    tx => tx.updateUser('ann', { status: 'suspended' }), options)
  assert.deepEqual({ usersChanged, usersSuspended }, { usersChanged: 1, usersSuspended: 1 })
})

const feed = bytes('{"id":"ann","phone":"","level":null}\n\n{"id":"bob","phone":"2","level":"x"}\n{"id":"cy"}\n')
const mapping = { id: 'key', phone: 'user.phone', level: 'user.level' }

async function people() {
  const registry = memory()
  await registry.asHost('setup').transact(tx => {
    tx.defineAttribute('phone', 'text')
    tx.defineAttribute('level', 'integer')
    tx.updateUser('ann', { values: { phone: '1', level: 7 } })
  }, options)
  return registry
}

test('lines of JSON, with blanks by column', async () => {
  const registry = await people()
  let report
  await registry.asHost('hr').transact(async tx => {
    const columns = { ...mapping, phone: { target: 'user.phone', blank: 'leave' }, level: { target: 'user.level' } }
    report = await tx.importUsers(feed, { mapping: columns, format: 'ndjson' })
  }, options)
  assert.deepEqual([report.rows, report.created, report.changed], [3, 1, 1])
  assert.deepEqual(report.errors.map(({ line, column, value }) => [line, column, value]), [[3, 'level', 'x']])
  assert.deepEqual(registry.snapshot().user('ann').values, { phone: '1' })
})

test('all rows or none', async () => {
  const registry = await people()
  await registry.asHost('hr').transact(async tx => {
    await assert.rejects(tx.importUsers(feed, { mapping, badRows: 'all_or_nothing', format: 'ndjson' }), error => {
      assert.equal(error.code, 'bad_rows')
      const reason = '`x` is not a number, expected a whole number such as 12'
      assert.deepEqual(error.rows.map(row => ({ ...row })), [{ line: 3, column: 'level', value: 'x', reason }])
      assert.equal(error.message, `1 of 3 rows are wrong, expected none; ${error.rows[0]}`)
      return true
    })
    assert.equal((await tx.preview()).delta.isEmpty, true)
  }, options)
})

test('options of an import that are none', async () => {
  const registry = await people()
  await registry.asHost('hr').transact(async tx => {
    const refused = (given, expected) => assert.rejects(tx.importUsers(feed, { mapping, ...given }), expected)
    await refused({ format: 'xml' }, failure('invalid_definition', 'unknown format of a feed `xml`, expected csv or ndjson'))
    await refused({ badRows: 'stop' }, failure('invalid_definition',
      'unknown treatment of bad rows `stop`, expected all_or_nothing or skip_bad_rows'))
    await refused({ mapping: { id: { target: 'key', blnk: 'leave' } } },
      mistake('unknown option `blnk` of mapping.id, did you mean `blank`?'))
    await refused({ mapping: { id: { blank: 'leave' } } }, mistake('`mapping.id.target` is undefined, expected a string'))
    await refused({ mapping: { id: { target: 'key', blank: 'leave' } } }, failure('invalid_definition',
      'column `id` is mapped to no attribute, so that empty cells of it say nothing'))
  }, options)
})
