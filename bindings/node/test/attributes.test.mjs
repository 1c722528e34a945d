// Attributes: every type there and back, what they demand of values, and how options are renamed and retired.

import assert from 'node:assert/strict'
import test from 'node:test'

import { memory } from 'matricula'
import { at, failure, mistake } from './company.mjs'

const options = { at: at('2026-11-21') }

/** A registry in which this was done. */
async function after(...changes) {
  const registry = memory()
  for (const change of changes) await registry.asHost('hr').transact(change, options)
  return registry
}

/** What a change fails with, after others. */
async function failing(expected, change, ...before) {
  const registry = await after(...before)
  await registry.asHost('hr').transact(tx => {
    assert.throws(() => change(tx), expected, String(change))
    tx.rollback()
  }, options)
}

const all = tx => {
  tx.defineAttribute('name', 'text')
  tx.defineAttribute('level', 'integer')
  tx.defineAttribute('pay', 'decimal')
  tx.defineAttribute('remote', 'boolean')
  tx.defineAttribute('hired_on', 'date')
  tx.defineAttribute('seen_at', 'timestamp')
  tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE'] })
  tx.defineAttribute('langs', 'multi_choice', { options: ['en', 'de', 'fr'] })
  tx.defineAttribute('manager', 'user')
  tx.defineAttribute('unit', 'path')
  tx.updateUser('eve')
}

test('a value of every type is read as it was given', async () => {
  const values = {
    name: 'Zoë', level: -7, pay: '1234567.000001', remote: false, hired_on: '2026-01-31',
    seen_at: new Date('2026-01-31T08:00:00.123Z'), country: 'DE', langs: ['en', 'fr'], manager: 'eve', unit: 'EMEA/ZA',
  }
  const registry = await after(all, tx => tx.updateUser('ann', { values }))
  const read = registry.snapshot().user('ann').values
  assert.deepEqual({ ...read }, values)
  assert.ok(Object.isFrozen(read.langs))
  // What was read can be given again, and changes nothing.
  await registry.asHost('hr').transact(tx => tx.updateUser('ann', { values: read }), options)
  assert.equal(registry.revision, 2)
})

for (const [attribute, given, read] of [
  ['level', 3, 3],
  ['level', -0, 0],
  ['level', 7n, 7],
  ['level', '12', 12],
  ['level', Number.MAX_SAFE_INTEGER, 9007199254740991],
  ['level', BigInt(Number.MIN_SAFE_INTEGER), -9007199254740991],
  ['pay', 0.1, '0.1'],
  ['pay', 0.000001, '0.000001'],
  ['pay', 12, '12'],
  ['pay', 12n, '12'],
  ['pay', '12.50', '12.5'],
  ['pay', '999999999999.999999', '999999999999.999999'],
  ['remote', 'yes', true],
  ['seen_at', '2026-01-31T10:00:00+02:00', new Date('2026-01-31T08:00:00Z')],
  ['langs', ['fr', 'en', 'fr'], ['en', 'fr']],
  ['langs', 'de; en', ['en', 'de']],
  ['langs', [], undefined],
  ['langs', null, undefined],
  ['name', '', ''],
  ['name', 'e\u0301', 'é'],
]) {
  test(`${attribute}: ${typeof given} ${JSON.stringify(given, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))} is read as ${JSON.stringify(read)}`, async () => {
    const registry = await after(all, tx => tx.updateUser('ann', { values: { [attribute]: given } }))
    assert.deepEqual(registry.snapshot().user('ann').values[attribute], read)
  })
}

const decimals = 'expected a decimal number with at most 6 digits after the point, below 1000000000000 either way'
for (const [attribute, given, message] of [
  ['level', 1.5, 'attribute `level` is an integer, found a decimal number'],
  ['level', true, 'attribute `level` is an integer, found a boolean'],
  ['level', '1.5', '`1.5` is not a number, expected a whole number such as 12'],
  ['pay', 0.1 + 0.2, `attribute \`pay\`: \`0.30000000000000004\` does not fit, ${decimals}`],
  ['pay', 1e-7, `attribute \`pay\`: \`0.0000001\` does not fit, ${decimals}`],
  ['pay', '1e3', `\`1e3\` does not fit, ${decimals}`],
  ['name', 1, 'attribute `name` is a text, found a whole number'],
  ['name', 0.5, 'attribute `name` is a text, found a decimal number'],
  ['remote', 'maybe', '`maybe` is not a boolean, expected true or false'],
  ['country', 'FR', 'unknown option `FR` of `country`'],
  ['country', ['DE'], 'attribute `country` is a choice, found a list'],
  ['langs', ['en', 'dee'], 'unknown option `dee` of `langs`, did you mean `de`?'],
  ['unit', '/EMEA', '`/EMEA` is not a path, expected names with `/` between them'],
  ['seen_at', '2026-01-31', '`2026-01-31` is not a timestamp, expected an instant such as 2026-01-31T08:00:00Z'],
]) {
  test(`${attribute} refuses ${typeof given} ${JSON.stringify(given)}`, () => failing(
    failure('invalid_value', `user \`ann\`: ${message}`), tx => tx.updateUser('ann', { values: { [attribute]: given } }), all,
  ))
}

