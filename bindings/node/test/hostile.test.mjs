// Input that is meant to break something: it is refused with a TypeError or an error of the library, and neither ends
// the process nor changes anything.

import assert from 'node:assert/strict'
import test from 'node:test'
import vm from 'node:vm'

import { MatriculaError, memory } from 'matricula'
import { at, company, mistake } from './company.mjs'

const when = { at: at('2026-11-22') }

/** Makes changes that are all refused, and then sees that nothing was done. */
async function refused(...changes) {
  const registry = await company()
  await registry.asHost('hr').transact(async tx => {
    for (const [change, expected] of changes) assert.throws(() => change(tx), expected, String(change))
    assert.equal((await tx.preview()).delta.isEmpty, true, 'nothing of all that was done')
  }, when)
}

const invalid = (code, start = '') => error => {
  assert.ok(error instanceof MatriculaError, `a MatriculaError, not ${error}`)
  assert.equal(error.code, code)
  assert.ok(error.message.startsWith(start) && error.message.length < 1000, error.message)
  return true
}

/** A query of a rule builder so many groups deep. */
function nested(depth) {
  let query = { combinator: 'and', rules: [] }
  for (let level = 0; level < depth; level += 1) {
    const test = { field: 'department', operator: '=', value: String(level) }
    query = { combinator: level % 2 ? 'and' : 'or', rules: [test, query] }
  }
  return query
}

test('depth is bounded, not endured', async () => {
  let list = []
  for (let level = 0; level < 100_000; level += 1) list = [list]
  const round = { combinator: 'and', rules: [] }
  round.rules.push(round)
  const deep = mistake('`builder` nests too deep or contains itself, expected at most 256 levels')
  const build = builder => tx => tx.defineSegment('x', null, { builder })
  let tree = { has: 0 }
  for (let level = 0; level < 100; level += 1) tree = { not: tree }
  await refused(
    [build({ combinator: 'and', rules: list }), deep],
    [build(round), deep],
    [build(nested(1000)), deep],
    [build(nested(100)), invalid('invalid_rule', 'segment `x`: the rule nests more than 64 levels deep')],
    [tx => tx.defineSegment('x', null, { ruleTree: tree }), invalid('invalid_rule', 'segment `x`: ')],
    [tx => tx.defineSegment('x', '!('.repeat(10_000)), invalid('invalid_rule')],
    ...[300, 10_000].flatMap(depth => [
      [tx => tx.defineSegment('x', null, { ruleTree: `${'{"not":'.repeat(depth)}{"has":0}${'}'.repeat(depth)}` }),
        invalid('invalid_rule', 'segment `x`: the rule nests more than 64 levels deep')],
      [build(`${'{"rules":['.repeat(depth)}${']}'.repeat(depth)}`),
        invalid('invalid_rule', 'segment `x`: the rule nests more than 64 levels deep')],
    ]),
  )
  const registry = await company()
  await assert.rejects(registry.snapshot().previewRule(null, { builder: nested(100) }), invalid('invalid_rule'))
})

test('a rule at the greatest depth there and back', async () => {
  const registry = await company()
  let ruleTree = { has: 0 }
  for (let level = 0; level < 64; level += 1) ruleTree = { [['all', 'any'][level % 2]]: [{ has: 0 }, ruleTree] }
  await registry.asHost('hr').transact(tx => tx.defineSegment('tree', null, { ruleTree }), when)
  assert.deepEqual(registry.snapshot().ruleTree('tree'), ruleTree)
  const query = registry.snapshot().ruleBuilder('tree')
  await registry.asHost('hr').transact(tx => tx.defineSegment('query', null, { builder: query }), when)
  assert.deepEqual(registry.snapshot().ruleTree('query'), ruleTree)
})

test('a hundred thousand options', async () => {
  const registry = await company()
  await registry.asHost('hr').transact(tx => {
    tx.defineAttribute('many', 'choice', { options: Array.from({ length: 100_000 }, (_, number) => `o${number}`) })
    tx.updateUser('ann', { values: { many: 'o99999' } })
    tx.defineSegment('text', "user.many in ['o0', 'o99999']")
    tx.defineSegment('query', null, {
      builder: { combinator: 'and', rules: [{ field: 'many', operator: 'in', value: ['o0', 'o99999'] }] },
    })
    tx.defineSegment('tree', null, { ruleTree: { in: { field: 3, values: [{ choice: 99_999 }] } } })
  }, when)
  for (const key of ['text', 'query', 'tree']) assert.deepEqual(registry.snapshot().members(key), ['ann'])
  await assert.rejects(registry.snapshot().previewRule("user.many == 'o100000x'"), invalid('invalid_rule'))
})

