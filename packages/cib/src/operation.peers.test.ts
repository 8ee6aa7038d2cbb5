import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  comment,
  element,
  formatXml,
  isComment,
  parseXml,
  withAttributes,
  writeXml,
  type XmlElement,
} from '@quorate/xml'
import { afterAll, describe, expect, test } from 'vitest'
import { Dice } from './dice.ts'
import { cibDigest, fileDigest } from './digest.ts'
import { exitCodeOf } from './pacemaker-error.ts'
import { applyPatch } from './patch-apply.ts'
import { changesBetween, patchsetOf } from './patchset.ts'
import { performCall } from './perform.ts'
import { type CibCall, cibCallOptions } from './request.ts'
import { versionOf } from './version.ts'

const hasPacemaker = spawnSync('cibadmin', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-cib-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const file = (name: string): string => path.join(scratch, name)
const everyCib = { isValid: () => true }

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

function parsed(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(`${read.error.reason}: ${text}`)
  return read.value
}

/** A small tree whose elements have few names and ids, so that two of them have much in common. */
function randomTree(dice: Dice, depth: number): XmlElement {
  const attributes: Record<string, string> = {}
  for (const name of ['x', 'y', 'z']) if (dice.below(3) > 0) attributes[name] = String(dice.below(3))
  const shuffled = Object.entries(attributes).sort(() => dice.below(3) - 1)
  return element(
    dice.of(['a', 'b']),
    { id: `i${dice.below(9)}`, ...Object.fromEntries(shuffled) },
    randomChildren(dice, depth),
  )
}

function randomChildren(dice: Dice, depth: number): XmlElement[] {
  const out: XmlElement[] = []
  if (depth === 0) return out
  const count = dice.below(5)
  for (let i = 0; i < count; i += 1) {
    const item = dice.below(8) === 0 ? comment(`c${dice.below(2)}`) : randomTree(dice, depth - 1)
    const isTaken = out.some((other) => other.name === item.name && other.attributes[1] === item.attributes[1])
    if (!isTaken) out.push(item)
  }
  return out
}

function randomCib(dice: Dice): XmlElement {
  const section = (name: string) => element(name, {}, randomChildren(dice, 3))
  return element(
    'cib',
    { crm_feature_set: '3.16.1', 'validate-with': 'none', epoch: '3', num_updates: '1', admin_epoch: '0' },
    [element('configuration', {}, ['crm_config', 'nodes', 'resources', 'constraints'].map(section)), section('status')],
  )
}

describe.skipIf(!hasPacemaker)('beside the real cibadmin and crm_diff (needs Debian pacemaker-cli-utils)', () => {
  test('digests are the same', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const cib = randomCib(new Dice(seed))
      fs.writeFileSync(file('d.xml'), formatXml(cib))
      expect(run('cibadmin', ['-5', '-x', file('d.xml')]).out.trim()).toBe(fileDigest(cib))
      expect(run('cibadmin', ['-6', '-x', file('d.xml')]).out.trim()).toBe(cibDigest(cib))
    }
  })

  test('differences are the same, and can be applied', () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const dice = new Dice(seed)
      const before = randomCib(dice)
      const after = { ...randomCib(dice), attributes: before.attributes.map((text) => (text === '1' ? '2' : text)) }
      fs.writeFileSync(file('a.xml'), formatXml(before))
      fs.writeFileSync(file('b.xml'), formatXml(after))
      const real = run('crm_diff', ['-o', file('a.xml'), '-n', file('b.xml')])
      const ours = patchsetOf(changesBetween(before, after), { source: versionOf(before), target: versionOf(after) })
      expect(formatXml(ours), `seed ${seed}`).toBe(real.out)
      fs.writeFileSync(file('p.xml'), real.out)
      const patched = run('crm_diff', ['-o', file('a.xml'), '-p', file('p.xml')])
      const applied = applyPatch(before, ours, { checksVersion: false })
      expect(applied.ok ? formatXml(applied.value) : applied.error, `seed ${seed}`).toBe(
        patched.code === 0 ? patched.out : -206,
      )
    }
  })

  test('patches of format 1 lead to the same CIB, or are refused alike', () => {
    const old = (cib: XmlElement, updates: number) =>
      withAttributes(cib, { crm_feature_set: '3.0.6', num_updates: String(updates) })
    for (let seed = 0; seed < 40; seed += 1) {
      const dice = new Dice(seed)
      const before = old(randomCib(dice), 1)
      const after = old(dice.below(2) === 0 ? mutated(dice, before) : randomCib(dice), 2)
      fs.writeFileSync(file('a.xml'), formatXml(before))
      fs.writeFileSync(file('b.xml'), formatXml(after))
      const written = run('crm_diff', ['-o', file('a.xml'), '-n', file('b.xml')]).out
      expect(written).toContain('format="1"')
      const text = dice.below(3) === 0 ? written : written.replace(/ digest="[^"]*"/, '')
      fs.writeFileSync(file('p.xml'), text)
      const patched = run('crm_diff', ['-o', file('a.xml'), '-p', file('p.xml')])
      const applied = applyPatch(before, parsed(text), { checksVersion: false })
      expect(applied.ok ? formatXml(applied.value) : applied.error, `seed ${seed}`).toBe(
        patched.code === 0 ? patched.out : -206,
      )
      const real = run('cibadmin', ['-P', '-x', file('p.xml')], { CIB_file: file('a.xml') })
      const ours = performCall(before, { op: 'cib_apply_diff', data: parsed(text) }, everyCib)
      expect(exitCodeOf(ours.rc), `seed ${seed} ${real.err}`).toBe(real.code)
      expect(formatXml(ours.cib), `seed ${seed}`).toBe(formatXml(parsed(fs.readFileSync(file('a.xml'), 'utf8'))))
    }
  })

  test('versions of patches are checked alike', () => {
    const cib = parsed(
      '<cib crm_feature_set="3.0.6" validate-with="none" epoch="5" num_updates="2" admin_epoch="0"><configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>',
    )
    const versions = [
      '',
      'epoch="5" num_updates="2" admin_epoch="0"',
      'epoch="6" num_updates="0" admin_epoch="0"',
      'epoch="4" num_updates="9" admin_epoch="0"',
      'epoch="6"',
      'epoch="x"',
    ]
    for (const from of versions) {
      for (const to of versions) {
        const added = '<configuration><nodes><node id="new" __crm_diff_marker__="added:top"/></nodes></configuration>'
        const change =
          '<change operation="create" path="/cib/configuration/nodes" position="0"><node id="new"/></change>'
        for (const text of [
          `<diff><diff-removed><cib ${from}/></diff-removed><diff-added><cib ${to}>${added}</cib></diff-added></diff>`,
          `<diff format="2"><version><source ${from}/><target ${to}/></version>${change}</diff>`,
        ]) {
          fs.writeFileSync(file('v.xml'), formatXml(cib))
          const real = run('cibadmin', ['-P', '-X', text], { CIB_file: file('v.xml') })
          const ours = performCall(cib, { op: 'cib_apply_diff', data: parsed(text) }, everyCib)
          expect(exitCodeOf(ours.rc), text).toBe(real.code)
          expect(formatXml(ours.cib), text).toBe(formatXml(parsed(fs.readFileSync(file('v.xml'), 'utf8'))))
        }
      }
    }
  })

  test('operations end in the same CIB and the same code', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const dice = new Dice(seed)
      const before = randomCib(dice)
      const { call, args } = randomCall(dice)
      fs.writeFileSync(file('c.xml'), formatXml(before))
      const real = run('cibadmin', args, { CIB_file: file('c.xml') })
      const ours = performCall(before, call, everyCib)
      const what = `seed ${seed}: cibadmin ${args.join(' ')}\n${real.err}`
      expect(exitCodeOf(ours.rc), what).toBe(real.code)
      expect(formatXml(ours.cib), what).toBe(formatXml(parsed(fs.readFileSync(file('c.xml'), 'utf8'))))
      if (call.op === 'cib_query' && ours.output !== undefined) expect(formatXml(ours.output), what).toBe(real.out)
    }
  })
})

