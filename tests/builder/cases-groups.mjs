// Groups: what joins rules, what is muted, what is no query at all.

import { means, one, refused } from './names.mjs';

const rule = (level, more = {}) => ({ field: 'level', operator: '=', value: `${level}`, ...more });
const group = (combinator, ...rules) => ({ combinator, rules });
const between = (...rules) => ({ rules });

export const cases = () => [...joined(), ...muted(), ...missing(), ...malformed()];

function joined() {
  return [
    means('combinators in another letter case', group('OR', rule(1), group('And', rule(2), rule(3))), 'user.level == 1 || user.level == 2 && user.level == 3'),
    means('and within and', group('and', rule(1), group('and', rule(2), rule(3))), 'user.level == 1 && user.level == 2 && user.level == 3'),
    means('or within or', group('or', group('or', rule(1), rule(2)), rule(3)), 'user.level == 1 || user.level == 2 || user.level == 3'),
    means('xor of two', group('xor', rule(1), rule(2)), '(user.level == 1) != (user.level == 2)'),
    means('one rule in many groups', group('or', group('and', group('xor', rule(1)))), 'user.level == 1'),
    means('negated twice', { not: true, ...group('and', { not: true, ...group('or', rule(1)) }) }, '!!(user.level == 1)'),
    means('negated alone', { not: true, ...group('or', rule(1)) }, '!(user.level == 1)'),
    means('negated list', { not: true, ...group('and', { field: 'level', operator: 'in', value: '1,2' }) }, '!(user.level in [1, 2])'),
    means('not: null', { not: null, ...group('or', rule(1)) }, 'user.level == 1'),
    means('combinators between', between(rule(1), 'AND', rule(2), 'or', rule(3)), 'user.level == 1 && user.level == 2 || user.level == 3'),
    means('xor binds tighter than or', between(rule(1), 'or', rule(2), 'xor', rule(3)), 'user.level == 1 || (user.level == 2) != (user.level == 3)'),
    means('and binds tighter than xor', between(rule(1), 'xor', rule(2), 'and', rule(3)), '(user.level == 1) != (user.level == 2 && user.level == 3)'),
    means('one rule, nothing between', between(rule(1)), 'user.level == 1'),
    means('an interleaved group within', between(rule(1), 'and', { not: true, rules: [rule(2), 'or', rule(3)] }), 'user.level == 1 && !(user.level == 2 || user.level == 3)'),
    means('groups of both kinds', group('and', rule(1), between(rule(2), 'or', rule(3))), 'user.level == 1 && (user.level == 2 || user.level == 3)'),
    means('combinator: null', { combinator: null, rules: [rule(1), 'or', rule(2)] }, 'user.level == 1 || user.level == 2'),
  ];
}

function muted() {
  const silent = { muted: true };
  return [
    means('a muted rule', group('and', rule(1, silent), rule(2)), 'user.level == 2'),
    means('a muted group', group('and', { ...silent, ...group('or', rule(1), rule(2)) }, rule(3)), 'user.level == 3'),
    means('muted, the first of three', between(rule(1, silent), 'or', rule(2), 'and', rule(3)), 'user.level == 2 && user.level == 3'),
    means('muted, the second of three', between(rule(1), 'or', rule(2, silent), 'and', rule(3)), 'user.level == 1 && user.level == 3'),
    means('muted, the last of three', between(rule(1), 'or', rule(2), 'and', rule(3, silent)), 'user.level == 1 || user.level == 2'),
    means('muted, two in a row', between(rule(1), 'and', rule(2, silent), 'and', rule(3, silent), 'or', rule(4)), 'user.level == 1 || user.level == 4'),
    means('what is muted need not make sense', group('and', rule(1), { muted: true, field: '~', operator: '?' }), 'user.level == 1'),
    means('muted: false', group('and', rule(1, { muted: false })), 'user.level == 1'),
    means('disabled', { disabled: true, ...group('and', rule(1, { disabled: true })) }, 'user.level == 1'),
    refused('all muted', group('and', rule(1, silent), rule(2, silent)), 'unfinished', '/rules'),
    refused('all of a group within muted', group('and', rule(1), group('or', rule(2, silent))), 'unfinished', '/rules/1/rules'),
    refused('the whole muted', { ...silent, ...group('and', rule(1)) }, 'unfinished', ''),
    refused('muted by a text', group('and', rule(1, { muted: 'false' })), 'wrong_type', '/rules/0/muted'),
  ];
}

