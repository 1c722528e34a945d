// Roles, windows and due dates of enrolment rules; many enrolled at once; what is suspended, deleted, archived and closed
// by hand. What it means is in the vectors; here are its shapes in JavaScript.

import assert from 'node:assert/strict'
import test from 'node:test'

import { at, bytes, company, failure, mistake } from './company.mjs'

const options = { at: at('2026-11-21') }

/** Makes changes that are given up, whatever they come to. */
const trying = async (registry, fn) => registry.asHost('hr').transact(async tx => { await fn(tx); tx.rollback() }, options)

test('a rule has a role, a window and a due date', async () => {
  const registry = await company()
  const host = registry.asHost('hr')
  const [from, until] = [at('2027-01-01'), at('2027-02-01')]
  await host.transact(tx => {
    tx.defineEnrolmentRule('gdpr-de', {
      segment: 'germans', courses: ['gdpr'], onLeave: 'suspend', role: 'instructor', due: '2027-01-31',
    })
    tx.defineEnrolmentRule('season', { segment: 'germans', courses: ['onboarding'], from, until, due: 30 })
  }, options)
  const [plain, onboard, season] = registry.snapshot().enrolmentRules
  assert.deepEqual([plain.role, plain.from, plain.until, plain.due], ['instructor', null, null, '2027-01-31'])
  assert.deepEqual([onboard.role, onboard.due], ['learner', null])
  assert.deepEqual([season.role, season.from, season.until, season.due], ['learner', from, until, 30])
  const [enrolment] = registry.snapshot().enrolments({ user: 'ann', course: 'gdpr' })
  assert.equal(enrolment.due, '2027-01-31')
  assert.deepEqual(enrolment.reasons.map(({ role, due }) => [role, due]), [['instructor', '2027-01-31']])
  // What was read can be given again.
  const { key, ...again } = season
  const delta = await host.transact(tx => tx.defineEnrolmentRule(key, again), options)
  assert.equal(delta.isEmpty, true)
})

test('due dates that are none', async () => {
  await trying(await company(), tx => {
    const rule = due => tx.defineEnrolmentRule('x', { segment: 'germans', courses: ['gdpr'], due })
    for (const [due, said] of [
      ['2027-02-30', 'due on `2027-02-30`, expected a day such as 2026-01-31'],
      ['31/01/2027', 'due on `31/01/2027`, expected a day such as 2026-01-31'],
      ['2027-1-31', 'due on `2027-1-31`, expected a day such as 2026-01-31'],
      ['', 'due on ``, expected a day such as 2026-01-31'],
      ['0000-01-01', 'due on 0000-01-01, expected a day of the years 1 to 9999'],
      [36526, 'due after 36526 days, expected at most 36525'],
    ]) {
      assert.throws(() => rule(due), failure('invalid_definition', `enrolment rule \`x\`: ${said}`))
      assert.throws(() => tx.enrolUsers(['ann'], ['gdpr'], { due }), failure('invalid_definition', said))
      assert.throws(() => tx.enrolSegment('germans', ['gdpr'], { due }), failure('invalid_definition', said))
    }
    for (const [due, said] of [
      [new Date(), 'an object of type Date, expected a day such as 2026-01-31, or a number of days'],
      [30n, 'a bigint, expected a day such as 2026-01-31, or a number of days'],
      [-1, 'the number -1, expected a whole number from 0 to 9007199254740991'],
      [1.5, 'the number 1.5, expected a whole number from 0 to 9007199254740991'],
      [NaN, 'the number NaN, expected a whole number from 0 to 9007199254740991'],
    ]) {
      for (const call of [
        () => rule(due),
        () => tx.enrolUsers(['ann'], ['gdpr'], { due }),
        () => tx.enrolSegment('germans', ['gdpr'], { due }),
      ]) assert.throws(call, mistake(`\`due\` is ${said}`))
    }
    rule(null)
    rule(0)
    assert.throws(() => tx.defineEnrolmentRule('x', { segment: 'germans', courses: ['gdpr'], from: '2027-01-01' }),
      mistake('`from` is a string, expected a Date'))
    assert.throws(() => tx.defineEnrolmentRule('x', { segment: 'germans', courses: ['gdpr'], role: null }),
      mistake('`role` is null, expected a string'))
    assert.throws(() => tx.enrolUsers(['ann'], ['gdpr'], { until: 1 }),
      mistake('unknown option `until` of enrolUsers, expected due'))
  })
})

