// What values can be, for each type of field.

import { means, one, refused } from './names.mjs';

const relative = (anchor, offset = 0, unit = 'day') => ({ mode: 'relative', anchor, offset, unit });

export const cases = () => [
  ...texts(),
  ...numbers(),
  ...others(),
  ...days(),
  ...instants(),
  ...lists(),
  ...choices(),
  ...facts(),
];

const at = '/rules/0/value';
const where = name => `/rules/0/${name}`;

function texts() {
  return [
    means('white space in a text', one('department', '=', ' Sales '), 'user.department == " Sales "'),
    means('quotes and backslashes', one('department', '=', 'a"b\\c\'d'), 'user.department == "a\\"b\\\\c\'d"'),
    means('another spelling of a letter', one('department', 'contains', 'Zu\u0308rich'), 'user.department.contains("Zürich")'),
    means('commas in a single text', one('department', '=', 'a,b'), 'user.department == "a,b"'),
    means('the empty text in a list', one('department', 'in', ['']), 'user.department in [""]'),
    means('the placeholder within a text', one('department', '=', '~x'), 'user.department == "~x"'),
    means('a pattern', one('email', 'glob', '*@acme.???'), 'user.email.glob("*@acme.???")'),
    refused('a pattern that ends in a backslash', one('email', 'glob', 'a\\'), 'invalid_pattern', at),
    refused('a pattern that covers everything', one('email', 'glob', '**'), 'constant_rule', at),
    refused('nothing to look for', one('department', 'contains', ''), 'unfinished', at),
    refused('no value at all', { combinator: 'and', rules: [{ field: 'department', operator: '=' }] }, 'unfinished', at),
    refused('null as a value', one('department', '!=', null), 'unfinished', at),
    refused('a boolean for a text', one('department', '=', true), 'wrong_type', at),
    refused('a list for one text', one('department', '=', ['Sales']), 'wrong_type', at),
    refused('an object for a text', one('department', '=', { is: 'Sales' }), 'wrong_type', at),
    refused('texts the wrong way round', one('department', 'between', 'West,East'), 'constant_rule', at),
    refused('a number to look for', one('department', 'contains', 5), 'wrong_type', at),
    means('operators in another letter case', one('department', 'BEGINSWITH', 'S'), 'user.department.startsWith("S")'),
    means('the key of the account', one('account.key', 'beginsWith', 'e-'), 'account.key.startsWith("e-")'),
    refused('everybody has a key', one('account.key', 'notNull', null), 'constant_rule', where('operator')),
  ];
}

function numbers() {
  return [
    means('a number', one('level', '=', 5), 'user.level == 5'),
    means('a number as a text with white space', one('level', '=', ' -5 '), 'user.level == -5'),
    means('numbers that are mixed', one('level', 'in', ['1', 2]), 'user.level in [1, 2]'),
    means('a list of one number', one('level', 'in', 7), 'user.level in [7]'),
    means('reversed, as numbers', one('level', 'between', [9, 3]), 'user.level.between(3, 9)'),
    means('reversed, as texts that order otherwise', one('level', 'between', ['10', '9']), 'user.level.between(9, 10)'),
    means('reversed and negated', one('level', 'notBetween', '9,3'), '!user.level.between(3, 9)'),
    means('a decimal', one('rate', '=', 0.1), 'user.rate == 0.1'),
    means('a decimal as a text', one('rate', '=', '0.100000'), 'user.rate == 0.1'),
    means('a small decimal', one('rate', '>', 0.000001), 'user.rate > 0.000001'),
    means('a whole number for a decimal', one('rate', '=', 3), 'user.rate == 3'),
    means('more digits than a float keeps, as a text', one('rate', '=', '999999999999.999999'), 'user.rate == 999999999999.999999'),
    refused('too many places', one('rate', '=', '0.1234567'), 'invalid_number', at),
    refused('an exponent', one('rate', '=', '1e3'), 'invalid_number', at),
    refused('a fraction of a whole number', one('level', '=', 2.5), 'invalid_number', at),
    refused('a fraction of a whole number, as a text', one('level', '=', '2.5'), 'invalid_number', at),
    refused('no number', one('level', '=', 'five'), 'wrong_type', at),
    refused('a number with a sign', one('level', '=', '+5'), 'invalid_number', at),
    refused('a number that is too great', one('level', '=', '9007199254740992'), 'invalid_number', at),
    refused('an empty number', one('level', '=', ''), 'unfinished', at),
    refused('one end', one('level', 'between', '3'), 'unfinished', at),
    refused('one end and a comma', one('level', 'between', '3,'), 'unfinished', at),
    refused('one end as a number', one('level', 'between', 3), 'unfinished', at),
    refused('three ends', one('level', 'between', '1,2,3'), 'wrong_type', at),
    refused('an end that is null', one('level', 'between', [1, null]), 'unfinished', `${at}/1`),
    refused('an end that is no number', one('level', 'between', [1, 'x']), 'wrong_type', `${at}/1`),
  ];
}

