// Arguments of the wrong type are TypeErrors that say what was found and what was expected, never an abort and
// never a guess.

import assert from 'node:assert/strict'
import test from 'node:test'
import vm from 'node:vm'

import { memory, open } from 'matricula'
import { at, bytes, company, failure, feed, mapping, mistake } from './company.mjs'

const hostile = [
  undefined, null, true, NaN, -1, 2 ** 53, 1n, Symbol('s'), {}, [], () => {}, new Date(0), new Map(), /x/,
  Object.create(null), new String('ann'), new Uint8Array(1),
]

/** Calls with every hostile value; each is a TypeError, whether thrown or rejected. */
async function refuses(what, use, values = hostile) {
  for (const value of values) {
    let error
    try {
      await use(value)
    } catch (caught) {
      error = caught
    }
    const shown = typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value)
    assert.equal(error?.constructor, TypeError, `${what} of ${shown}: ${error}`)
    assert.match(error.message, /^[`a-z].*[^.]$/)
  }
}

/** What no attribute takes, whatever its type. */
const noValues = [
  NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e20, 2n ** 53n, -(2n ** 64n), Symbol('s'), {}, () => {}, new Map(),
  /x/, Object.create(null), new String('ann'), new Uint8Array(1), new Date(NaN), [1], [null], ['a', , 'b'], [['a']],
]

const without = (...left) => hostile.filter(value => !left.some(one => Object.is(one, value)))

test('text is a string', async () => {
  const registry = await company()
  const snapshot = registry.snapshot()
  await refuses('open', open)
  await refuses('asHost', value => registry.asHost(value))
  await refuses('user', value => snapshot.user(value))
  await refuses('members', value => snapshot.members(value))
  await refuses('memberCount', value => snapshot.memberCount(value))
  for (const read of ['isMember', 'explainMembership', 'explainEnrolment']) {
    await refuses(read, value => snapshot[read](value, 'germans'))
    await refuses(read, value => snapshot[read]('ann', value))
  }
  await refuses('enrolments', value => snapshot.enrolments(value))
  await refuses('enrolments', value => snapshot.enrolments({ user: value }))
  await refuses('enrolments', value => snapshot.enrolments({ course: value }))
})

test('every argument of a change is checked', async () => {
  const registry = await company()
  const optional = without(undefined, null)
  await registry.asHost('hr').transact(async tx => {
    for (const method of ['defineSite', 'defineCourse', 'updateUser']) {
      await refuses(method, value => tx[method](value))
      await refuses(method, value => tx[method]('x', value), [null, 1, 'x', [], new Map(), () => {}])
    }
    await refuses('defineSite', value => tx.defineSite('x', { zone: value }), optional)
    await refuses('defineCourse', value => tx.defineCourse('x', { name: value }), optional)
    await refuses('defineAttribute', value => tx.defineAttribute('x', value))
    await refuses('defineAttribute', value => tx.defineAttribute('x', 'choice', { options: [value] }))
    await refuses('options', value => tx.defineAttribute('x', 'choice', { options: [{ key: 'a', retired: value }] }),
      without(undefined, true))
    for (const name of ['required', 'unique', 'ignoreCase', 'selfWritable']) {
      await refuses(name, value => tx.defineAttribute('x', 'text', { [name]: value }), without(undefined, true))
    }
    for (const name of ['help', 'site', 'pattern']) {
      await refuses(name, value => tx.defineAttribute('x', 'text', { [name]: value }), optional)
    }
    for (const name of ['minimum', 'maximum', 'default']) {
      await refuses(name, value => tx.defineAttribute('x', 'text', { [name]: value }), noValues)
    }
    await refuses('sensitivity', value => tx.defineAttribute('x', 'text', { sensitivity: value }), without(undefined))
    await refuses('defineSegment', value => tx.defineSegment('x', value), optional)
    for (const name of ['name', 'site', 'state', 'owner', 'description', 'sqlRows']) {
      await refuses(name, value => tx.defineSegment('x', null, { [name]: value }), optional.filter(value => value !== true))
    }
    await refuses('sqlRows', value => tx.defineSegment('x', null, { sqlRows: value }), ['yes', 1, {}])
    for (const name of ['ruleTree', 'builder']) {
      const trees = optional.filter(value => Object.prototype.toString.call(value) !== '[object Object]')
      await refuses(name, value => tx.defineSegment('x', null, { [name]: value }), trees)
    }
    for (const method of ['pin', 'ban', 'release']) {
      await refuses(method, value => tx[method](value, 'ann'))
      await refuses(method, value => tx[method]('germans', value))
    }
    await refuses('record', value => tx.record(value, 'gdpr', {}))
    await refuses('record', value => tx.record('ann', value, {}))
    await refuses('completed', value => tx.record('ann', 'gdpr', { completed: value }),
      [...optional.filter(value => !(value instanceof Date)), 'x', new Date(NaN)])
    await refuses('score', value => tx.record('ann', 'gdpr', { score: value }),
      optional.filter(value => value !== -1 && value !== 1n))
    const rule = { segment: 'germans', courses: ['gdpr'], onLeave: 'keep' }
    for (const name of ['segment', 'courses', 'onLeave']) {
      const wrong = { segment: hostile, courses: without(hostile[9]), onLeave: without(undefined) }[name]
      await refuses(name, value => tx.defineEnrolmentRule('x', { ...rule, [name]: value }), wrong)
    }
    await refuses('courses', value => tx.defineEnrolmentRule('x', { ...rule, courses: [value] }))
    await refuses('enabled', value => tx.defineEnrolmentRule('x', { ...rule, enabled: value }), without(undefined, true))
    await refuses('values', value => tx.updateUser('x', { values: { country: value } }), [...noValues, undefined])
    await refuses('sites', value => tx.updateUser('x', { sites: { primary: value } }), without(null))
    await refuses('status', value => tx.updateUser('x', { status: value }), optional)
    await refuses('values', value => tx.updateUser('x', { values: value }), [null, 1, 'x', [], new Map(), new Date()])
    await refuses('enrol', value => tx.enrol(value, 'gdpr'))
    await refuses('unenrol', value => tx.unenrol('ann', value))
    await refuses('source', value => tx.importUsers(value, { mapping }), without(hostile.at(-1)))
    await refuses('mapping', value => tx.importUsers(bytes(feed), { mapping: value }), [
      undefined, null, 1, 'x', [], new Map(),
    ])
    await refuses('mapping', value => tx.importUsers(bytes(feed), { mapping: { id: value } }))
    await refuses('blank', value => tx.importUsers(bytes(feed), { mapping, blank: value }), without(undefined))
    await refuses('badRows', value => tx.importUsers(bytes(feed), { mapping, badRows: value }), without(undefined))
    await refuses('format', value => tx.importUsers(bytes(feed), { mapping, format: value }), without(undefined))
    const blank = value => ({ mapping: { id: { target: 'key', blank: value } } })
    await refuses('blank of a column', value => tx.importUsers(bytes(feed), blank(value)), without(undefined, null))
    await refuses('target', value => tx.importUsers(bytes(feed), { mapping: { id: { target: value } } }))
    for (const name of ['percent', 'count']) {
      const none = hostile.filter(value => value !== undefined && value !== null && value !== 2 ** 53)
      await refuses(name, value => tx.defineGuard({ [name]: value }), [...none, 2 ** 53, 1.5])
    }
    await refuses('enabled', value => tx.defineGuard({ enabled: value }), without(undefined, null, true))
    await refuses('token', value => tx.confirm(value))
    await refuses('progress', value => tx.importUsers(bytes(feed), { mapping, progress: value }), [1, 'x', {}, []])
    await refuses('signal', value => tx.importUsers(bytes(feed), { mapping, signal: value }), [1, 'x', {}, () => {}])
    const given = await tx.preview()
    await refuses('expect', value => tx.commit({ expect: value }), [
      1, 'x', {}, given.delta, { ...given }, Object.create(given), registry,
    ])
    assert.equal((await tx.preview()).delta.isEmpty, true, 'nothing of all that was done')
  }, { at: at('2026-11-22') })
  assert.equal(registry.revision, 1)
})

test('what an argument throws when it is looked at is passed on', async () => {
  const trap = new RangeError('trap')
  const sprung = () => { throw trap }
  const proxy = new Proxy({}, { get: sprung, has: sprung, ownKeys: sprung, getPrototypeOf: sprung })
  const registry = await company()
  const host = registry.asHost('hr')
  const passedOn = error => error === trap
  assert.throws(() => registry.snapshot().user(proxy), passedOn)
  await assert.rejects(host.advance(proxy), passedOn)
  await assert.rejects(host.transact(() => {}, { get at() { throw trap } }), passedOn)
  await assert.rejects(host.transact(tx => tx.updateUser('x', proxy), { at: at('2026-11-22') }), passedOn)
  assert.equal(registry.revision, 1)
})

test('an instant is a Date', async () => {
  const host = memory().asHost('hr')
  const wrong = hostile.filter(value => !(value instanceof Date))
  await refuses('advance', value => host.advance(value), wrong)
  await refuses('transact', value => host.transact(() => {}, { at: value }), wrong)
  await refuses('transact', value => host.transact(value, { at: at('2026-11-22') }), without(hostile[10]))
  await refuses('transact', () => host.transact(() => {}), [0])
  await assert.rejects(host.advance(new Date(NaN)), mistake('`to` is an invalid Date, expected an instant'))
  await assert.rejects(host.advance('2026-11-22'), mistake('`to` is a string, expected a Date'))
  await assert.rejects(host.advance(Date.now), mistake('`to` is a function, expected a Date'))
})

test('a calendar day is never a Date', async () => {
  const registry = await company()
  const why = 'expected text such as 2026-01-31, since which day a Date is depends on the zone'
  await registry.asHost('hr').transact(tx => {
    assert.throws(
      () => tx.updateUser('ann', { values: { department: 'IT', hired_on: new Date(0) } }),
      failure('invalid_value', `user \`ann\`: attribute \`hired_on\` is a date, found a timestamp, ${why}`),
    )
    assert.throws(
      () => tx.defineAttribute('left_on', 'date', { minimum: new Date(0) }),
      failure('invalid_value', `attribute \`left_on\`: attribute \`left_on\` is a date, found a timestamp, ${why}`),
    )
    assert.throws(
      () => tx.updateUser('ann', { values: { country: new Date(0) } }),
      failure('invalid_value', 'user `ann`: attribute `country` is a choice, found a timestamp'),
    )
  }, { at: at('2026-11-22') })
})

