// The registry as a host uses it: define, import, preview, commit, read, explain, reopen.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'

import { memory, open } from 'matricula'
import { at, company, define, feed, fresh, mapping } from './company.mjs'

test('a feed becomes enrolments and survives reopening', async t => {
  const file = fresh(t)
  const feedFile = path.join(path.dirname(file), 'feed.csv')
  fs.writeFileSync(feedFile, feed)
  const registry = open(file)
  let report, preview
  const first = await registry.asHost('hr').transact(async tx => {
    define(tx)
    report = await tx.importUsers(feedFile, { mapping })
    preview = await tx.preview()
    assert.equal(registry.revision, 0, 'nothing is written before the commit')
    return tx.commit({ expect: preview })
  }, { at: at('2026-11-21'), note: 'first feed' })

  assert.deepEqual({ ...report, errors: report.errors.map(error => ({ ...error })) }, {
    rows: 4, created: 3, changed: 0, unchanged: 0, suspended: 0, ignoredColumns: [],
    errors: [{ line: 4, column: 'country', value: 'Germany', reason: 'unknown option `Germany` of `country`' }],
  })
  assert.equal(
    String(report.errors[0]),
    'line 4, column country, value "Germany": unknown option `Germany` of `country`',
  )
  assert.equal(String(report), `4 rows: 3 created, 0 changed, 0 unchanged, 1 left out\n  ${report.errors[0]}`)

  assert.deepEqual({ ...first }, {
    revision: 1, at: at('2026-11-21'), author: 'hr', note: 'first feed', isEmpty: false, usersCreated: 3, usersChanged: 0,
    usersSuspended: 0,
  })
  assert.deepEqual(first.segmentCounts, [
    { segment: 'germans', joined: 2, left: 0 },
    { segment: 'starters', joined: 1, left: 0 },
  ])
  assert.deepEqual(first.courseCounts, [
    { course: 'gdpr', action: 'enrolled', count: 2 },
    { course: 'onboarding', action: 'enrolled', count: 1 },
  ])
  assert.deepEqual(first.memberships[0], { at: at('2026-11-21'), user: 'ann', segment: 'germans', joined: true })
  assert.deepEqual(
    first.steps.map(step => [step.action, step.user, step.course, step.reason]),
    [
      ['enrolled', 'ann', 'gdpr', 'gdpr-de'],
      ['enrolled', 'dee', 'gdpr', 'gdpr-de'],
      ['enrolled', 'ann', 'onboarding', 'onboard'],
    ],
  )
  assert.deepEqual(first.memberships.map(step => step.user), ['ann', 'dee', 'ann'])
  assert.equal(String(preview), String(first))
  assert.deepEqual(preview.delta.steps, first.steps)
  assert.deepEqual(preview.snapshot.members('germans'), ['ann', 'dee'])
  assert.deepEqual(registry.snapshot().members('germans'), ['ann', 'dee'])
  assert.deepEqual(registry.snapshot().members('starters'), ['ann'])

  // A second day: ann moves to ZA, bob is gone.
  fs.writeFileSync(feedFile, 'id,dept,country,hired\nann,Sales,ZA,2026-10-01\ndee,,DE,\n')
  const second = await registry.asHost('hr').transact(async tx => {
    report = await tx.importUsers(feedFile, { mapping, absent: 'suspend' })
  }, { at: at('2026-11-22') })
  assert.deepEqual([report.changed, report.unchanged, report.suspended], [1, 1, 1])
  assert.deepEqual(second.steps, [
    { at: at('2026-11-22'), action: 'suspended', user: 'ann', course: 'gdpr', reason: 'gdpr-de', due: null },
  ])
  assert.equal(registry.snapshot().user('bob').status, 'suspended')

  // Ninety days on, ann is no longer a starter, but the course is kept.
  const third = await registry.asHost('clock').advance(at('2027-02-01'))
  assert.deepEqual(third.steps, [
    { at: new Date('2026-12-30T00:00:00Z'), action: 'kept', user: 'ann', course: 'onboarding', reason: 'onboard', due: null },
  ])
  assert.equal(third.author, 'clock')

  const snapshot = registry.snapshot()
  const explanation = snapshot.explainEnrolment('ann', 'onboarding')
  assert.equal(explanation.status, 'active')
  assert.ok(
    String(explanation).startsWith(
      'ann is enrolled in onboarding since 2026-11-21T08:00:00Z, because:\n- rule onboard no longer applies but keeps',
    ),
    String(explanation),
  )

  registry.close()
  const reopened = open(file)
  t.after(() => reopened.close())
  assert.deepEqual([reopened.revision, reopened.clock], [3, at('2027-02-01')])
  const deltas = await reopened.deltas()
  assert.deepEqual(deltas.map(delta => [delta.revision, delta.author]), [[1, 'hr'], [2, 'hr'], [3, 'clock']])
  assert.deepEqual(deltas.map(String), [first, second, third].map(String))
  assert.deepEqual(deltas.map(delta => delta.steps), [first, second, third].map(delta => delta.steps))
  assert.deepEqual((await reopened.deltas({ after: 1, limit: 1 })).map(delta => delta.revision), [2])
  for (const course of ['gdpr', 'onboarding']) {
    assert.deepEqual(reopened.snapshot().enrolments({ course }), snapshot.enrolments({ course }))
  }
})

