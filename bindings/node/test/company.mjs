// The small company that the tests are about, and what all of them need.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { MatriculaError, memory } from 'matricula'

/** Eight in the morning, UTC. */
export const at = day => new Date(`${day}T08:00:00Z`)

export const mapping = { id: 'key', dept: 'user.department', country: 'user.country', hired: 'user.hired_on' }

export const feed = `id,dept,country,hired
ann,Sales,DE,2026-10-01
bob,IT,ZA,2020-01-15
cy,IT,Germany,2026-11-01
dee,,DE,
`

export function define(tx) {
  tx.defineAttribute('department', 'text')
  tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE', 'BR'] })
  tx.defineAttribute('hired_on', 'date')
  tx.defineCourse('gdpr')
  tx.defineCourse('onboarding')
  tx.defineSegment('germans', 'user.country == "DE"')
  tx.defineSegment('starters', 'user.hired_on > today - days(90)')
  tx.defineEnrolmentRule('gdpr-de', { segment: 'germans', courses: ['gdpr'], onLeave: 'suspend' })
  tx.defineEnrolmentRule('onboard', { segment: 'starters', courses: ['onboarding'], onLeave: 'keep' })
}

export const bytes = text => new TextEncoder().encode(text)

/** A registry in memory with the company and its first feed, committed as revision 1. */
export async function company() {
  const registry = memory()
  await registry.asHost('hr').transact(async tx => {
    define(tx)
    await tx.importUsers(bytes(feed), { mapping })
  }, { at: at('2026-11-21') })
  return registry
}

/** A feed of so many people, all in Germany. */
export function crowd(count) {
  const rows = Array.from({ length: count }, (_, index) => `u${index},Sales,DE,2026-10-01\n`)
  return bytes('id,dept,country,hired\n' + rows.join(''))
}

/** The path of a file that is not there yet, in a folder that is gone after the test. */
export function fresh(t, name = 'acme.db') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'matricula-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  return path.join(folder, name)
}

/** What `assert.throws` and `assert.rejects` expect of a failure of the library: exactly this code and message. */
export const failure = (code, message) => error => {
  assert.ok(error instanceof MatriculaError, `a MatriculaError, not ${error}`)
  assert.deepEqual({ code: error.code, message: error.message }, { code, message })
  assert.equal(error.name, 'MatriculaError')
  return true
}

/** The same of a wrong argument. */
export const mistake = message => error => {
  assert.equal(error.constructor, TypeError, `a TypeError, not ${error}`)
  assert.equal(error.message, message)
  return true
}
