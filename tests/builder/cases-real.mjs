// Queries that the package itself made: by its editing helpers, its importers, its converters and its exporters.

import { fields, means, one, refused } from './names.mjs';

/** What each default operator means for a text; the value given is `West`, or `East,West` where there are several. */
const ofText = {
  '=': 'user.department == "West"',
  '!=': 'user.department != "West"',
  '<': 'user.department < "West"',
  '>': 'user.department > "West"',
  '<=': 'user.department <= "West"',
  '>=': 'user.department >= "West"',
  contains: 'user.department.contains("West")',
  beginsWith: 'user.department.startsWith("West")',
  endsWith: 'user.department.endsWith("West")',
  doesNotContain: '!user.department.contains("West")',
  doesNotBeginWith: '!user.department.startsWith("West")',
  doesNotEndWith: '!user.department.endsWith("West")',
  null: '!has(user.department)',
  notNull: 'has(user.department)',
  in: 'user.department in ["East", "West"]',
  notIn: '!(user.department in ["East", "West"])',
  between: 'user.department.between("East", "West")',
  notBetween: '!user.department.between("East", "West")',
};

/** The same for a whole number, of 5, or 3,5. */
const ofInteger = {
  '=': 'user.level == 5',
  '!=': 'user.level != 5',
  '<': 'user.level < 5',
  '>': 'user.level > 5',
  '<=': 'user.level <= 5',
  '>=': 'user.level >= 5',
  null: '!has(user.level)',
  notNull: 'has(user.level)',
  in: 'user.level in [3, 5]',
  notIn: '!(user.level in [3, 5])',
  between: 'user.level.between(3, 5)',
  notBetween: '!user.level.between(3, 5)',
};

const several = operator => /^(in|notIn|between|notBetween)$/.test(operator);

export const cases = rqb => [
  ...operators(rqb),
  ...edited(rqb),
  ...imported(rqb),
  ...converted(rqb),
  ...exported(rqb),
  ...byHand(rqb),
];

/** Every operator that the builder offers by default, added to a query as its button does. */
function operators(rqb) {
  const empty = { combinator: 'and', rules: [] };
  return rqb.defaultOperators.flatMap(({ name: operator }) => {
    const made = (field, value) => rqb.add(empty, { field, operator, valueSource: 'value', value }, []);
    const text = made('department', several(operator) ? 'East,West' : 'West');
    const number = made('level', several(operator) ? '3,5' : '5');
    const cases = [means(`text: ${operator}`, text, ofText[operator])];
    if (ofInteger[operator]) {
      cases.push(means(`whole number: ${operator}`, number, ofInteger[operator]));
    } else {
      cases.push(refused(`whole number: ${operator}`, number, 'wrong_type', '/rules/0/operator'));
    }
    return cases;
  });
}