/** The tree with some attributes set, some elements left out and some added. */
function mutated(dice: Dice, node: XmlElement): XmlElement {
  const kept = node.children.filter((item) => item.attributes.length === 0 || dice.below(8) > 0)
  const children = kept.map((item) => (isComment(item) ? item : mutated(dice, item)))
  const isObject = node.attributes.length > 0 && node.name !== 'cib'
  if (isObject && dice.below(8) === 0) children.push(element('a', { id: `n${dice.below(9)}` }, randomChildren(dice, 1)))
  const changed = isObject && dice.below(6) === 0 ? withAttributes(node, { x: '7' }) : node
  return { ...changed, children }
}

function randomCall(dice: Dice): { call: CibCall; args: readonly string[] } {
  const section = dice.of([undefined, 'resources', 'resources', 'crm_config', 'status', 'configuration', 'tags'])
  const xpath = dice.of([
    "//a[@id='i1']",
    '//b',
    "//a[@x='1']",
    '//resources/a',
    '//b/a',
    '//c',
    '/cib/configuration/resources',
  ])
  const kind = dice.of(['query', 'create', 'modify', 'replace', 'delete', 'erase', 'bump'] as const)
  const takesXPath = ['query', 'modify', 'replace', 'delete'].includes(kind) && dice.below(3) === 0
  const canCreate = kind === 'modify' && dice.below(2) === 0
  const hasData = ['create', 'modify', 'replace', 'delete'].includes(kind) && !(takesXPath && kind === 'delete')
  const multiple = takesXPath && kind === 'delete' && dice.below(2) === 0
  const data = hasData ? randomData(dice, section) : undefined
  const letters = { query: '-Q', create: '-C', modify: '-M', replace: '-R', delete: '-D', erase: '-E', bump: '-B' }
  const scope = takesXPath ? xpath : section
  let options = takesXPath ? cibCallOptions.xpath : 0
  if (canCreate) options |= cibCallOptions.canCreate
  if (multiple) options |= cibCallOptions.multiple
  const args = [
    multiple ? '-d' : letters[kind],
    ...(kind === 'erase' || multiple ? ['-f'] : []),
    ...(canCreate ? ['-c'] : []),
  ]
  if (scope !== undefined) args.push(takesXPath ? '-A' : '-o', scope)
  if (data !== undefined) args.push('-X', writeXml(data))
  return { call: { op: `cib_${kind}`, section: scope, options, data }, args }
}

function withoutComments(node: XmlElement): XmlElement {
  return { ...node, children: node.children.filter((item) => !isComment(item)).map(withoutComments) }
}

/** Without comments: what the C side makes of those in a create is a fault of its own. */
function randomData(dice: Dice, section: string | undefined): XmlElement {
  return withoutComments(randomInput(dice, section))
}

function randomInput(dice: Dice, section: string | undefined): XmlElement {
  const one = randomTree(dice, 2)
  if (dice.below(5) === 0)
    return element(
      'cib',
      { epoch: String(dice.below(6)), num_updates: '1', admin_epoch: '0' },
      randomCib(dice).children,
    )
  if (dice.below(4) === 0 && section !== undefined) return element(section, {}, [one, randomTree(dice, 1)])
  if (dice.below(5) === 0) return element(one.name, { id: one.attributes[1], x: 'x++', y: 'y+=5' }, one.children)
  return one
}
