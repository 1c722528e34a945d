// Segments: by a rule in each of its notations, by hand, as drafts and paused; what is said of a rule before and after;
// what people did in courses.

import assert from 'node:assert/strict'
import test from 'node:test'

import { memory, open } from 'matricula'
import { at, company, failure, fresh } from './company.mjs'

const when = { at: at('2026-11-22') }
const change = (registry, fn, options = when) => registry.asHost('hr').transact(fn, options)

/** The company of the tests and one more segment. */
async function withSegment(...definition) {
  const registry = await company()
  await change(registry, tx => tx.defineSegment(...definition))
  return registry
}

/** The segment of this key, as it is shown. */
const shown = (registry, key) => registry.snapshot().segments.find(segment => segment.key === key)

test('a segment without a rule has the members that are put in by hand', async () => {
  const registry = await withSegment('pilot', null, { name: 'Pilot', owner: 'eve', description: 'who tries things' })
  assert.deepEqual(shown(registry, 'pilot'), {
    key: 'pilot', name: 'Pilot', site: null, rule: null, english: null, state: 'active', owner: 'eve',
    description: 'who tries things', sqlRows: false,
  })
  const delta = await change(registry, tx => { tx.pin('pilot', 'dee'); tx.pin('pilot', 'bob') })
  assert.deepEqual(delta.memberships.map(step => [step.user, step.joined]), [['bob', true], ['dee', true]])
  const snapshot = registry.snapshot()
  assert.deepEqual(snapshot.exceptions('pilot'), [
    { user: 'bob', exception: 'pinned' }, { user: 'dee', exception: 'pinned' },
  ])
  assert.deepEqual([snapshot.ruleTree('pilot'), snapshot.ruleBuilder('pilot'), await snapshot.lints('pilot')], [null, null, []])
  await change(registry, tx => {
    tx.release('pilot', 'bob')
    assert.throws(() => tx.ban('pilot', 'ann'), error => error.code === 'not_possible')
  })
  assert.deepEqual(registry.snapshot().members('pilot'), ['dee'])
})

test('pins and bans win over the rule, until they are released', async () => {
  const registry = await company()
  assert.deepEqual(registry.snapshot().members('germans'), ['ann', 'dee'])
  await change(registry, tx => { tx.pin('germans', 'bob'); tx.ban('germans', 'ann') })
  const snapshot = registry.snapshot()
  assert.deepEqual(snapshot.members('germans'), ['bob', 'dee'])
  assert.deepEqual(snapshot.exceptions('germans'), [
    { user: 'ann', exception: 'banned' }, { user: 'bob', exception: 'pinned' },
  ])
  assert.equal(snapshot.explainMembership('bob', 'germans').exception, 'pinned')
  await change(registry, tx => { tx.release('germans', 'bob'); tx.release('germans', 'ann') })
  assert.deepEqual(registry.snapshot().members('germans'), ['ann', 'dee'])
  assert.deepEqual(registry.snapshot().exceptions('germans'), [])
  await change(registry, tx => {
    assert.throws(() => tx.pin('germns', 'ann'), failure('unknown_segment', 'unknown segment `germns`, did you mean `germans`?'))
    assert.throws(() => tx.pin('germans', 'eve'), failure('unknown_user', 'unknown user `eve`'))
  })
})

test('a draft selects nobody and cannot be named; a paused segment stays as it is', async () => {
  const registry = await withSegment('zulu', 'user.country == "ZA"', { state: 'draft' })
  assert.deepEqual(registry.snapshot().members('zulu'), [])
  await change(registry, tx => assert.throws(
    () => tx.defineSegment('x', 'inSegment("zulu")'), error => ['not_possible', 'invalid_rule'].includes(error.code),
  ))
  await change(registry, tx => tx.defineSegment('zulu', null, { state: 'active' }))
  assert.deepEqual([shown(registry, 'zulu').rule, registry.snapshot().members('zulu')], ['user.country == "ZA"', ['bob']])
  await change(registry, tx => {
    tx.defineSegment('zulu', undefined, { state: 'paused' })
    tx.updateUser('ann', { values: { country: 'ZA' } })
    tx.updateUser('bob', { values: { country: 'DE' } })
  })
  const { state, flips } = registry.snapshot().explainMembership('bob', 'zulu')
  assert.deepEqual([registry.snapshot().members('zulu'), state, flips], [['bob'], 'paused', []])
  await change(registry, tx => tx.defineSegment('zulu', null, { state: 'active' }))
  assert.deepEqual(registry.snapshot().members('zulu'), ['ann'])
})