test('many are enrolled at once', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.enrolSegment('germans', ['onboarding'], { due: 10 })
    tx.enrolUsers(['bob'], ['gdpr'], { due: '2027-01-31' })
  }, options)
  assert.deepEqual(delta.steps.map(({ action, user, course, reason, due }) => [action, user, course, reason, due]), [
    ['enrolled', 'bob', 'gdpr', 'bulk', '2027-01-31'],
    ['enrolled', 'dee', 'onboarding', 'bulk', '2026-12-01'],
    ['reason_added', 'ann', 'onboarding', 'bulk', '2026-12-01'],
  ])
  assert.deepEqual(JSON.parse(JSON.stringify(delta)).steps[0].due, '2027-01-31')
  assert.deepEqual(await registry.snapshot().plan(), [])
  await trying(registry, tx => {
    assert.throws(() => tx.enrolUsers('ann', ['gdpr']), mistake('`users` is a string, expected an array of strings'))
    assert.throws(() => tx.enrolSegment('germans', [1]), mistake('`courses[0]` is the number 1, expected a string'))
  })
})

test('steps of the same people with other due dates are kept apart', async () => {
  const registry = await company()
  const delta = await registry.asHost('hr').transact(tx => {
    tx.enrolUsers(['bob'], ['gdpr'], { due: 1 })
    tx.enrolUsers(['ann'], ['gdpr'], { due: 2 })
    tx.enrolUsers(['dee'], ['gdpr'], { due: 3 })
  }, options)
  assert.deepEqual(delta.steps.map(({ user, due }) => [user, due]),
    [['bob', '2026-11-22'], ['ann', '2026-11-23'], ['dee', '2026-11-24']])
})

test('an enrolment is suspended and resumed by hand', async () => {
  const registry = await company()
  const host = registry.asHost('hr')
  await host.transact(tx => tx.suspendEnrolment('ann', 'gdpr'), options)
  const [suspended] = registry.snapshot().enrolments({ user: 'ann', course: 'gdpr' })
  assert.deepEqual([suspended.status, suspended.suspendedByHand], ['suspended', options.at])
  const why = registry.snapshot().explainEnrolment('ann', 'gdpr')
  assert.ok(String(why).startsWith('ann is enrolled in gdpr since 2026-11-21T08:00:00Z, but suspended by hand since'))
  assert.equal(why.toJSON().suspended_by_hand, '2026-11-21T08:00:00Z')
  assert.equal(why.toJSON().reasons[0].role, 'learner')
  const delta = await host.transact(tx => tx.resumeEnrolment('ann', 'gdpr'), options)
  assert.deepEqual(delta.steps.map(({ action }) => action), ['resumed_by_hand'])
  const [active] = registry.snapshot().enrolments({ user: 'ann', course: 'gdpr' })
  assert.deepEqual([active.status, active.suspendedByHand], ['active', null])
})

