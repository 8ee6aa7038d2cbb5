import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ControllerCluster } from '@quorate/pacemaker'
import { formatXml } from '@quorate/xml'
import { afterAll, expect, test } from 'vitest'
import { crmMon } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-order-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** Names whose order as text (10-node, 11-node, n10, n2) differs from that of their numbers. */
const names = ['10-node', '11-node', 'n2', 'n10']

function orders(of: readonly string[]): readonly (readonly string[])[] {
  if (of.length <= 1) return [of]
  return of.flatMap((first) => orders(of.filter((name) => name !== first)).map((rest) => [first, ...rest]))
}

/** What crm_mon shows of a cluster whose nodes were configured and came up in this order. */
async function shown(order: readonly string[], argv: readonly string[]): Promise<string> {
  const cluster = new ControllerCluster(order)
  for (const name of order) {
    cluster.up(name)
    cluster.run(25_000)
  }
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, formatXml(cluster.node(order[0] as string).cib.cib))
  let text = ''
  await crmMon(argv, {
    env: { CIB_file: file },
    out: (part) => {
      text += part
    },
    err: () => {},
    readInput: () => '',
    now: () => Date.UTC(2026, 10, 24, 12),
    isTerminal: false,
  })
  return text
}

test('four nodes that join in any order are shown sorted, numbers within names as numbers', async () => {
  const all = orders(names)
  expect(all).toHaveLength(24)
  for (const order of all) {
    const text = await shown(order, ['-1'])
    expect(text, order.join(', ')).toContain('  * Online: [ 10-node 11-node n2 n10 ]\n')
  }
})
