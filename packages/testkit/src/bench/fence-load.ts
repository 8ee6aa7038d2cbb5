import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { promisify } from 'node:util'
import type { OperationName } from '@quorate/fence-virt'
import {
  connectionRequest,
  type ExchangeEnd,
  exchangeByMulticast,
  exchangeOverTcp,
  nodeDigest,
} from '@quorate/fence-virt/client'

/**
 * The load of the fence bench: runs inside the lab's network and prints one line of JSON: figures for each port.
 * Several daemons are asked in turn, each first in every other round, so that whatever else the machine does meets all
 * of them alike.
 *
 * argv: transport (tcp, multicast, program: Debian's fence_virt over tcp, a process for each request), ports, key file, operation, domain, how many requests of each daemon, how many at
 * once, silent clients of the first, how many requests of each to warm up.
 */
const [
  transport = 'tcp',
  ports = '0',
  keyFile = '',
  operation = 'status',
  domain = '',
  total = '1',
  atOnce = '1',
  silent = '0',
  warm = '0',
] = process.argv.slice(2)
const host = '10.77.0.1'
const targets = ports.split(',').map(Number)
const timeoutMs = 120_000
const security = { key: readFileSync(keyFile), auth: 'sha256', digest: nodeDigest } as const
const request = {
  operation: operation as OperationName,
  domain,
  isUuid: false,
  hash: 'sha256',
  security,
  timeoutMs,
} as const

/** Connects, asks, and never answers the challenge: what holds the C daemon up. */
function silentClient(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port })
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.write(connectionRequest({ ...request, operation: 'monitor' }))
      resolve(socket)
    })
  })
}

/** Connections that were cut before an answer, each tried again; by port. */
const lost = new Map<number, number>()
const lostMax = 1000

/** The whole of a call of Debian's client, from its start to its end. @throws where it reports a failure */
async function callProgram(port: number): Promise<void> {
  const target = domain === '' ? [] : ['-H', domain]
  await promisify(execFile)('fence_virt', ['-T', host, '-p', `${port}`, '-k', keyFile, '-o', operation, ...target])
}

async function once(port: number): Promise<number> {
  const began = performance.now()
  if (transport === 'program') {
    await callProgram(port)
    return performance.now() - began
  }
  const end: ExchangeEnd =
    transport === 'tcp'
      ? await exchangeOverTcp(request, { host, port })
      : await exchangeByMulticast(request, {
          family: 'ipv4',
          group: '225.0.0.12',
          port,
          retransmitMs: 2_000,
          onSendFault: () => undefined,
        })
  if (end.kind === 'closed' || end.kind === 'unreachable') {
    const cut = (lost.get(port) ?? 0) + 1
    lost.set(port, cut)
    if (cut > lostMax) throw new Error(`${operation}: more than ${lostMax} connections were cut`)
    return performance.now() - began + (await once(port))
  }
  if (end.kind !== 'response' && end.kind !== 'hosts') throw new Error(`${operation}: ${JSON.stringify(end)}`)
  return performance.now() - began
}

/** One request after the other, of each daemon in turn. */
async function inTurn(count: number): Promise<ReadonlyMap<number, number[]>> {
  const times = new Map<number, number[]>(targets.map((port) => [port, []]))
  for (let round = 0; round < count; round += 1) {
    for (const port of round % 2 === 0 ? targets : targets.toReversed()) times.get(port)?.push(await once(port))
  }
  return times
}

/** Many at once of one daemon. */
async function atOnceOf(port: number, count: number): Promise<number[]> {
  const times: number[] = []
  let left = count
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      times.push(await once(port))
    }
  }
  await Promise.all(Array.from({ length: Number(atOnce) }, worker))
  return times
}

function figures(port: number, times: number[], wholeMs: number): object {
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { medianMs: at(0.5), p90Ms: at(0.9), maxMs: at(1), wholeMs, lost: lost.get(port) ?? 0 }
}

const pauseMs = 300
const [first = 0] = targets
const holders = await Promise.all(Array.from({ length: Number(silent) }, () => silentClient(first)))
if (holders.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
await inTurn(Number(warm))
lost.clear()
const shown: object[] = []
if (Number(atOnce) === 1) {
  for (const [port, times] of await inTurn(Number(total))) shown.push(figures(port, times, 0))
} else {
  for (const port of targets) {
    const began = performance.now()
    const times = await atOnceOf(port, Number(total))
    shown.push(figures(port, times, performance.now() - began))
  }
}
for (const holder of holders) holder.destroy()
process.stdout.write(`${JSON.stringify(shown)}\n`)
