// What protects a register from a bad feed: a third day on which the department column came empty is held by the
// guard, the right feed is shown as a plan and committed once however often it is asked for, time moves on, and the
// first day is compared with today.
//
// `node examples/node/hr_guard.mjs` keeps the register in memory.

import fs from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

// In a project that has installed the package this line says `from 'matricula'`: see `hr_feed.mjs`.
import { memory } from '../../bindings/node/index.js'

const read = day => fs.readFileSync(new URL(`../data/${day}.csv`, import.meta.url), 'utf8')
const [day1, day2] = [read('day-1'), read('day-2')]
/** Where the department stands in a row. */
const DEPARTMENT = 4

const mapping = {
  employee_id: 'key',
  department: 'user.department',
  country: 'user.country',
  hired_on: 'user.hired_on',
  site: 'site',
}

async function main() {
  const registry = memory()
  const host = registry.asHost('hr-sync')
  await host.transact(async tx => {
    define(tx)
    await importFeed(tx, day1)
  }, { at: new Date('2026-11-20T06:00:00Z') })
  await host.transact(tx => importFeed(tx, day2), { at: new Date('2026-11-21T06:00:00Z') })
  const before = registry.snapshot()
  console.log(`${before.userCount} people, ${before.enrolmentCount} enrolments`)

  console.log('\n# Day 3: the department column came empty\n')
  const empty = host.transact(async tx => {
    await importFeed(tx, edited(() => ''))
    console.log(String(await tx.preview()))
  }, { at: new Date('2026-11-22T06:00:00Z') })
  await empty.then(
    () => {
      throw new Error('the guard has let it pass')
    },
    error => console.log(`\nrefused with \`${error.code}\`: ${error.hold?.excesses.length ?? 0} places`),
  )
  console.log(`the register is still at revision ${registry.revision}`)

  console.log('\n# The feed as it should have been: the plan\n')
  const feed = edited(moved)
  const options = { at: new Date('2026-11-22T07:00:00Z'), idempotency: 'feed-2026-11-22' }
  const delta = await host.transact(async tx => {
    await importFeed(tx, feed)
    const preview = await tx.preview()
    printPlan(before, preview)
    await tx.commit({ expect: preview })
  }, options)
  console.log(`\ncommitted as revision ${delta.revision}`)
  // The answer was lost on its way, and the host asks again.
  const again = await host.transact(tx => importFeed(tx, feed), options)
  console.log(`asked again, it is revision ${again.revision} still, of ${registry.revision}`)

  console.log('\n# Time moves on\n')
  for (let turn = 0; turn < 3; turn++) {
    const at = await registry.nextChangeAt()
    if (at === null) break
    const { steps } = await registry.asHost('clock').advance(at)
    console.log(shown(at))
    for (const { user, action, course, reason } of steps) console.log(`  ${user} ${action} ${course} (${reason})`)
  }

  console.log('\n# The first day and today\n')
  const [then, now] = [await registry.asOf(1), registry.snapshot()]
  console.log(`${then.userCount} people then, ${now.userCount} now`)
  for (const { key } of now.segments) {
    console.log(`segment ${key}: ${then.memberCount(key)} then, ${now.memberCount(key)} now`)
  }
  for (const { key: course } of now.courses) {
    const [before, after] = [then, now].map(at => at.enrolments({ course }).length)
    console.log(`course ${course}: ${before} enrolled then, ${after} now`)
  }
  console.log(String(await registry.verify(await registry.head())))
}

/** As the library writes instants: `2026-11-20T06:00:00Z`. */
function shown(at) {
  return at.toISOString().replace('.000Z', 'Z')
}

const rows = text => text.split(/\r?\n/).filter(line => line !== '')

/** The second day's feed with its departments changed, but for the few rows that have quotes. */
function edited(edit) {
  const lines = rows(day2).map((line, number) => {
    const cells = line.split(',')
    if (number === 0 || line.includes('"') || cells.length <= DEPARTMENT) return line
    cells[DEPARTMENT] = edit(cells[0], cells[DEPARTMENT])
    return cells.join(',')
  })
  return lines.map(line => `${line}\n`).join('')
}

/** One team moves from Sales to Legal. */
function moved(employee, department) {
  return employee.endsWith('7') && employee < 'E10400' && department === 'Sales' ? 'Legal' : department
}

/** A line for each person and each enrolment: what comes, what goes, what becomes otherwise. */
function printPlan(before, { delta, snapshot }) {
  for (const employee of rows(day2).slice(1).map(line => line.split(',')[0])) {
    if (!isDeepStrictEqual(snapshot.user(employee), before.user(employee))) console.log(`~ ${employee}`)
  }
  const signs = { enrolled: '+', unenrolled: '-' }
  for (const { user, course, action, reason } of delta.steps) {
    console.log(`${signs[action] ?? '~'} ${user} ${course}: ${action} (${reason})`)
  }
}

/** What the company teaches, and who must learn it. */
function define(tx) {
  tx.defineSite('labs')
  tx.defineAttribute('department', 'text')
  tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE', 'NL', 'BR', 'IN', 'US'] })
  tx.defineAttribute('hired_on', 'date')
  for (const course of ['gdpr', 'welcome', 'selling']) tx.defineCourse(course)
  tx.defineCourse('lab-safety', { site: 'labs' })
  tx.defineSegment('eu-staff', 'user.country in ["DE", "NL"]')
  tx.defineSegment('starters', 'user.hired_on > today - days(90)')
  tx.defineSegment('sellers', 'user.department == "Sales"')
  tx.defineSegment('lab-staff', 'has(user.department)', { site: 'labs' })
  tx.defineEnrolmentRule('gdpr-for-eu', { segment: 'eu-staff', courses: ['gdpr'], onLeave: 'suspend' })
  tx.defineEnrolmentRule('first-90-days', { segment: 'starters', courses: ['welcome'], onLeave: 'unenrol' })
  tx.defineEnrolmentRule('sales-basics', { segment: 'sellers', courses: ['selling'], onLeave: 'unenrol' })
  tx.defineEnrolmentRule('lab-safety-for-all', { segment: 'lab-staff', courses: ['lab-safety'], onLeave: 'suspend' })
}

async function importFeed(tx, feed) {
  await tx.importUsers(new TextEncoder().encode(feed), { mapping, absent: 'suspend' })
}

await main()
