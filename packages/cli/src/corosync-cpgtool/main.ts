import { type CpgProcess, CsError, connectRing, csErrorCodes } from '@quorate/corosync/client'
import { escaped } from '../corosync-tools/escaped.ts'
import { hasOption, lastValue, readToolLine } from '../corosync-tools/tool-line.ts'
import type { Option } from '../pacemaker/command-line.ts'
import type { Tool } from '../tool.ts'

const options: readonly Option[] = [
  { short: 'd', long: 'delimiter', argument: 'delimiter', help: 'Delimiter between fields.' },
  { short: 'e', long: 'no-escape', help: "Don't escape unprintable characters in group name." },
  { short: 'n', long: 'names', help: 'Display only all existing group names.' },
  { short: 'h', long: 'help', help: 'Display this help.' },
]

const usage = `corosync-cpgtool [-d delimiter] [-e] [-n] [-h]

A tool for displaying cpg groups and members.
options:
${options.map(({ short, help }) => `\t-${short}\t${help}\n`).join('')}`

/** Where a member is, for the eye. */
type ShownProcess = CpgProcess & { readonly address: string }

/** corosync-cpgtool(8): the groups of cpg and who is in them. */
export const run: Tool = async (argv) => {
  const line = readToolLine('corosync-cpgtool', argv, options)
  if (typeof line === 'string') return complain(line)
  if (hasOption(line, 'help')) return print(usage)
  const raw = hasOption(line, 'no-escape')
  const nameOf = (group: string): string => (raw ? group : escaped(bytesOf(group)))
  try {
    const processes = await readProcesses(!hasOption(line, 'names') && !hasOption(line, 'delimiter'))
    if (line.outputAs === 'json') return print(jsonText(processes))
    if (hasOption(line, 'names')) {
      return print([...new Set(processes.map(({ group }) => group))].map((group) => `${nameOf(group)}\n`).join(''))
    }
    const delimiter = lastValue(line, 'delimiter')
    return print(delimiter === undefined ? tableText(processes, nameOf) : fieldsText(processes, nameOf, delimiter))
  } catch (error) {
    if (!(error instanceof CsError)) throw error
    return complain(`Could not initialize corosync cpg API error ${csErrorCodes[error.code]}\n`)
  }
}

async function readProcesses(withAddresses: boolean): Promise<readonly ShownProcess[]> {
  const ring = connectRing({ tryAgainForMs: 0 })
  const onClose = (): void => undefined
  const cpg = await ring.cpg({ deliver: onClose, confchg: onClose, onClose })
  try {
    const processes = await cpg.processes()
    if (!withAddresses) return processes.map((found) => ({ ...found, address: '' }))
    const cfg = await ring.cfgWithoutTracking(onClose)
    try {
      const nodes = [...new Set(processes.map(({ nodeId }) => nodeId))]
      const pairs = nodes.map(async (node) => [node, (await cfg.addresses(node)).join(' ')] as const)
      const addresses = new Map(await Promise.all(pairs))
      return processes.map((found) => ({ ...found, address: addresses.get(found.nodeId) ?? '' }))
    } finally {
      cfg.close()
    }
  } finally {
    cpg.close()
  }
}

function tableText(processes: readonly ShownProcess[], nameOf: (group: string) => string): string {
  let out = 'Group Name\t       PID\t   Node ID\n'
  let last: string | undefined
  for (const { group, pid, nodeId, address } of processes) {
    if (group !== last) out += `${nameOf(group)}\n`
    last = group
    out += `\t\t${String(pid).padStart(10)}\t${String(nodeId).padStart(10)} (${address})\n`
  }
  return out
}

function fieldsText(processes: readonly ShownProcess[], nameOf: (group: string) => string, delimiter: string): string {
  const rows = processes.map(({ group, pid, nodeId }) => [nameOf(group), pid, nodeId].join(delimiter))
  return `${['GRP_NAME', 'PID', 'NODEID'].join(delimiter)}\n${rows.map((row) => `${row}\n`).join('')}`
}

function jsonText(processes: readonly ShownProcess[]): string {
  const groups = new Map<string, ShownProcess[]>()
  for (const found of processes) groups.set(found.group, [...(groups.get(found.group) ?? []), found])
  const shown = [...groups].map(([name, members]) => ({
    name,
    members: members.map(({ pid, nodeId, address }) => ({ pid, nodeId, address })),
  }))
  return `${JSON.stringify({ groups: shown }, undefined, 2)}\n`
}

function bytesOf(group: string): readonly number[] {
  return [...group].map((character) => character.charCodeAt(0))
}

/** Group names are bytes: they leave as the bytes that they are. */
function print(text: string): number {
  process.stdout.write(text, 'latin1')
  return 0
}

function complain(text: string): number {
  process.stderr.write(text)
  return 1
}
