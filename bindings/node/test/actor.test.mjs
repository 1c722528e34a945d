// What people may do and see by their roles, why, and what they may change.

import assert from 'node:assert/strict'
import test from 'node:test'

import { ALL, ANY, memory } from 'matricula'
import { at, failure, mistake } from './company.mjs'

const now = at('2026-11-21')
const options = { at: now }
const later = at('2026-11-22')

/** Two sites, a course in each, a manager line, an administrator of everything and one of a site. */
async function acme() {
  const registry = memory()
  await registry.asHost('hr').transact(tx => {
    tx.defineSite('emea')
    tx.defineCourse('gdpr')
    tx.defineCourse('safety', { site: 'emea' })
    tx.defineAttribute('department', 'text')
    tx.defineAttribute('manager', 'user')
    tx.defineAttribute('salary', 'integer', { sensitivity: 'sensitive' })
    for (const key of ['root', 'ann', 'bob', 'cy', 'dee', 'eve']) {
      tx.updateUser(key, { sites: { primary: 'active', emea: 'active' } })
    }
    tx.updateUser('bob', { values: { manager: 'ann', salary: 10 } })
    tx.updateUser('cy', { values: { manager: 'bob', department: 'Sales' } })
    tx.defineSegment('sales', 'user.department == "Sales"')
    tx.grant('administrator', { user: 'root' })
    tx.grant('administrator', { user: 'dee', site: 'emea' })
    tx.grant('manager', { user: 'ann', site: 'primary', over: { line: 'manager' } })
  }, options)
  return registry
}

const refused = pattern => error => {
  assert.equal(error.code, 'not_permitted')
  assert.match(error.message, pattern)
  return true
}

test('a manager sees the people of the line and no others', async () => {
  const registry = await acme()
  const ann = registry.asActor('ann', options)
  assert.deepEqual([ann.key, ann.at], ['ann', now])
  assert.deepEqual(ann.people({ site: 'primary' }), ['ann', 'bob', 'cy'])
  assert.deepEqual(ann.audience('report.view', { site: 'primary' }), ['bob', 'cy'])
  const may = over => ann.can('report.view', { site: 'primary', over })
  assert.deepEqual([may('cy'), may(ANY), may(ALL), may('dee')], [true, true, false, false])
  assert.equal(ann.can('report.view', { site: 'emea', over: 'bob' }), false, 'nor where the role is not held')
  assert.equal(ann.can('report.fly', { site: 'primary' }), false)
  assert.equal(registry.asActor('nobody', options).can('report.view', { site: 'primary', over: 'cy' }), false)
  assert.deepEqual(ann.profile('bob', { site: 'primary' }), { manager: 'ann' }, 'not the salary')
  assert.deepEqual(ann.profile('dee', { site: 'primary' }), {})
  assert.deepEqual(ann.members('sales'), [])
  assert.deepEqual(ann.reports({ site: 'emea' }), ['transcript'], 'of oneself')
})

test('a question names people if it is about people', async () => {
  const registry = await acme()
  const ann = registry.asActor('ann', options)
  const missing = '`report.view` is about people, expected over whom it is asked: a user, anybody, everybody'
  const superfluous = '`site.create` is not about people, expected no one over whom it is asked'
  assert.throws(() => ann.can('report.view', { site: 'primary' }), failure('invalid_question', missing))
  assert.throws(() => ann.can('site.create', { over: 'bob' }), failure('invalid_question', superfluous))
  assert.throws(() => registry.snapshot().whoCan('report.view', { at: now, site: 'primary' }), failure('invalid_question', missing))
  assert.throws(() => ann.canMany([{ capability: 'site.create' }, { capability: 'report.view' }]),
    failure('invalid_question', `question 2: ${missing}`))
  assert.throws(() => ann.can('report.view', { over: 1 }), mistake('`over` is the number 1, expected a string, ANY or ALL'))
  assert.throws(() => ann.can('report.view', { site: 'primary', course: 'gdpr' }),
    mistake('expected at most one of `site`, `category` and `course`, found more'))
  assert.throws(() => ann.can('report.view', { cours: 'gdpr' }), mistake('unknown option `cours` of can, did you mean `course`?'))
  assert.throws(() => ann.canMany([{ site: 'primary' }]), mistake('`questions[0].capability` is undefined, expected a string'))
})

