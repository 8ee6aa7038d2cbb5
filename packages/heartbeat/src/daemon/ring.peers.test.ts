import fs from 'node:fs'
import path from 'node:path'
import { Lab, type LabOutput, labMissing, type Maker, quorateProgram, until } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const missing = labMissing(['/usr/libexec/heartbeat/heartbeat', '/usr/libexec/heartbeat/ccm', '/usr/bin/cl_status'])
const lab = new Lab('hb')
const numbers = [1, 2, 3] as const
type NodeNumber = (typeof numbers)[number]
type LinkKind = 'ucast' | 'bcast' | 'mcast'

const nameOf = (node: NodeNumber): string => `node${node}`
const addresses: string[] = []

/** Longer than a daemon is held up on a machine that has other things to do, and short enough to be waited for. */
const timing = ['keepalive 500ms', 'warntime 3', 'deadtime 5', 'initdead 12']

function linesOf(kind: LinkKind): readonly string[] {
  if (kind === 'bcast') return ['bcast eth0']
  if (kind === 'mcast') return ['mcast eth0 239.255.88.2 694 1 0']
  return addresses.map((address) => `ucast eth0 ${address}`)
}

const logFileOf = (node: NodeNumber): string => path.join(lab.folder, nameOf(node), 'var/log/ha-log')

/** To be called while no daemon runs: the logs begin anew. */
function configure(kind: LinkKind, key: string, more: readonly string[] = []): void {
  const nodes = numbers.map((node) => `node ${nameOf(node)}`)
  const head = ['realtime off', 'use_logd off', 'logfile /var/log/ha-log', 'udpport 694', ...timing]
  for (const node of numbers) {
    const folder = path.join(lab.folder, nameOf(node), 'etc/ha.d')
    fs.writeFileSync(path.join(folder, 'ha.cf'), [...head, ...linesOf(kind), ...nodes, ...more, ''].join('\n'))
    fs.rmSync(path.join(folder, 'authkeys'), { force: true })
    fs.writeFileSync(path.join(folder, 'authkeys'), `auth 1\n1 ${key}\n`, { mode: 0o600 })
    fs.writeFileSync(path.join(folder, 'haresources'), '')
    fs.rmSync(logFileOf(node), { force: true })
  }
}

async function start(node: NodeNumber, whose: Maker): Promise<void> {
  if (whose === 'real') await lab.must(['start-heartbeat', String(node)])
  else await lab.must(['start', String(node), 'heartbeat', process.execPath, quorateProgram, 'heartbeat', '-f'])
}

function logOf(node: NodeNumber): string {
  const file = logFileOf(node)
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
}

const real = (node: NodeNumber, ...words: readonly string[]): Promise<LabOutput> =>
  lab.exec(node, 'cl_status', ...words)
const ours = (node: NodeNumber, ...words: readonly string[]): Promise<LabOutput> =>
  lab.exec(node, process.execPath, quorateProgram, 'cl_status', ...words)

/** Waits until the daemon of `at`, asked by the real tool, says so of each. */
async function see(at: NodeNumber, wanted: Readonly<Record<string, string>>): Promise<void> {
  await until(
    async () => {
      const { stdout } = await real(at, 'listnodes', '-v')
      return Object.entries(wanted).every(([name, status]) => stdout.includes(`${name}\t${status}\t(nodetype: normal)`))
    },
    `${nameOf(at)} sees ${JSON.stringify(wanted)}`,
  )
}

/**
 * Asks the real tool. It now and then ends without a word of the membership (4 of 80 calls beside one another, on a real
 * daemon too), and is asked again then: what is compared is what it says of it.
 */
async function realSays(node: NodeNumber, call: string): Promise<LabOutput> {
  let answer = await real(node, ...call.split(' '))
  if (call !== 'hbstatus -v') return answer
  await until(
    async () => {
      if (answer.stdout.includes('ccm membership')) return true
      answer = await real(node, ...call.split(' '))
      return false
    },
    `the real cl_status of ${nameOf(node)} tells the membership`,
  )
  return answer
}

const allActive = Object.fromEntries(numbers.map((node) => [nameOf(node), 'active']))

async function formRing(makers: readonly [Maker, Maker, Maker]): Promise<void> {
  await Promise.all(numbers.map((node, index) => start(node, makers[index] ?? 'ours')))
  await Promise.all(numbers.map((node) => see(node, allActive)))
}

/** Takes the power of all nodes, and gives it back. */
async function restartAll(): Promise<void> {
  await lab.must(['kill', 'all'])
  await lab.must(['boot', 'all'])
}

