// An HR feed becomes enrolments: a first day, a second day with its preview, and one person explained.
//
// `node examples/node/hr_feed.mjs` writes the register to `target/hr_feed_node/acme.db`. It takes a folder of other feeds, such
// as those that the same example in Rust makes with `--users`.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// In a project that has installed the package this line says `from 'matricula'`. The checkout installs nothing
// above `bindings/node`, so that here the name would lead nowhere; `npm run build:debug` there builds the module.
import { open } from '../../bindings/node/index.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const data = process.argv[2] ?? path.join(root, 'examples', 'data')

const mapping = {
  employee_id: 'key',
  first_name: 'user.first_name',
  last_name: 'user.last_name',
  email: 'user.email',
  department: 'user.department',
  job_title: 'user.job_title',
  country: 'user.country',
  employment: 'user.employment',
  hired_on: 'user.hired_on',
  site: 'site',
}

async function main() {
  const folder = path.join(root, 'target', 'hr_feed_node')
  fs.mkdirSync(folder, { recursive: true })
  for (const file of ['acme.db', 'acme.db-wal', 'acme.db-shm']) fs.rmSync(path.join(folder, file), { force: true })

  const registry = open(path.join(folder, 'acme.db'))
  try {
    await journey(registry)
  } finally {
    registry.close()
  }
}

async function journey(registry) {
  const host = registry.asHost('hr-sync')

  console.log('# Day 1: definitions and the first feed\n')
  const first = await host.transact(async tx => {
    define(tx)
    await importFeed(tx, 'day-1.csv', 'leave')
  }, { at: new Date('2026-11-20T06:00:00Z') })
  console.log(`\nrevision ${first.revision}\n${first}`)

  console.log('\n# Who is enrolled in what, and why\n')
  printEnrolments(registry.snapshot())

  console.log('\n# Day 2: the next feed, previewed and then committed\n')
  const second = await host.transact(async tx => {
    await importFeed(tx, 'day-2.csv', 'suspend')
    const preview = await tx.preview()
    console.log(`\nthe preview says:\n${preview}\n\nof these, enrolments that end or are suspended:`)
    for (const { user, action, course, reason } of preview.delta.steps.filter(ends)) {
      console.log(`  ${user} ${action} ${course} (${reason})`)
    }
    await tx.commit({ expect: preview })
  }, { at: new Date('2026-11-21T06:00:00Z') })
  console.log(`\ncommitted as revision ${second.revision}, exactly as previewed`)

  console.log('\n# One person, explained\n')
  const snapshot = registry.snapshot()
  const { user, course, segment } = transferred(second, snapshot)
  console.log(`${snapshot.explainMembership(user, segment)}\n\n${snapshot.explainEnrolment(user, course)}`)
}

/** What HR exports, what the company teaches, and who must learn it. */
function define(tx) {
  tx.defineSite('primary', { name: 'Acme', zone: 'Africa/Johannesburg' })
  tx.defineSite('labs', { name: 'Acme Labs', zone: 'Europe/Berlin' })

  for (const key of ['first_name', 'last_name', 'email', 'department', 'job_title']) tx.defineAttribute(key, 'text')
  tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE', 'NL', 'BR', 'IN', 'US'] })
  tx.defineAttribute('employment', 'choice', { options: ['permanent', 'fixed-term', 'contractor'] })
  tx.defineAttribute('hired_on', 'date')

  for (const course of ['gdpr', 'welcome', 'security', 'leading-people', 'selling']) tx.defineCourse(course)
  tx.defineCourse('lab-safety', { site: 'labs' })

  tx.defineSegment('eu-staff', 'user.country in ["DE", "NL"]')
  tx.defineSegment('starters', 'user.hired_on > today - days(90)')
  tx.defineSegment('leads', 'user.job_title in ["Team Lead", "Manager"] && user.employment != "contractor"')
  tx.defineSegment('sellers', 'user.department == "Sales" && !(user.country == "US")')
  tx.defineSegment('lab-staff', 'has(user.department)', { site: 'labs' })

  tx.defineEnrolmentRule('gdpr-for-eu', { segment: 'eu-staff', courses: ['gdpr'], onLeave: 'suspend' })
  tx.defineEnrolmentRule('first-90-days', { segment: 'starters', courses: ['welcome', 'security'], onLeave: 'keep' })
  tx.defineEnrolmentRule('leadership', { segment: 'leads', courses: ['leading-people'], onLeave: 'unenrol' })
  tx.defineEnrolmentRule('sales-basics', { segment: 'sellers', courses: ['selling'], onLeave: 'unenrol' })
  tx.defineEnrolmentRule('lab-safety-for-all', {
    segment: 'lab-staff', courses: ['lab-safety'], onLeave: 'suspend', name: 'Lab safety',
  })
}

async function importFeed(tx, feed, absent) {
  const report = await tx.importUsers(path.join(data, feed), { mapping, blank: 'clear', absent })
  console.log(`${feed}: ${report}`)
}

/** For each course how many are enrolled and, of the first three, why. */
function printEnrolments(snapshot) {
  for (const { key } of snapshot.courses) {
    const enrolments = snapshot.enrolments({ course: key })
    console.log(`${key}: ${enrolments.length} enrolled, such as`)
    for (const { user, since, reasons } of enrolments.slice(0, 3)) {
      console.log(`  ${user} since ${shown(since)}, by ${reasons.map(held => held.reason).join(', ')}`)
    }
  }
}

/** As the library writes instants: `2026-11-20T06:00:00Z`. */
function shown(at) {
  return at.toISOString().replace('.000Z', 'Z')
}

/**
 * The first enrolment that ended or was suspended that day of somebody who is still with the company: the user, the
 * course, and the segment of the rule.
 */
function transferred(delta, snapshot) {
  const { user, course, reason } = delta.steps.find(step => ends(step) && snapshot.user(step.user).status === 'active')
  const { segment } = snapshot.enrolmentRules.find(rule => rule.key === reason)
  return { user, course, segment }
}

function ends({ action }) {
  return action === 'suspended' || action === 'unenrolled'
}

await main()
