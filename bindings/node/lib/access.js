'use strict'

// Places, effects, audiences and over whom a question is asked, as the native module takes them: a place and who is asked
// about are one number and the keys that belong to it, so that a question costs no more than its texts.

const { entries, isRecord, optionalText, optionalTexts, options, text, wrong } = require('./arguments.js')

/** @import * as api from '../index.js' */

/** @type {typeof api.ANY} */
const ANY = /** @type {any} */ (Symbol('ANY'))
/** @type {typeof api.ALL} */
const ALL = /** @type {any} */ (Symbol('ALL'))

const places = /** @type {const} */ (['site', 'category', 'course'])
const parts = /** @type {const} */ (['site', 'category', 'course', 'over'])

/**
 * A place by its keys, of which at most one is given; without one the registry.
 *
 * @param {unknown} site
 * @param {unknown} category
 * @param {unknown} course
 */
function place(site, category, course) {
  let [code, key] = [0, '']
  for (const [index, given] of [site, category, course].entries()) {
    const text = optionalText(places[index] ?? '', given)
    if (text === null) continue
    if (code !== 0) throw several()
    code = 4 * (index + 1)
    key = text
  }
  return { code, key }
}

const several = () => new TypeError('expected at most one of `site`, `category` and `course`, found more')

/**
 * @param {string} method
 * @param {unknown} given
 */
function placeOptions(method, given) {
  const { site, category, course } = options(method, given, places)
  return place(site, category, course)
}

/**
 * A place and over whom is asked there. It is asked often, so nothing is made but the answer.
 *
 * @param {string} method
 * @param {unknown} given
 */
function question(method, given) {
  const asked = { code: 0, key: '', over: '' }
  if (given === undefined) return asked
  if (!isRecord(given)) throw wrong(`options of ${method}`, given, 'an object')
  for (const name of Object.keys(given)) {
    const value = given[name]
    if (name === 'over') {
      if (value === undefined || value === null) continue
      if (typeof value === 'string') asked.over = text('over', value)
      else if (value !== ANY && value !== ALL) throw wrong('over', value, 'a string, ANY or ALL')
      asked.code += typeof value === 'string' ? 1 : value === ANY ? 2 : 3
      continue
    }
    const depth = name === 'course' ? 12 : name === 'site' ? 4 : name === 'category' ? 8 : 0
    if (depth === 0) options(method, given, parts)
    if (value === undefined || value === null) continue
    if (asked.code > 3) throw several()
    asked.code += depth
    asked.key = text(name, value)
  }
  return asked
}

/**
 * @param {unknown} allow
 * @param {unknown} withhold
 * @param {unknown} deny
 */
function effects(allow, withhold, deny) {
  return {
    allow: optionalTexts('allow', allow),
    withhold: optionalTexts('withhold', withhold),
    deny: optionalTexts('deny', deny),
  }
}

const audiences = /** @type {const} */ (['segment', 'reports', 'line', 'same'])

/**
 * Over whom a grant counts: which of the ways, and its key.
 *
 * @param {unknown} over
 * @returns {[(typeof audiences)[number] | null, string]}
 */
function audienceOf(over) {
  if (over === undefined || over === null) return [null, '']
  const [only, ...more] = entries('over', over)
  const kind = audiences.find(kind => kind === only?.[0])
  if (!only || kind === undefined || more.length > 0) {
    throw new TypeError('`over`: expected one of segment, reports, line and same, and its key')
  }
  return [kind, text(`over.${kind}`, only[1])]
}

module.exports = { ALL, ANY, audienceOf, effects, placeOptions, place, question }