test('numbers are whole and in range, not what they could be cut to', async () => {
  const registry = await company()
  for (const name of ['after', 'limit']) {
    await refuses(name, value => registry.deltas({ [name]: value }), [
      null, '1', NaN, -1, -0.5, 0.5, 1.5, Infinity, 2 ** 53, 2 ** 64, 1n, [], {}, true,
    ])
    await assert.rejects(registry.deltas({ [name]: 2 ** 53 }), mistake(
      `\`${name}\` is the number 9007199254740992, expected a whole number from 0 to 9007199254740991`,
    ))
  }
  assert.deepEqual(await registry.deltas({ after: Number.MAX_SAFE_INTEGER }), [])
  assert.deepEqual(await registry.deltas({ limit: 0 }), [])
  assert.equal((await registry.deltas({ after: 0, limit: Number.MAX_SAFE_INTEGER })).length, 1)
})

test('an unknown option is named, with the nearest that is known', async () => {
  const registry = await company()
  const options = { at: at('2026-11-22') }
  const host = registry.asHost('hr')
  await assert.rejects(
    registry.deltas({ afer: 1 }), mistake('unknown option `afer` of deltas, did you mean `after`?'),
  )
  await assert.rejects(
    host.transact(() => {}, { ...options, idempotent: 'x' }),
    mistake('unknown option `idempotent` of transact, did you mean `idempotency`?'),
  )
  assert.throws(
    () => registry.snapshot().enrolments({ users: 'ann' }),
    mistake('unknown option `users` of enrolments, did you mean `user`?'),
  )
  await host.transact(async tx => {
    for (const [use, message] of [
      [() => tx.updateUser('x', { value: {} }), 'unknown option `value` of updateUser, did you mean `values`?'],
      [() => tx.defineSite('x', { Name: 'X' }), 'unknown option `Name` of defineSite, did you mean `name`?'],
      [() => tx.defineSegment('x', 'true', { '\ud800': 1 }),
        'unknown option `\ud800` of defineSegment, expected name, site, ruleTree, builder, state, owner, description, '
          + 'sqlRows'],
      [() => tx.defineAttribute('x', 'choice', { options: [{ key: 'a', retire: true }] }),
        'unknown option `retire` of options[0], did you mean `retired`?'],
      [() => tx.record('ann', 'gdpr', { complete: null }), 'unknown option `complete` of record, did you mean `completed`?'],
    ]) assert.throws(use, mistake(message))
    await assert.rejects(
      tx.importUsers('x', { mapping, absnt: 'suspend' }),
      mistake('unknown option `absnt` of importUsers, did you mean `absent`?'),
    )
    await assert.rejects(tx.commit({ expects: 1 }), mistake('unknown option `expects` of commit, did you mean `expect`?'))
  }, options)
})