test('what a later definition leaves out stays', async () => {
  const registry = await withSegment('x', 'has(user.country)', { name: 'X', owner: 'eve', description: 'd', sqlRows: true })
  await change(registry, tx => tx.defineSegment('x', 'has(user.hired_on)', { name: null, owner: undefined }))
  const { rule, name, owner, description, sqlRows } = shown(registry, 'x')
  assert.deepEqual([rule, name, owner, description, sqlRows], ['has(user.hired_on)', 'X', 'eve', 'd', true])
})

const text = 'user.country == "DE" && user.hired_on > today - days(90)'

test('a rule is the same in every notation, and goes round', async () => {
  const registry = await withSegment('text', text)
  const snapshot = registry.snapshot()
  const [ruleTree, builder] = [snapshot.ruleTree('text'), snapshot.ruleBuilder('text')]
  assert.equal(builder.combinator, 'and')
  assert.deepEqual(builder.rules[0], { field: 'country', operator: '=', value: 'DE' })
  assert.deepEqual(Object.keys(ruleTree), ['all'])
  await change(registry, tx => {
    tx.defineSegment('tree', null, { ruleTree })
    tx.defineSegment('builder', null, { builder: { ...builder, id: 'g1', rules: builder.rules.map(rule => ({ ...rule, id: undefined })) } })
  })
  assert.deepEqual(['tree', 'builder'].map(key => shown(registry, key).rule), [text, text])
  assert.equal(shown(registry, 'tree').english, 'country is "DE" and hired_on is after 90 days ago')
  // What is given out is the caller's own.
  builder.rules.length = 0
  assert.equal(registry.snapshot().ruleBuilder('text').rules.length, 2)
})

test('a rule is given once', async () => {
  const registry = await company()
  const twice = failure(
    'invalid_definition',
    'segment `x`: the rule is given more than once, expected at most one of rule, ruleTree and builder',
  )
  const builder = { combinator: 'and', rules: [] }
  await change(registry, tx => {
    assert.throws(() => tx.defineSegment('x', text, { builder }), twice)
    assert.throws(() => tx.defineSegment('x', text, { ruleTree: { has: 0 } }), twice)
    assert.throws(() => tx.defineSegment('x', null, { ruleTree: { has: 0 }, builder }), twice)
  })
  await assert.rejects(registry.snapshot().previewRule(), failure(
    'invalid_definition', 'no rule is given, expected one of rule, ruleTree and builder',
  ))
})

test('what is wrong with a rule is said in its own notation', async () => {
  const registry = await company()
  await change(registry, tx => {
    const query = field => ({ combinator: 'and', rules: [{ field, operator: '=', value: 'DE' }] })
    for (const [options, message] of [
      [{ builder: query('contry') }, 'unknown field `contry` at `/rules/0/field`, did you mean `country`?'],
      [{ ruleTree: { has: 99 } }, 'unknown attribute 99 at `/has`'],
      [{ ruleTree: { hass: 1 } }, 'there is no `hass` in rules at `/hass`, did you mean `has`?'],
      [{ ruleTree: '{"has": 0, "has": 1}' }, '`has` is there twice at `/has`, leave one of them out'],
      [{ builder: '{"rules": [}' }, 'the text is no json: expected value at 1:12'],
    ]) {
      assert.throws(() => tx.defineSegment('x', null, options), failure('invalid_rule', `segment \`x\`: ${message}`))
    }
  })
})

test('a preview says who would join and leave, and changes nothing', async () => {
  const registry = await company()
  const snapshot = registry.snapshot()
  const preview = await snapshot.previewRule('user.department == "IT" || user.country == "ZA"', { segment: 'germans' })
  assert.deepEqual({ ...preview, lints: preview.lints.map(lint => lint.lint) }, {
    rule: 'user.department == "IT" || user.country == "ZA"',
    english: 'department is "IT" or country is "ZA"',
    memberCount: 1,
    joiningCount: 1,
    leavingCount: 2,
    unknownCount: 1,
    bySite: { primary: 1 },
    sample: ['bob'],
    lints: ['left_out_as_unknown'],
  })
  assert.deepEqual([preview.members(), preview.joining(), preview.leaving(), preview.unknown()], [
    ['bob'], ['bob'], ['ann', 'dee'], ['dee'],
  ])
  const [lint] = preview.lints
  assert.equal(lint.people, 1)
  assert.deepEqual(lint.missing, [['department', 1]])
  assert.match(lint.message, /^1 person is left out because a value is missing: department \(1\); /)
  assert.ok([preview, preview.bySite, preview.sample, preview.lints, lint, lint.missing, lint.missing[0]].every(Object.isFrozen))
  assert.deepEqual(JSON.parse(JSON.stringify(preview)).sample, ['bob'])
  const { ruleTree, builder } = { ruleTree: snapshot.ruleTree('germans'), builder: snapshot.ruleBuilder('germans') }
  for (const options of [{ ruleTree }, { builder }]) {
    assert.deepEqual((await snapshot.previewRule(null, options)).members(), ['ann', 'dee'])
  }
  await assert.rejects(snapshot.previewRule(text, { site: 'emea' }), failure('unknown_site', 'unknown site `emea`'))
  assert.equal(registry.revision, 1)
})