/** What the buttons and inputs of the page do to a query. */
function edited(rqb) {
  const options = {
    fields,
    getRuleDefaultOperator: () => '=',
    getValueSources: () => [{ name: 'value', value: 'value', label: 'value' }],
    getMatchModes: () => [],
    getRuleDefaultValue: () => '',
  };
  const fresh = rqb.createRule(options);
  const group = rqb.createRuleGroup({ combinators: rqb.defaultCombinators, createRule: () => fresh });
  const started = rqb.createRuleGroup({
    combinators: rqb.defaultCombinators,
    addRuleToNewGroups: true,
    createRule: () => fresh,
  });
  const interleaved = rqb.createRuleGroup({ combinators: rqb.defaultCombinators, createRule: () => fresh }, true);
  const placeholders = rqb.createRule({
    ...options,
    fields: [{ name: rqb.defaultPlaceholderFieldName, label: '------' }],
    getRuleDefaultOperator: () => rqb.defaultPlaceholderOperatorName,
  });
  const sales = rqb.update(started, 'value', 'Sales', [0]);
  const nested = rqb.add(sales, { combinator: 'or', rules: [] }, []);
  const filled = rqb.add(rqb.add(nested, { field: 'level', operator: '>', value: '3' }, [1]), fresh, [1]);
  const finished = rqb.update(filled, 'value', 'IT', [1, 1]);
  const stillIC = rqb.add(rqb.add(interleaved, { ...fresh, value: 'Sales' }, []), { ...fresh, value: 'IT' }, [], {
    combinators: rqb.defaultCombinators,
  });
  return [
    refused('a query as it begins', group, 'unfinished', '/rules'),
    refused('an interleaved query as it begins', interleaved, 'unfinished', '/rules'),
    refused('a rule as it begins', started, 'unfinished', '/rules/0/value'),
    refused('a rule of placeholders', rqb.add(group, placeholders, []), 'unfinished', '/rules/0/field'),
    refused(
      'an operator yet to be chosen',
      rqb.update(sales, 'operator', rqb.defaultPlaceholderOperatorName, [0]),
      'unfinished',
      '/rules/0/operator',
    ),
    refused(
      'a value yet to be chosen',
      rqb.update(sales, 'value', rqb.defaultPlaceholderValueName, [0]),
      'unfinished',
      '/rules/0/value',
    ),
    means('a rule that somebody finished', sales, 'user.department == "Sales"'),
    refused('a group that was added', nested, 'unfinished', '/rules/1/rules'),
    refused('a rule of a group within', filled, 'unfinished', '/rules/1/rules/1/value'),
    means('a group within', finished, 'user.department == "Sales" && (user.level > 3 || user.department == "IT")'),
    means(
      'negated by its switch',
      rqb.update(finished, 'not', true, [1]),
      'user.department == "Sales" && !(user.level > 3 || user.department == "IT")',
    ),
    means(
      'the combinator changed',
      rqb.update(finished, 'combinator', 'or', []),
      'user.department == "Sales" || user.level > 3 || user.department == "IT"',
    ),
    means('muted by its switch', rqb.update(finished, 'muted', true, [1]), 'user.department == "Sales"'),
    means('disabled is not muted', rqb.update(sales, 'disabled', true, [0]), 'user.department == "Sales"'),
    means('a rule taken away', rqb.remove(finished, [1]), 'user.department == "Sales"'),
    means(
      'a rule moved',
      rqb.move(finished, [0], [1, 0]),
      'user.department == "Sales" || user.level > 3 || user.department == "IT"',
    ),
    means(
      'two rules grouped',
      rqb.group(finished, [1, 0], [1, 1]),
      'user.department == "Sales" && user.department == "IT" && user.level > 3',
    ),
    means('rules added with a combinator between', stillIC, 'user.department == "Sales" && user.department == "IT"'),
    means(
      'the value is emptied when the operator changes',
      rqb.update(sales, 'operator', 'notNull', [0]),
      'has(user.department)',
    ),
    means('ids and paths', rqb.prepareRuleGroup({ ...sales, path: [] }), 'user.department == "Sales"'),
  ];
}

