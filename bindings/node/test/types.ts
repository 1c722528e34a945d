// A test by compiling: it is never run. The files of `lib/` are checked with it, each class of theirs against the
// interface that it says it implements.

import * as matricula from 'matricula'
import type { Action, ActorTransaction, Because, Delta, Enrolment, ErrorCode, MatriculaError, Problem, Registry, Step, Transaction, User } from 'matricula'
import * as errors from '../lib/errors.js'
import * as registry from '../lib/registry.js'
import { names } from './names.mjs'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if its type argument is `true`. */
export function holds<_Claim extends true>(): void {}

// The declared names are the listed ones.
holds<Equal<keyof typeof matricula, (typeof names)[number]>>()

// What the package is made of has exactly the declared types.
holds<Equal<typeof registry.open, typeof matricula.open>>()
holds<Equal<typeof registry.memory, typeof matricula.memory>>()
holds<Equal<typeof registry.limitConnections, typeof matricula.limitConnections>>()
holds<Equal<typeof registry.importRegistry, typeof matricula.importRegistry>>()
holds<Equal<typeof registry.version, typeof matricula.version>>()
export const made: typeof matricula.MatriculaError = errors.MatriculaError

// What users get.
export async function journey(path: string, signal: AbortSignalOfSomebody): Promise<void> {
  using registry: Registry = matricula.open(path, { readOnly: true, durability: 'normal', maxBytes: 1e9 })
  const host = registry.asHost('hr')
  const delta = await host.transact(async tx => {
    holds<Equal<typeof tx, Transaction>>()
    tx.defineSite('emea', { zone: 'Europe/Berlin' })
    tx.defineAttribute('country', 'choice', { options: ['ZA', 'DE'] as const })
    tx.defineAttribute('level', 'integer', { minimum: 1, maximum: 9n, required: true, sensitivity: 'public' })
    tx.defineSegment('seniors', 'user.level > 3', { state: 'draft', sqlRows: true })
    tx.defineSegment('built', null, { builder: { combinator: 'and', rules: [] } })
    tx.defineSegment('pilot')
    tx.pin('pilot', 'ann')
    tx.record('ann', 'c', { completed: new Date(), score: null })
    tx.defineEnrolmentRule('r', { segment: 's', courses: ['c'], onLeave: 'keep' })
    tx.defineEnrolmentRule('r', { segment: 's', courses: ['c'], role: 'instructor', from: new Date(), until: null, due: 30 })
    tx.enrolSegment('s', ['c'], { due: '2027-01-31' })
    tx.enrolUsers(['ann'] as const, ['c'])
    holds<Equal<Awaited<ReturnType<typeof tx.problems>>, Problem[]>>()
    tx.updateUser('ann', { values: { country: 'DE', left_on: null, level: 3n, langs: ['en'] }, sites: { emea: 'active', old: null } })
    const report = await tx.importUsers(new Uint8Array(), {
      mapping: { id: 'key', phone: { target: 'user.phone', blank: 'leave' } }, format: 'ndjson', absent: 'suspend', signal, progress: ({ rows }) => rows < 10,
    })
    holds<Equal<(typeof report.errors)[number]['column'], string | null>>()
    tx.defineGuard({ percent: 5 })
    const preview = await tx.preview()
    if (preview.held) await tx.confirm(preview.held.token)
    holds<Equal<NonNullable<typeof preview.held>['excesses'][number]['what'], 'enrolments' | 'users'>>()
    return report.created > 0 ? tx.commit({ expect: preview }) : tx.rollback()
  }, { at: new Date(), note: 'n', idempotency: 'k' })
  holds<Equal<typeof delta, Delta | null>>()
  holds<Equal<NonNullable<typeof delta>['steps'][number]['action'], Action>>()
  for (const warning of delta?.warnings ?? []) {
    if (warning.warning === 'circle') holds<Equal<typeof warning.people, number>>()
  }
  holds<Equal<MatriculaError['code'], ErrorCode>>()
  holds<Equal<ReturnType<ReturnType<Registry['snapshot']>['user']>, User>>()
  const enrolments = registry.snapshot().enrolments({ user: 'ann', course: 'c' })
  holds<Equal<typeof enrolments, Enrolment[]>>()
  const explanation = registry.snapshot().explainEnrolment('ann', 'c')
  holds<Equal<typeof explanation.status, 'active' | 'suspended' | null>>()
  const preview = await registry.snapshot().previewRule('user.level > 3', { segment: 'seniors' })
  for (const lint of preview.lints) {
    if (lint.lint === 'left_out_as_unknown') holds<Equal<typeof lint.people, number>>()
    if (lint.lint === 'subsumed') holds<Equal<typeof lint.segment, string>>()
  }
  const [{ options } = { options: null }] = registry.snapshot().attributes
  const again: matricula.AttributeOptions = { options, default: 3n }
  holds<Equal<(typeof again)['unique'], boolean | undefined>>()
  const { parameters } = registry.snapshot().segmentSql('seniors', 'duckdb', { at: new Date() })
  holds<Equal<(typeof parameters)[number], string | number | bigint | boolean>>()
  holds<Equal<ReturnType<ReturnType<Registry['snapshot']>['completed']>, Date | null>>()
  const history = await registry.membershipHistory('ann', 'seniors')
  holds<Equal<(typeof history)[number]['joined'], boolean>>()
  const [rule] = registry.snapshot().enrolmentRules
  holds<Equal<NonNullable<typeof rule>['due'], string | number | null>>()
  const plan = await (await registry.snapshotAtLeast(1, { timeout: 1000 })).plan()
  holds<Equal<typeof plan, Step[]>>()
  await registry.backup('copy.db')
  const deltas = await registry.deltas({ after: registry.revision })
  holds<Equal<typeof deltas, Delta[]>>()
}