test('a preview is of an instant', async () => {
  const registry = await company()
  const old = "account.created.olderThan(2, 'days')"
  const day = 24 * 60 * 60 * 1000
  const later = new Date(registry.snapshot().clock.getTime() + 4 * day)
  for (const options of [undefined, {}, { at: null }]) {
    assert.equal((await registry.snapshot().previewRule(old, options)).memberCount, 0)
  }
  const preview = await registry.snapshot().previewRule(old, { at: later })
  assert.ok(preview.memberCount > 0)
  await registry.asHost('hr').transact(tx => tx.defineSegment('old', old), { at: later })
  assert.deepEqual(registry.snapshot().members('old'), preview.members())
})

test('sites do not see each other', async () => {
  const registry = await company()
  const at = registry.snapshot().clock
  await registry.asHost('hr').transact(tx => {
    tx.defineSite('emea')
    tx.defineSegment('emea-staff', 'has(user.country)', { site: 'emea' })
    assert.throws(() => tx.defineSegment('s', 'inSegment("emea-staff")', { site: 'primary' }), failure(
      'not_possible', 'segment `s`: segment `emea-staff` belongs to site `emea`, expected it in segments of that site only',
    ))
  }, { at })
  await assert.rejects(registry.snapshot().previewRule('memberOf("primary")', { site: 'emea' }), failure(
    'not_possible',
    'members of site `primary` are asked for, expected those of site `emea` only, whose segment it is',
  ))
})

test('lints say what is strange about a rule', async () => {
  const registry = await withSegment('twins', 'user.country == "DE"')
  await change(registry, tx => tx.defineSegment('never', 'user.country == "DE" && user.country == "ZA"'))
  const snapshot = registry.snapshot()
  assert.deepEqual(await snapshot.lints('twins'), [
    { lint: 'duplicate', segment: 'germans', message: 'segment `germans` has the same rule' },
  ])
  assert.ok((await snapshot.lints('never')).some(lint => lint.lint === 'never_true' && lint.part.includes('country')))
  await assert.rejects(snapshot.lints('twns'), failure('unknown_segment', 'unknown segment `twns`, did you mean `twins`?'))
})

test('SQL has parameters for each dialect, and never a value in its text', async () => {
  const registry = await company()
  await change(registry, tx => {
    tx.defineAttribute('pay', 'decimal')
    tx.defineSegment('rich', 'user.department == "x\' OR 1=1 --" && user.pay > 123456789012.123456 && user.hired_on <= today')
  })
  const snapshot = registry.snapshot()
  for (const [dialect, first] of [['sqlite', '?1'], ['postgres', '$1'], ['duckdb', '$1']]) {
    const { text, parameters } = snapshot.segmentSql('rich', dialect, { at: at('2026-12-24') })
    assert.ok(text.includes(first) && !text.includes('OR 1=1'), text)
    assert.ok(parameters.includes("x' OR 1=1 --"))
    assert.ok(parameters.includes(123456789012123456n), 'exact, although it is beyond 2^53')
    assert.ok(parameters.includes('2026-12-24'))
    assert.ok(Object.isFrozen(parameters))
  }
  assert.ok(snapshot.segmentSql('rich', 'sqlite').parameters.includes('2026-11-22'), 'as of the clock if not said')
  assert.throws(() => snapshot.segmentSql('rich', 'sqllite'), failure(
    'invalid_definition', 'unknown dialect `sqllite`, expected one of sqlite, postgres, duckdb, did you mean `sqlite`?',
  ))
  await change(registry, tx => tx.defineSegment('rich', null, { state: 'paused' }))
  assert.throws(() => registry.snapshot().segmentSql('rich', 'sqlite'), error => error.code === 'not_possible')
})

