'use strict'

// Arguments, checked before the native module sees them: it would take `NaN` for a number and a lone surrogate for
// a replacement character. What is wrong is a `TypeError` that names the argument, what was found and what was
// expected. Objects of another realm are as good as ours, so nothing here asks `instanceof`.

const native = require('../native.js')

/** @param {unknown} value */
function found(value) {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === 'Object' ? 'an object' : `an object of type ${tag}`
}

/**
 * @param {string} what
 * @param {unknown} value
 * @param {string} expected
 */
function wrong(what, value, expected) {
  return new TypeError(`\`${what}\` is ${found(value)}, expected ${expected}`)
}

/**
 * @param {string} what
 * @param {unknown} value
 * @param {string} [expected]
 * @returns {string}
 */
function text(what, value, expected = 'a string') {
  if (typeof value !== 'string') throw wrong(what, value, expected)
  if (!value.isWellFormed()) {
    throw new TypeError(`\`${what}\` is a string with a lone surrogate, expected well-formed text`)
  }
  return value
}

/**
 * Text that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {string | null}
 */
function optionalText(what, value) {
  return value === undefined || value === null ? null : text(what, value)
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {string[]}
 */
function texts(what, value) {
  if (!Array.isArray(value)) throw wrong(what, value, 'an array of strings')
  // By index, because a hole is no string either.
  return Array.from({ length: value.length }, (_, index) => text(`${what}[${index}]`, value[index]))
}

/**
 * Texts that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {string[]}
 */
function optionalTexts(what, value) {
  return value === undefined || value === null ? [] : texts(what, value)
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {boolean}
 */
function truth(what, value) {
  if (typeof value !== 'boolean') throw wrong(what, value, 'a boolean')
  return value
}

/**
 * A truth that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {boolean | null}
 */
function optionalTruth(what, value) {
  return value === undefined || value === null ? null : truth(what, value)
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {Function}
 */
function callable(what, value) {
  if (typeof value !== 'function') throw wrong(what, value, 'a function')
  return value
}

/**
 * An instant, in milliseconds since 1970-01-01 UTC.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {number}
 */
function instant(what, value) {
  let millis
  try {
    millis = Date.prototype.getTime.call(/** @type {Date} */ (value))
  } catch {
    throw wrong(what, value, 'a Date')
  }
  if (Number.isNaN(millis)) throw new TypeError(`\`${what}\` is an invalid Date, expected an instant`)
  return millis
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {number}
 */
function whole(what, value) {
  if (!Number.isSafeInteger(value) || /** @type {number} */ (value) < 0) {
    throw wrong(what, value, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
  }
  return /** @type {number} */ (value)
}

/**
 * A whole number that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {number | null}
 */
function optionalWhole(what, value) {
  return value === undefined || value === null ? null : whole(what, value)
}

/**
 * An instant that may be left out.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {number | null}
 */
function optionalInstant(what, value) {
  return value === undefined || value === null ? null : instant(what, value)
}

/**
 * When people are to be done, if on any day: text for a day, or so many days.
 *
 * @param {unknown} value
 * @returns {string | number | null}
 */
function optionalDue(value) {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return text('due', value)
  if (typeof value === 'number') return whole('due', value)
  throw wrong('due', value, 'a day such as 2026-01-31, or a number of days')
}

/**
 * The own properties of an object that serves as a map. A `Map`, of which there would be none, is not taken for one.
 *
 * @param {string} what
 * @param {unknown} value
 * @returns {[string, unknown][]}
 */
function entries(what, value) {
  if (!isRecord(value)) throw wrong(what, value, 'an object')
  const pairs = Object.entries(value)
  for (const [key] of pairs) text(`a key of ${what}`, key)
  return pairs
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/**
 * An object of options, all of which have these names; left out is the same as empty. What is given is looked at once,
 * and what an object merely inherits is not given.
 *
 * @template {string} Name
 * @param {string} method
 * @param {unknown} value
 * @param {readonly Name[]} names
 * @returns {{ [name in Name]?: unknown }}
 */
function options(method, value, names) {
  const given = Object.create(null)
  if (value === undefined) return given
  if (!isRecord(value)) throw wrong(`options of ${method}`, value, 'an object')
  for (const name of Object.keys(value)) {
    if (names.some(known => known === name)) {
      given[name] = value[name]
      continue
    }
    const near = native.nearest(name.toWellFormed(), [...names])
    const hint = near === null ? `expected ${names.join(', ')}` : `did you mean \`${near}\`?`
    throw new TypeError(`unknown option \`${name}\` of ${method}, ${hint}`)
  }
  return given
}

/** One property of an object that serves as a map. */
const pair = (/** @type {string} */ key, /** @type {string | null} */ value) => ({ key, value })

/**
 * Whether a value is a `Uint8Array`, such as a `Buffer`.
 *
 * @param {unknown} value
 * @returns {value is Uint8Array}
 */
function isBytes(value) {
  return typeName.call(value) === 'Uint8Array'
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype)
const typeName = /** @type {() => string | undefined} */ (
  Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get
)

module.exports = {
  callable, entries, instant, isBytes, isRecord, optionalDue, optionalInstant, optionalText, optionalTexts,
  optionalTruth, optionalWhole, options, pair, text, texts, truth, whole, wrong,
}
