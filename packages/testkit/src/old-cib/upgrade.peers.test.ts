import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Prng } from '@quorate/base'
import { cibFaults, exitCodeOf, isValidCib, performCall, usableCib } from '@quorate/cib'
import { withAttributes, type XmlElement } from '@quorate/xml'
import { afterAll, describe, expect, test } from 'vitest'
import { Chance } from '../conformance/random/chance.ts'
import { canonicalLines } from './canonical.ts'
import { oldCib } from './generator.ts'
import { grown } from './growth.ts'
import { adminUpgrade, realUpgradeMissing, simulateUpgrade } from './real-upgrade.ts'

const missing = realUpgradeMissing()
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-upgrade-'))
/** `QUORATE_OLD_CIBS=FROM-TO` compares other seeds than those of every run. */
const [firstSeed = 0, lastSeed = 24] = (process.env['QUORATE_OLD_CIBS'] ?? '0-24').split('-').map(Number)
const seeds = Array.from({ length: lastSeed - firstSeed + 1 }, (_, index) => firstSeed + index)
/** Ten times what it takes where a machine has nothing else to do, for each of two programs. */
const timeoutMs = 300_000 + seeds.length * 20_000

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Everything but the status, to which simulations add. */
function configurationOf(cib: XmlElement): readonly string[] {
  return canonicalLines({ ...cib, children: cib.children.filter(({ name }) => name !== 'status') })
}

/** Everything but who changed it and when. */
function unstamped(cib: XmlElement): readonly string[] {
  const stamps = ['cib-last-written', 'update-origin', 'update-client', 'update-user']
  return canonicalLines(withAttributes(cib, Object.fromEntries(stamps.map((name) => [name, undefined]))))
}

/** What the C program says of the upgrade itself. The order is that of its passes over the document. */
function notesIn(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => /^(DEBUG|INFO|WARNING): /.test(line))
    .sort()
}

const kinds: readonly (readonly [kind: string, make: (seed: number) => XmlElement])[] = [
  ['old CIBs', oldCib],
  ['old CIBs with more in them', (seed) => grown(oldCib(seed), new Chance(new Prng(BigInt(seed))))],
]

describe.skipIf(missing !== undefined).each(kinds)(
  `%s upgraded${missing === undefined ? '' : ` (${missing})`}`,
  (_, make) => {
    test('as crm_simulate does before it decides, or refused with its words', { timeout: timeoutMs }, async () => {
      for (const seed of seeds) {
        const cib = make(seed)
        const real = await simulateUpgrade(cib, folder, `${seed}`)
        const ours = usableCib(cib)
        expect({ seed, lines: ours.ok ? configurationOf(ours.cib) : ours.reason }).toEqual({
          seed,
          lines: real.cib === undefined ? /Cannot upgrade.*/.exec(real.stderr)?.[0] : configurationOf(real.cib),
        })
        expect({ seed, notes: [...ours.notes].sort() }).toEqual({ seed, notes: notesIn(real.stderr) })
      }
    })

    test('as cibadmin --upgrade does, counters included', { timeout: timeoutMs }, async () => {
      for (const seed of seeds) {
        const cib = make(seed)
        const real = await adminUpgrade(cib, folder, `${seed}`)
        const call = { op: 'cib_upgrade', section: undefined, options: 0 } as const
        const ours = isValidCib(cib) ? performCall(cib, call, { isValid: isValidCib }) : { rc: cibFaults.schema, cib }
        const code = ours.rc === cibFaults.schemaUnchanged ? 0 : exitCodeOf(ours.rc)
        const wanted = real.cib === undefined ? [] : unstamped(real.cib)
        expect({ seed, code, lines: unstamped(ours.cib) }).toEqual({ seed, code: real.code, lines: wanted })
      }
    })
  },
)