test('a rule as data is plain data', async () => {
  const query = value => tx => tx.defineSegment('x', null, {
    builder: { combinator: 'and', rules: [{ field: 'department', operator: '=', value }] },
  })
  const plain = 'plain data: an object, an array, text, a number, a boolean or null'
  await refused(
    ...[
      [NaN, 'the number NaN'], [Infinity, 'the number Infinity'], [1n, 'a bigint'], [() => {}, 'a function'],
      [Symbol('s'), 'a symbol'], [new Date(0), 'an object of type Date'], [new Map(), 'an object of type Map'],
    ].map(([value, found]) => [query(value), mistake(`\`builder.rules[0].value\` is ${found}, expected ${plain}`)]),
    [query('\ud800'), mistake('`builder.rules[0].value` is a string with a lone surrogate, expected well-formed text')],
    [tx => tx.defineSegment('x', null, { builder: { rules: new Array(4_000_000_000) } }),
      mistake(`\`builder.rules[0]\` is undefined, expected ${plain}`)],
    [tx => tx.defineSegment('x', null, { builder: {} }), invalid('invalid_rule')],
    [tx => tx.defineSegment('x', null, { ruleTree: {} }), invalid('invalid_rule')],
    [tx => tx.defineSegment('x', null, { ruleTree: { ['y'.repeat(1_000_000)]: 1 } }), invalid('invalid_rule')],
    [tx => tx.defineSegment('x', null, { ruleTree: { has: 1e21 } }), invalid('invalid_rule')],
    [tx => tx.defineSegment('x', null, { ruleTree: { has: -1 } }), invalid('invalid_rule')],
    [query('x'.repeat(2_000_000)), invalid('invalid_rule')],
    ...['ruleTree', 'builder'].map(name => [tx => tx.defineSegment('x', null, { [name]: ' '.repeat(2_000_000) }),
      invalid('invalid_rule', 'segment `x`: the text has 2000000 bytes, expected at most 1048576')]),
    [tx => tx.defineSegment('x', 'x'.repeat(1_000_000)),
      invalid('invalid_rule', 'segment `x`: the rule is 1000000 bytes long, but at most 65536 are allowed')],
  )
})

test('keys with a meaning in JavaScript stand for nothing in a rule', async () => {
  const evil = JSON.parse('{"combinator":"and","rules":[{"field":"__proto__","operator":"=","value":"x"}],"__proto__":{"x":1}}')
  await refused(
    [tx => tx.defineSegment('x', null, { builder: evil }), invalid('invalid_rule')],
    [tx => tx.defineSegment('x', null, { ruleTree: JSON.parse('{"__proto__":{"has":0}}') }), invalid('invalid_rule')],
  )
  assert.equal({}.x, undefined)
})

test('what an object merely inherits is not an option', async () => {
  const inherited = { site: 'emea', state: 'draft', builder: 1, required: 'yes', completed: 1, values: { country: 'x' } }
  const registry = await company()
  await registry.asHost('hr').transact(tx => {
    Object.assign(Object.prototype, inherited)
    try {
      tx.defineSegment('x', 'has(user.country)', {})
      tx.defineSegment('y', 'has(user.country)')
      tx.defineAttribute('z', 'text', {})
      tx.record('ann', 'gdpr', { score: 1 })
      tx.updateUser('ann', Object.create({ status: 'suspended' }))
    } finally {
      for (const name of Object.keys(inherited)) delete Object.prototype[name]
    }
  }, when)
  const snapshot = registry.snapshot()
  assert.deepEqual(snapshot.segments.slice(-2).map(({ site, state }) => [site, state]), [[null, 'active'], [null, 'active']])
  assert.deepEqual([snapshot.completed('ann', 'gdpr'), snapshot.score('ann', 'gdpr')], [null, '1'])
  assert.deepEqual([snapshot.user('ann').status, snapshot.user('ann').values.country], ['active', 'DE'])
})

test('a getter is read once, and what it throws is passed on', async () => {
  const trap = new RangeError('trap')
  const sprung = { get: () => { throw trap }, enumerable: true }
  const trapped = name => Object.defineProperty({}, name, sprung)
  const passedOn = error => error === trap
  await refused(
    [tx => tx.defineSegment('x', null, trapped('builder')), passedOn],
    [tx => tx.defineSegment('x', null, { builder: { rules: [trapped('value')] } }), passedOn],
    [tx => tx.defineAttribute('x', 'choice', { options: [trapped('key')] }), passedOn],
    [tx => tx.record('ann', 'gdpr', trapped('score')), passedOn],
    [tx => tx.updateUser('ann', { values: trapped('country') }), passedOn],
  )
  let reads = 0
  const registry = await company()
  const shifty = { get name() { return (reads += 1) === 1 ? 'once' : { toString: () => 'twice' } } }
  await registry.asHost('hr').transact(tx => tx.defineSegment('x', 'has(user.country)', shifty), when)
  assert.deepEqual([reads, registry.snapshot().segments.at(-1).name], [1, 'once'])
})

