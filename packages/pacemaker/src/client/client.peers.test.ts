import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The built client: it runs inside a node of the lab, by node itself. */
const built = fileURLToPath(new URL('../../dist/client/index.js', import.meta.url))
const real = ['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/cibadmin', '/usr/sbin/attrd_updater']
const missing = labMissing(real) ?? (fs.existsSync(built) ? undefined : `${built} is not built`)
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('pc')
/** The other node hears of what this one was told a moment later. */
const patient = { timeout: patienceMs, interval: 100 }

/** Runs a program inside node 1 that has the client as `c` and element builders as `x`; answers what it prints as JSON. */
async function program(body: string): Promise<unknown> {
  const xml = built.replace('pacemaker/dist/client', 'xml/dist')
  const text = `import * as c from '${built}'\nimport * as x from '${xml}'\nconst print = (v) => console.log(JSON.stringify(v))\n${body}`
  const done = await lab.exec(1, process.execPath, '--input-type=module', '-e', text)
  expect(done.stderr).toBe('')
  return JSON.parse(done.stdout)
}

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'udpu' })
  lab.electSoon([1, 2])
  for (const node of [1, 2]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', 'all'])
  await lab.waitOnline()
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`our client with real daemons${why}`, () => {
  test('asks and changes the CIB, and follows it by its patches', async () => {
    const result = await program(`
      const cib = await c.CibClient.connect({ name: 'client-test' })
      const whole = await cib.query()
      let seen
      const changed = new Promise((resolve) => { seen = resolve })
      const follower = await c.CibFollower.start(cib, (now) => {
        if (x.writeXml(now).includes('id="d1"')) seen()
      })
      const data = x.element('primitive', { id: 'd1', class: 'ocf', provider: 'pacemaker', type: 'Dummy' })
      const call = { op: 'cib_create', section: 'resources', data }
      const codes = [whole.rc, (await cib.call(call)).rc, (await cib.call(call)).rc]
      codes.push((await cib.query('//nothing', c.callOptions.xpath)).rc)
      await changed
      const after = await cib.query('resources')
      const followed = follower.cib.children[0].children.find((item) => item.name === 'resources')
      print({ codes, same: x.writeXml(followed) === x.writeXml(after.data) })
      cib.close()`)
    expect(result).toEqual({ codes: [0, 0, -17, -6], same: true })
    await expect
      .poll(async () => (await lab.exec(2, 'cibadmin', '-Q', '-o', 'resources')).stdout, patient)
      .toContain('<primitive id="d1" class="ocf" provider="pacemaker" type="Dummy"/>')
  })

  test('reads through the end point for that', async () => {
    const result = await program(`
      const cib = await c.CibClient.connect({ name: 'client-test', access: 'ro' })
      const { rc, data } = await cib.query('nodes')
      print([rc, data.name])
      cib.close()`)
    expect(result).toEqual([0, 'nodes'])
  })

  test('sets, counts up and reads transient attributes', async () => {
    const result = await program(`
      const attrd = await c.AttrdClient.connect('client-test')
      await attrd.update({ name: 'foo', value: '7' })
      for (;;) if ((await attrd.query('foo')).length > 0) break
      await attrd.update({ name: 'foo', value: 'value++' })
      for (;;) if ((await attrd.query('foo'))[0].value === '8') break
      print([await attrd.query('foo'), await attrd.query('nobody-knows-it')])
      attrd.close()`)
    expect(result).toEqual([[{ node: 'node1', value: '8' }], []])
    await expect
      .poll(async () => (await lab.exec(2, 'attrd_updater', '-Q', '-A', '-n', 'foo')).stdout, patient)
      .toBe('name="foo" host="node1" value="8"\n')
  })

  test('asks controllers here and there, sorted by name, and has a resource forgotten', async () => {
    const result = await program(`
      const crm = await c.ControllerClient.connect('client-test')
      const there = await crm.ping('node2')
      const order = { node: 'node2', resource: 'd1', agentClass: 'ocf', agentProvider: 'pacemaker', agentType: 'Dummy' }
      const op = await crm.forgetResource(order, ${patienceMs})
      print({
        nodes: (await crm.listNodes()).map((node) => node.id + node.name + node.state),
        info: await crm.nodeInfo(),
        there: there.node,
        op: [x.attr(op, 'operation'), x.attr(op, 'rc-code'), x.attr(op, 'on_node')],
      })
      crm.close()`)
    expect(result).toEqual({
      nodes: ['1node1member', '2node2member'],
      info: { id: '1', name: 'node1', state: 'member', hasQuorum: true, isRemote: false },
      there: 'node2',
      op: ['delete', '0', 'node2'],
    })
  })

  test('asks pacemakerd and the fencer, and hears that nobody listens where nobody does', async () => {
    const result = await program(`
      const fencer = await c.FencerClient.connect({ name: 'client-test' })
      const { records } = await fencer.history()
      fencer.close()
      const refused = await c.DaemonChannel.open({ service: 'no-such-service' }).catch((error) => error.code)
      print([(await c.pingPacemakerd('client-test')).state, records.length, refused])`)
    expect(result).toEqual(['running', 0, 'IPC_CONNECT'])
  })
})
