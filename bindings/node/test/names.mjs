// Every name that the package exports as a value. The tests compare this list with the module that runs, and the
// type test with the declarations, so that neither can have a name that the other lacks.

export const names = /** @type {const} */ ([
  'ALL', 'ANY', 'MatriculaError', 'importRegistry', 'limitConnections', 'memory', 'open', 'version',
])
