import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { HypervisorPool } from './hypervisor-pool.ts'
import { StreamJournal } from './journal.ts'
import { LibraryHypervisor } from './library-hypervisor.ts'
import { LibvirtBackend } from './libvirt-backend.ts'

const isMissing = !spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libvirt.so.0')
const patient = { timeout: 240_000, interval: 20 }
const journal = new StreamJournal(() => undefined, 0)

describe.skipIf(isMissing)(
  `libvirt's client library (${isMissing ? 'skipped: libvirt.so.0 is missing' : 'there'})`,
  () => {
    it('serves the test driver inside this process', async () => {
      const backend = new LibvirtBackend(['test:///default'], journal)
      await backend.start()
      const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f'
      expect(await backend.hosts()).toEqual([{ name: 'test', uuid, state: 1 }])
      const outcomes: number[] = []
      for (const [operation, target] of [
        ['status', 'test'],
        ['off', 'test'],
        ['status', uuid],
        ['on', uuid],
        ['reboot', 'test'],
        ['status', 'test'],
        ['off', 'nosuch'],
        ['status', 'nosuch'],
      ] as const) {
        outcomes.push(await backend.perform(operation, target))
      }
      expect(outcomes).toEqual([0, 0, 2, 0, 0, 0, 1, 2])
      await backend.stop()
    })

    it('tells of guests that stop and start', async () => {
      const hypervisor = await LibraryHypervisor.open('test:///default')
      const events: string[] = []
      await hypervisor.watch(({ domain, event }) => events.push(`${domain.name} ${event}`))
      const domain = await hypervisor.lookup({ name: 'test' })
      await hypervisor.destroy(domain)
      // It may have come before the call had its answer.
      await expect.poll(() => events, patient).toEqual(['test 5'])
      await hypervisor.create(domain)
      await expect.poll(() => events, patient).toEqual(['test 5', 'test 2'])
      hypervisor.close()
    })

    it('refuses what it cannot reach', async () => {
      const pool = new HypervisorPool(['test+ssh://127.0.0.1:1/default'], journal)
      await expect(pool.start()).rejects.toThrow('does not connect')
    })
  },
)
