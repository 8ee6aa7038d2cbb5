import { Lab, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { describe, expect, type TestContext, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/lib/ocf/resource.d/heartbeat/IPaddr2'])
const why = missing === undefined ? '' : ` (not run: ${missing})`
/** How our pacemakerd takes the place of the real one in a node. */
const ours = { PACEMAKERD: `${process.execPath} ${quorateProgram} pacemakerd -f` }
const address = '10.88.0.200'

const config = `<cluster_property_set id="cib-bootstrap-options"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set>`
const group = `<group id="g"><primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="vip-i">
<nvpair id="vip-ip" name="ip" value="${address}"/><nvpair id="vip-c" name="cidr_netmask" value="24"/></instance_attributes>
<operations><op id="vip-m" name="monitor" interval="5s"/></operations></primitive>
<primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/></group>`
const clone = `<clone id="cl"><primitive id="cd" class="ocf" provider="heartbeat" type="Dummy"/></clone>`

const patient = { timeout: patienceMs, interval: 500 }

/** Three nodes on real corosync, and the real tools in them. */
class Ring {
  readonly #lab: Lab

  /** `name` is the lab's: each test has one of its own, as they run side by side. */
  private constructor(name: string) {
    this.#lab = new Lab(name)
  }

  static async up(name: string, { onTestFinished }: TestContext): Promise<Ring> {
    const ring = new Ring(name)
    onTestFinished(() => ring.#lab.down())
    await ring.#lab.up({ nodes: 3, transport: 'udpu' })
    for (const node of [1, 2, 3]) await ring.#lab.startCorosync(node, 'real')
    await ring.#lab.waitRing()
    return ring
  }

  /** A command of the lab, that has to succeed. */
  async must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#lab.must(args, env)
  }

  /** Waits until the cluster has nothing left to do: the address is there before its start is known to have succeeded. */
  async settled(): Promise<void> {
    await this.#lab.waitIdle(1)
  }

  /** Runs a real tool in a node. */
  async tool(node: number, ...command: readonly string[]): Promise<string> {
    const { stdout, stderr } = await this.#lab.exec(node, ...command)
    return stdout + stderr
  }

  status(node: number): Promise<string> {
    return this.tool(node, 'crm_mon', '-1', '-r')
  }

  async configure(node: number): Promise<void> {
    for (const [section, xml] of [
      ['crm_config', config],
      ['resources', group],
      ['resources', clone],
    ] as const) {
      // -M where the DC has made the set already.
      const change = ['cibadmin', '-M', '-c', '-o', section, '--xml-text', xml]
      const { status: code, stderr } = await this.#lab.exec(node, ...change)
      expect(code, stderr).toBe(0)
    }
  }

  /** Nodes that have the address on their interface. */
  async holders(nodes: readonly number[]): Promise<readonly number[]> {
    const found: number[] = []
    for (const node of nodes)
      if ((await this.tool(node, 'ip', '-br', 'addr', 'show', 'eth0')).includes(address)) found.push(node)
    return found
  }

  /** The CIB of each node, as the real cibadmin prints it. */
  async copies(): Promise<ReadonlySet<string>> {
    const texts = await Promise.all([1, 2, 3].map((node) => this.tool(node, 'cibadmin', '-Q')))
    return new Set(texts.map((text) => text.replace(/cib-last-written="[^"]*"/, '')))
  }
}

describe.concurrent(`on real corosync${why}`, () => {
  test.skipIf(missing !== undefined)(
    'our pacemakerds move a real address when a node loses its power, under the eyes of the real tools',
    async (context) => {
      const { expect } = context
      const ring = await Ring.up('power', context)
      await ring.must(['start-pacemaker', 'all'], ours)
      await expect.poll(() => ring.status(1), patient).toContain('Online: [ node1 node2 node3 ]')
      await ring.configure(1)
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toHaveLength(1)
      await expect.poll(() => ring.status(1), patient).toContain('Started: [ node1 node2 node3 ]')
      await ring.settled()
      const [victim = 0] = await ring.holders([1, 2, 3])
      const rest = [1, 2, 3].filter((node) => node !== victim)
      await ring.must(['kill', `node${victim}`])
      await expect.poll(() => ring.holders(rest), patient).toHaveLength(1)
      const [near = 0] = rest
      await expect.poll(() => ring.status(near), patient).toContain(`OFFLINE: [ node${victim} ]`)
    },
  )

  test.skipIf(missing !== undefined)(
    'our pacemakerds obey crm_standby, crm_resource --move, --fail and --cleanup',
    async (context) => {
      const { expect } = context
      const ring = await Ring.up('obeys', context)
      await ring.must(['start-pacemaker', 'all'], ours)
      await expect.poll(() => ring.status(1), patient).toContain('Online: [ node1 node2 node3 ]')
      await ring.configure(1)
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toHaveLength(1)
      await ring.tool(1, 'crm_resource', '--move', '-r', 'g', '-N', 'node2')
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toEqual([2])
      await ring.tool(1, 'crm_standby', '-N', 'node2', '-v', 'on')
      await expect.poll(() => ring.status(1), patient).toContain('Node node2: standby')
      await expect.poll(() => ring.holders([2]), patient).toEqual([])
      await ring.tool(1, 'crm_standby', '-N', 'node2', '-D')
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toEqual([2])
      await ring.settled()
      await ring.tool(3, 'crm_resource', '--fail', '-r', 'd', '-N', 'node2')
      await expect.poll(() => ring.tool(3, 'crm_mon', '-1f'), patient).toMatch(/d: .*fail-count=1/)
      await ring.settled()
      await ring.tool(3, 'crm_resource', '--cleanup', '-r', 'd')
      await expect.poll(() => ring.tool(3, 'crm_mon', '-1f'), patient).not.toContain('fail-count')
      expect(await ring.tool(2, 'crmadmin', '-D')).toContain('Designated Controller is: node')
    },
  )

  test.skipIf(missing !== undefined)(
    'a cluster of two real pacemakers and ours is led by ours, then by a real one, and the CIBs stay equal',
    async (context) => {
      const { expect } = context
      const ring = await Ring.up('led', context)
      await ring.must(['start-pacemaker', '1,2'])
      await ring.must(['start-pacemaker', '3'], ours)
      await expect.poll(() => ring.status(1), patient).toContain('Online: [ node1 node2 node3 ]')
      await ring.tool(1, 'crm_attribute', '-n', 'stonith-enabled', '-v', 'false')
      await ring.configure(1)
      await expect.poll(() => ring.status(1), patient).toContain('Started: [ node1 node2 node3 ]')
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toHaveLength(1)
      await expect.poll(async () => (await ring.copies()).size, patient).toBe(1)

      await ring.must(['stop', '3', 'pacemaker'])
      await expect.poll(() => ring.status(1), patient).toMatch(/Current DC: node[12] \(version 2\.1\.5-[0-9a-f]+\)/)
      await ring.must(['start-pacemaker', '3'], ours)
      await expect.poll(() => ring.status(1), patient).toContain('Started: [ node1 node2 node3 ]')
      expect(await ring.status(1)).toMatch(/Current DC: node[12] /)
      await ring.tool(1, 'crm_resource', '--move', '-r', 'g', '-N', 'node3')
      await expect.poll(() => ring.holders([1, 2, 3]), patient).toEqual([3])
      await expect.poll(async () => (await ring.copies()).size, patient).toBe(1)

      await ring.must(['kill', 'node1'])
      await expect.poll(() => ring.status(3), patient).toContain('OFFLINE: [ node1 ]')
      expect(await ring.holders([2, 3])).toEqual([3])
    },
  )
})