test('lone surrogates are refused wherever text is taken', async () => {
  const registry = await company()
  const snapshot = registry.snapshot()
  const lone = 'ann\ud800'
  const refused = what => mistake(`\`${what}\` is a string with a lone surrogate, expected well-formed text`)
  assert.throws(() => snapshot.user(lone), refused('key'))
  assert.throws(() => open(lone), refused('path'))
  await registry.asHost('hr').transact(async tx => {
    assert.throws(() => tx.updateUser('x', { values: { department: lone } }), refused('values.department'))
    assert.throws(() => tx.updateUser('x', { values: { [lone]: 'x' } }), refused('a key of values'))
    assert.throws(() => tx.defineAttribute('x', 'choice', { options: ['a', lone] }), refused('options[1]'))
    await assert.rejects(tx.importUsers('x', { mapping: { [lone]: 'key' } }), refused('a key of mapping'))
    tx.updateUser('whole \u{1f600}', { values: { department: '\u{1f600}' } })
  }, { at: at('2026-11-22'), note: '\u{1f600}' })
  assert.equal(registry.snapshot().user('whole \u{1f600}').values.department, '\u{1f600}')
})

test('keys with a meaning in JavaScript are keys like any other', async () => {
  const registry = memory()
  const names = ['__proto__', 'constructor', 'toString']
  await registry.asHost('hr').transact(async tx => {
    for (const name of names) {
      tx.defineSite(name)
      tx.defineAttribute(name, 'text')
    }
    const all = value => Object.fromEntries(names.map(name => [name, value]))
    tx.updateUser('__proto__', { values: all('x'), sites: all('suspended') })
    const columns = Object.fromEntries([['__proto__', 'key'], ['constructor', 'user.__proto__']])
    await tx.importUsers(bytes('__proto__,constructor\nann,y\n'), { mapping: columns })
  }, { at: at('2026-11-22') })
  const user = registry.snapshot().user('__proto__')
  assert.deepEqual(Object.entries(user.values), names.map(name => [name, 'x']))
  assert.deepEqual(Object.entries(user.sites), names.map(name => [name, 'suspended']))
  assert.equal(Object.getPrototypeOf(user.values), Object.prototype)
  assert.deepEqual(Object.entries(registry.snapshot().user('ann').values), [['__proto__', 'y']])
})