function others() {
  return [
    means('true', one('remote', '=', true), 'user.remote'),
    means('true as a text', one('remote', '=', 'true'), 'user.remote'),
    means('false', one('remote', '=', false), 'user.remote == false'),
    means('not true', one('remote', '!=', 'true'), 'user.remote != true'),
    refused('yes', one('remote', '=', 'yes'), 'wrong_type', at),
    refused('1 for true', one('remote', '=', 1), 'wrong_type', at),
    refused('booleans have no order', one('remote', '>', true), 'no_order', where('operator')),
    means('the manager', one('manager', '=', "o'hara"), 'user.manager == "o\'hara"'),
    means('another manager', one('manager', '!=', 'ann'), 'user.manager != "ann"'),
    means('one of several managers', one('manager', 'in', 'ann, bob'), 'user.manager in ["ann", "bob"]'),
    means('somebody above', one('manager', 'reportsTo', 'ann'), 'user.manager.reportsTo("ann")'),
    refused('an unknown manager', one('manager', '=', 'anne'), 'unknown_user', at),
    refused('a text that reports', one('department', 'reportsTo', 'ann'), 'wrong_type', where('operator')),
    refused('part of a manager', one('manager', 'contains', 'an'), 'wrong_type', where('operator')),
    means('a unit', one('org', '=', 'EMEA/ZA'), 'user.org == "EMEA/ZA"'),
    means('a unit and what is under it', one('org', 'under', 'EMEA/ZA'), 'user.org.under("EMEA/ZA")'),
    means('what is under a unit', one('org', 'below', 'EMEA/ZA'), 'user.org.below("EMEA/ZA")'),
    means('units', one('org', 'notIn', 'EMEA/ZA,EMEA/NA'), '!(user.org in ["EMEA/ZA", "EMEA/NA"])'),
    refused('no unit', one('org', '=', '/EMEA'), 'invalid_path', at),
    refused('under no unit', one('org', 'under', 'EMEA//ZA'), 'invalid_path', at),
    refused('under nothing', one('org', 'under', ''), 'unfinished', at),
    refused('units have no order', one('org', '<', 'EMEA'), 'no_order', where('operator')),
    refused('a text under a text', one('department', 'under', 'EMEA'), 'wrong_type', where('operator')),
  ];
}

