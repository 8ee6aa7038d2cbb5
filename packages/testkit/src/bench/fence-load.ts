import { readFileSync } from 'node:fs'
import net from 'node:net'
import type { OperationName } from '@quorate/fence-virt'
import {
  connectionRequest,
  type ExchangeEnd,
  exchangeByMulticast,
  exchangeOverTcp,
  nodeDigest,
} from '@quorate/fence-virt/client'

/**
 * The load of the fence bench: runs inside the lab's network, speaks to one daemon, prints one line of JSON.
 *
 * argv: transport (tcp, multicast), port, key file, operation, domain, how many, how many at once, silent clients.
 */
const [
  transport = 'tcp',
  port = '0',
  keyFile = '',
  operation = 'status',
  domain = '',
  total = '1',
  atOnce = '1',
  silent = '0',
] = process.argv.slice(2)
const host = '10.77.0.1'
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
function silentClient(): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) })
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.write(connectionRequest({ ...request, operation: 'monitor' }))
      resolve(socket)
    })
  })
}

/** Connections that were cut before an answer, each tried again. */
let lost = 0
const lostMax = 1000

async function once(): Promise<number> {
  const began = performance.now()
  const end: ExchangeEnd =
    transport === 'tcp'
      ? await exchangeOverTcp(request, { host, port: Number(port) })
      : await exchangeByMulticast(request, {
          family: 'ipv4',
          group: '225.0.0.12',
          port: Number(port),
          retransmitMs: 2_000,
          onSendFault: () => undefined,
        })
  if (end.kind === 'closed' || end.kind === 'unreachable') {
    lost += 1
    if (lost > lostMax) throw new Error(`${operation}: more than ${lostMax} connections were cut`)
    return performance.now() - began + (await once())
  }
  if (end.kind !== 'response' && end.kind !== 'hosts') throw new Error(`${operation}: ${JSON.stringify(end)}`)
  return performance.now() - began
}

const pauseMs = 300
const holders = await Promise.all(Array.from({ length: Number(silent) }, silentClient))
if (holders.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
const times: number[] = []
const began = performance.now()
let left = Number(total)
const worker = async (): Promise<void> => {
  while (left > 0) {
    left -= 1
    times.push(await once())
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, worker))
const wholeMs = performance.now() - began
for (const holder of holders) holder.destroy()
times.sort((a, b) => a - b)
const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
process.stdout.write(`${JSON.stringify({ medianMs: at(0.5), p90Ms: at(0.9), maxMs: at(1), wholeMs, lost })}\n`)