test('many questions are answered as each alone', async () => {
  const ann = (await acme()).asActor('ann', options)
  assert.deepEqual(ann.canMany([
    { capability: 'report.view', site: 'primary', over: 'cy' },
    { capability: 'report.view', site: 'primary', over: ALL },
    { capability: 'site.create', site: null },
  ]), [true, false, false])
  assert.deepEqual(ann.canMany([]), [])
})

test('an explanation names every role', async () => {
  const proof = (await acme()).asActor('ann', options).explain('report.view', { site: 'primary', over: 'dee' })
  assert.equal(String(proof), [
    'user `ann` may not `report.view` in site `primary` over user `dee`: not given',
    '  role `manager` in site `primary` (grant 2), over those who report to the holder by `manager`, at any depth: allow; ' +
      'it is not held over this person',
    '  role `authenticated` in site `primary` (an active member of the site): says nothing of it',
    '  role `self` in the registry (the person in question): says nothing of it; it is not held over this person',
  ].join('\n'))
  assert.deepEqual([proof.allowed, proof.because, proof.site, proof.over], [false, 'not_given', 'primary', 'dee'])
  const [manager, member] = proof.considered
  assert.deepEqual([manager.role, manager.grant, manager.site, manager.effect], ['manager', 2, 'primary', 'allow'])
  assert.deepEqual(manager.says, [{ effect: 'allow', scope: null }])
  assert.deepEqual([member.grant, member.effect, member.says], [null, null, []])
})

test('who may do something', async () => {
  const registry = await acme()
  const snapshot = registry.snapshot()
  assert.deepEqual(snapshot.whoCan('course.delete', { at: now, course: 'safety' }), ['root', 'dee'])
  assert.deepEqual(snapshot.whoCan('report.view', { at: now, site: 'primary', over: 'cy' }), ['root', 'ann'])
  assert.deepEqual(registry.asActor('dee', options).courses('course.delete'), ['safety'])
  assert.throws(() => snapshot.whoCan('site.edit', { at: now, site: 'emae' }),
    failure('unknown_site', 'unknown site `emae`, did you mean `emea`?'))
})

test('nobody gives what they lack', async () => {
  const registry = await acme()
  const dee = registry.asActor('dee', options)
  const revision = await dee.transact(async tx => {
    assert.deepEqual(tx.at, now)
    tx.grant('instructor', { user: 'eve', site: 'emea', until: later })
    await tx.check()
  }, { at: now, note: 'for a while' })
  assert.deepEqual([revision, registry.revision], [2, 2])
  await assert.rejects(dee.transact(tx => tx.grant('administrator', { user: 'eve' }), options),
    refused(/`role\.assign` in the registry/))
  const eve = registry.asActor('eve', options)
  const grading = { course: 'safety', over: 'bob' }
  assert.equal(eve.can('grade.edit', grading), true)
  assert.equal(registry.asActor('eve', { at: later }).can('grade.edit', grading), false)
  assert.equal(await eve.transact(tx => {
    assert.throws(() => tx.defineCourse('x', { site: 'emea' }), refused(/`course\.create`/))
    tx.rollback()
    assert.throws(() => tx.defineCourse('x'), failure('closed', 'the transaction is closed'))
  }, options), null)
  await assert.rejects(registry.asActor('nobody', options).transact(() => {}, options),
    failure('not_permitted', 'not permitted: nobody may change anything'))
  assert.throws(() => registry.asActor('ann', options).explainMembership('bob', 'sales'),
    failure('not_permitted', 'not permitted: `segment.view` in the registry'))
  assert.equal(registry.revision, 2)
})

