// Who may do what: one person's view, and roles and grants as they are given and read. Part of `index.d.ts`, which says how
// the declarations are kept true. What is read is immutable.

import type { MembershipExplanation } from './explanations.js'
import type { ALL, ANY } from './index.js'
import type { Value } from './records.js'
import type { ActorTransaction } from './transaction.js'

/** What a role says of a capability: it gives it, it does not and another role may, or nobody who holds the role has it. */
export type Effect = 'allow' | 'withhold' | 'deny'

/** Whether something is looked at or changed. */
export type CapabilityKind = 'read' | 'write'

/**
 * What whoever gives a capability away should know of it: who has it can give rights to others, it cannot be undone, it is
 * about what people may want to keep to themselves, it concerns many people at once.
 */
export type CapabilityFlag = 'escalates' | 'destroys' | 'personal' | 'many'

/** A kind of place, each within the one before. */
export type ScopeKind = 'registry' | 'site' | 'category' | 'course'

/** That something may be done, or why it may not. */
export type Because =
  | 'allowed'
  | 'unknown_actor'
  | 'inactive_actor'
  | 'unknown_capability'
  | 'unknown_scope'
  | 'wrong_scope'
  | 'closed_site'
  | 'no_subject'
  | 'needs_no_subject'
  | 'unknown_subject'
  | 'subject_elsewhere'
  | 'locked'
  | 'denied'
  | 'not_given'

/** Over whom a question is asked: the key of a person, anybody at all, everybody there. */
export type Subject = string | typeof ANY | typeof ALL

/** A place: at most one of the three; the whole registry if none is given. */
export interface PlaceOptions {
  /** The key of a site. */
  site?: string | null | undefined
  /** The key of a category. */
  category?: string | null | undefined
  /** The key of a course. */
  course?: string | null | undefined
}

/** Where, and over whom. */
export interface QuestionOptions {
  /** The key of a site. */
  site?: string | null | undefined
  /** The key of a category. */
  category?: string | null | undefined
  /** The key of a course. */
  course?: string | null | undefined
  /** Over whom; left out if the capability is not about people. */
  over?: Subject | null | undefined
}

/** One of many questions: what {@link Actor.can} takes. */
export interface QuestionData {
  /** The name of the capability. */
  readonly capability: string
  readonly site?: string | null | undefined
  readonly category?: string | null | undefined
  readonly course?: string | null | undefined
  readonly over?: Subject | null | undefined
}

/** Over whom a grant counts, with exactly one property. */
export interface AudienceData {
  /** Those in a segment, also while they are suspended. */
  readonly segment?: string
  /** Those who name the holder in this attribute. */
  readonly reports?: string
  /** Those, and those who name them, and so on. */
  readonly line?: string
  /** Those who have the same value of this attribute as the holder. */
  readonly same?: string
}

/** What there is to say of a role. */
export interface RoleOptions {
  /** The name for people; the key if left out of a new one. */
  name?: string | null | undefined
  /** What it is for. */
  description?: string | null | undefined
  /** The key of the site whose administrators define it. */
  site?: string | null | undefined
  /** The keys of roles whose effects it begins with. */
  like?: readonly string[] | null | undefined
  /** What it gives: capabilities and patterns. */
  allow?: readonly string[] | null | undefined
  /** What it does not give, which another role may. */
  withhold?: readonly string[] | null | undefined
  /** What it denies, whatever other roles say. */
  deny?: readonly string[] | null | undefined
  /** The keys of the roles that its holders may give to others; `*` for all. */
  mayAssign?: readonly string[] | null | undefined
  /** Whether it is never held over everybody; `false` if left out. */
  needsAudience?: boolean | undefined
}

/** What a role gives otherwise, and where. */
export interface OverrideOptions {
  /** What it gives there. */
  allow?: readonly string[] | null | undefined
  /** What it does not give there. */
  withhold?: readonly string[] | null | undefined
  /** What it denies there. */
  deny?: readonly string[] | null | undefined
  /** The key of a site. */
  site?: string | null | undefined
  /** The key of a category. */
  category?: string | null | undefined
  /** The key of a course. */
  course?: string | null | undefined
}