function days() {
  const on = (operator, value) => one('hired_on', operator, value);
  return [
    means('a day', on('=', '2026-01-31'), 'user.hired_on == date("2026-01-31")'),
    means('days', on('in', '2026-01-31,2026-02-28'), 'user.hired_on in [date("2026-01-31"), date("2026-02-28")]'),
    means('between days', on('between', '2026-01-01,2026-01-31'), 'user.hired_on.between(date("2026-01-01"), date("2026-01-31"))'),
    means('between days, reversed', on('between', ['2026-01-31', '2026-01-01']), 'user.hired_on.between(date("2026-01-01"), date("2026-01-31"))'),
    refused('no such day', on('=', '2026-02-29'), 'invalid_date', at),
    refused('a day written otherwise', on('=', '31/01/2026'), 'invalid_date', at),
    refused('an instant for a day', on('=', '2026-01-31T08:00:00Z'), 'invalid_date', at),
    refused('a number for a day', on('=', 20260131), 'wrong_type', at),
    refused('part of a day', on('beginsWith', '2026'), 'wrong_type', where('operator')),
    means('today', on('>=', relative('now')), 'user.hired_on >= today'),
    means('today in whatever unit', on('>=', relative('now', 0, 'month')), 'user.hired_on >= today'),
    means('today in no unit', on('>=', { mode: 'relative', anchor: 'startOfDay', offset: 0 }), 'user.hired_on >= today'),
    means('days ago', on('>', relative('now', -90)), 'user.hired_on > today - days(90)'),
    means('weeks ahead', on('<=', relative('endOfDay', 2, 'week')), 'user.hired_on <= today + weeks(2)'),
    means('since the start of the week', on('>=', relative('startOfWeek')), 'user.hired_on >= startOfWeek()'),
    means('until the end of the month', on('<=', relative('endOfMonth')), 'user.hired_on <= endOfMonth()'),
    means('three months before the start of this one', on('=', relative('startOfMonth', -3, 'month')), 'user.hired_on == startOfMonth() - months(3)'),
    means('this year', on('between', [relative('startOfYear'), relative('endOfYear')]), 'user.hired_on.between(startOfYear(), endOfYear())'),
    means('from a day on until today', on('between', ['2026-01-01', relative('now')]), 'user.hired_on.between(date("2026-01-01"), today)'),
    means('outside the last two years', on('notBetween', [relative('now', -2, 'year'), relative('now')]), '!user.hired_on.withinLast(2, "years")'),
    refused('hours ago', on('>', relative('now', -5, 'hour')), 'not_supported', `${at}/unit`),
    refused('half a day ago', on('>', relative('now', -0.5)), 'invalid_number', `${at}/offset`),
    refused('an unknown anchor', on('>', relative('startOfQuarter')), 'not_supported', `${at}/anchor`),
    refused('an unknown mode', on('>', { mode: 'absolute', value: '2026-01-01' }), 'not_supported', `${at}/mode`),
    refused('no mode', on('>', { anchor: 'now' }), 'unfinished', `${at}/mode`),
    refused('no offset', on('>', { mode: 'relative', anchor: 'now' }), 'unfinished', `${at}/offset`),
    refused('no unit of an offset', on('>', { mode: 'relative', anchor: 'now', offset: 3 }), 'unfinished', `${at}/unit`),
    refused('a moving day in a list', on('in', ['2026-01-01', relative('now')]), 'not_supported', `${at}/1`),
    means('within the last days', on('withinLast', { count: 90, unit: 'days' }), 'user.hired_on.withinLast(90, "days")'),
    means('within the last days, as a text', on('withinLast', '90 days'), 'user.hired_on.withinLast(90, "days")'),
    means('within the next month', on('withinNext', '1 month'), 'user.hired_on.withinNext(1, "months")'),
    means('older than years', on('olderThan', { count: '2', unit: 'years' }), 'user.hired_on < today - years(2)'),
    refused('older than fortnights', on('olderThan', '2 fortnights'), 'not_supported', at),
    refused('older than a negative time', on('olderThan', { count: -2, unit: 'days' }), 'invalid_number', `${at}/count`),
    refused('older than a number', on('olderThan', '90'), 'wrong_type', at),
    refused('a number within the last days', one('level', 'withinLast', '90 days'), 'wrong_type', where('operator')),
  ];
}

