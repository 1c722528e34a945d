// The meaning of the library as data: the files of `tests/vectors`, which Rust and Python run too.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

import { MatriculaError, memory } from 'matricula'

const folder = fileURLToPath(new URL('../../../tests/vectors/', import.meta.url))
const files = fs.readdirSync(folder).filter(name => name.endsWith('.json')).sort()

// The arguments that come before the options, by call.
const changes = {
  define_site: ['key'],
  define_attribute: ['key', 'type'],
  define_course: ['key'],
  define_segment: ['key', 'rule'],
  define_enrolment_rule: ['key'],
  update_user: ['key'],
  pin: ['segment', 'user'],
  ban: ['segment', 'user'],
  release: ['segment', 'user'],
  record: ['user', 'course'],
  enrol: ['user', 'course'],
  unenrol: ['user', 'course'],
  enrol_segment: ['segment', 'courses'],
  enrol_users: ['users', 'courses'],
  suspend_enrolment: ['user', 'course'],
  resume_enrolment: ['user', 'course'],
  delete_enrolment_rule: ['key'],
  delete_segment: ['key'],
  delete_attribute: ['key'],
  archive_course: ['key'],
  restore_course: ['key'],
  close_site: ['key'],
  reopen_site: ['key'],
  erase: ['user'],
  revert: ['revision'],
}
const questions = {
  deltas: [],
  membership_history: ['user', 'segment'],
  verify: [],
  user: ['key'],
  users: [],
  plan: [],
  members: ['segment'],
  member_count: ['segment'],
  is_member: ['user', 'segment'],
  enrolments: [],
  exceptions: ['segment'],
  completed: ['user', 'course'],
  score: ['user', 'course'],
  preview_rule: ['rule'],
  lints: ['segment'],
  rule_tree: ['segment'],
  rule_builder: ['segment'],
  segment_sql: ['segment', 'dialect'],
  explain_membership: ['user', 'segment'],
  explain_enrolment: ['user', 'course'],
}
const properties = new Set([
  'revision', 'clock', 'user_count', 'enrolment_count', 'sites', 'attributes', 'courses', 'segments', 'enrolment_rules',
])

const camel = name => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const snake = name => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** The name and the arguments of `{ name: arguments }`. */
function called(call) {
  const [[name, given], ...others] = Object.entries(call)
  assert.deepEqual(others, [], `one call, not ${JSON.stringify(call)}`)
  return [name, given]
}

/** Arguments that are instants, which are text in vectors. */
const instants = ['at', 'completed', 'from', 'until']

/** What is given, with text for a whole number that JavaScript does not have exactly. */
const exactly = given => JSON.parse(JSON.stringify(given, (_, value) =>
  (Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : value)))

/** Calls a method with arguments that are given by name. */
function make(object, name, named, first) {
  const given = exactly(named)
  const ours = ([key, value]) => [camel(key), instants.includes(key) && typeof value === 'string' ? new Date(value) : value]
  const options = Object.entries(given).filter(([key]) => !first.includes(key)).map(ours)
  const positional = first.map(key => given[key])
  return object[camel(name)](...positional, ...(options.length > 0 ? [Object.fromEntries(options)] : []))
}

async function change(tx, call) {
  const [name, given] = called(call)
  assert.ok(Object.hasOwn(changes, name), `a change, not ${name}`)
  await make(tx, name, given, changes[name])
}

async function take(registry, step) {
  const host = registry.asHost('vectors')
  const { at, do: calls, advance, ...more } = step
  assert.deepEqual(more, {}, 'nothing else in a step')
  if (advance !== undefined) return host.advance(new Date(advance))
  return host.transact(async tx => {
    for (const call of calls) await change(tx, call)
  }, { at: new Date(at) })
}

/** What has no names of the API in it: a rule in another notation. */
class Verbatim {
  constructor(answer) {
    this.answer = answer
  }
}

async function ask(registry, question, snapshot = registry.snapshot()) {
  const [name, given] = called(question)
  if (name === 'as_of') {
    const { when, ask: then } = given
    return ask(registry, then, await registry.asOf(typeof when === 'string' ? new Date(when) : when))
  }
  if (name === 'problems') {
    let problems
    await registry.asHost('vectors').transact(async tx => {
      for (const call of given.do) await change(tx, call)
      problems = await tx.problems()
      tx.rollback()
    }, { at: snapshot.clock ?? new Date(0) })
    return problems
  }
  if (Object.hasOwn(changes, name)) {
    await registry.asHost('vectors').transact(async tx => {
      await change(tx, question)
      // Some of what is wrong is seen at the end of a transaction only.
      await tx.preview()
      tx.rollback()
    }, { at: snapshot.clock ?? new Date(0) })
    return null
  }
  if (properties.has(name)) return snapshot[camel(name)]
  assert.ok(Object.hasOwn(questions, name), `a question, not ${name}`)
  const of = ['deltas', 'membership_history', 'verify'].includes(name) ? registry : snapshot
  const answer = await make(of, name, given, questions[name])
  if (name === 'preview_rule') {
    const lists = ['members', 'joining', 'leaving', 'unknown'].map(list => [list, answer[list]()])
    return { ...answer, ...Object.fromEntries(lists) }
  }
  return ['rule_tree', 'rule_builder'].includes(name) ? new Verbatim(answer) : answer
}

/** What the library returns, as vectors write it. */
function plain(value) {
  if (value instanceof Verbatim) return value.answer
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const record = typeof value.toJSON === 'function' ? value.toJSON() : value
  // The keys of values and sites are the company's own.
  const kept = map => Object.fromEntries(Object.entries(map).map(([key, each]) => [key, plain(each)]))
  const own = key => (['values', 'sites', 'by_site', 'bySite'].includes(key) ? kept : plain)
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [snake(key), own(key)(each)]))
}

/** Objects are compared by the keys that are expected; `null` is what is not there. */
function matches(expected, found) {
  if (Array.isArray(expected)) {
    return Array.isArray(found) && expected.length === found.length && expected.every((each, i) => matches(each, found[i]))
  }
  if (typeof expected === 'object' && expected !== null) {
    return typeof found === 'object' && found !== null && !Array.isArray(found)
      && Object.entries(expected).every(([key, each]) => matches(each, found[key]))
  }
  return expected === (found ?? null)
}

test('there are vectors', () => assert.notEqual(files.length, 0))

for (const name of files) {
  const { description, given = [], cases, ...more } = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))

  test(`${name} has cases, each with its own name`, () => {
    assert.deepEqual(more, {})
    assert.ok(description)
    assert.notEqual(cases.length, 0)
    assert.equal(new Set(cases.map(each => each.case)).size, cases.length)
  })

  for (const { case: title, given: own = [], ask: question, expect, ...others } of cases) {
    test(`${name}: ${title}`, async t => {
      assert.deepEqual(others, {})
      const registry = memory()
      t.after(() => registry.close())
      for (const step of [...given, ...own]) await take(registry, step)
      let found
      try {
        found = plain(await ask(registry, question))
      } catch (error) {
        if (!(error instanceof MatriculaError)) throw error
        const { code, message, ...where } = { ...error, message: error.message }
        found = { error: { code, message, ...where } }
      }
      assert.ok(
        matches(expect, found),
        `${name}: ${title}\n  expected ${JSON.stringify(expect)}\n  found    ${JSON.stringify(found)}`,
      )
    })
  }
}
