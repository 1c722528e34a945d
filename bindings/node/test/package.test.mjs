// The package as users get it: by its name, with `import` and with `require`.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'

import * as matricula from 'matricula'
import { names } from './names.mjs'

const require = createRequire(import.meta.url)

test('require and import give the same names', () => {
  assert.deepEqual(Object.keys(require('matricula')).sort(), [...names])
  for (const name of names) assert.equal(matricula[name], require('matricula')[name])
})

test('the version is the package’s', () => {
  assert.equal(matricula.version(), require('matricula/package.json').version)
})
