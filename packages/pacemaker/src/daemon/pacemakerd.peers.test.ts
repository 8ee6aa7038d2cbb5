import { Lab, labMissing, quorateProgram } from '@quorate/testkit'
import { afterEach, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/lib/ocf/resource.d/heartbeat/IPaddr2'])
const why = missing === undefined ? '' : ` (not run: ${missing})`
/** Of its own, so that two runs on one machine do not take each other's nodes down. */
const lab = new Lab('p')
const withinMs = 60_000
/** How our pacemakerd takes the place of the real one in a node. */
const ours = { PACEMAKERD: `${process.execPath} ${quorateProgram} pacemakerd -f` }
const address = '10.88.0.200'

const config = `<cluster_property_set id="cib-bootstrap-options"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set>`
const group = `<group id="g"><primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="vip-i">
<nvpair id="vip-ip" name="ip" value="${address}"/><nvpair id="vip-c" name="cidr_netmask" value="24"/></instance_attributes>
<operations><op id="vip-m" name="monitor" interval="5s"/></operations></primitive>
<primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/></group>`
const clone = `<clone id="cl"><primitive id="cd" class="ocf" provider="heartbeat" type="Dummy"/></clone>`

afterEach(() => lab.down())

async function must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, stdout, stderr } = await lab.run(args, env)
  if (status !== 0) throw new Error(`lab.sh ${args.join(' ')}: ${status}\n${stdout}${stderr}`)
  return stdout
}

/** Runs a real tool in a node. */
async function tool(node: number, ...command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await lab.exec(node, ...command)
  return stdout + stderr
}

const status = (node: number) => tool(node, 'crm_mon', '-1', '-r')
const patient = { timeout: withinMs, interval: 500 }

async function configure(node: number): Promise<void> {
  for (const [section, xml] of [
    ['crm_config', config],
    ['resources', group],
    ['resources', clone],
  ] as const) {
    // -M where the DC has made the set already.
    const { status: code, stderr } = await lab.exec(node, 'cibadmin', '-M', '-c', '-o', section, '--xml-text', xml)
    expect(code, stderr).toBe(0)
  }
}

/** Nodes that have the address on their interface. */
async function holders(nodes: readonly number[]): Promise<readonly number[]> {
  const found: number[] = []
  for (const node of nodes)
    if ((await tool(node, 'ip', '-br', 'addr', 'show', 'eth0')).includes(address)) found.push(node)
  return found
}

async function realRing(): Promise<void> {
  await lab.up({ nodes: 3, transport: 'udpu' })
  for (const node of [1, 2, 3]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
}

/** The CIB of each node, as the real cibadmin prints it. */
async function copies(): Promise<ReadonlySet<string>> {
  const texts = await Promise.all([1, 2, 3].map((node) => tool(node, 'cibadmin', '-Q')))
  return new Set(texts.map((text) => text.replace(/cib-last-written="[^"]*"/, '')))
}

describe.skipIf(missing !== undefined)(`our pacemakerd on real corosync${why}`, () => {
  test('moves a real address when a node loses its power, under the eyes of the real tools', async () => {
    await realRing()
    await must(['start-pacemaker', 'all'], ours)
    await expect.poll(() => status(1), patient).toContain('Online: [ node1 node2 node3 ]')
    await configure(1)
    await expect.poll(() => holders([1, 2, 3]), patient).toHaveLength(1)
    await expect.poll(() => status(1), patient).toContain('Started: [ node1 node2 node3 ]')
    const [victim = 0] = await holders([1, 2, 3])
    const rest = [1, 2, 3].filter((node) => node !== victim)
    await must(['kill', `node${victim}`])
    await expect.poll(() => holders(rest), patient).toHaveLength(1)
    const [near = 0] = rest
    await expect.poll(() => status(near), patient).toContain(`OFFLINE: [ node${victim} ]`)
  })

  test('obeys crm_standby, crm_resource --move, --fail and --cleanup', async () => {
    await realRing()
    await must(['start-pacemaker', 'all'], ours)
    await expect.poll(() => status(1), patient).toContain('Online: [ node1 node2 node3 ]')
    await configure(1)
    await expect.poll(() => holders([1, 2, 3]), patient).toHaveLength(1)
    await tool(1, 'crm_resource', '--move', '-r', 'g', '-N', 'node2')
    await expect.poll(() => holders([1, 2, 3]), patient).toEqual([2])
    await tool(1, 'crm_standby', '-N', 'node2', '-v', 'on')
    await expect.poll(() => status(1), patient).toContain('Node node2: standby')
    await expect.poll(() => holders([2]), patient).toEqual([])
    await tool(1, 'crm_standby', '-N', 'node2', '-D')
    await expect.poll(() => holders([1, 2, 3]), patient).toEqual([2])
    await tool(3, 'crm_resource', '--fail', '-r', 'd', '-N', 'node2')
    await expect.poll(() => tool(3, 'crm_mon', '-1f'), patient).toMatch(/d: .*fail-count=1/)
    await tool(3, 'crm_resource', '--cleanup', '-r', 'd')
    await expect.poll(() => tool(3, 'crm_mon', '-1f'), patient).not.toContain('fail-count')
    expect(await tool(2, 'crmadmin', '-D')).toContain('Designated Controller is: node')
  })
})

describe.skipIf(missing !== undefined)(`a cluster of two real pacemakers and ours${why}`, () => {
  test('is led by ours, then by a real one, and the CIBs stay equal', async () => {
    await realRing()
    await must(['start-pacemaker', '1,2'])
    await must(['start-pacemaker', '3'], ours)
    await expect.poll(() => status(1), patient).toContain('Online: [ node1 node2 node3 ]')
    await tool(1, 'crm_attribute', '-n', 'stonith-enabled', '-v', 'false')
    await configure(1)
    await expect.poll(() => status(1), patient).toContain('Started: [ node1 node2 node3 ]')
    await expect.poll(() => holders([1, 2, 3]), patient).toHaveLength(1)
    await expect.poll(async () => (await copies()).size, patient).toBe(1)

    await must(['stop', '3', 'pacemaker'])
    await expect.poll(() => status(1), patient).toMatch(/Current DC: node[12] \(version 2\.1\.5-[0-9a-f]+\)/)
    await must(['start-pacemaker', '3'], ours)
    await expect.poll(() => status(1), patient).toContain('Started: [ node1 node2 node3 ]')
    expect(await status(1)).toMatch(/Current DC: node[12] /)
    await tool(1, 'crm_resource', '--move', '-r', 'g', '-N', 'node3')
    await expect.poll(() => holders([1, 2, 3]), patient).toEqual([3])
    await expect.poll(async () => (await copies()).size, patient).toBe(1)

    await must(['kill', 'node1'])
    await expect.poll(() => status(3), patient).toContain('OFFLINE: [ node1 ]')
    expect(await holders([2, 3])).toEqual([3])
  })
})
