import type { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { OwnCluster } from '@quorate/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const names = ['n1', 'n2', 'n3'] as const
type Name = (typeof names)[number]
/** Not a measure of speed: a loaded machine may take its time. */
const withinMs = 240_000

/** A resource that does nothing but write down, for all nodes in one file, what was done to it and when. */
const agent = `#!/bin/sh
state="$HA_RSCTMP/$OCF_RESOURCE_INSTANCE"
note() { echo "$(date +%s%N) $OCF_RESKEY_CRM_meta_on_node $OCF_RESOURCE_INSTANCE $1" >> "$JOURNAL"; }
case "$1" in
meta-data) echo '<resource-agent name="journal"><version>1.1</version><parameters/><actions><action name="start"/></actions></resource-agent>' ;;
start) : > "$state"; note start ;;
stop) [ -f "$state" ] && note stop; rm -f "$state" ;;
monitor) [ -f "$state" ] || exit 7 ;;
*) exit 3 ;;
esac
`

const primitive = (id: string) =>
  `<primitive id="${id}" class="ocf" provider="test" type="journal"><operations><op id="${id}-m" name="monitor" interval="1s"/></operations></primitive>`
const cib = `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config><nodes/>
<resources>${primitive('r1')}${primitive('r2')}${primitive('r3')}</resources><constraints/></configuration></cib>
`
/** Takes a node down as a power switch would, and writes it down in the same file. */
const fenceAgent = `#!/bin/sh
while IFS='=' read -r name value; do case $name in action) action=$value ;; nodename) node=$value ;; esac; done
case $action in
metadata) echo '<resource-agent name="fence_test"><parameters><parameter name="plug"/></parameters><actions><action name="off"/><action name="reboot"/><action name="monitor"/></actions></resource-agent>' ; exit 0 ;;
monitor) exit 0 ;;
esac
kill -9 $(cat "$PID_FOLDER/$node"/*.pid) || exit 1
echo "$(date +%s%N) $node power off" >> "$JOURNAL"
`
const fencingCib = cib
  .replace('value="false"', 'value="true"')
  .replace(
    '</resources>',
    '<primitive id="switch" class="stonith" type="fence_test"><instance_attributes id="switch-i"><nvpair id="switch-l" name="pcmk_host_list" value="n1 n2 n3"/></instance_attributes></primitive></resources>',
  )
let cluster: OwnCluster

beforeEach(() => {
  cluster = new OwnCluster({
    names,
    cib,
    scripts: { 'usr/lib/ocf/resource.d/test/journal': agent, 'usr/sbin/fence_test': fenceAgent },
    env: (folder) => ({ JOURNAL: path.join(folder, 'journal'), PID_FOLDER: folder }),
  })
  fs.writeFileSync(journalFile(), '')
})
afterEach(() => cluster.end())

function journalFile(): string {
  return path.join(cluster.folder, 'journal')
}

function powerOff(name: Name): void {
  for (const tool of ['pacemakerd', 'corosync'] as const) cluster.daemon(name, tool)?.kill('SIGKILL')
}

function ended(child: ChildProcess | undefined): Promise<number | null> {
  return new Promise((resolve) => {
    if (child === undefined || child.exitCode !== null) resolve(child?.exitCode ?? null)
    else child.once('exit', (code) => resolve(code))
  })
}

type Entry = { readonly atMs: number; readonly node: string; readonly resource: string; readonly action: string }

function journal(): readonly Entry[] {
  const lines = fs.readFileSync(journalFile(), 'utf8').split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [at = '0', node = '', resource = '', action = ''] = line.split(' ')
      return { atMs: Number(at) / 1e6, node, resource, action }
    })
}

/** Node on which each resource runs, by the journal; nodes in `off` run nothing any more. */
function running(off: ReadonlySet<string> = new Set()): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const { node, resource, action } of journal()) {
    if (action === 'start' && !off.has(node)) found[resource] = node
    if (action === 'stop' && found[resource] === node) delete found[resource]
  }
  return found
}

/** Starts of a resource while another node still had it. A node that lost its power has nothing from then on. */
function doubleStarts(offAtMs: ReadonlyMap<string, number> = new Map()): readonly string[] {
  const holders = new Map<string, Map<string, number>>()
  const doubles: string[] = []
  for (const { atMs, node, resource, action } of [...journal()].sort((a, b) => a.atMs - b.atMs)) {
    if (action === 'off') continue
    const held = holders.get(resource) ?? new Map<string, number>()
    holders.set(resource, held)
    for (const other of held.keys()) if ((offAtMs.get(other) ?? Number.POSITIVE_INFINITY) < atMs) held.delete(other)
    if (action === 'stop') held.delete(node)
    else {
      held.delete(node)
      if (held.size > 0) doubles.push(`${resource} on ${node} while on ${[...held.keys()].join(', ')}`)
      held.set(node, atMs)
    }
  }
  return doubles
}