/** Queries that were written in another language and imported by the package. */
function imported(rqb) {
  const sql = (text, rule, options) => means(`sql: ${text}${options ? ' …' : ''}`, rqb.parseSQL(text, options), rule);
  const cel = (text, rule, options) => means(`cel: ${text}${options ? ' …' : ''}`, rqb.parseCEL(text, options), rule);
  const logic = (json, rule) => means(`json logic: ${JSON.stringify(json)}`, rqb.parseJsonLogic(json), rule);
  const mongo = (json, rule) => means(`mongo: ${JSON.stringify(json)}`, rqb.parseMongoDB(json), rule);
  const of = name => ({ var: name });
  return [
    sql("department = 'Sales' and level >= 3", 'user.department == "Sales" && user.level >= 3'),
    sql("country in ('ZA', 'NA')", 'user.country in ["ZA", "NA"]'),
    sql("country in ('ZA', 'NA')", 'user.country in ["ZA", "NA"]', { listsAsArrays: true }),
    sql("country not in ('Bonaire, Saba')", '!(user.country in ["Bonaire, Saba"])'),
    sql('level between 1 and 3', 'user.level.between(1, 3)'),
    sql('level not between 1 and 3', '!user.level.between(1, 3)'),
    sql('level in (1, 2)', 'user.level in [1, 2]', { listsAsArrays: true }),
    sql('not (level > 1 or level < 0)', '!(user.level > 1 || user.level < 0)'),
    sql('hired_on is null', '!has(user.hired_on)'),
    sql('hired_on is not null', 'has(user.hired_on)'),
    sql("department like 'S%'", 'user.department.startsWith("S")'),
    sql("department like '%s'", 'user.department.endsWith("s")'),
    sql("department not like '%S%'", '!user.department.contains("S")'),
    sql("department = 'O''Hara'", 'user.department == "O\'Hara"'),
    sql('remote = true', 'user.remote'),
    sql('rate <= 0.125', 'user.rate <= 0.125'),
    sql('remote = true xor level > 3', '(user.remote) != (user.level > 3)'),
    sql(
      "level = 1 or level = 2 and department = 'IT'",
      'user.level == 1 || user.level == 2 && user.department == "IT"',
    ),
    sql(
      "level = 1 or level = 2 and department = 'IT'",
      'user.level == 1 || user.level == 2 && user.department == "IT"',
      { independentCombinators: true },
    ),
    cel('department == "Sales" && level >= 3', 'user.department == "Sales" && user.level >= 3'),
    cel('level in [1, 2, 3]', 'user.level in [1, 2, 3]'),
    cel('!(department in ["IT", "HR"])', '!(user.department in ["IT", "HR"])'),
    cel('department == null', '!has(user.department)'),
    cel('department != null', 'has(user.department)'),
    cel('department.startsWith("S")', 'user.department.startsWith("S")'),
    cel('!department.contains("S")', '!user.department.contains("S")'),
    cel('!(level > 3 && remote == true)', '!(user.level > 3 && user.remote)'),
    cel('skills.exists(s, s == "rust")', '"rust" in user.skills'),
    cel(
      'level == 1 || level == 2 && level == 3',
      'user.level == 1 || user.level == 2 && user.level == 3',
      { independentCombinators: true },
    ),
    logic({ '==': [of('department'), 'Sales'] }, 'user.department == "Sales"'),
    logic({ '<=': [1, of('level'), 3] }, 'user.level.between(1, 3)'),
    logic(
      { or: [{ '>': [of('level'), 3] }, { '!': { in: [of('country'), ['ZA', 'NA']] } }] },
      'user.level > 3 || !(user.country in ["ZA", "NA"])',
    ),
    logic({ some: [of('skills'), { '==': [of(''), 'rust'] }] }, '"rust" in user.skills'),
    logic({ none: [of('skills'), { in: [of(''), ['rust', 'go']] }] }, 'user.skills.noneOf(["rust", "go"])'),
    logic({ all: [of('skills'), { in: [of(''), ['rust', 'go']] }] }, 'user.skills.noneOf(["sql", "js"])'),
    mongo({ department: 'Sales', level: { $gte: 3 } }, 'user.department == "Sales" && user.level >= 3'),
    mongo(
      { $or: [{ country: { $in: ['ZA', 'NA'] } }, { department: { $regex: '^S' } }] },
      'user.country in ["ZA", "NA"] || user.department.startsWith("S")',
    ),
    refused('sql: two columns', rqb.parseSQL('department = email'), 'not_supported', '/rules/0/valueSource'),
    refused('sql: an unknown column', rqb.parseSQL('departmnt = 1'), 'unknown_attribute', '/rules/0/field'),
    refused('sql: a number for a text', rqb.parseSQL('department = 1'), 'wrong_type', '/rules/0/value'),
    refused('sql: an empty text', rqb.parseSQL("department = ''"), 'unfinished', '/rules/0/value'),
  ];
}

