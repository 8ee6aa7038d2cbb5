import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cibFaultsIn, cibSignature, emptyCib, isValidCib, performCall, versionOf, versionText } from '@quorate/cib'
import { attr, element, parseXml, type XmlElement } from '@quorate/xml'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { CibStore } from './cib-store.ts'

let folder = ''
let told: string[] = []
let outcomes: string[] = []

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cib-store-'))
  told = []
  outcomes = []
})
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

function store(where = folder): CibStore {
  return new CibStore({
    folder: where,
    owner: undefined,
    localTime: () => 'Sun Nov 22 14:33:16 2026',
    faultsIn: (cib) => cibFaultsIn(cib),
    log: (level, text) => told.push(`${level}: ${text}`),
    written: (outcome) => outcomes.push(outcome),
  })
}

/** A CIB with that many changes of its configuration behind it. */
function changed(times: number): XmlElement {
  let cib = emptyCib(0)
  for (let i = 0; i < times; i += 1) {
    const data = element('primitive', { id: `p${i}`, class: 'ocf', provider: 'quorate', type: 'dummy' })
    cib = performCall(cib, { op: 'cib_create', section: 'resources', data }, { isValid: isValidCib }).cib
  }
  return cib
}

const file = (name: string): string => path.join(folder, name)
const names = (): readonly string[] => fs.readdirSync(folder).sort()
const version = (cib: XmlElement): string => versionText(versionOf(cib))

describe('the files of a CIB', () => {
  it('are a document and its signature, readable by nobody else, without the status', async () => {
    await store().persist(changed(2))
    const text = fs.readFileSync(file('cib.xml'), 'utf8')
    expect(text.startsWith('<cib crm_feature_set=')).toBe(true)
    expect(text).not.toContain('<status')
    const read = parseXml(text)
    expect(read.ok && cibSignature(read.value)).toBe(fs.readFileSync(file('cib.xml.sig'), 'utf8'))
    expect(read.ok && attr(read.value, 'cib-last-written')).toBe('Sun Nov 22 14:33:16 2026')
    expect(fs.statSync(file('cib.xml')).mode & 0o777).toBe(0o600)
    expect(names()).toEqual(['cib.xml', 'cib.xml.sig'])
    expect(version((await store().read()).cib)).toBe('0.2.0')
  })

  it('stay as numbered backups when newer ones come', async () => {
    const kept = store()
    for (let i = 1; i <= 3; i += 1) await kept.persist(changed(i))
    expect(names()).toEqual([
      'cib-0.raw',
      'cib-0.raw.sig',
      'cib-1.raw',
      'cib-1.raw.sig',
      'cib.last',
      'cib.xml',
      'cib.xml.sig',
    ])
    expect(fs.readFileSync(file('cib.last'), 'utf8')).toBe('2')
    expect(fs.readFileSync(file('cib-1.raw'), 'utf8')).toContain('epoch="2"')
    expect(outcomes).toEqual(['stored', 'stored', 'stored'])
  })

  it('are written once for all changes that come while a write is running', async () => {
    const kept = store()
    await Promise.all(Array.from({ length: 50 }, (_, i) => kept.persist(changed(i + 1))))
    expect(fs.readFileSync(file('cib.xml'), 'utf8')).toContain('epoch="50"')
    expect(outcomes.length).toBeLessThanOrEqual(2)
  })
})