function log(name: Name): string {
  return fs.readFileSync(cluster.path(name, 'var/log/pacemaker/pacemaker.log'), 'utf8')
}

async function upWithAll(): Promise<void> {
  cluster.startAll()
  const started = expect.poll(() => Object.keys(running()).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
  await started.catch((error: unknown) => {
    throw new Error(cluster.stories(), { cause: error })
  })
}

describe('three nodes of ours on this machine', { timeout: 4 * withinMs }, () => {
  test('run resources, recover those of a node that loses its power, and start none twice', async () => {
    await upWithAll()
    const victim = running()['r1'] as Name
    const offAt = new Map([[victim as string, Date.now()]])
    powerOff(victim)
    const off = new Set<string>([victim])
    await expect.poll(() => Object.keys(running(off)).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
    expect(doubleStarts(offAt)).toEqual([])

    cluster.start(victim, 'corosync')
    cluster.start(victim, 'pacemakerd')
    const sinceRestart = () => log(victim).split('Starting Pacemaker').at(-1)
    await expect.poll(() => log(victim).split('Starting Pacemaker').length, { timeout: withinMs }).toBe(3)
    await expect.poll(sinceRestart, { timeout: withinMs }).toMatch(/-> S_(NOT_DC|IDLE)/)
    expect(doubleStarts(offAt)).toEqual([])
  })

  test('let a node go that is asked to: its resources move first, and it ends with 0', async () => {
    await upWithAll()
    const leaving = running()['r2'] as Name
    const child = cluster.daemon(leaving, 'pacemakerd')
    child?.kill('SIGTERM')
    expect(await ended(child)).toBe(0)
    expect(Object.values(running())).not.toContain(leaving)
    await expect.poll(() => Object.keys(running()).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
    expect(doubleStarts()).toEqual([])
    expect(log(leaving)).not.toContain('crit:')
  })

  test('a node whose corosync dies stops what it runs, says so, and ends with 102', async () => {
    await upWithAll()
    const alone = running()['r3'] as Name
    cluster.daemon(alone, 'corosync')?.kill('SIGKILL')
    expect(await ended(cluster.daemon(alone, 'pacemakerd'))).toBe(102)
    expect(log(alone)).toMatch(/crit: Lost connection to the cluster/)
    expect(log(alone)).toMatch(/warning: Stopping r3: this node has lost its cluster/)
    await expect.poll(() => Object.keys(running()).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
    expect(doubleStarts()).toEqual([])
  })
})

describe('with fencing', { timeout: 4 * withinMs }, () => {
  test('what a node ran that does not answer any more starts elsewhere when it has been fenced, not before', async () => {
    cluster.configure(fencingCib)
    await upWithAll()
    const victim = running()['r1'] as Name
    // It hangs: what it runs goes on.
    for (const tool of ['corosync', 'pacemakerd'] as const) cluster.daemon(victim, tool)?.kill('SIGSTOP')
    const off = new Set<string>([victim])
    await expect.poll(() => Object.keys(running(off)).sort(), { timeout: withinMs }).toContain('r1')
    const fenced = journal().filter((entry) => entry.action === 'off')
    expect(fenced.map(({ node }) => node)).toEqual([victim])
    expect(doubleStarts(new Map([[victim as string, fenced[0]?.atMs ?? 0]]))).toEqual([])
  })

  test('a node that others would trust to end itself does not join, and its ring stops', async () => {
    cluster.configure(
      fencingCib.replace(
        '</cluster_property_set>',
        '<nvpair id="o-w" name="stonith-watchdog-timeout" value="10s"/></cluster_property_set>',
      ),
    )
    const ring = cluster.start('n1', 'corosync')
    expect(await ended(cluster.start('n1', 'pacemakerd'))).toBe(100)
    expect(log('n1')).toContain('crit: Shutting down: stonith-watchdog-timeout configured (10s) but SBD not active')
    expect(await ended(ring)).toBe(0)
    expect(journal()).toEqual([])
  })
})

test('without a ring nothing is started, and SIGTERM ends the wait', async () => {
  const child = cluster.start('n1', 'pacemakerd')
  await expect
    .poll(() => fs.existsSync(cluster.path('n1', 'var/log/pacemaker/pacemaker.log')) && log('n1'), {
      timeout: withinMs,
    })
    .toMatch(/Waiting for corosync/)
  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
})