function instants() {
  const on = (operator, value) => one('last_login', operator, value);
  return [
    means('an instant', on('>', '2026-01-31T08:00:00Z'), 'user.last_login > timestamp("2026-01-31T08:00:00Z")'),
    means('an instant in another zone', on('>', '2026-01-31T10:00:00+02:00'), 'user.last_login > timestamp("2026-01-31T08:00:00Z")'),
    means('an instant as JavaScript writes it', on('>', '2026-01-31T08:00:00.000Z'), 'user.last_login > timestamp("2026-01-31T08:00:00Z")'),
    means('before a day', on('<', '2026-01-31'), 'user.last_login < date("2026-01-31")'),
    means('between days, the last one whole', on('between', '2026-01-01,2026-01-31'), 'user.last_login.between(date("2026-01-01"), date("2026-01-31"))'),
    means('between instants, reversed', on('between', ['2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z']), 'user.last_login.between(timestamp("2026-01-01T00:00:00Z"), timestamp("2026-02-01T00:00:00Z"))'),
    refused('an instant of no zone', on('>', '2026-01-31T08:00'), 'invalid_timestamp', at),
    refused('an instant of no zone, with seconds', on('>', '2026-01-31T08:00:00'), 'invalid_timestamp', at),
    refused('a day in a list of instants', on('in', ['2026-01-31']), 'invalid_timestamp', `${at}/0`),
    means('since midnight', on('>=', relative('startOfDay')), 'user.last_login >= today'),
    means('since the start of last month', on('>=', relative('startOfMonth', -1, 'month')), 'user.last_login >= startOfMonth() - months(1)'),
    means('until the end of the day', on('<=', relative('endOfDay')), 'user.last_login < today + days(1)'),
    means('until the end of the day in a week', on('<=', relative('endOfDay', 1, 'week')), 'user.last_login < today + days(8)'),
    means('after the end of the month', on('>', relative('endOfMonth')), 'user.last_login >= startOfMonth() + months(1)'),
    means('until the end of the week', on('<=', relative('endOfWeek')), 'user.last_login < startOfWeek() + weeks(1)'),
    means('from the start to the end of the year', on('between', [relative('startOfYear'), relative('endOfYear')]), 'user.last_login.between(startOfYear(), endOfYear())'),
    means('to the first moment of today', on('between', [relative('startOfMonth'), relative('startOfDay')]), 'user.last_login >= startOfMonth() && user.last_login <= today'),
    means('not to the first moment of today', on('notBetween', [relative('startOfMonth'), relative('startOfDay')]), '!(user.last_login >= startOfMonth() && user.last_login <= today)'),
    refused('the moment itself', on('>', relative('now', -90)), 'not_supported', `${at}/anchor`),
    refused('before the last moment', on('<', relative('endOfDay')), 'not_supported', `${at}/anchor`),
    refused('until an end that cannot be counted', on('<=', relative('endOfMonth', -1, 'month')), 'not_supported', `${at}/offset`),
    refused('from an end on', on('between', [relative('endOfMonth', -1, 'month'), '2026-12-31']), 'not_supported', `${at}/0/anchor`),
    means('logged in lately', on('withinLast', '4 weeks'), 'user.last_login.withinLast(4, "weeks")'),
    means('an old account', one('account.created', 'olderThan', '1 year'), 'account.created < today - years(1)'),
  ];
}

function lists() {
  return [
    means('blanks between commas', one('department', 'in', 'a,, b ,'), 'user.department in ["a", "b"]'),
    means('white space in a list', one('department', 'in', [' a ', 'b']), 'user.department in ["a", "b"]'),
    means('a backslash that keeps no comma', one('department', 'in', 'a\\b,c'), 'user.department in ["a\\\\b", "c"]'),
    means('a list of one', one('department', 'in', 'a'), 'user.department in ["a"]'),
    refused('an empty list', one('department', 'in', []), 'empty_list', at),
    refused('an empty text for a list', one('department', 'in', ''), 'unfinished', at),
    refused('nothing but commas', one('department', 'in', ' , ,'), 'empty_list', at),
    refused('a placeholder for a list', one('department', 'notIn', '~'), 'unfinished', at),
    refused('placeholders for ends', one('department', 'between', '~,~'), 'unfinished', at),
    refused('null in a list', one('department', 'in', ['a', null]), 'unfinished', `${at}/1`),
    refused('a list in a list', one('department', 'in', [['a']]), 'wrong_type', `${at}/0`),
    refused('a boolean for a list', one('remote', 'in', true), 'wrong_type', at),
    refused('a number in a list of texts', one('department', 'in', ['a', 1]), 'wrong_type', `${at}/1`),
  ];
}