test('a snapshot shows what was defined', async t => {
  const registry = memory()
  t.after(() => registry.close())
  await registry.asHost('hr').transact(tx => {
    tx.defineSite('emea', { name: 'Europe', zone: 'Europe/Berlin' })
    tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE'] })
    tx.defineAttribute('hired_on', 'date')
    tx.defineCourse('gdpr', { name: 'Privacy', site: 'emea' })
    tx.defineSegment('germans', 'user.country=="DE"', { name: 'Germans', site: 'emea' })
    tx.defineSegment('dated', 'has(user.hired_on)')
    tx.defineEnrolmentRule('r', {
      segment: 'germans', courses: ['gdpr'], onLeave: 'unenrol', name: 'Rule', enabled: false,
    })
    tx.defineEnrolmentRule('s', { segment: 'dated', courses: ['gdpr'] })
  }, { at: at('2026-11-21') })
  const snapshot = registry.snapshot()
  assert.deepEqual([snapshot.revision, snapshot.clock], [1, at('2026-11-21')])
  assert.deepEqual(snapshot.sites, [
    { key: 'primary', name: 'Primary site', zone: 'UTC', closed: false },
    { key: 'emea', name: 'Europe', zone: 'Europe/Berlin', closed: false },
  ])
  assert.deepEqual(snapshot.attributes.map(({ key, type, options }) => ({ key, type, options })), [
    {
      key: 'country',
      type: 'choice',
      options: [{ key: 'ZA', name: 'ZA', retired: false }, { key: 'DE', name: 'DE', retired: false }],
    },
    { key: 'hired_on', type: 'date', options: null },
  ])
  assert.deepEqual(snapshot.courses, [{ key: 'gdpr', name: 'Privacy', site: 'emea', category: null, archived: false }])
  const plain = { state: 'active', owner: null, description: null, sqlRows: false }
  assert.deepEqual(snapshot.segments, [
    {
      key: 'germans', name: 'Germans', site: 'emea', rule: 'user.country == "DE"', english: 'country is "DE"', ...plain,
    },
    { key: 'dated', name: 'dated', site: null, rule: 'has(user.hired_on)', english: 'hired_on has a value', ...plain },
  ])
  const always = { role: 'learner', from: null, until: null, due: null }
  assert.deepEqual(snapshot.enrolmentRules, [
    { key: 'r', name: 'Rule', segment: 'germans', courses: ['gdpr'], onLeave: 'unenrol', enabled: false, ...always },
    { key: 's', name: 's', segment: 'dated', courses: ['gdpr'], onLeave: 'keep', enabled: true, ...always },
  ])
})