test('a number that is none, or not exact, is a TypeError', async () => {
  const range = 'expected a number within ±9007199254740991, or the number as text'
  for (const [given, found] of [
    [NaN, 'the number NaN'], [Infinity, 'the number Infinity'], [2 ** 53, 'the number 9007199254740992'],
    [2n ** 53n, 'the bigint 9007199254740992'], [-(2n ** 200n), 'the bigint -160693804425899027554196209234116260252'],
  ]) {
    await failing(mistake(`\`values.level\` is ${found}, ${range}`), tx => tx.updateUser('ann', { values: { level: given } }), all)
  }
})

test('an attribute shows all that was said of it', async () => {
  const registry = await after(tx => {
    tx.defineSite('emea')
    tx.defineAttribute('level', 'integer', {
      name: 'Level', help: '1 is junior', site: 'emea', required: true, minimum: 1, maximum: 9n, default: 2,
      sensitivity: 'personal', selfWritable: true,
    })
    tx.defineAttribute('email', 'text', { unique: true, ignoreCase: true, pattern: '*@acme.com' })
    tx.defineAttribute('pay', 'decimal', { minimum: 0.5, maximum: '1000.25' })
    tx.defineAttribute('seen_at', 'timestamp', { minimum: new Date(0) })
    tx.defineAttribute('langs', 'multi_choice', { options: ['en', { key: 'de', name: 'German', retired: true }], default: ['en'] })
  })
  const [level, email, pay, seen, langs] = registry.snapshot().attributes
  assert.deepEqual(level, {
    key: 'level', type: 'integer', name: 'Level', help: '1 is junior', options: null, site: 'emea', required: true,
    unique: false, ignoreCase: false, pattern: null, minimum: 1, maximum: 9, default: 2, sensitivity: 'personal',
    selfWritable: true,
  })
  assert.deepEqual([email.name, email.unique, email.ignoreCase, email.pattern], ['email', true, true, '*@acme.com'])
  assert.deepEqual([pay.minimum, pay.maximum, pay.sensitivity], ['0.5', '1000.25', 'internal'])
  assert.deepEqual(seen.minimum, new Date(0))
  assert.deepEqual([langs.options, langs.default], [
    [{ key: 'en', name: 'en', retired: false }, { key: 'de', name: 'German', retired: true }], ['en'],
  ])
  assert.ok([langs, langs.options, langs.options[0], langs.default].every(Object.isFrozen))
})

test('options are renamed, retired and added, and people keep theirs', async () => {
  const registry = await after(
    all,
    tx => tx.updateUser('ann', { values: { country: 'DE' } }),
    tx => tx.defineAttribute('country', 'choice', {
      options: [{ key: 'ZA', retired: true }, { key: 'GER', was: 'DE', name: 'Germany' }, 'BR'],
    }),
  )
  const snapshot = registry.snapshot()
  assert.equal(snapshot.user('ann').values.country, 'GER')
  const { options: found } = snapshot.attributes.find(attribute => attribute.key === 'country')
  assert.deepEqual(found, [
    { key: 'ZA', name: 'ZA', retired: true },
    { key: 'GER', name: 'Germany', retired: false },
    { key: 'BR', name: 'BR', retired: false },
  ])
  // What was read of an attribute can be said again.
  await registry.asHost('hr').transact(tx => tx.defineAttribute('country', 'choice', { options: found }), options)
  assert.deepEqual(registry.snapshot().attributes.find(attribute => attribute.key === 'country').options, found)
})

test('a person who is named may come until the end', async () => {
  const registry = await after(all)
  await registry.asHost('hr').transact(async tx => {
    tx.updateUser('ann', { values: { manager: 'zoe' } })
    const missing = failure('invalid_value', 'user `ann`: there is no user `zoe` for `manager`')
    await assert.rejects(tx.preview(), missing)
    tx.updateUser('zoe')
  }, options)
  assert.equal(registry.snapshot().user('ann').values.manager, 'zoe')
})