function missing() {
  const too = { includeMissing: true };
  return [
    means('or missing', one('level', '>', '3', too), 'user.level > 3 || !has(user.level)'),
    means('negated, or missing', one('country', 'notIn', 'ZA', too), '!(user.country in ["ZA"]) || !has(user.country)'),
    means('or missing, among others', group('and', rule(1, too), rule(2)), '(user.level == 1 || !has(user.level)) && user.level == 2'),
    means('or no skills', one('skills', 'in', 'rust', too), '"rust" in user.skills || !has(user.skills)'),
    means('long ago, or never', one('completed_on:gdpr', 'olderThan', '1 year', too), 'completedBefore("gdpr", today - years(1)) || !completed("gdpr")'),
    means('missing, or missing', one('level', 'null', '', too), '!has(user.level)'),
    means('includeMissing: false', one('level', '>', '3', { includeMissing: false }), 'user.level > 3'),
    refused('there, or missing', one('level', 'notNull', '', too), 'constant_rule', '/rules/0/includeMissing'),
    refused('a segment is never missing', one('segment', '=', 'sales', too), 'not_supported', '/rules/0/includeMissing'),
    refused('an account is never missing', one('account.key', '=', 'a', too), 'not_supported', '/rules/0/includeMissing'),
    refused('a group has none', { ...too, ...group('and', rule(1)) }, 'not_supported', '/includeMissing'),
    refused('yes is not true', one('level', '>', '3', { includeMissing: 'yes' }), 'wrong_type', '/rules/0/includeMissing'),
    refused('written otherwise', one('level', '>', '3', { include_missing: true }), 'rule_syntax', '/rules/0/include_missing'),
  ];
}

function malformed() {
  return [
    means('properties of the page', { ...group('and', rule(1, { meta: { x: 1 }, note: 'n', id: 'r' })), id: 'g', path: [] }, 'user.level == 1'),
    means('an empty value source', one('level', '=', '1', { valueSource: '' }), 'user.level == 1'),
    means('a value source without a value', one('level', 'notNull', 'rate', { valueSource: 'field' }), 'has(user.level)'),
    refused('no query', null, 'rule_syntax', ''),
    refused('a list', [rule(1)], 'rule_syntax', ''),
    refused('a rule alone', rule(1), 'rule_syntax', ''),
    refused('rules that are no list', { combinator: 'and', rules: {} }, 'rule_syntax', '/rules'),
    refused('an unknown combinator', group('nor', rule(1), rule(2)), 'not_supported', '/combinator'),
    refused('a combinator yet to be chosen', group('~', rule(1), rule(2)), 'unfinished', '/combinator'),
    refused('a combinator of a number', { combinator: 1, rules: [rule(1)] }, 'rule_syntax', '/combinator'),
    refused('a combinator within a group that has one', group('and', rule(1), 'or', rule(2)), 'rule_syntax', '/rules/1'),
    refused('nothing between', between(rule(1), rule(2)), 'rule_syntax', '/rules/1'),
    refused('an unknown word between', between(rule(1), 'nand', rule(2)), 'not_supported', '/rules/1'),
    refused('a combinator at the end', between(rule(1), 'or'), 'rule_syntax', '/rules/1'),
    refused('a combinator at the start', between('or', rule(1)), 'rule_syntax', '/rules/0'),
    refused('two combinators in a row', between(rule(1), 'or', 'and', rule(2)), 'rule_syntax', '/rules/2'),
    refused('null for a rule', group('and', rule(1), null), 'rule_syntax', '/rules/1'),
    refused('a rule that is a group', group('and', { ...rule(1), ...group('or', rule(2)) }), 'rule_syntax', '/rules/0'),
    refused('an empty group within', group('or', rule(1), group('and')), 'unfinished', '/rules/1/rules'),
    refused('a negated rule', group('and', rule(1, { not: true })), 'not_supported', '/rules/0/not'),
    refused('not: a text', { not: 'yes', ...group('and', rule(1)) }, 'wrong_type', '/not'),
    refused('no field', group('and', { operator: '=', value: '1' }), 'unfinished', '/rules/0/field'),
    refused('a field of a number', group('and', { field: 1, operator: '=', value: '1' }), 'rule_syntax', '/rules/0/field'),
    refused('a field of another', one('user.level', '=', '1'), 'unknown_attribute', '/rules/0/field'),
    refused('no operator', group('and', { field: 'level', value: '1' }), 'unfinished', '/rules/0/operator'),
    refused('an unknown operator', one('level', '==', '1'), 'not_supported', '/rules/0/operator'),
    refused('an operator of another builder', one('level', 'is_null', ''), 'not_supported', '/rules/0/operator'),
    refused('another field as the value', one('level', '=', 'rate', { valueSource: 'field' }), 'not_supported', '/rules/0/valueSource'),
    refused('an expression as the value', one('level', '=', { kind: 'value', value: 1 }, { valueSource: 'expression' }), 'not_supported', '/rules/0/valueSource'),
    refused('a parameter as the value', one('level', '=', 'p1', { valueSource: 'parameter' }), 'not_supported', '/rules/0/valueSource'),
    refused('an expression as the field', one('level', '=', '1', { lhs: { kind: 'func', fn: 'abs', args: [] } }), 'not_supported', '/rules/0/lhs'),
    refused('a property in another letter case', one('level', '=', '1', { valuesource: 'field' }), 'rule_syntax', '/rules/0/valuesource'),
    refused('the first of two mistakes', group('and', rule('x'), rule('y')), 'wrong_type', '/rules/0/value'),
    refused('a group for a value', one('level', '=', group('and', rule(1))), 'wrong_type', '/rules/0/value'),
  ];
}