/** Who is given a role, where, over whom and when. */
export interface GrantOptions {
  /** The key of a person; either this or `segment`. */
  user?: string | null | undefined
  /** The key of a segment whose members hold it. */
  segment?: string | null | undefined
  /** The key of a site. */
  site?: string | null | undefined
  /** The key of a category. */
  category?: string | null | undefined
  /** The key of a course. */
  course?: string | null | undefined
  /** Over whom; everybody if left out. */
  over?: AudienceData | null | undefined
  /** The instant from which on it counts. */
  from?: Date | null | undefined
  /** The instant from which on it no longer counts. */
  until?: Date | null | undefined
  /** Why. */
  note?: string | undefined
}

/**
 * The registry at a revision as one person may see it, at an instant. Whoever is nobody, or not active, may do and see
 * nothing. What may not be seen is as if it were not there.
 */
export interface Actor {
  /** The key of the person. */
  readonly key: string
  /** The instant at which it is asked. */
  readonly at: Date
  /**
   * Whether something may be done at a place; without one, in the registry as a whole. A capability that is about people
   * needs `over`: the key of a person, `ANY` for anybody at all (may the menu be shown?), `ALL` for everybody there. What
   * nobody knows of may not be done.
   *
   * ```js
   * const ann = registry.asActor('ann', { at: new Date() })
   * ann.can('grade.edit', { course: 'gdpr', over: 'bob' })
   * ann.can('report.view', { site: 'primary', over: ANY })
   * ```
   *
   * @throws MatriculaError `invalid_question` if the capability is about people and `over` is left out, or the other way round
   */
  can(capability: string, options?: QuestionOptions): boolean
  /**
   * Whether each of many things may be done, in order.
   * @throws MatriculaError `invalid_question` with the number of the question, from 1
   */
  canMany(questions: readonly QuestionData[]): boolean[]
  /**
   * Why something may or may not be done: every role that the person holds there, and what it says.
   * @throws MatriculaError `unknown_capability`; `not_permitted` for a place that is not there
   */
  explain(capability: string, options?: QuestionOptions): Proof
  /**
   * The keys of everybody at a place over whom something may be done, in order of creation.
   * @throws MatriculaError `unknown_capability`
   */
  audience(capability: string, options?: PlaceOptions): string[]
  /**
   * The keys of the courses in which something may be done; over anybody, if it is about people.
   * @throws MatriculaError `unknown_capability`
   */
  courses(capability: string): string[]
  /** The keys of the people who may be seen at a place, in order of creation. */
  people(options?: PlaceOptions): string[]
  /** The keys of the members of a segment who may be seen in it. One that may not be seen, or is not there, has none. */
  members(segment: string): string[]
  /** What may be read of a person at a place: values by attribute; nothing of somebody who may not be seen there. */
  profile(user: string, options?: PlaceOptions): Readonly<Record<string, Value>>
  /** The names of the reports that may be seen at a place, of anybody at all. */
  reports(options?: PlaceOptions): string[]
  /**
   * Why a person is, or is not, in a segment.
   * @throws MatriculaError `not_permitted` if anything that it would show may not be read, or is not there
   */
  explainMembership(user: string, segment: string): MembershipExplanation
  /**
   * Makes a set of changes by the person, as {@link Host.transact} does. Each is refused unless a role gives it, and so is
   * what would give anybody what the person lacks.
   *
   * ```js
   * const revision = await ann.transact(tx => tx.grant('instructor', { user: 'bob', course: 'gdpr' }), { at: new Date() })
   * ```
   *
   * @returns the number of the commit; `null` if the changes were given up
   * @throws MatriculaError `not_permitted`, also for somebody who is not there; what {@link ActorTransaction.commit} throws
   */
  transact(
    fn: (tx: ActorTransaction) => unknown,
    options: { at: Date; note?: string | null | undefined; idempotency?: string | null | undefined },
  ): Promise<number | null>
}

