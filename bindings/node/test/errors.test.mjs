// What goes wrong has a stable code and a message that says what was found and what was expected.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createRequire } from 'node:module'

import { MatriculaError, memory, open } from 'matricula'
import { at, company, define, failure, fresh } from './company.mjs'

const native = createRequire(import.meta.url)('../native.js')

/** What a change fails with, in a transaction with the company's definitions that is then given up. */
async function failing(change, expected) {
  await memory().asHost('hr').transact(tx => {
    define(tx)
    tx.updateUser('ann')
    assert.throws(() => change(tx), expected, String(change))
    tx.rollback()
  }, { at: at('2026-11-21') })
}

test('every code of the library is declared', () => {
  const declared = fs.readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8')
  const [, codes] = declared.match(/type ErrorCode =\n((?: +\| '\w+'\n)+)/)
  assert.deepEqual(codes.match(/\w+/g), native.errorCodes())
})

test('an error is an error', () => {
  const cause = new Error('why')
  const error = new MatriculaError('closed', 'the registry is closed', { cause })
  assert.ok(error instanceof Error)
  assert.equal(String(error), 'MatriculaError: the registry is closed')
  assert.deepEqual([error.code, error.cause], ['closed', cause])
  assert.match(error.stack, /errors\.test\.mjs/)
})

test('the stack of a failure leads to the caller', async () => {
  const { stack } = await memory().asHost('hr').advance(new Date(8.64e15)).catch(error => error)
  assert.match(stack, /^MatriculaError: .*\n(.*\n)*.*errors\.test\.mjs/)
})

for (const [change, code, message] of [
  [tx => tx.defineSite(''), 'invalid_key', 'site key is empty'],
  [tx => tx.defineSite(' x'), 'invalid_key', 'site key ` x` begins or ends with white space'],
  [tx => tx.defineCourse('a\0b'), 'invalid_key', 'course key `a\\0b` has control characters'],
  [tx => tx.defineSite('x', { zone: 'Mars/Base' }), 'unknown_time_zone',
    'unknown time zone `Mars/Base`, expected a name such as Europe/Berlin'],
  [tx => tx.defineAttribute('x', 'txt'), 'invalid_definition',
    'attribute `x`: unknown attribute type `txt`, expected one of text, integer, decimal, boolean, date, timestamp, choice, multi_choice, user, path, did you mean `text`?'],
  [tx => tx.defineAttribute('x', 'text', { options: ['a'] }), 'invalid_definition',
    'attribute `x`: options are given for a text, expected them for a choice only'],
  [tx => tx.defineAttribute('x', 'choice'), 'invalid_definition',
    'attribute `x`: no options, expected at least one'],
  [tx => tx.defineAttribute('country', 'text'), 'not_possible',
    'attribute `country`: the type is choice and cannot become text (named by segments `germans`)'],
  [tx => tx.defineCourse('x', { site: 'emea' }), 'unknown_site', 'course `x`: unknown site `emea`'],
  [tx => tx.defineSegment('x', 'user.departmnt == "Sales"'), 'invalid_rule',
    'segment `x`: unknown attribute `departmnt` at 1:6, did you mean `department`?'],
  [tx => tx.defineEnrolmentRule('x', { segment: 'german', courses: ['gdpr'], onLeave: 'keep' }), 'unknown_segment',
    'enrolment rule `x`: unknown segment `german`, did you mean `germans`?'],
  [tx => tx.defineEnrolmentRule('x', { segment: 'germans', courses: ['gdrp'], onLeave: 'keep' }), 'unknown_course',
    'enrolment rule `x`: unknown course `gdrp`, did you mean `gdpr`?'],
  [tx => tx.defineEnrolmentRule('x', { segment: 'germans', courses: ['gdpr'], onLeave: 'kep' }), 'invalid_definition',
    'unknown leave policy `kep`, expected one of keep, suspend, unenrol, did you mean `keep`?'],
  [tx => tx.updateUser('ann', { values: { contry: 'DE' } }), 'unknown_attribute',
    'user `ann`: unknown attribute `contry`, did you mean `country`?'],
  [tx => tx.updateUser('ann', { values: { country: 'D' } }), 'invalid_value',
    'user `ann`: unknown option `D` of `country`'],
  [tx => tx.updateUser('ann', { values: { hired_on: '2026-02-30' } }), 'invalid_value',
    'user `ann`: `2026-02-30` is not a date, expected a day such as 2026-01-31'],
  [tx => tx.updateUser('ann', { status: 'activ' }), 'invalid_definition',
    'unknown status `activ`, expected one of active, suspended, did you mean `active`?'],
  [tx => tx.updateUser('ann', { sites: { primary: 'gone' } }), 'invalid_definition',
    'unknown status `gone`, expected one of active, suspended'],
  [tx => tx.enrol('eve', 'gdpr'), 'unknown_user', 'unknown user `eve`'],
  [tx => tx.enrol('ann', 'gdp'), 'unknown_course', 'unknown course `gdp`, did you mean `gdpr`?'],
]) {
  test(`${code}: ${message}`, () => failing(change, failure(code, message)))
}