function choices() {
  const group = (combinator, ...rules) => ({ combinator, rules });
  const is = value => ({ field: '', operator: '=', value });
  const matched = (mode, threshold, value, more) => one('skills', '=', value, { match: { mode, threshold }, ...more });
  const some = group('or', is('rust'), is('go'), is('sql'));
  return [
    means('an option', one('country', '=', 'ZA'), 'user.country == "ZA"'),
    means('another option', one('country', '!=', 'ZA'), 'user.country != "ZA"'),
    means('an option with a comma', one('country', '=', 'Bonaire, Saba'), 'user.country == "Bonaire, Saba"'),
    refused('an unknown option', one('country', '=', 'AZ'), 'unknown_option', at),
    refused('an unknown option in a list', one('country', 'in', ['ZA', 'XX']), 'unknown_option', `${at}/1`),
    refused('options have no order', one('country', '<', 'ZA'), 'no_order', where('operator')),
    refused('nor lie between two', one('country', 'between', 'BW,ZA'), 'no_order', where('operator')),
    means('has an option', one('skills', '=', 'rust'), '"rust" in user.skills'),
    means('has it, said otherwise', one('skills', 'contains', 'rust'), '"rust" in user.skills'),
    means('has it not', one('skills', '!=', 'rust'), 'user.skills.noneOf(["rust"])'),
    means('has it not, said otherwise', one('skills', 'doesNotContain', 'rust'), 'user.skills.noneOf(["rust"])'),
    means('has any', one('skills', 'in', 'rust,go,rust'), 'user.skills.anyOf(["rust", "go"])'),
    means('has none', one('skills', 'notIn', ['rust', 'go']), 'user.skills.noneOf(["rust", "go"])'),
    means('any of', one('skills', 'anyOf', 'rust,go'), 'user.skills.anyOf(["rust", "go"])'),
    means('all of', one('skills', 'allOf', ['rust', 'go']), 'user.skills.allOf(["rust", "go"])'),
    means('none of', one('skills', 'noneOf', 'rust, go'), 'user.skills.noneOf(["rust", "go"])'),
    means('has no skills', one('skills', 'null', ''), '!has(user.skills)'),
    means('has skills', one('skills', 'notNull', ''), 'has(user.skills)'),
    refused('the start of an option', one('skills', 'beginsWith', 'ru'), 'wrong_type', where('operator')),
    refused('a list for one option', one('skills', '=', ['rust']), 'wrong_type', at),
    refused('all of a text', one('department', 'allOf', 'a,b'), 'wrong_type', where('operator')),
    means('some match', matched('some', 1, some), 'user.skills.anyOf(["rust", "go", "sql"])'),
    means('none match', matched('none', null, some), 'user.skills.noneOf(["rust", "go", "sql"])'),
    means('all match', matched('all', 1, some), 'user.skills.noneOf(["js"])'),
    means('two match', matched('atLeast', 2, some), 'user.skills.atLeast(2, ["rust", "go", "sql"])'),
    means('at most two match', matched('atMost', 2, some), 'user.skills.atMost(2, ["rust", "go", "sql"])'),
    means('just two match', matched('exactly', 2, some), 'user.skills.exactly(2, ["rust", "go", "sql"])'),
    means('modes in another letter case', matched('ATLEAST', 2, some), 'user.skills.atLeast(2, ["rust", "go", "sql"])'),
    means('match by the name of the list', matched('some', 1, group('and', { field: 'skills', operator: 'in', value: 'rust,go' })), 'user.skills.anyOf(["rust", "go"])'),
    means('match without a name', matched('some', 1, group('or', { operator: '=', value: 'rust' }, is('go'))), 'user.skills.anyOf(["rust", "go"])'),
    means('match of groups', matched('exactly', 1, group('or', is('rust'), group('or', is('go'), is('rust')))), 'user.skills.exactly(1, ["rust", "go"])'),
    means('match with a muted rule', matched('some', 1, group('or', is('rust'), { ...is('go'), muted: true })), '"rust" in user.skills'),
    means('a match without a mode is none', one('skills', '=', 'rust', { match: {} }), '"rust" in user.skills'),
    refused('all of everything', matched('all', 1, group('or', is('rust'), is('go'), is('sql'), is('js'))), 'constant_rule', at),
    refused('a match of both at once', matched('some', 1, group('and', is('rust'), is('go'))), 'not_supported', `${at}/rules/1`),
    refused('a negated match', matched('some', 1, { ...some, not: true }), 'not_supported', `${at}/not`),
    refused('another operator within', matched('some', 1, group('or', { field: '', operator: 'beginsWith', value: 'r' })), 'not_supported', `${at}/rules/0/operator`),
    refused('another field within', matched('some', 1, group('or', { field: 'name', operator: '=', value: 'rust' })), 'not_supported', `${at}/rules/0/field`),
    refused('an unknown option within', matched('some', 1, group('or', is('rust'), is('rsut'))), 'unknown_option', `${at}/rules/1/value`),
    refused('an empty match', matched('some', 1, group('or')), 'unfinished', `${at}/rules`),
    refused('a match without a group', matched('some', 1, 'rust'), 'wrong_type', at),
    refused('a match without a value', matched('some', 1, null), 'unfinished', at),
    refused('half of them', matched('atLeast', 0.5, some), 'not_supported', '/rules/0/match/threshold'),
    refused('one and a half', matched('atLeast', 1.5, some), 'invalid_number', '/rules/0/match/threshold'),
    refused('less than none', matched('atLeast', -1, some), 'invalid_number', '/rules/0/match/threshold'),
    refused('as many as are not said', matched('atLeast', null, some), 'unfinished', '/rules/0/match/threshold'),
    refused('more than there are', matched('atLeast', 4, some), 'constant_rule', '/rules/0/match/threshold'),
    refused('none or more', matched('atLeast', 0, some), 'constant_rule', '/rules/0/match/threshold'),
    refused('an unknown mode of match', matched('most', 1, some), 'not_supported', '/rules/0/match/mode'),
    refused('a match and a negated operator', matched('some', 1, some, { operator: 'notIn' }), 'not_supported', where('operator')),
    refused('a match of a text', one('department', '=', some, { match: { mode: 'some' } }), 'not_supported', where('match')),
  ];
}

