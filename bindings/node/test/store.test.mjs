// The file of a registry: ways to open it, copies of it, images in it, and readers that wait for a commit.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'

import { limitConnections, memory, open } from 'matricula'
import { at, define, failure, fresh, mistake } from './company.mjs'

const options = { at: at('2026-11-21') }
const people = count => Array.from({ length: count }, (_, number) => `u${number}`)

/** Commits people, and says which revision that is. */
async function fill(registry, ...users) {
  await registry.asHost('hr').transact(tx => {
    for (const user of users) tx.updateUser(user, { values: { country: 'DE' } })
  }, options)
  return registry.revision
}

/** A file with the company in it, which nobody has open. */
async function filled(t) {
  const file = fresh(t)
  const registry = open(file)
  await registry.asHost('setup').transact(define, options)
  await fill(registry, 'ann', 'bob')
  registry.close()
  return file
}

const files = folder => fs.readdirSync(folder).map(name => {
  const { size, mtimeMs } = fs.statSync(path.join(folder, name))
  return [name, size, mtimeMs]
})

test('a file that is only read is left as it is', async t => {
  const file = await filled(t)
  const before = files(path.dirname(file))
  const registry = open(file, { readOnly: true })
  assert.deepEqual(registry.snapshot().members('germans'), ['ann', 'bob'])
  const refused = failure('store', 'cannot write: the file was opened to be read only')
  await assert.rejects(fill(registry, 'cy'), refused)
  await assert.rejects(registry.saveCache(), refused)
  assert.equal(registry.revision, 2)
  registry.close()
  assert.throws(() => open(path.join(path.dirname(file), 'missing.db'), { readOnly: true }), { code: 'store' })
  assert.deepEqual(files(path.dirname(file)), before)
})

test('a commit that does not fit is refused', async t => {
  const file = await filled(t)
  const registry = open(file, { maxBytes: fs.statSync(file).size + 40_000 })
  await assert.rejects(fill(registry, ...people(2000)), error => {
    assert.equal(error.code, 'store')
    assert.match(error.message, /the disk is full, or the file has reached its greatest size$/)
    return true
  })
  assert.equal(registry.revision, 2)
  assert.equal(await fill(registry, 'cy'), 3)
  registry.close()
  const larger = open(file, { maxBytes: 2 ** 40 })
  assert.equal(await fill(larger, ...people(2000)), 4)
  larger.close()
})

test('an image is kept where that is asked', async t => {
  const file = await filled(t)
  const before = fs.readFileSync(file)
  const without = open(file, { cache: false })
  await without.saveCache()
  without.close()
  assert.ok(before.equals(fs.readFileSync(file)))
  const registry = open(file)
  await registry.saveCache()
  registry.close()
  assert.equal(before.equals(fs.readFileSync(file)), false, 'the image is in it')
  const again = open(file)
  assert.deepEqual(again.snapshot().members('germans'), ['ann', 'bob'])
  again.close()
  await memory().saveCache()
})

test('closing a large registry leaves an image, unless told otherwise', async t => {
  const sizes = []
  for (const cache of [true, false]) {
    const file = fresh(t)
    const registry = open(file, { cache, durability: 'normal', busyTimeout: 100, secureDelete: true })
    await registry.asHost('setup').transact(define, options)
    await fill(registry, ...people(5000))
    registry.close()
    sizes.push(fs.statSync(file).size)
    for (const used of [true, false]) {
      const again = open(file, { cache: used })
      assert.equal(again.snapshot().memberCount('germans'), 5000)
      again.close()
    }
  }
  assert.ok(sizes[0] > sizes[1] + 10_000, `${sizes}`)
})

test('ways to open that there are not', async t => {
  const file = await filled(t)
  assert.throws(() => open(file, { durability: 'none' }),
    failure('invalid_definition', 'unknown durability `none`, expected full or normal'))
  const whole = 'expected a whole number from 0 to 9007199254740991'
  for (const [given, said] of [
    [{ readonly: true }, 'unknown option `readonly` of open, did you mean `readOnly`?'],
    [{ readOnly: 1 }, '`readOnly` is the number 1, expected a boolean'],
    [{ durability: null }, '`durability` is null, expected a string'],
    [{ secureDelete: 'yes' }, '`secureDelete` is a string, expected a boolean'],
    [{ cache: null }, '`cache` is null, expected a boolean'],
    [{ busyTimeout: -1 }, `\`busyTimeout\` is the number -1, ${whole}`],
    [{ maxBytes: 1.5 }, `\`maxBytes\` is the number 1.5, ${whole}`],
    [null, '`options of open` is null, expected an object'],
  ]) assert.throws(() => open(file, given), mistake(said))
  assert.throws(() => limitConnections(-1), mistake(`\`most\` is the number -1, ${whole}`))
  assert.throws(() => limitConnections(), mistake(`\`most\` is undefined, ${whole}`))
})