test('NUL and lone surrogates', async () => {
  const lone = 'x\udfff'
  const wellFormed = what => mistake(`\`${what}\` is a string with a lone surrogate, expected well-formed text`)
  await refused(
    [tx => tx.updateUser('a\0b'), invalid('invalid_key')],
    [tx => tx.defineSegment('a\0b'), invalid('invalid_key')],
    [tx => tx.defineAttribute('x', 'choice', { options: ['a\0b'] }), invalid('invalid_key')],
    [tx => tx.pin('germans', 'ann\0'), invalid('unknown_user')],
    [tx => tx.defineSegment('x', null, { owner: lone }), wellFormed('owner')],
    [tx => tx.defineAttribute('x', 'choice', { options: [{ key: 'a', name: lone }] }), wellFormed('options[0].name')],
    [tx => tx.defineAttribute('x', 'text', { pattern: lone }), wellFormed('pattern')],
    [tx => tx.updateUser('ann', { values: { department: [lone] } }), wellFormed('values.department[0]')],
    [tx => tx.record('ann', 'gdpr', { score: lone }), wellFormed('score')],
  )
  // In a text it is a character like any other.
  const registry = await company()
  await registry.asHost('hr').transact(tx => {
    tx.updateUser('ann', { values: { department: 'a\0b' } })
    tx.defineSegment('nul', null, {
      builder: { combinator: 'and', rules: [{ field: 'department', operator: '=', value: 'a\0b' }] },
    })
  }, when)
  assert.deepEqual([registry.snapshot().user('ann').values.department, registry.snapshot().members('nul')], ['a\0b', ['ann']])
  assert.throws(() => registry.snapshot().segmentSql(lone, 'sqlite'), wellFormed('segment'))
})

test('rules and values of another realm are as good as ours', async () => {
  const registry = await company()
  const [builder, values] = vm.runInNewContext(`[
    { combinator: 'and', rules: [{ field: 'seen_at', operator: 'notNull', value: '' }] }, { seen_at: new Date(0), langs: ['en'] },
  ]`)
  await registry.asHost('hr').transact(tx => {
    tx.defineAttribute('seen_at', 'timestamp')
    tx.defineAttribute('langs', 'multi_choice', { options: ['en'] })
    tx.updateUser('ann', { values })
    tx.defineSegment('seen', null, { builder })
  }, when)
  assert.deepEqual(registry.snapshot().members('seen'), ['ann'])
  assert.deepEqual(registry.snapshot().user('ann').values.seen_at, new Date(0))
})

test('reading what is not there says so', async () => {
  const snapshot = (await company()).snapshot()
  for (const read of ['exceptions', 'ruleTree', 'ruleBuilder']) {
    assert.throws(() => snapshot[read]('germns'), { code: 'unknown_segment' })
    assert.throws(() => snapshot[read](1), TypeError)
  }
  for (const read of ['completed', 'score']) {
    assert.throws(() => snapshot[read]('eve', 'gdpr'), { code: 'unknown_user' })
    assert.throws(() => snapshot[read]('ann', 'gdp'), { code: 'unknown_course' })
    assert.throws(() => snapshot[read]('ann'), TypeError)
  }
  assert.throws(() => snapshot.segmentSql('germans', 'sqlite', { at: new Date(NaN) }), TypeError)
  assert.throws(() => snapshot.segmentSql('germans', 'sqlite', { at: new Date(8.64e15) }), { code: 'invalid_instant' })
  await assert.rejects(snapshot.previewRule('has(user.country)', { at: new Date(NaN) }), TypeError)
  await assert.rejects(snapshot.previewRule('has(user.country)', { at: new Date(8.64e15) }), { code: 'invalid_instant' })
  for (const value of [1, {}, [], true]) await assert.rejects(snapshot.previewRule(value), TypeError)
  await assert.rejects(snapshot.previewRule('true', { rule: 'x' }), mistake(
    'unknown option `rule` of previewRule, expected ruleTree, builder, site, segment, at',
  ))
  await assert.rejects(memory().membershipHistory(), TypeError)
})