test('an error says where in a rule', async () => {
  const text = 'has(user.department) &&\n  "😀é" == user.departmnt'
  const found = await (await company()).snapshot().previewRule(text).catch(error => error)
  assert.deepEqual({ ...found }, { code: 'invalid_rule', offset: 40, line: 2, column: 16, nearest: 'department' })
  assert.equal(text.slice(found.offset), 'departmnt')
  assert.equal(found.cause, undefined)
  const where = (options, expected) => failing(tx => tx.defineSegment('x', null, options), error => {
    assert.deepEqual({ ...error }, { code: 'invalid_rule', ...expected })
    return true
  })
  const builder = { rules: [{ field: 'contry', operator: '=', value: 'x' }] }
  await where({ builder }, { pointer: '/rules/0/field', nearest: 'country' })
  await where({ ruleTree: '{"not": {"hass": 0}}' }, { pointer: '/not/hass', nearest: 'has' })
  await where({ ruleTree: '{"é": x}' }, { offset: 6, line: 1, column: 7 })
  await failing(tx => tx.enrol('eve', 'gdpr'), error => Object.keys(error).join() === 'code')
})

test('what is not there cannot be read', async () => {
  const snapshot = (await company()).snapshot()
  const user = failure('unknown_user', 'unknown user `eve`')
  const segment = failure('unknown_segment', 'unknown segment `german`, did you mean `germans`?')
  const course = failure('unknown_course', 'unknown course `gdp`, did you mean `gdpr`?')
  assert.throws(() => snapshot.user('eve'), user)
  assert.throws(() => snapshot.isMember('eve', 'germans'), user)
  assert.throws(() => snapshot.enrolments({ user: 'eve' }), user)
  assert.throws(() => snapshot.explainEnrolment('eve', 'gdpr'), user)
  assert.throws(() => snapshot.members('german'), segment)
  assert.throws(() => snapshot.memberCount('german'), segment)
  assert.throws(() => snapshot.explainMembership('ann', 'german'), segment)
  assert.throws(() => snapshot.enrolments({ course: 'gdp' }), course)
  assert.throws(() => snapshot.explainEnrolment('ann', 'gdp'), course)
})

test('instants outside the years 1 to 9999 are refused', async () => {
  const host = memory().asHost('hr')
  for (const millis of [8.64e15, -8.64e15, Date.UTC(10_000, 0, 1)]) {
    const refused = failure('invalid_instant', `instant ${millis} ms is outside the years 1 to 9999`)
    await assert.rejects(host.advance(new Date(millis)), refused)
    await assert.rejects(host.transact(() => {}, { at: new Date(millis) }), refused)
  }
  assert.deepEqual((await host.advance(new Date(Date.UTC(9999, 11, 31)))).at, new Date(Date.UTC(9999, 11, 31)))
})

test('a file that is no registry is refused and left alone', t => {
  const file = fresh(t)
  const code = wanted => error => error instanceof MatriculaError && error.code === wanted
  fs.writeFileSync(file, 'this is not a database, and long enough to be read as one'.repeat(20))
  const before = fs.readFileSync(file)
  assert.throws(() => open(file), code('invalid_store'))
  assert.deepEqual(fs.readFileSync(file), before)
  assert.throws(() => open(path.dirname(file)), code('store'))
  assert.throws(() => open(path.join(file, 'below')), code('store'))
  assert.throws(() => open('nul\0byte'), code('store'))
})