test('what people did in courses is recorded, and rules follow', async () => {
  const registry = await company()
  await change(registry, tx => {
    tx.defineSegment('done', 'completed("gdpr")')
    tx.defineSegment('good', 'score("gdpr") >= 0.85')
    tx.record('ann', 'gdpr', { completed: at('2026-11-20'), score: 0.85 })
    tx.record('bob', 'gdpr', { score: '0.849999' })
    tx.record('dee', 'gdpr', { score: 1n })
  })
  const snapshot = registry.snapshot()
  assert.deepEqual([snapshot.members('done'), snapshot.members('good')], [['ann'], ['ann', 'dee']])
  assert.deepEqual(snapshot.completed('ann', 'gdpr'), at('2026-11-20'))
  assert.deepEqual([snapshot.score('ann', 'gdpr'), snapshot.score('bob', 'gdpr')], ['0.85', '0.849999'])
  assert.deepEqual([snapshot.completed('bob', 'gdpr'), snapshot.score('ann', 'onboarding')], [null, null])

  // What is left out stays; null takes back.
  await change(registry, tx => tx.record('ann', 'gdpr', { completed: undefined, score: null }))
  const later = registry.snapshot()
  assert.deepEqual([later.completed('ann', 'gdpr'), later.score('ann', 'gdpr')], [at('2026-11-20'), null])
  await change(registry, tx => tx.record('ann', 'gdpr', { completed: null }))
  assert.deepEqual(registry.snapshot().members('done'), [])

  await change(registry, tx => {
    const decimals = 'expected a decimal number with at most 6 digits after the point, below 1000000000000 either way'
    assert.throws(() => tx.record('ann', 'gdpr', { score: 2 }), failure('invalid_value', 'score 2 is not between 0 and 1'))
    assert.throws(() => tx.record('ann', 'gdpr', { score: '85%' }), failure('invalid_value', `score: \`85%\` does not fit, ${decimals}`))
    assert.throws(() => tx.record('eve', 'gdpr', { score: 1 }), failure('unknown_user', 'unknown user `eve`'))
    assert.throws(() => tx.record('ann', 'gdp', { score: 1 }), failure('unknown_course', 'unknown course `gdp`, did you mean `gdpr`?'))
  })
})

test('an explanation says what would have to be otherwise', async () => {
  const registry = await withSegment('both', 'user.country == "DE" && user.department == "IT"')
  await change(registry, tx => tx.ban('both', 'bob'))
  const snapshot = registry.snapshot()
  const says = key => snapshot.explainMembership(key, 'both').flips.map(flip => [flip.says, flip.becomes])
  assert.deepEqual(says('bob'), [['the person is no longer banned', false], ['country is "DE"', true]])
  assert.deepEqual(says('ann'), [['department is "IT"', true]])
  assert.match(String(snapshot.explainMembership('ann', 'both')), /\n {2}ann would join if department is "IT"$/)
  assert.ok(Object.isFrozen(snapshot.explainMembership('ann', 'both').flips[0]))
  const { exception, state, flips } = snapshot.explainMembership('bob', 'both').toJSON()
  assert.deepEqual([exception, state, flips.length], ['banned', 'active', 2])
})

test('the history of a membership is in the journal', async t => {
  const file = fresh(t)
  const registry = open(file)
  t.after(() => registry.close())
  await change(registry, tx => {
    tx.defineAttribute('level', 'integer')
    tx.defineSegment('seniors', 'user.level >= 3')
    tx.updateUser('ann', { values: { level: 3 } })
  })
  await change(registry, tx => tx.updateUser('ann', { values: { level: 2 } }), { at: at('2026-11-23'), note: 'a mistake' })
  await change(registry, tx => tx.pin('seniors', 'ann'), { at: at('2026-11-24') })
  assert.deepEqual(await registry.membershipHistory('ann', 'seniors'), [
    { revision: 1, at: at('2026-11-22'), author: 'hr', note: '', joined: true },
    { revision: 2, at: at('2026-11-23'), author: 'hr', note: 'a mistake', joined: false },
    { revision: 3, at: at('2026-11-24'), author: 'hr', note: '', joined: true },
  ])
  await assert.rejects(registry.membershipHistory('eve', 'seniors'), failure('unknown_user', 'unknown user `eve`'))
  const memories = memory()
  memories.close()
  await assert.rejects(memories.membershipHistory('ann', 'x'), failure('closed', 'the registry is closed'))
})