test('a snapshot shows people, their memberships and enrolments', async () => {
  const registry = await company()
  await registry.asHost('hr').transact(tx => {
    tx.defineSite('emea')
    tx.updateUser('ann', { values: { department: null }, sites: { emea: 'suspended' } })
    tx.enrol('bob', 'gdpr')
  }, { at: at('2026-11-22') })
  const snapshot = registry.snapshot()
  assert.deepEqual([snapshot.userCount, snapshot.enrolmentCount], [3, 4])
  assert.deepEqual(snapshot.user('ann'), {
    key: 'ann',
    status: 'active',
    created: at('2026-11-21'),
    values: { country: 'DE', hired_on: '2026-10-01' },
    sites: { primary: 'active', emea: 'suspended' },
  })
  assert.deepEqual([snapshot.memberCount('germans'), snapshot.isMember('bob', 'germans')], [2, false])
  const byHand = {
    user: 'bob', course: 'gdpr', status: 'active', since: at('2026-11-22'), due: null, suspendedByHand: null,
    reasons: [{ reason: 'manual', role: 'learner', state: 'in_force', since: at('2026-11-22'), due: null }],
  }
  assert.deepEqual(snapshot.enrolments({ user: 'bob' }), [byHand])
  assert.deepEqual(snapshot.enrolments({ user: 'bob', course: 'gdpr' }), [byHand])
  assert.deepEqual(snapshot.enrolments({ user: 'bob', course: 'onboarding' }), [])
  assert.deepEqual(snapshot.enrolments({ course: 'gdpr' }).map(enrolment => enrolment.user), ['ann', 'bob', 'dee'])
  assert.deepEqual(snapshot.enrolments({ user: 'ann' }).map(enrolment => enrolment.course), ['gdpr', 'onboarding'])
})

test('explanations are English for people and data for programs', async () => {
  const snapshot = (await company()).snapshot()
  const membership = snapshot.explainMembership('bob', 'germans')
  const flips = [{ test: 'country is "DE"', becomes: true, says: 'country is "DE"' }]
  assert.deepEqual({ ...membership }, {
    user: 'bob', segment: 'germans', member: false, state: 'active', exception: null, flips,
  })
  assert.match(String(membership), /^bob is not in segment germans, .*\n.*country is "ZA"/)
  assert.deepEqual(JSON.parse(JSON.stringify(membership)), {
    user: 'bob',
    segment: 'germans',
    member: false,
    eligible: 'eligible',
    state: 'active',
    flips,
    rule: { truth: 'false', rule: 'country is "DE"', attribute: 'country', value: 'ZA' },
    at: '2026-11-21T08:00:00Z',
  })
  const enrolment = snapshot.explainEnrolment('bob', 'gdpr')
  assert.deepEqual({ ...enrolment }, { user: 'bob', course: 'gdpr', status: null })
  assert.deepEqual(enrolment.toJSON().others.map(other => other.reason), ['gdpr-de'])
})

test('what is read cannot be changed', async () => {
  const registry = await company()
  const [delta] = await registry.deltas()
  const snapshot = registry.snapshot()
  const frozen = [
    delta, delta.steps, delta.steps[0], delta.memberships, delta.segmentCounts[0], delta.courseCounts,
    snapshot, snapshot.sites, snapshot.sites[0], snapshot.attributes[1].options, snapshot.enrolmentRules[0].courses,
    snapshot.user('ann'), snapshot.user('ann').values, snapshot.enrolments({ user: 'ann' })[0].reasons[0],
    snapshot.explainMembership('ann', 'germans'),
  ]
  for (const value of frozen) assert.ok(Object.isFrozen(value), JSON.stringify(value))
  assert.deepEqual(JSON.parse(JSON.stringify(delta)).courseCounts[0], { course: 'gdpr', action: 'enrolled', count: 2 })
})