const email = { unique: true, ignoreCase: true, pattern: '*@acme.com' }
const ann = tx => tx.updateUser('ann', { values: { email: 'ann@acme.com' } })
for (const [title, expected, change, ...before] of [
  ['a required value that is missing',
    failure('invalid_value', 'user `ann`: attribute `email` is required'),
    tx => tx.updateUser('ann'), tx => tx.defineAttribute('email', 'text', { required: true })],
  ['a value that somebody else has, whatever its case',
    failure('not_unique', 'user `bob`: `ANN@acme.com` is taken, expected a value of `email` that nobody else has'),
    tx => tx.updateUser('bob', { values: { email: 'ANN@acme.com' } }),
    tx => tx.defineAttribute('email', 'text', email), ann],
  ['a required value that people lack',
    failure('not_possible', 'attribute `city`: 1 person would lack a required value, `ann` among them'),
    tx => tx.defineAttribute('city', 'text', { required: true }), tx => tx.defineAttribute('email', 'text', email), ann],
]) {
  test(`the end of a transaction refuses ${title}`, async () => {
    const registry = await after(...before)
    const host = registry.asHost('hr')
    await host.transact(async tx => {
      change(tx)
      await assert.rejects(tx.preview(), expected)
      await assert.rejects(tx.commit(), expected)
    }, options)
    await assert.rejects(host.transact(change, options), expected)
    assert.equal(registry.revision, before.length)
  })
}

for (const [title, expected, change, ...before] of [
  ['a value that does not match the pattern',
    failure('invalid_value', 'user `ann`: `ann@acme.org` does not match the pattern `*@acme.com` of `email`'),
    tx => tx.updateUser('ann', { values: { email: 'ann@acme.org' } }), tx => tx.defineAttribute('email', 'text', email)],
  ['a value below the minimum',
    failure('invalid_value', 'user `ann`: 0.4 is below 0.5, the minimum of `pay`'),
    tx => tx.updateUser('ann', { values: { pay: 0.4 } }), tx => tx.defineAttribute('pay', 'decimal', { minimum: 0.5 })],
  ['a value above the maximum',
    failure('invalid_value', 'user `ann`: 2026-02-01 is above 2026-01-31, the maximum of `left_on`'),
    tx => tx.updateUser('ann', { values: { left_on: '2026-02-01' } }),
    tx => tx.defineAttribute('left_on', 'date', { maximum: '2026-01-31' })],
  ['a default that is too great',
    failure('invalid_value', 'attribute `level`: 9 is above 3, the maximum of `level`'),
    tx => tx.defineAttribute('level', 'integer', { maximum: 3, default: 9 })],
  ['a minimum above the maximum',
    error => ['invalid_definition', 'invalid_value'].includes(error.code) && error.message.startsWith('attribute `level`: '),
    tx => tx.defineAttribute('level', 'integer', { minimum: 3, maximum: 2 })],
  ['a minimum of a text',
    failure('invalid_definition', 'attribute `name`: a text cannot have a minimum'),
    tx => tx.defineAttribute('name', 'text', { minimum: 3 })],
  ['a sensitivity that there is not',
    failure('invalid_definition', 'attribute `name`: unknown sensitivity `secret`, expected one of public, internal, personal, sensitive'),
    tx => tx.defineAttribute('name', 'text', { sensitivity: 'secret' })],
  ['an option that was none',
    failure('invalid_definition', 'attribute `c`: option `a` was `b`, but there is no such option'),
    tx => tx.defineAttribute('c', 'choice', { options: [{ key: 'a', was: 'b' }] })],
  ['a demand that people do not satisfy',
    error => error.code === 'not_possible' && error.message.startsWith('attribute `level`: 1 person'),
    tx => tx.defineAttribute('level', 'integer', { maximum: 3 }),
    tx => { tx.defineAttribute('level', 'integer'); tx.updateUser('ann', { values: { level: 9 } }) }],
]) {
  test(`refused: ${title}`, () => failing(expected, change, ...before))
}

test('somebody new is given the default, and only then', async () => {
  const registry = await after(
    tx => { tx.defineAttribute('level', 'integer', { default: 1 }); tx.updateUser('ann') },
    tx => { tx.updateUser('ann', { values: { level: null } }); tx.updateUser('bob', { values: { level: 5 } }) },
  )
  assert.deepEqual(['ann', 'bob'].map(key => registry.snapshot().user(key).values.level), [undefined, 5])
  assert.deepEqual(registry.snapshot().user('bob').created, options.at)
})
