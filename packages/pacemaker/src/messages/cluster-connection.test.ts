import { nodeId } from '@quorate/base'
import type { CpgChange, CpgHandlers, QuorumHandlers, Ring } from '@quorate/corosync/client'
import { expect, test } from 'vitest'
import { processHost } from '../daemon/process-host.ts'
import type { Bzip2 } from './bzip2.ts'
import { connectCluster } from './cluster-connection.ts'

const [self, other] = [nodeId(1), nodeId(2)]
const noBzip2: Bzip2 = { compress: (bytes) => bytes, decompress: (bytes) => bytes }

/** A ring that says what the test tells it to. */
function toldRing() {
  let quorum: QuorumHandlers | undefined
  let group: CpgHandlers | undefined
  const close = (): void => undefined
  const done = async (): Promise<void> => undefined
  const ring: Ring = {
    cpg: async (handlers) => {
      group = handlers
      return { localNodeId: self, join: done, leave: done, mcast: done, close }
    },
    quorum: async (handlers) => {
      quorum = handlers
      queueMicrotask(() => view(4n, [1, 2]))
      return { getQuorate: async () => true, close }
    },
    cmap: async () => ({
      get: async () => undefined,
      set: done,
      delete: done,
      keys: async () => [],
      track: async () => done,
      close,
    }),
    cfg: async () => ({ localNodeId: self, tryShutdown: done, killNode: done, close }),
  }
  const view = (ringSeq: bigint, members: readonly number[]): void =>
    quorum?.changed({ isQuorate: members.length > 1, ringSeq, ringRep: self, members: members.map(nodeId) })
  const change = (what: { left?: readonly CpgChange[]; joined?: readonly CpgChange[] }): void => {
    const there = what.left === undefined ? [self, other] : [self]
    const members = there.map((id) => ({ nodeId: id, pid: 7 }))
    group?.confchg({ members, left: what.left ?? [], joined: what.joined ?? [] })
  }
  return { ring, view, change, named: (seq: bigint) => group?.ring?.(seq, [self, other]) }
}

test('a node that the ring has lost is told as gone only with the quorum that is left', async () => {
  const { ring, view, change, named } = toldRing()
  const log = (): void => undefined
  const cluster = await connectCluster({
    ring,
    bzip2: noBzip2,
    log,
    host: processHost,
    hostName: 'n1',
    isAddress: () => false,
  })
  const told: string[] = []
  await cluster.join('crmd', {
    message: () => undefined,
    changed: (peer, joined) => {
      told.push(`${joined ? '+' : '-'}${peer.nodeId} ${cluster.view().isQuorate ? 'with' : 'without'} quorum`)
    },
  })
  await new Promise((resolve) => setImmediate(resolve))
  change({ joined: [{ nodeId: self, pid: 7, reason: 'join' }] })
  expect(told).toEqual(['+1 with quorum', '+2 with quorum'])

  told.length = 0
  change({ left: [{ nodeId: other, pid: 7, reason: 'nodedown' }] })
  named(8n)
  expect(told).toEqual([])
  view(8n, [1])
  expect(told).toEqual(['-2 without quorum'])

  told.length = 0
  change({ joined: [{ nodeId: other, pid: 7, reason: 'nodeup' }] })
  named(12n)
  expect(told).toEqual([])
  view(12n, [1, 2])
  expect(told).toEqual(['+2 with quorum'])

  // A process that goes while its node stays is no matter of the ring.
  told.length = 0
  change({ left: [{ nodeId: other, pid: 7, reason: 'leave' }] })
  expect(told).toEqual(['-2 with quorum'])
  await cluster.close()
})
