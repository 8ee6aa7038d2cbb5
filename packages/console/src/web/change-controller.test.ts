import { expect, test } from 'vitest'
import type { Operation, Preview } from '../api/index.ts'
import { movePreview, runningMove } from '../web-tests/generated-cluster.ts'
import { ChangeController } from './change-controller.ts'
import { ClusterStore } from './cluster-store.ts'
import { type Answer, Server } from './server.ts'

const request = { kind: 'move' as const, targets: ['a', 'b'], args: { to: 'node-03', seconds: 600, keep: false } }

/** A server whose answers the test gives, one after the other. */
class HeldServer extends Server {
  readonly previews: ((answer: Answer<Preview>) => void)[] = []
  readonly changes: { readonly key: string; readonly version: string; answer(to: Answer<Operation>): void }[] = []

  override preview(): Promise<Answer<Preview>> {
    return new Promise((resolve) => this.previews.push(resolve))
  }

  override begin(_request: unknown, version: string, key: string): Promise<Answer<Operation>> {
    return new Promise((answer) => this.changes.push({ key, version, answer }))
  }
}

const previewOf = (version: string): Answer<Preview> => ({ ok: true, value: movePreview(request, version) })
const refusal = (code: 'unreachable' | 'cibChanged'): Answer<never> => ({ ok: false, problem: { code, detail: '' } })

/** Lets everything go on that waits for nothing but answers that are there. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('however often it is applied meanwhile, it is sent once', async () => {
  const server = new HeldServer()
  const store = new ClusterStore()
  const change = new ChangeController(server, store)
  change.request(request)
  void change.apply(undefined)
  server.previews[0]?.(previewOf('0.1.0'))
  await settled()
  void change.apply(undefined)
  void change.apply(undefined)
  expect(server.changes.map((one) => one.version)).toEqual(['0.1.0'])
  server.changes[0]?.answer({ ok: true, value: runningMove(request) })
  await settled()
  expect(change.flow.value).toEqual({ step: 'begun', operation: 'op-1' })
  expect(store.state.value.operations.has('op-1')).toBe(true)
})

test('what got no answer is sent again with the same key; what the cluster overtook with another', async () => {
  const server = new HeldServer()
  const change = new ChangeController(server, new ClusterStore())
  change.request(request)
  server.previews[0]?.(previewOf('0.1.0'))
  await settled()
  void change.apply(undefined)
  server.changes[0]?.answer(refusal('unreachable'))
  await settled()
  void change.retry()
  expect(server.changes[1]?.key).toBe(server.changes[0]?.key)
  server.changes[1]?.answer(refusal('cibChanged'))
  await settled()
  server.previews[1]?.(previewOf('0.2.0'))
  await settled()
  void change.apply(undefined)
  expect(server.changes[2]?.version).toBe('0.2.0')
  expect(server.changes[2]?.key).not.toBe(server.changes[0]?.key)
})

test('a preview that is no longer asked for is thrown away', async () => {
  const server = new HeldServer()
  const change = new ChangeController(server, new ClusterStore())
  change.request(request)
  change.dismiss()
  server.previews[0]?.(previewOf('0.1.0'))
  await settled()
  expect(change.flow.value).toEqual({ step: 'idle' })
})