test('locks and overrides', async () => {
  const registry = await acme()
  const root = registry.asActor('root', options)
  await root.transact(tx => {
    tx.lock({ course: 'gdpr' })
    tx.grant('instructor', { user: 'eve' })
    tx.overrideRole('instructor', { deny: ['grade.edit'], site: 'emea' })
  }, options)
  const may = (who, capability, where) => registry.asActor(who, options).can(capability, where)
  assert.equal(may('root', 'content.edit', { course: 'gdpr' }), false)
  assert.equal(may('root', 'content.view', { course: 'gdpr' }), true)
  assert.equal(may('eve', 'grade.edit', { course: 'safety', over: 'bob' }), false)
  await root.transact(tx => tx.unlock({ course: 'gdpr' }), options)
  assert.equal(may('root', 'content.edit', { course: 'gdpr' }), true)
  assert.equal(may('eve', 'grade.edit', { course: 'gdpr', over: 'bob' }), true)
})

test('what is defined is read back', async () => {
  const registry = await acme()
  const host = registry.asHost('hr')
  await host.transact(tx => {
    tx.defineCategory('rules', { site: 'emea' })
    tx.defineCategory('fire', { name: 'Fire', parent: 'rules' })
    tx.defineCourse('safety', { category: 'fire' })
    tx.defineCapability('invoice.approve', 'write', { innermost: 'site', flags: ['many'], sentence: 'approve' })
    tx.defineRole('clerk', { like: ['learner'], allow: ['invoice.approve'], withhold: ['course.view'], deny: ['grade.*'] })
    tx.grant('clerk', { segment: 'sales', category: 'rules', over: { same: 'department' }, from: now, note: 'why' })
  }, options)
  const snapshot = registry.snapshot()
  assert.deepEqual(snapshot.categories(), [
    { key: 'rules', name: 'rules', site: 'emea', parent: null },
    { key: 'fire', name: 'Fire', site: 'emea', parent: 'rules' },
  ])
  assert.equal(snapshot.courses[1].category, 'fire')
  assert.deepEqual(snapshot.capabilities().find(({ name }) => name === 'invoice.approve'), {
    name: 'invoice.approve', kind: 'write', innermost: 'site', over: false, flags: ['many'], sentence: 'approve',
  })
  const clerk = snapshot.roles().at(-1)
  assert.deepEqual([clerk.key, clerk.withhold, clerk.deny], ['clerk', ['course.view'], ['grade.*']])
  assert.ok(clerk.allow.includes('invoice.approve'))
  assert.deepEqual(snapshot.grants().at(-1), {
    number: 3, role: 'clerk', user: null, segment: 'sales', site: null, category: 'rules', course: null,
    over: { same: 'department' }, from: now, until: null, note: 'why',
  })
  await host.transact(tx => {
    tx.revoke(3)
    tx.deleteRole('clerk')
    assert.throws(() => tx.revoke(9), failure('unknown_grant', 'there is no grant number 9'))
    assert.throws(() => tx.grant('clerk', { user: 'ann' }), failure('unknown_role', 'unknown role `clerk`'))
    assert.throws(() => tx.defineCourse('x', { category: 'fir' }),
      failure('unknown_category', 'course `x`: unknown category `fir`, did you mean `fire`?'))
    assert.throws(() => tx.grant('learner', {}), mistake('expected either `user` or `segment`'))
    assert.throws(() => tx.grant('learner', { user: 'ann', over: { lines: 'manager' } }),
      mistake('`over`: expected one of segment, reports, line and same, and its key'))
  }, options)
  assert.deepEqual(registry.snapshot().grants().map(({ number }) => number), [0, 1, 2])
})

test('history tells of grants', async () => {
  const registry = await acme()
  await registry.asHost('hr').transact(tx => tx.revoke(2), options)
  const [granted, revoked] = (await registry.historyOfUser('ann')).filter(({ grant }) => grant !== null)
  assert.deepEqual([granted.what, granted.role, granted.grant, granted.message], ['granted', 'manager', 2, 'granted manager (grant 2)'])
  assert.deepEqual([revoked.what, revoked.role, revoked.grant], ['revoked', null, 2])
})

test('an actor can be asked when the registry is closed', async () => {
  const registry = await acme()
  const ann = registry.asActor('ann', options)
  registry.close()
  assert.equal(ann.can('report.view', { site: 'primary', over: 'cy' }), true)
  await assert.rejects(ann.transact(() => {}, options), failure('closed', 'the registry is closed'))
  assert.throws(() => registry.asActor('ann', options), failure('closed', 'the registry is closed'))
})