function facts() {
  return [
    means('in a segment', one('segment', '=', 'new starters'), 'inSegment("new starters")'),
    means('not in a segment', one('segment', '!=', 'sales'), '!inSegment("sales")'),
    means('in either segment', one('segment', 'in', 'sales, new starters'), 'inSegment("sales") || inSegment("new starters")'),
    means('in neither segment', one('segment', 'notIn', ['sales', 'new starters']), '!(inSegment("sales") || inSegment("new starters"))'),
    means('in a list of one segment', one('segment', 'notIn', ['sales']), '!inSegment("sales")'),
    means('member of a site', one('site', '=', 'emea'), 'memberOf("emea")'),
    means('holds a role', one('role', '=', 'instructor'), 'hasRole("instructor")'),
    means('enrolled', one('enrolled', '=', 'fire safety'), 'enrolled("fire safety")'),
    means('completed', one('completed', '=', 'gdpr'), 'completed("gdpr")'),
    means('not completed', one('completed', '!=', 'gdpr'), '!completed("gdpr")'),
    means('a fact by its longer name', one('fact:role', '=', 'instructor'), 'hasRole("instructor")'),
    means('in a group', one('group:gdpr', '=', 'monday'), 'inGroup("gdpr", "monday")'),
    means('a score', one('score:gdpr', '>=', '0.8'), 'score("gdpr") >= 0.8'),
    means('no score', one('score:gdpr', 'null', ''), '!has(score("gdpr"))'),
    means('completed before a day', one('completed_on:gdpr', '<', '2026-01-31'), 'completedBefore("gdpr", date("2026-01-31"))'),
    means('completed lately', one('completed_on:fire safety', 'withinLast', '12 months'), 'completedWithinLast("fire safety", 12, "months")'),
    means('never completed', one('completed_on:gdpr', 'null', ''), '!completed("gdpr")'),
    means('due soon', one('due_on:gdpr', 'withinNext', '14 days'), 'dueWithin("gdpr", 14, "days")'),
    refused('an unknown segment', one('segment', '=', 'sale'), 'unknown_segment', at),
    refused('an unknown site', one('site', '=', 'apac'), 'unknown_site', at),
    refused('an unknown role', one('role', '=', 'teacher'), 'unknown_role', at),
    refused('an unknown course', one('enrolled', 'in', ['gdpr', 'gpdr']), 'unknown_course', `${at}/1`),
    refused('an unknown course of a field', one('score:gpdr', '=', '1'), 'unknown_course', where('field')),
    refused('an unknown group', one('group:gdpr', '=', 'friday'), 'unknown_group', at),
    refused('a segment that is null', one('segment', 'null', ''), 'wrong_type', where('operator')),
    refused('all of a choice', one('country', 'allOf', 'ZA,NA'), 'wrong_type', where('operator')),
    refused('part of a segment', one('segment', 'contains', 'sal'), 'wrong_type', where('operator')),
    refused('segments have no order', one('segment', '>', 'sales'), 'wrong_type', where('operator')),
    refused('a segment that is not chosen', one('segment', '=', ''), 'unfinished', at),
    refused('a number for a segment', one('segment', '=', 3), 'wrong_type', at),
  ];
}