/** Why something may or may not be done; `toString()` says it in English. */
export interface Proof {
  /** The key of who asks. */
  readonly actor: string
  /** The name of the capability. */
  readonly capability: string
  /** The key of the site where it is asked. */
  readonly site: string | null
  /** The key of the category where it is asked. */
  readonly category: string | null
  /** The key of the course where it is asked; all three are `null` for the whole registry. */
  readonly course: string | null
  /** Over whom: a key, `ANY`, `ALL`; `null` for nobody. */
  readonly over: string | null
  /** Whether it may be done. */
  readonly allowed: boolean
  /** `allowed`, or the word for why not. */
  readonly because: Because
  /** Every role that the person holds there, by whatever reason, counting or not. */
  readonly considered: readonly Considered[]
  /** The same in English. */
  readonly summary: string
  toString(): string
}

/** A role that was considered. */
export interface Considered {
  /** The key of the role. */
  readonly role: string
  /** The key of the site where it is held. */
  readonly site: string | null
  /** The key of the category where it is held. */
  readonly category: string | null
  /** The key of the course where it is held; all three are `null` for the whole registry. */
  readonly course: string | null
  /** Why it is held, in English. */
  readonly via: string
  /** The number of the grant; `null` if it is not by one. */
  readonly grant: number | null
  /** Over whom it is held, in English; `null` for everybody. */
  readonly audience: string | null
  /** What the role says, from within to without; its own definition last. */
  readonly says: readonly Said[]
  /** What that comes to; `null` if it says nothing. */
  readonly effect: Effect | null
  /** Why it does not count, in English; `null` if it does. */
  readonly discounted: string | null
}

/** What a role says of a capability at a place. */
export interface Said {
  /** What it says. */
  readonly effect: Effect
  /** Where, in English; `null` for the role's own definition. */
  readonly scope: string | null
}

/** Courses of a site that belong together. */
export interface Category {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** The key of its site. */
  readonly site: string
  /** The key of the category that it lies in; `null` if it lies directly in its site. */
  readonly parent: string | null
}

/** Something that can be allowed or denied. */
export interface Capability {
  /** The name, such as `grade.edit`. */
  readonly name: string
  /** Whether something is looked at or changed. */
  readonly kind: CapabilityKind
  /** The innermost kind of place where it makes sense. */
  readonly innermost: ScopeKind
  /** Whether it is about a person, who has to be named in questions. */
  readonly over: boolean
  /** What whoever gives it away should know. */
  readonly flags: readonly CapabilityFlag[]
  /** What it lets people do, as a sentence. */
  readonly sentence: string
}

/** What a holder may do. */
export interface Role {
  readonly key: string
  /** The name for people. */
  readonly name: string
  /** What it is for. */
  readonly description: string | null
  /** The key of the site whose administrators define it; `null` for the whole registry. */
  readonly site: string | null
  /** What it gives: capabilities and patterns. */
  readonly allow: readonly string[]
  /** What it does not give, which another role may. */
  readonly withhold: readonly string[]
  /** What it denies, whatever other roles say. */
  readonly deny: readonly string[]
  /** The keys of the roles that its holders may give to others; `*` for all. */
  readonly mayAssign: readonly string[]
  /** Whether it is never held over everybody. */
  readonly needsAudience: boolean
}

/** A role held. */
export interface Grant {
  /** The number, for {@link Changes.revoke}; never given again. */
  readonly number: number
  /** The key of the role. */
  readonly role: string
  /** The key of the person who holds it; `null` if a segment does. */
  readonly user: string | null
  /** The key of the segment whose members hold it; `null` if a person does. */
  readonly segment: string | null
  /** The key of the site where it is held. */
  readonly site: string | null
  /** The key of the category where it is held. */
  readonly category: string | null
  /** The key of the course where it is held; all three are `null` for the whole registry. */
  readonly course: string | null
  /** Over whom, as it is given; `null` for everybody. */
  readonly over: AudienceData | null
  /** The instant from which on it counts; `null` for always. */
  readonly from: Date | null
  /** The instant from which on it no longer counts; `null` for never. */
  readonly until: Date | null
  /** Why, in the words of whoever gave it; may be empty. */
  readonly note: string
}
