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

const expressions: readonly string[] = [
  '<expression id="e" attribute="a" operation="defined"/>',
  '<expression id="e" attribute="a" operation="eq" value="1" type="integer"/>',
  '<expression id="e" attribute="a" operation="eq" value="1" value-source="meta"/>',
  '<date_expression id="e" operation="date_spec"><date_spec id="ds" hours="9-16"/></date_expression>',
  '<rule id="e" score="1"><expression id="ee" attribute="a" operation="defined"/></rule>',
  '<rsc_expression id="e" class="ocf"/>',
  '<op_expression id="e" name="monitor" interval="10s"/>',
  '<rule id="e" score="1"><rsc_expression id="ee" type="Dummy"/></rule>',
]

/** Every section of a configuration in which rules can stand, each with the text of one rule. */
function rulePlaces(rule: string): readonly string[] {
  const set = (name: string) => `<${name} id="set">${rule}<nvpair id="nv" name="n" value="v"/></${name}>`
  const primitive = (inside: string) =>
    `<crm_config/><nodes/><resources><primitive id="p" class="ocf" provider="x" type="y">${inside}</primitive></resources>`
  const none = '<constraints/>'
  const located = (inside: string) => `${primitive('')}<constraints>${inside}</constraints>`
  const alerted = (inside: string) =>
    `${primitive('')}${none}<alerts><alert id="al" path="x">${inside}</alert></alerts>`
  return [
    `<crm_config>${set('cluster_property_set')}</crm_config><nodes/><resources/>${none}`,
    `<crm_config/><nodes><node id="1" uname="n" type="normal">${set('instance_attributes')}</node></nodes><resources/>${none}`,
    `${primitive(set('instance_attributes'))}${none}`,
    `${primitive(set('meta_attributes'))}${none}`,
    `${primitive(`<operations><op id="o" name="start" interval="0">${set('meta_attributes')}</op></operations>`)}${none}`,
    `${primitive('')}${none}<rsc_defaults>${set('meta_attributes')}</rsc_defaults>`,
    `${primitive('')}${none}<op_defaults>${set('meta_attributes')}</op_defaults>`,
    located(`<rsc_location id="l" rsc="p">${rule}</rsc_location>`),
    located(`<rsc_location id="l" rsc="p" node="n" score="1"><lifetime>${rule}</lifetime></rsc_location>`),
    alerted(set('meta_attributes')),
    alerted(`<recipient id="re" value="v">${set('instance_attributes')}</recipient>`),
  ]
}

function chanceOf(seed: number): Chance {
  return new Chance(new Prng(BigInt(seed)))
}

describe.skipIf(missing !== undefined)(
  `schemas as xmllint judges them${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    test('old CIBs, whole and with things changed at random', () => {
      const documents = Array.from({ length: documentsMax }, (_, seed) => {
        const chance = chanceOf(seed)
        return chance.yes(60) ? mutated(oldCib(seed), chance) : oldCib(seed)
      })
      const { different, valid } = compared(documents)
      expect(different).toEqual([])
      expect(valid).toBeGreaterThan(documentsMax)
    })

    test('every expression in the rules of every section', () => {
      const documents = expressions.flatMap((expression) =>
        rulePlaces(`<rule id="r" score="5">${expression}</rule>`).map((configuration) => {
          const read = parseXml(
            `<cib admin_epoch="0" epoch="1" num_updates="0"><configuration>${configuration}</configuration><status/></cib>`,
          )
          if (!read.ok) throw new Error(read.error.reason)
          return read.value
        }),
      )
      const { different, valid } = compared(documents)
      expect(different).toEqual([])
      expect(valid).toBeGreaterThan(documents.length)
    })
  },
)

describe.skipIf(suiteMissing !== undefined)(
  `schemas on the suite's CIBs${suiteMissing === undefined ? '' : ` (${suiteMissing})`}`,
  () => {
    test('with things changed at random', () => {
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
