'use strict'

// Values of attributes and trees of plain data, checked before the native module sees them, and values as they are read.

const { instant, isRecord, text, texts, wrong } = require('./arguments.js')

/** @import * as api from '../index.js' */
/** @import * as native from '../native.js' */

/** @typedef {string | number | boolean | string[] | native.Moment} Given */

const range = `a number within ±${Number.MAX_SAFE_INTEGER}, or the number as text`

/**
 * A number: one that is whole as it is, or whatever its shortest text says.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {number}
 */
function number(what, value) {
  // Beyond these, numbers are whole, but not each of them is there.
  const safe = typeof value === 'bigint' ? Number(BigInt.asIntN(54, value)) : value
  const found = typeof value === 'bigint' ? `the bigint ${String(value).slice(0, 40)}` : undefined
  if (typeof safe !== 'number' || !(Math.abs(safe) <= Number.MAX_SAFE_INTEGER) || (found && BigInt(safe) !== value)) {
    throw found ? new TypeError(`\`${what}\` is ${found}, expected ${range}`) : wrong(what, value, range)
  }
  return safe
}

const expected = 'text, a number, a boolean, a Date, an array of options'

/**
 * The value of an attribute.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {Given}
 */
function given(what, value, or = '') {
  switch (typeof value) {
    case 'string': return text(what, value)
    case 'boolean': return value
    case 'bigint':
    case 'number': return number(what, value)
  }
  if (Array.isArray(value)) return texts(what, value)
  if (Object.prototype.toString.call(value) === '[object Date]') return { millis: instant(what, value) }
  throw wrong(what, value, expected + or)
}

/**
 * The value of an attribute, or `null` to clear it.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {Given | null}
 */
function givenOrNull(what, value) {
  return value === null ? null : given(what, value, ', or null to clear the value')
}

/**
 * The value of an attribute that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {Given | null}
 */
function optionalGiven(what, value) {
  return value === undefined || value === null ? null : given(what, value)
}

/**
 * A value as users read it.
 *
 * @param {Given} value
 * @returns {api.Value}
 */
function read(value) {
  if (Array.isArray(value)) return Object.freeze(value)
  return typeof value === 'object' ? new Date(value.millis) : value
}

/** How deep a tree of plain data may be: deeper than any rule. */
const DEPTH = 256

/**
 * A tree of plain data as JSON text, or JSON text as it is. It takes what JSON has and nothing else: what `JSON.stringify` would leave out or
 * replace is refused, but for properties that are `undefined`.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {string}
 */
function json(what, value) {
  if (typeof value === 'string') return text(what, value)
  if (!isRecord(value)) throw wrong(what, value, 'an object or JSON text')
  return JSON.stringify(plain(what, '', value, DEPTH))
}

/**
 * @param {string} root
 * @param {string} path
 * @param {unknown} value
 * @param {number} depth
 * @returns {unknown}
 */
function plain(root, path, value, depth) {
  const what = root + path
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return text(what, value)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value !== 'object' || !(Array.isArray(value) || isRecord(value))) {
    throw wrong(what, value, 'plain data: an object, an array, text, a number, a boolean or null')
  }
  if (depth === 0) throw new TypeError(`\`${root}\` nests too deep or contains itself, expected at most ${DEPTH} levels`)
  // Far down, or at a long key, a message says no more of where it is.
  const within = (/** @type {string} */ part) => (path.length + part.length > 100 ? path : path + part)
  if (Array.isArray(value)) {
    return Array.from({ length: value.length }, (_, index) => plain(root, within(`[${index}]`), value[index], depth - 1))
  }
  // Without a prototype, so that a key such as `__proto__` is a key like any other and nobody's `toJSON` is found.
  const copy = Object.create(null)
  for (const [key, part] of Object.entries(value)) {
    text(`a key of ${what}`, key)
    if (part !== undefined) copy[key] = plain(root, within(`.${key}`), part, depth - 1)
  }
  return copy
}

module.exports = { givenOrNull, json, number, optionalGiven, read }
