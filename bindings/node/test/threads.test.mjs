// Readers hold snapshots while writers commit, in this thread, in others, and in ones that end abruptly.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Worker } from 'node:worker_threads'

import { memory, open } from 'matricula'
import { at, company, crowd, define, fresh, mapping } from './company.mjs'

const options = { at: at('2026-11-22') }

/** Runs code in a thread of its own that has `matricula`, `company` and `data`; resolves with what it posts. */
function inThread(code, data) {
  const source = `
    const { parentPort, workerData: data } = await import('node:worker_threads')
    const matricula = await import(${JSON.stringify(import.meta.resolve('matricula'))})
    const company = await import(${JSON.stringify(new URL('./company.mjs', import.meta.url).href)})
    ${code}`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: data })
  const posted = new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', status => reject(new Error(`the thread ended with ${status} before it said anything`)))
  })
  return { worker, posted }
}

test('a snapshot stays as it is while a commit is made', async () => {
  const registry = await company()
  const before = registry.snapshot()
  const committing = registry.asHost('hr').transact(tx => tx.importUsers(crowd(50_000), { mapping }), options)
  let reads = 0
  let done = false
  committing.then(() => { done = true })
  while (!done) {
    assert.deepEqual(before.members('germans'), ['ann', 'dee'])
    assert.ok([3, 50_003].includes(registry.snapshot().userCount), 'all of it or nothing')
    reads += 1
    await new Promise(setImmediate)
  }
  assert.ok(reads > 1, `${reads} reads while the pool was at work`)
  assert.deepEqual([before.userCount, before.revision], [3, 1])
  assert.deepEqual([registry.snapshot().userCount, registry.revision], [50_003, 2])
})

test('concurrent transactions are recorded one after the other', async () => {
  const registry = await company()
  const hosts = Array.from({ length: 8 }, (_, index) => registry.asHost(`host ${index}`))
  const deltas = await Promise.all(hosts.map((host, index) =>
    host.transact(tx => tx.updateUser(`user ${index}`, { values: { country: 'DE' } }), options)))
  assert.deepEqual(deltas.map(delta => delta.revision).sort(), [2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(registry.snapshot().memberCount('germans'), 10)
  assert.deepEqual(deltas.map(delta => delta.steps.length), Array(8).fill(1))
})

test('threads with handles of their own write to one file', async t => {
  const file = fresh(t)
  const registry = open(file)
  t.after(() => registry.close())
  await registry.asHost('hr').transact(define, options)
  const writers = [0, 1].map(thread => inThread(`
    const registry = matricula.open(data.file)
    for (let user = 0; user < 10; user += 1) {
      const change = tx => tx.updateUser(data.thread + '-' + user, { values: { country: 'DE' } })
      await registry.asHost('thread').transact(change, { at: company.at('2026-11-22') })
    }
    registry.close()
    parentPort.postMessage('done')`, { file, thread }))
  assert.deepEqual(await Promise.all(writers.map(writer => writer.posted)), ['done', 'done'])
  const snapshot = await registry.refresh()
  assert.deepEqual([snapshot.revision, snapshot.memberCount('germans')], [21, 20])
})

test('a thread may end in the middle of an import that tells its progress', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { worker, posted } = inThread(`
      const registry = matricula.memory()
      registry.asHost('hr').transact(async tx => {
        company.define(tx)
        const progress = () => { parentPort.postMessage('at work') }
        await tx.importUsers(company.crowd(200_000), { mapping: company.mapping, progress })
      }, { at: company.at('2026-11-22') })`)
    assert.equal(await posted, 'at work')
    assert.equal(await worker.terminate(), 1)
  }
  assert.equal((await company()).revision, 1, 'this thread is well')
})

test('registries come and go by the hundred', async () => {
  const when = at('2026-11-22')
  for (let index = 0; index < 300; index += 1) {
    const registry = memory()
    await registry.asHost('hr').transact(tx => tx.updateUser('ann'), { at: when })
    if (index % 2 === 0) registry.close()
  }
})