/** Queries whose combinators the package put between the rules, or back into the groups. */
function converted(rqb) {
  const rule = level => ({ field: 'level', operator: '=', value: `${level}` });
  const mixed = { rules: [rule(1), 'or', rule(2), 'and', rule(3), 'xor', rule(4), 'and', rule(5), 'or', rule(6)] };
  const same =
    'user.level == 1 || (user.level == 2 && user.level == 3) != (user.level == 4 && user.level == 5) || user.level == 6';
  const negated = {
    combinator: 'or',
    rules: [rule(1), { combinator: 'and', not: true, rules: [rule(2), rule(3)] }],
  };
  const three = { combinator: 'xor', rules: [rule(1), rule(2), rule(3)] };
  const parity = '(user.level == 1) != (user.level == 2) != (user.level == 3)';
  return [
    means('mixed combinators', mixed, same),
    means('mixed combinators grouped by the package', rqb.convertFromIC(mixed), same),
    means('grouped and put between again', rqb.convertToIC(rqb.convertFromIC(mixed)), same),
    means('negated group, combinators between', rqb.convertToIC(negated), 'user.level == 1 || !(user.level == 2 && user.level == 3)'),
    means('xor of three', three, parity),
    means('xor of three, combinators between', rqb.convertToIC(three), parity),
    means('converted twice', rqb.convertQuery(rqb.convertQuery(negated)), 'user.level == 1 || !(user.level == 2 && user.level == 3)'),
  ];
}

/** Queries as the package exports them for a server. */
function exported(rqb) {
  const query = {
    combinator: 'and',
    rules: [
      { field: 'level', operator: 'between', value: '10,3' },
      { field: 'rate', operator: '>', value: ' 0.5 ' },
      { field: 'country', operator: 'in', value: String.raw`ZA,Bonaire\, Saba` },
    ],
  };
  const same = 'user.level.between(3, 10) && user.rate > 0.5 && user.country in ["ZA", "Bonaire, Saba"]';
  const json = (format, options) => JSON.parse(rqb.formatQuery(rqb.prepareRuleGroup(query), { format, ...options }));
  return [
    means('exported with ids', json('json'), same),
    means('exported without ids', json('json_without_ids'), same),
    means('exported with numbers parsed', json('json_without_ids', { fields, parseNumbers: true }), same),
    means('exported with numbers parsed, by field', json('json', { fields, parseNumbers: 'strict-limited' }), same),
    means(
      'a big number exported',
      JSON.parse(
        JSON.stringify(one('level', '=', rqb.parseNumber('9007199254740991', { parseNumbers: true, bigIntOnOverflow: true }))),
      ),
      'user.level == 9007199254740991',
    ),
    refused(
      'a number too big for JSON exported',
      JSON.parse(JSON.stringify(one('level', '=', 9007199254740993n), rqb.bigIntJsonStringifyReplacer)),
      'invalid_number',
      '/rules/0/value',
    ),
    means(
      'a bigint exported',
      JSON.parse(JSON.stringify(one('level', '=', 42n), rqb.bigIntJsonStringifyReplacer)),
      'user.level == 42',
    ),
  ];
}

/** Lists that the package joined. */
function byHand(rqb) {
  const joined = rqb.joinWith(['North, South', 'West']);
  return [
    means('a list joined by the package', one('department', 'in', joined), 'user.department in ["North, South", "West"]'),
    means('a pair joined by the package', one('department', 'between', joined), 'user.department.between("North, South", "West")'),
    means('the same as a list', one('department', 'in', rqb.splitBy(joined)), 'user.department in ["North, South", "West"]'),
    means('joined with spaces', one('department', 'in', rqb.joinWith(['a', 'b'], ', ')), 'user.department in ["a", "b"]'),
  ];
}
