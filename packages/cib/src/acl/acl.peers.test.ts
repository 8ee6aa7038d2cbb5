import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  child,
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
import { Dice } from '../dice.ts'
import { exitCodeOf } from '../pacemaker-error.ts'
import { changesBetween, patchsetOf } from '../patchset.ts'
import { performCall } from '../perform.ts'
import { type CibCall, cibCallOptions } from '../request.ts'
import { versionOf } from '../version.ts'

const hasPacemaker = spawnSync('cibadmin', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-acl-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))
const file = path.join(scratch, 'c.xml')

function parsed(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(`${read.error.reason}: ${text}`)
  return read.value
}

/** Names, ids and attributes are few, so that rules and operations often meet the same elements. */
function randomNode(dice: Dice, depth: number): XmlElement {
  const attributes: Record<string, string> = { id: `i${dice.below(9)}` }
  for (const name of ['x', 'y']) if (dice.below(2) > 0) attributes[name] = String(dice.below(3))
  return element(dice.of(['a', 'b']), attributes, randomNodes(dice, depth))
}

function randomNodes(dice: Dice, depth: number): XmlElement[] {
  const out: XmlElement[] = []
  if (depth === 0) return out
  const count = dice.below(4)
  for (let i = 0; i < count; i += 1) {
    const item = dice.below(9) === 0 ? comment(`c${dice.below(2)}`) : randomNode(dice, depth - 1)
    const isTaken = out.some((other) => other.name === item.name && other.attributes[1] === item.attributes[1])
    if (!isTaken) out.push(item)
  }
  return out
}

const xpaths = [
  '/cib',
  '/cib/configuration',
  '//resources',
  '/cib/configuration/resources/a',
  '//a',
  "//b[@x='1']",
  '//*[@y]',
  '//resources//b',
  '//status',
  '//acls',
  '//a/@x',
  '/cib/configuration/*',
  '//resources/*[1]',
  "//*[@id='i2' or @id='i3']",
  '//comment()',
]

function randomPermission(dice: Dice, id: string): XmlElement {
  const kind = dice.of(['read', 'write', 'write', 'deny'])
  const about = dice.of<Record<string, string>>([
    { xpath: dice.of(xpaths) },
    { xpath: dice.of(xpaths) },
    { reference: `i${dice.below(9)}` },
    { 'object-type': dice.of(['a', 'b', 'resources']) },
    { 'object-type': dice.of(['a', 'b']), attribute: dice.of(['x', 'y']) },
    { 'object-type': dice.of(['a', 'b']), reference: `i${dice.below(9)}` },
  ])
  if (dice.below(6) > 0) return element('acl_permission', { id, kind, ...about })
  const old = {
    tag: about['object-type'],
    ref: about['reference'],
    attribute: about['attribute'],
    xpath: about['xpath'],
  }
  return element(kind, { id, ...old })
}

function randomAcls(dice: Dice): XmlElement {
  const permissions = (role: string) =>
    Array.from({ length: 1 + dice.below(4) }, (_, i) => randomPermission(dice, `${role}p${i}`))
  const role = (name: string, id: string) => element(name, { id })
  const r1 = element('acl_role', { id: 'r1' }, permissions('r1'))
  const r2 = element('acl_role', { id: 'r2' }, permissions('r2'))
  const target = dice.of([
    element('acl_target', { id: 'ann' }, [role('role', 'r1'), ...(dice.below(2) ? [role('role', 'r2')] : [])]),
    element('acl_target', { id: 'x1', name: 'ann' }, [role('role', 'r2')]),
    element('acl_user', { id: 'ann' }, [...permissions('u'), ...(dice.below(2) ? [role('role_ref', 'r1')] : [])]),
    element('acl_target', { id: 'bob' }, [role('role', 'r1')]),
  ])
  return element('acls', {}, dice.below(2) ? [target, r1, r2] : [r1, r2, target])
}

function randomCib(dice: Dice): XmlElement {
  const enabled = element('cluster_property_set', { id: 's' }, [
    element('nvpair', { id: 'o', name: 'enable-acl', value: 'true' }),
  ])
  const section = (name: string) => element(name, {}, randomNodes(dice, 3))
  return element(
    'cib',
    { crm_feature_set: '3.16.1', 'validate-with': 'none', epoch: '3', num_updates: '1', admin_epoch: '0' },
    [
      element('configuration', {}, [
        element('crm_config', {}, [enabled]),
        section('nodes'),
        section('resources'),
        section('constraints'),
        randomAcls(dice),
      ]),
      section('status'),
    ],
  )
}

/** The document with a few things changed at random places. */
function mutated(dice: Dice, node: XmlElement): XmlElement {
  let now = node
  if (node.name.length === 1) {
    if (dice.below(6) === 0) now = withAttributes(now, { [dice.of(['x', 'y'])]: dice.of(['1', '2', undefined]) })
  }
  if (isComment(node)) return node
  const children: XmlElement[] = []
  for (const item of now.children) {
    if (dice.below(14) === 0 && (item.name.length === 1 || isComment(item))) continue
    children.push(mutated(dice, item))
  }
  if (dice.below(8) === 0 && (node.name.length === 1 || ['resources', 'nodes', 'status'].includes(node.name))) {
    const item =
      dice.below(5) === 0
        ? element(dice.of(['a', 'b']), { id: 'n1' }, [element('b', { id: 'n2', x: '1' })])
        : randomNode(dice, 1)
    if (!children.some((other) => other.name === item.name && other.attributes[1] === item.attributes[1]))
      children.push(item)
  }
  return { ...now, children }
}

