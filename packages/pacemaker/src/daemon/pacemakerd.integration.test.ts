import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../../cli/bin/quorate.js', import.meta.url))
const names = ['n1', 'n2', 'n3'] as const
type Name = (typeof names)[number]
const portOf: Readonly<Record<Name, string>> = { n1: '127.0.0.1', n2: '127.0.0.2', n3: '127.0.0.3' }
/** Another one in each run, and clear of a real corosync's 5405 and of ports that the kernel hands out. */
const ringPort = 20_000 + 2 * (process.pid % 2500)
const withinMs = 50_000

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
const corosyncConf = `totem {
  version: 2
  cluster_name: test
  transport: udpu
  token: 1000
  crypto_cipher: none
  crypto_hash: none
  interface {
    ringnumber: 0
    mcastport: ${ringPort}
  }
}
nodelist {
${names.map((name, i) => `  node {\n    name: ${name}\n    nodeid: ${i + 1}\n    ring0_addr: ${portOf[name]}\n  }`).join('\n')}
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_stderr: no
  to_logfile: yes
  logfile: /var/log/corosync.log
}
system {
  sched_rr: no
}
`

let folder = ''
const daemons = new Map<string, ChildProcess>()

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qpcmk-'))
  for (const name of names) {
    const root = path.join(folder, name)
    for (const part of ['etc/corosync', 'var/lib/corosync', 'var/lib/pacemaker/cib', 'var/log', 'run']) {
      fs.mkdirSync(path.join(root, part), { recursive: true, mode: 0o700 })
    }
    const agents = path.join(root, 'usr/lib/ocf/resource.d/test')
    fs.mkdirSync(agents, { recursive: true })
    fs.writeFileSync(path.join(agents, 'journal'), agent, { mode: 0o755 })
    fs.writeFileSync(path.join(root, 'etc/hostname'), `${name}\n`)
    fs.writeFileSync(path.join(root, 'etc/corosync/corosync.conf'), corosyncConf)
    fs.writeFileSync(path.join(root, 'var/lib/pacemaker/cib/cib.xml'), cib)
  }
  fs.writeFileSync(journalFile(), '')
})
afterEach(async () => {
  // A daemon that is still on its way out may write below the folder while it is being removed.
  await Promise.all(
    [...daemons.values()].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }),
  )
  daemons.clear()
  fs.rmSync(folder, { recursive: true, force: true })
})

function journalFile(): string {
  return path.join(folder, 'journal')
}

function start(name: Name, tool: 'corosync' | 'pacemakerd'): ChildProcess {
  const env = { ...process.env, QUORATE_ROOT: path.join(folder, name), JOURNAL: journalFile() }
  const output = fs.openSync(path.join(folder, name, `${tool}.out`), 'a')
  const child = spawn(process.execPath, [program, tool, '-f'], { env, stdio: ['ignore', output, output] })
  fs.closeSync(output)
  daemons.set(`${name}/${tool}`, child)
  return child
}

function powerOff(name: Name): void {
  for (const tool of ['pacemakerd', 'corosync']) daemons.get(`${name}/${tool}`)?.kill('SIGKILL')
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
  return fs.readFileSync(path.join(folder, name, 'var/log/pacemaker/pacemaker.log'), 'utf8')
}

async function upWithAll(): Promise<void> {
  for (const name of names) start(name, 'corosync')
  for (const name of names) start(name, 'pacemakerd')
  const started = expect.poll(() => Object.keys(running()).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
  await started.catch((error: unknown) => {
    throw new Error(names.map(story).join('\n'), { cause: error })
  })
}

/** What a node's daemons said, for the message of a test that fails. */
function story(name: Name): string {
  const files = ['corosync.out', 'pacemakerd.out', 'var/log/corosync.log', 'var/log/pacemaker/pacemaker.log']
  const texts = files.map((file) => path.join(folder, name, file)).filter((file) => fs.existsSync(file))
  return texts.map((file) => `== ${file}\n${fs.readFileSync(file, 'utf8').slice(-2_000)}`).join('\n')
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

    start(victim, 'corosync')
    start(victim, 'pacemakerd')
    const sinceRestart = () => log(victim).split('Starting Pacemaker').at(-1)
    await expect.poll(() => log(victim).split('Starting Pacemaker').length, { timeout: withinMs }).toBe(3)
    await expect.poll(sinceRestart, { timeout: withinMs }).toMatch(/-> S_(NOT_DC|IDLE)/)
    expect(doubleStarts(offAt)).toEqual([])
  })

  test('let a node go that is asked to: its resources move first, and it ends with 0', async () => {
    await upWithAll()
    const leaving = running()['r2'] as Name
    const child = daemons.get(`${leaving}/pacemakerd`)
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
    daemons.get(`${alone}/corosync`)?.kill('SIGKILL')
    expect(await ended(daemons.get(`${alone}/pacemakerd`))).toBe(102)
    expect(log(alone)).toMatch(/crit: Lost connection to the cluster/)
    expect(log(alone)).toMatch(/warning: Stopping r3: this node has lost its ring/)
    await expect.poll(() => Object.keys(running()).sort(), { timeout: withinMs }).toEqual(['r1', 'r2', 'r3'])
    expect(doubleStarts()).toEqual([])
  })
})

test('without a ring nothing is started, and SIGTERM ends the wait', async () => {
  const child = start('n1', 'pacemakerd')
  await expect
    .poll(() => fs.existsSync(path.join(folder, 'n1/var/log/pacemaker/pacemaker.log')) && log('n1'), {
      timeout: withinMs,
    })
    .toMatch(/Waiting for corosync/)
  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
})