describe('at start', () => {
  it('nothing there is an empty CIB that any other wins against', async () => {
    const { cib, status } = await store().read()
    expect([version(cib), status]).toEqual(['0.0.0', 0])
  })

  it.each([
    [
      'was edited',
      (text: string) => text.replace('p0', 'px'),
      /cib.xml has digest [0-9a-f]{32}, expected [0-9a-f]{32}/,
    ],
    ['is cut off', (text: string) => text.slice(0, 200), /cib\.xml:\d+:\d+: /],
    ['is empty', () => '', /cib\.xml:1:1: document has no element|cib\.xml:1:1/],
    ['is something else', () => '<html/>', /digest|holds <html>, expected <cib>/],
  ])('a document that %s is moved aside, said so, and the newest backup is taken', async (_, change, reason) => {
    const kept = store()
    await kept.persist(changed(1))
    await kept.persist(changed(2))
    await kept.persist(changed(3))
    fs.writeFileSync(file('cib.xml'), change(fs.readFileSync(file('cib.xml'), 'utf8')))
    const { cib, status } = await store().read()
    expect([version(cib), status]).toEqual(['0.2.0', 0])
    expect(told.join('\n')).toMatch(reason)
    expect(told.join('\n')).toMatch(/cib\.xml cannot be used and was kept as cib\.auto\.[0-9a-f]{6}/)
    const aside = names().filter((name) => name.startsWith('cib.auto.'))
    expect(aside.map((name) => name.replace(/[0-9a-f]{6}/, 'X'))).toEqual(['cib.auto.X', 'cib.auto.X.sig'])
  })

  it('backups that are broken too are passed over', async () => {
    const kept = store()
    for (let i = 1; i <= 3; i += 1) await kept.persist(changed(i))
    for (const name of ['cib.xml', 'cib-1.raw']) fs.appendFileSync(file(name), '<!-- -->x')
    expect(version((await store().read()).cib)).toBe('0.1.0')
  })

  it('a document without signature is taken with a warning, one that does not conform is not served', async () => {
    await store().persist(changed(1))
    fs.rmSync(file('cib.xml.sig'))
    expect(version((await store().read()).cib)).toBe('0.1.0')
    expect(told).toEqual([`warning: ${file('cib.xml.sig')} is missing; cib.xml is taken without it`])
    fs.writeFileSync(file('cib.xml'), fs.readFileSync(file('cib.xml'), 'utf8').replace('type="dummy"', 'kind="dummy"'))
    const { status, faults } = await store().read()
    expect(status).toBe(-203)
    const text = fs.readFileSync(file('cib.xml'), 'utf8').split('\n')
    const line = text.findIndex((item) => item.includes('kind="dummy"')) + 1
    expect(faults[0]).toMatch(new RegExp(`cib\\.xml:${line}: /cib/configuration/resources/primitive`))
    expect(told.join('\n')).toMatch(/cib\.xml:\d+: \/cib\/configuration\/resources\/primitive\[@id='p0'\].*kind/)
  })
})

describe('a document edited while the cluster runs', () => {
  it('is kept aside, and the cluster writes on', async () => {
    const kept = store()
    await kept.persist(changed(1))
    fs.writeFileSync(file('cib.xml'), fs.readFileSync(file('cib.xml'), 'utf8').replace('p0', 'by-hand'))
    await kept.persist(changed(2))
    expect(told.join('\n')).toMatch(/cib\.xml was manually modified while the cluster was active; kept as cib\.auto\./)
    expect(fs.readFileSync(file('cib.xml'), 'utf8')).toContain('epoch="2"')
    expect(outcomes).toEqual(['stored', 'stored'])
  })
})

const isRoot = process.geteuid?.() === 0

test.skipIf(!isRoot)(
  `a full disk leaves the old files as they are${isRoot ? '' : ' (skipped: root is needed)'}`,
  async () => {
    const disk = file('disk')
    fs.mkdirSync(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk]).status).toBe(0)
    try {
      const kept = store(disk)
      await kept.persist(changed(1))
      expect(kept.hasRoom(1000)).toBe(true)
      fs.writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(0))
      const handle = fs.openSync(path.join(disk, 'ballast'), 'w')
      try {
        for (;;) fs.writeSync(handle, Buffer.alloc(4096, 'x'))
      } catch {
        fs.closeSync(handle)
      }
      expect(kept.hasRoom(1000)).toBe(false)
      await kept.persist(changed(2))
      await kept.close()
      expect(outcomes).toEqual(['stored', 'full'])
      expect(version((await store(disk).read()).cib)).toBe('0.1.0')
      fs.rmSync(path.join(disk, 'ballast'))
      const again = store(disk)
      await again.persist(changed(2))
      expect(version((await store(disk).read()).cib)).toBe('0.2.0')
    } finally {
      spawnSync('umount', [disk])
    }
  },
)