test('what is taken away', async () => {
  const registry = await company()
  const host = registry.asHost('hr')
  await host.transact(tx => {
    tx.defineSite('labs')
    tx.deleteEnrolmentRule('gdpr-de')
    tx.deleteSegment('germans')
    tx.deleteAttribute('country')
    tx.archiveCourse('gdpr')
    tx.closeSite('labs')
  }, options)
  const snapshot = registry.snapshot()
  const keys = records => records.map(({ key }) => key)
  assert.deepEqual(keys(snapshot.enrolmentRules), ['onboard'])
  assert.deepEqual(keys(snapshot.segments), ['starters'])
  assert.deepEqual(keys(snapshot.attributes), ['department', 'hired_on'])
  assert.deepEqual(snapshot.courses.map(({ key, archived }) => [key, archived]), [['gdpr', true], ['onboarding', false]])
  assert.deepEqual(snapshot.sites.map(({ key, closed }) => [key, closed]), [['primary', false], ['labs', true]])
  assert.equal(snapshot.explainEnrolment('ann', 'gdpr').toJSON().archived, true)
  await host.transact(tx => { tx.restoreCourse('gdpr'); tx.reopenSite('labs') }, options)
  assert.ok(registry.snapshot().courses.every(({ archived }) => !archived))
  assert.ok(registry.snapshot().sites.every(({ closed }) => !closed))
  await trying(registry, tx => {
    assert.throws(() => tx.deleteEnrolmentRule('onbord'),
      failure('unknown_enrolment_rule', 'unknown enrolment rule `onbord`, did you mean `onboard`?'))
    assert.throws(() => tx.deleteSegment('starters'), failure('not_possible',
      'segment `starters` cannot be deleted, since others refer to it: enrolment rule `onboard`'))
    for (const method of ['deleteEnrolmentRule', 'deleteSegment', 'deleteAttribute', 'archiveCourse', 'restoreCourse',
      'closeSite', 'reopenSite']) {
      assert.throws(() => tx[method](1), mistake('`key` is the number 1, expected a string'))
    }
    for (const method of ['suspendEnrolment', 'resumeEnrolment']) {
      assert.throws(() => tx[method]('ann'), mistake('`course` is undefined, expected a string'))
    }
  })
})

test('what is made so far can be read', async () => {
  const registry = await company()
  await trying(registry, tx => {
    tx.updateUser('eve', { values: { country: 'DE' } })
    assert.deepEqual(tx.inputs().users(), ['ann', 'bob', 'dee', 'eve'])
    assert.deepEqual(tx.inputs().user('eve').values, { country: 'DE' })
  })
  assert.deepEqual(registry.snapshot().users(), ['ann', 'bob', 'dee'])
})

test('problems are told before, and with the error', async () => {
  const registry = await company()
  const host = registry.asHost('hr')
  await host.transact(tx => {
    tx.defineAttribute('badge', 'text', { unique: true })
    tx.defineAttribute('manager', 'user')
    tx.updateUser('ann', { values: { badge: 'B-1' } })
  }, options)
  await host.transact(async tx => {
    assert.deepEqual(await tx.problems(), [])
    tx.updateUser('bob', { values: { badge: 'B-1' } })
    await tx.importUsers(bytes('id,badge\ncy,B-2\n'), { mapping: { id: 'key', badge: 'user.badge' } })
    tx.updateUser('ann', { values: { manager: 'eve' } })
    const problems = await tx.problems()
    const reason = '`B-1` is taken, expected a value of `badge` that nobody else has'
    assert.deepEqual(problems, [{
      change: 1, line: null, user: 'bob', attribute: 'badge', value: 'B-1', code: 'not_unique', reason,
      message: `user \`bob\`: ${reason}`,
    }, {
      change: 3, line: null, user: 'ann', attribute: 'manager', value: 'eve', code: 'invalid_value',
      reason: 'there is no user `eve` for `manager`', message: 'user `ann`: there is no user `eve` for `manager`',
    }])
    assert.ok(Object.isFrozen(problems[0]))
    await assert.rejects(tx.preview(), error => {
      assert.ok(failure('not_unique', `change 1, ${problems[0].message} (and 1 more)`)(error))
      assert.deepEqual(error.problems, problems)
      assert.ok(Object.isFrozen(error.problems) && Object.isFrozen(error.problems[0]))
      return true
    })
    // The transaction goes on, and can be mended.
    tx.updateUser('bob', { values: { badge: 'B-3' } })
    tx.updateUser('eve')
    assert.deepEqual(await tx.problems(), [])
    assert.throws(() => tx.enrol('fay', 'gdpr'), error => error.problems === undefined)
  }, options)
  assert.deepEqual(registry.snapshot().user('ann').values['manager'], 'eve')
})