type Trial = { readonly call: CibCall; readonly args: readonly string[] }

function randomCall(dice: Dice, cib: XmlElement): Trial {
  const kind = dice.of([
    'query',
    'create',
    'modify',
    'modify',
    'replace',
    'replace',
    'replace-all',
    'delete',
    'patch',
    'erase',
    'bump',
    'xpath',
  ] as const)
  const section = dice.of(['resources', 'resources', 'nodes', 'status', 'configuration', 'acls'])
  const at = section === 'status' ? cib : (child(cib, 'configuration') as XmlElement)
  const there = section === 'configuration' ? at : (child(at, section) as XmlElement)
  const elements = there.children.filter((item) => !isComment(item))
  const some = elements.length > 0 && dice.below(3) > 0 ? mutated(dice, dice.of(elements)) : randomNode(dice, 2)
  const withData = (op: CibCall['op'], letter: string, data: XmlElement, options = 0): Trial => ({
    call: { op, section, options, data },
    args: [letter, ...(options === 0 ? [] : ['-c']), '-o', section, '-X', writeXml(data)],
  })
  switch (kind) {
    case 'query':
      return dice.below(2)
        ? { call: { op: 'cib_query' }, args: ['-Q'] }
        : { call: { op: 'cib_query', section }, args: ['-Q', '-o', section] }
    case 'create':
      return withData('cib_create', '-C', withoutComments(some))
    case 'modify':
      return withData('cib_modify', '-M', withoutComments(some), dice.below(2) ? cibCallOptions.canCreate : 0)
    case 'replace':
      return withData('cib_replace', '-R', dice.below(2) ? some : mutated(dice, there))
    case 'replace-all': {
      const data = mutated(dice, cib)
      return { call: { op: 'cib_replace', data }, args: ['-R', '-X', writeXml(data)] }
    }
    case 'delete':
      return withData('cib_delete', '-D', element(some.name, { id: some.attributes[1] }))
    case 'patch': {
      const after = mutated(dice, cib)
      const source = versionOf(cib)
      const data = patchsetOf(changesBetween(cib, after), { source, target: { ...source, epoch: 4, updates: 0 } })
      return { call: { op: 'cib_apply_diff', data }, args: ['-P', '-X', writeXml(data)] }
    }
    case 'erase':
      return { call: { op: 'cib_erase' }, args: ['-E', '-f'] }
    case 'bump':
      return { call: { op: 'cib_bump' }, args: ['-B'] }
    case 'xpath': {
      const xpath = dice.of(["//a[@x='1']", '//resources/a', '//b', "//*[@id='i1']", "//status//*[@y='0']"])
      const multiple = dice.below(2) === 0
      const options = cibCallOptions.xpath | (multiple ? cibCallOptions.multiple : 0)
      if (dice.below(3) === 0)
        return { call: { op: 'cib_query', section: xpath, options: cibCallOptions.xpath }, args: ['-Q', '-A', xpath] }
      return {
        call: { op: 'cib_delete', section: xpath, options },
        args: [...(multiple ? ['-d', '-f'] : ['-D']), '-A', xpath],
      }
    }
    default:
      return kind satisfies never
  }
}

function withoutComments(node: XmlElement): XmlElement {
  return { ...node, children: node.children.filter((item) => !isComment(item)).map(withoutComments) }
}

const trials = 300

describe.skipIf(!hasPacemaker)('beside the real cibadmin (needs Debian pacemaker-cli-utils)', () => {
  test('a limited user comes to the same code, sees the same and changes the same', () => {
    const requester = { user: 'ann', isInGroup: () => false }
    let answers = 0
    for (let seed = 0; seed < trials; seed += 1) {
      const dice = new Dice(seed)
      const before = randomCib(dice)
      const { call, args } = randomCall(dice, before)
      fs.writeFileSync(file, formatXml(before))
      const env = { ...process.env, CIB_file: file, CIB_user: 'ann' }
      const real = spawnSync('cibadmin', args, { encoding: 'utf8', env, timeout: 60_000 })
      // It crashes where elements that a rule denies stand inside of each other.
      if (real.status === null) continue
      answers += 1
      const ours = performCall(before, call, { isValid: () => true, requester })
      const what = `seed ${seed}: cibadmin ${args.join(' ')}\n${real.stderr}`
      expect(exitCodeOf(ours.rc), what).toBe(real.status)
      expect(formatXml(ours.cib), what).toBe(formatXml(parsed(fs.readFileSync(file, 'utf8'))))
      if (call.op === 'cib_query')
        expect(ours.output === undefined ? '' : formatXml(ours.output), what).toBe(real.stdout)
    }
    expect(answers).toBeGreaterThan(trials * 0.8)
  })
})