export async function access(registry: Registry): Promise<void> {
  const at = new Date()
  const ann = registry.asActor('ann', { at })
  holds<Equal<ReturnType<typeof ann.can>, boolean>>()
  ann.can('grade.edit', { course: 'gdpr', over: matricula.ANY })
  ann.canMany([{ capability: 'grade.edit', course: 'gdpr', over: matricula.ALL }] as const)
  holds<Equal<ReturnType<typeof ann.explain>['because'], Because>>()
  const revision = await ann.transact(tx => {
    holds<Equal<typeof tx, ActorTransaction>>()
    tx.defineRole('clerk', { like: ['learner'] as const, needsAudience: true })
    tx.grant('clerk', { segment: 's', over: { line: 'manager' }, from: at, until: null })
  }, { at })
  holds<Equal<typeof revision, number | null>>()
  // @ts-expect-error: when is not optional.
  registry.asActor('ann')
  // @ts-expect-error: a symbol of somebody's own stands for nobody.
  ann.can('grade.edit', { over: Symbol('ANY') })
}

interface AbortSignalOfSomebody {
  readonly aborted: boolean
  readonly reason: any
  throwIfAborted(): void
}

// What users are told not to write.
export function mistakes(registry: Registry, tx: Transaction, user: User): void {
  // @ts-expect-error: an object is no value.
  tx.updateUser('ann', { values: { address: { city: 'Paarl' } } })
  // @ts-expect-error: there is no such type.
  tx.defineAttribute('level', 'number')
  // @ts-expect-error: there is no such state.
  tx.defineSegment('s', null, { state: 'archived' })
  // @ts-expect-error: what was done has to be said.
  tx.record('ann', 'gdpr')
  // @ts-expect-error: a value may be of any type.
  user.values['level'] + 1
  // @ts-expect-error: there is no such option.
  tx.updateUser('ann', { value: {} })
  // @ts-expect-error: there is no such policy.
  tx.defineEnrolmentRule('r', { segment: 's', courses: ['c'], onLeave: 'drop' })
  // @ts-expect-error: which day an instant is depends on the zone.
  tx.enrolUsers(['ann'], ['c'], { due: new Date() })
  // @ts-expect-error: how long to wait is not optional.
  void registry.snapshotAtLeast(1)
  // @ts-expect-error: there is no such durability.
  matricula.open('acme.db', { durability: 'none' })
  // @ts-expect-error: it has to be said in what they are enrolled.
  tx.defineEnrolmentRule('r', { segment: 's' })
  // @ts-expect-error: at least one of the two is required.
  registry.snapshot().enrolments({})
  // @ts-expect-error: when is not optional.
  void registry.asHost('hr').transact(() => {}, {})
  // @ts-expect-error: records do not change.
  user.values['department'] = 'Sales'
  // @ts-expect-error: nor do lists of them.
  registry.snapshot().sites.push({ key: 'x', name: 'x', zone: 'UTC', closed: false })
}