test('huge text is measured, not copied about', async () => {
  const registry = await company()
  const huge = 'x'.repeat(64 * 1024 * 1024)
  const code = wanted => error => error.code === wanted && error.message.length < 1000
  assert.throws(() => registry.snapshot().user(huge), error => error.code === 'unknown_user')
  await registry.asHost('hr').transact(tx => {
    assert.throws(() => tx.updateUser(huge), error => error.code === 'invalid_key')
    assert.throws(() => tx.updateUser('x', { values: { department: huge } }), code('invalid_value'))
    assert.throws(() => tx.defineSegment('x', huge), code('invalid_rule'))
    assert.throws(() => tx.defineCourse(huge), error => error.code === 'invalid_key')
  }, { at: at('2026-11-22') })
})

test('values of another realm are as good as ours', async () => {
  const registry = await company()
  const [when, options, list, data, fn] = vm.runInNewContext(`[
    new Date(${at('2026-11-22').getTime()}), { values: { country: 'BR' } }, ['a'], new Uint8Array([105, 100, 10]), tx => {},
  ]`)
  await registry.asHost('hr').transact(fn, { at: when })
  await registry.asHost('hr').transact(async tx => {
    tx.updateUser('eve', options)
    tx.defineAttribute('x', 'choice', { options: list })
    assert.equal((await tx.importUsers(data, { mapping: { id: 'key' } })).rows, 0)
  }, { at: when })
  assert.equal(registry.snapshot().user('eve').values.country, 'BR')
})

test('methods on the wrong object are TypeErrors', async () => {
  const registry = await company()
  const snapshot = registry.snapshot()
  for (const method of ['user', 'members', 'toString']) {
    const stolen = Object.getPrototypeOf(snapshot)[method]
    if (method !== 'toString') assert.throws(() => stolen.call({}, 'ann'), TypeError)
    if (method !== 'toString') assert.throws(() => stolen.call(registry, 'ann'), TypeError)
  }
  assert.throws(() => new registry.constructor({}).snapshot(), TypeError)
  assert.throws(() => new snapshot.constructor(registry), TypeError)
})
