'use strict'

// What users import. `lib/` implements it on `native.js`, the loader that napi writes at build time, which finds
// the module for this platform. Plain names in `module.exports` are what lets `import { open }` work as well.
const { ALL, ANY } = require('./lib/access.js')
const { MatriculaError } = require('./lib/errors.js')
const { importRegistry, limitConnections, memory, open, version } = require('./lib/registry.js')

module.exports = { ALL, ANY, MatriculaError, importRegistry, limitConnections, memory, open, version }