test('files that rest are closed beyond a limit', async t => {
  t.after(() => limitConnections(64))
  const folder = path.dirname(fresh(t))
  const logs = () => fs.readdirSync(folder).filter(name => name.endsWith('-wal')).length
  limitConnections(2)
  const registries = [0, 1, 2, 3, 4].map(number => open(path.join(folder, `${number}.db`)))
  t.after(() => registries.forEach(registry => registry.close()))
  assert.ok(logs() <= 2)
  for (const registry of registries) {
    await registry.asHost('hr').transact(tx => tx.updateUser('ann'), options)
    assert.ok(logs() <= 2)
  }
  limitConnections(64)
  for (const registry of registries) assert.equal((await registry.refresh()).revision, 1)
  assert.equal(logs(), 5)
})

test('a backup is a registry of its own', async t => {
  const file = await filled(t)
  const copy = path.join(path.dirname(file), 'copy.db')
  const registry = open(file)
  t.after(() => registry.close())
  await registry.backup(copy)
  await fill(registry, 'later')
  await assert.rejects(registry.backup(copy),
    failure('store', `cannot back up to \`${copy}\`: there is a file of this name already`))
  await assert.rejects(registry.backup(path.join(path.dirname(file), 'no', 'folder.db')), { code: 'store' })
  await assert.rejects(registry.backup(1), mistake('`path` is the number 1, expected a string'))
  await assert.rejects(registry.backup(''), mistake('`path` is empty, expected the path of a file'))
  const other = open(copy)
  assert.deepEqual(other.snapshot().users(), ['ann', 'bob'])
  assert.deepEqual((await other.deltas()).map(({ revision }) => revision), [1, 2])
  assert.equal(await fill(other, 'other'), 3)
  other.close()
  await assert.rejects(memory().backup(path.join(path.dirname(file), 'memory.db')),
    failure('not_possible', 'this store is no file and cannot be backed up to one'))
})

test('a reader that demands a revision gets it or nothing', async t => {
  const file = await filled(t)
  const [reader, writer] = [open(file), open(file)]
  t.after(() => { reader.close(); writer.close() })
  const revision = await fill(writer, 'cy')
  assert.equal(reader.revision, 2)
  assert.equal((await reader.snapshotAtLeast(revision, { timeout: 0 })).user('cy').key, 'cy')
  assert.equal((await reader.snapshotAtLeast(0, { timeout: 0 })).revision, 3)
  const start = performance.now()
  await assert.rejects(reader.snapshotAtLeast(4, { timeout: 60 }),
    failure('stale', 'the registry is at revision 3, expected at least 4 within 60ms'))
  assert.ok(performance.now() - start >= 55)
  // More of them than the pool has threads, and there is still one to commit.
  const waiting = Array.from({ length: 16 }, () => reader.snapshotAtLeast(4, { timeout: 60_000 }))
  await fill(writer, 'dee')
  for (const snapshot of await Promise.all(waiting)) assert.equal(snapshot.user('dee').key, 'dee')
  const whole = 'expected a whole number from 0 to 9007199254740991'
  await assert.rejects(reader.snapshotAtLeast(-1, { timeout: 0 }), mistake(`\`revision\` is the number -1, ${whole}`))
  await assert.rejects(reader.snapshotAtLeast(1), mistake(`\`timeout\` is undefined, ${whole}`))
  await assert.rejects(reader.snapshotAtLeast(1, { timeout: 0.5 }), mistake(`\`timeout\` is the number 0.5, ${whole}`))
})

test('closing ends a wait', async t => {
  const registry = open(await filled(t))
  const waiting = registry.snapshotAtLeast(99, { timeout: 60_000 })
  setTimeout(() => registry.close(), 30)
  await assert.rejects(waiting, failure('closed', 'the registry is closed'))
  for (const call of [
    () => registry.snapshotAtLeast(0, { timeout: 0 }),
    () => registry.saveCache(),
    () => registry.backup('/no/such/file'),
  ]) await assert.rejects(call(), failure('closed', 'the registry is closed'))
})
