import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Prng } from '@quorate/base'
import { conformsTo, schemaNames, schemaNumber } from '@quorate/cib'
import { formatXml, parseXml, type XmlElement } from '@quorate/xml'
import { afterAll, describe, expect, test } from 'vitest'
import { Chance } from '../conformance/random/chance.ts'
import { sharedFolder } from '../lab.ts'
import { oldCib } from './generator.ts'
import { mutated } from './mutation.ts'
import { realSchemasMissing, realVerdicts } from './real-schema.ts'

const missing = realSchemasMissing()
const suite = path.join(sharedFolder(), 'suites/scheduler-2.1.5')
const suiteMissing = missing ?? (fs.existsSync(suite) ? undefined : `${suite} is missing`)
const names = [...schemaNames, 'pacemaker-next']
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-schema-'))
const documentsMax = 200
const suiteBytesMax = 60_000

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Documents of which ours and the real verdict differ, and how many were found valid. */
function compared(documents: readonly XmlElement[]): { readonly different: string[]; readonly valid: number } {
  const files = documents.map((document, index) => {
    const file = path.join(folder, `${index}.xml`)
    fs.writeFileSync(file, formatXml(document))
    return file
  })
  const different: string[] = []
  let valid = 0
  for (const name of names) {
    const real = realVerdicts(files, name)
    documents.forEach((document, index) => {
      if (real[index] === true) valid += 1
      const ours = conformsTo(document, schemaNumber(name) ?? 0)
      if (ours !== real[index]) different.push(`${name}, ours ${ours}: ${formatXml(document)}`)
    })
  }
  return { different, valid }
}

function chanceOf(seed: number): Chance {
  return new Chance(new Prng(BigInt(seed)))
}

describe.skipIf(missing !== undefined)(
  `schemas as xmllint judges them${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    test('old CIBs, whole and with things changed at random', { timeout: 120_000 }, () => {
      const documents = Array.from({ length: documentsMax }, (_, seed) => {
        const chance = chanceOf(seed)
        return chance.yes(60) ? mutated(oldCib(seed), chance) : oldCib(seed)
      })
      const { different, valid } = compared(documents)
      expect(different).toEqual([])
      expect(valid).toBeGreaterThan(documentsMax)
    })
  },
)

describe.skipIf(suiteMissing !== undefined)(
  `schemas on the suite's CIBs${suiteMissing === undefined ? '' : ` (${suiteMissing})`}`,
  () => {
    test('with things changed at random', { timeout: 120_000 }, () => {
      const inputs = fs
        .readdirSync(suite)
        .filter((name) => name.endsWith('.xml') && fs.statSync(path.join(suite, name)).size < suiteBytesMax)
        .sort()
      const documents = Array.from({ length: documentsMax }, (_, seed) => {
        const chance = chanceOf(seed)
        const read = parseXml(fs.readFileSync(path.join(suite, chance.pick(inputs)), 'utf8'))
        if (!read.ok) throw new Error(read.error.reason)
        const bare = { ...read.value, children: read.value.children.filter(({ name }) => name !== 'status') }
        return chance.yes(80) ? mutated(bare, chance) : bare
      })
      const { different, valid } = compared(documents)
      expect(different).toEqual([])
      expect(valid).toBeGreaterThan(documentsMax)
    })
  },
)