describe
  .skipIf(missing !== undefined)
  .sequential(`rings of real and own heartbeats (${missing ?? 'in the lab'})`, () => {
    beforeAll(async () => {
      await lab.up({ nodes: 3, transport: 'udpu' })
      for (const node of numbers)
        addresses.push((await lab.exec(node, 'hostname', '-I')).stdout.trim().split(' ')[0] ?? '')
    })
    afterAll(() => lab.down())

    it.each([
      ['mcast', 'md5 SecretKey123', ['real', 'real', 'ours']],
      ['bcast', 'crc', ['ours', 'real', 'ours']],
    ] as const)('form over %s with %s: %j', async (kind, key, makers) => {
      configure(kind, key)
      await formRing(makers)
      const up = numbers.map((node) => `${nameOf(node)}:eth0 up`)
      for (const node of numbers) {
        for (const [index, link] of up.entries()) {
          if (numbers[index] !== node)
            await until(() => logOf(node).includes(`Link ${link}`), `${nameOf(node)} hears ${link}`)
        }
        expect(logOf(node)).not.toMatch(/ERROR.*(auth|replay)/i)
      }
      await restartAll()
    })

    it('forms over ucast with sha1, and the real ccm runs on all', async () => {
      configure('ucast', 'sha1 SecretKey123', ['respawn hacluster /usr/libexec/heartbeat/ccm'])
      await formRing(['real', 'ours', 'ours'])
      // The same of all: before it settles on one, it may have had several of three.
      await until(async () => {
        const said = await Promise.all(numbers.map((node) => real(node, 'hbstatus', '-v')))
        const [first, ...others] = said.map(({ stdout }) => /^ccm membership with quorum\n(\t.*\n)*/m.exec(stdout)?.[0])
        return first?.includes('members 3') === true && others.every((other) => other === first)
      }, 'all have one membership of three')
    })

    it('says the same by the real cl_status and by ours, whichever the daemon', async () => {
      const few = [
        'hbstatus -v',
        'listnodes',
        'nodestatus node3',
        'nodestatus nosuch',
        'hblinkstatus node3 eth0',
        'hbparameter -p deadtime',
        'clientstatus node1 ccm 20000',
        'clientstatus node2 ccm 20000',
        'clientstatus node3 nosuch 20000',
      ]
      const many = [
        ...few,
        'hbstatus',
        'listnodes -m',
        'listnodes -p',
        'nodestatus -m node1',
        'nodetype node2',
        'nodeweight node2',
        'nodesite node2',
        'listhblinks -v node3',
        'hbparameter -m -p keepalive',
        'rscstatus -m',
        'nodestatus',
      ]
      const said = async (
        ask: (call: string) => Promise<LabOutput>,
        calls: readonly string[],
      ): Promise<readonly string[]> => {
        const all: string[] = []
        for (const call of calls) {
          const { status, stdout } = await ask(call)
          all.push(`${call}: ${status} ${stdout}`)
        }
        return all
      }
      const compare = async (node: NodeNumber, calls: readonly string[]): Promise<void> => {
        const [theirs, own] = await Promise.all([
          said((call) => realSays(node, call), calls),
          said((call) => ours(node, ...call.split(' ')), calls),
        ])
        expect(own).toEqual(theirs)
        expect(own).toContain('clientstatus node1 ccm 20000: 0 online\n')
        expect(own).toContain('clientstatus node2 ccm 20000: 0 online\n')
        expect(own).toContain('clientstatus node3 nosuch 20000: 1 offline\n')
      }
      await Promise.all([compare(1, many), compare(2, few)])
    })

    it('makes up for lost packets, in both directions', async () => {
      const before = numbers.map((node) => logOf(node).length)
      await lab.must(['loss', '1', '2', '30'])
      await lab.must(['loss', '2', '1', '30'])
      const isWhole = (at: NodeNumber, from: NodeNumber): boolean =>
        logOf(at)
          .slice(before[at - 1])
          .includes(`No pkts missing from ${nameOf(from)}!`)
      await until(() => isWhole(1, 2), 'the real one gets from ours what it has missed')
      await until(() => isWhole(2, 1), 'ours gets from the real one what it has missed')
      await lab.must(['heal'])
      await Promise.all(numbers.map((node) => see(node, allActive)))
    })

    it('sees the loss of a node, and takes it back when it has started anew', async () => {
      await lab.must(['kill', '3'])
      await Promise.all(([1, 2] as const).map((node) => see(node, { node3: 'dead', node1: 'active', node2: 'active' })))
      await lab.must(['boot', '3'])
      await start(3, 'ours')
      await Promise.all(numbers.map((node) => see(node, allActive)))
      for (const node of [1, 2] as const)
        await until(
          () => logOf(node).includes('Heartbeat restart on node node3'),
          `${nameOf(node)} tells of the restart`,
        )
    })

    it('ends in order, the programs that it runs before it', async () => {
      expect((await lab.exec(2, process.execPath, quorateProgram, 'heartbeat', '-s')).stdout).toMatch(
        /^heartbeat OK \[pid \d+ et al\] is running on node2 \[node2\]\.\.\.\n$/,
      )
      expect((await lab.exec(2, process.execPath, quorateProgram, 'heartbeat', '-k')).status).toBe(0)
      expect(await lab.exec(2, process.execPath, quorateProgram, 'heartbeat', '-s')).toMatchObject({
        status: 3,
        stdout: 'heartbeat is stopped. No process\n',
      })
      expect((await lab.exec(2, 'pgrep', '-x', 'ccm')).stdout).toBe('')
      await until(() => logOf(1).includes("Received shutdown notice from 'node2'."), 'the real one is told')
      await Promise.all(([1, 3] as const).map((node) => see(node, { node2: 'dead' })))
    })
  })
