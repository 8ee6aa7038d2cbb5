import { parseArgs } from 'node:util'
import { cibCallOptions, exitCodeOf, exitCodes, faultText, isValidCib, performCall } from '@quorate/cib'
import { type Supposition, whatIf, whatIfLines } from '@quorate/scheduler'
import { parseXml, type XmlElement, xmlErrorText } from '@quorate/xml'
import { decisionInput, readXml } from '../explain/decision-input.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'

const usage = `Usage: quorate what-if [OPTIONS]

What the cluster would do if something happened, and what would be different in the end. Changes nothing. Options can be
given several times and together.

Suppositions:
      --node-lost NODE         the node fails (it is fenced where fencing is on)
      --node-up NODE           the node comes up
      --standby NODE           the node is put on standby
      --fail RESOURCE@NODE     a monitor of the resource fails there
      --ticket-revoke TICKET   the ticket is revoked
      --ticket-grant TICKET    the ticket is granted
      --quorum-lost            this partition loses quorum
      --modify XML             the configuration is changed as 'cibadmin --modify --allow-create' would
      --delete XML             ... as 'cibadmin --delete' would
      --scope SECTION          section for --modify and --delete (default: configuration)
      --patch FILE             ... as 'cibadmin --patch' would (crm_diff makes such files)
      --new-cib FILE           the whole CIB is replaced by that of a file

Options:
  -x, --xml-file FILE   a CIB in a file instead of the cluster's (CIB_file and CIB_shadow work as well)
      --output-as WORD  text (default) or json
      --help            this text

Examples:
  quorate what-if --node-lost n1
  quorate what-if --standby n1 --standby n2
  quorate what-if --new-cib draft.xml
  quorate what-if --scope constraints --modify '<rsc_location id="l" rsc="web" node="n3" score="500"/>'
`

/** Plans without acting. */
export const run: Tool = (argv) => whatIfTool(argv, processHost())

/** {@link run} on a given host. */
export async function whatIfTool(argv: readonly string[], host: ToolHost): Promise<number> {
  let values: ReturnType<typeof parse>
  try {
    values = parse(argv)
  } catch (error) {
    host.err(`what-if: ${(error as Error).message}\n`)
    return exitCodes.usage
  }
  if (values.help || argv.length === 0) {
    host[values.help ? 'out' : 'err'](usage)
    return values.help ? exitCodes.ok : exitCodes.usage
  }
  const format = values['output-as']
  if (format !== 'text' && format !== 'json') {
    host.err(`what-if: --output-as=${format}: expected text or json\n`)
    return exitCodes.usage
  }
  const what = suppositionOf(values)
  if (typeof what === 'string') {
    host.err(`what-if: ${what}\n`)
    return exitCodes.usage
  }
  const input = await decisionInput('what-if', values['xml-file'], host)
  if (!input.ok) return input.error
  const { cib, options } = input.value
  const changed = await changedCib(cib, values, host)
  if (typeof changed === 'number') return changed
  const found = whatIf(cib, what, options, changed)
  if (!found.ok) {
    host.err(`what-if: ${found.error}\n`)
    return exitCodes.noSuchObject
  }
  if (format === 'json') host.out(`${JSON.stringify(found.value, undefined, 2)}\n`)
  else for (const line of whatIfLines(found.value)) host.out(`${line}\n`)
  return exitCodes.ok
}

const several = { type: 'string', multiple: true, default: [] as string[] } as const

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      'node-lost': several,
      'node-up': several,
      standby: several,
      fail: several,
      'ticket-revoke': several,
      'ticket-grant': several,
      'quorum-lost': { type: 'boolean', default: false },
      modify: several,
      delete: several,
      patch: several,
      'new-cib': { type: 'string' },
      scope: { type: 'string', default: 'configuration' },
      'xml-file': { type: 'string', short: 'x' },
      'output-as': { type: 'string', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

function suppositionOf(values: ReturnType<typeof parse>): Supposition | string {
  const failures = values.fail.map((text) => /^(.+)@([^@]+)$/.exec(text))
  if (failures.includes(null)) return `--fail wants RESOURCE@NODE`
  return {
    nodesLost: values['node-lost'],
    nodesUp: values['node-up'],
    nodesOnStandby: values.standby,
    failures: failures.map((match) => ({ resource: match?.[1] ?? '', node: match?.[2] ?? '' })),
    ticketsRevoked: values['ticket-revoke'],
    ticketsGranted: values['ticket-grant'],
    quorumLost: values['quorum-lost'],
  }
}

type Change = {
  readonly op: 'cib_apply_diff' | 'cib_modify' | 'cib_delete'
  readonly data: XmlElement
  readonly section: string | undefined
}

/** The changes asked for in the order in which they are made, or the exit code where one cannot be read. */
async function changesOf(values: ReturnType<typeof parse>, host: ToolHost): Promise<readonly Change[] | number> {
  const changes: Change[] = []
  for (const file of values.patch) {
    const read = await readXml(file, 'diff')
    if (!read.ok) return complain(host, read.error)
    changes.push({ op: 'cib_apply_diff', data: read.value, section: undefined })
  }
  const given = [
    ...values.modify.map((text) => ['cib_modify', text] as const),
    ...values.delete.map((text) => ['cib_delete', text] as const),
  ]
  for (const [op, text] of given) {
    const data = parseXml(text)
    if (!data.ok) return complain(host, xmlErrorText(data.error, 'argument'))
    changes.push({ op, data: data.value, section: values.scope })
  }
  return changes
}

function complain(host: ToolHost, text: string): number {
  host.err(`what-if: ${text}\n`)
  return exitCodes.data
}

/** The CIB with the changes asked for, or the exit code where one is refused: as the CIB manager would refuse it. */
async function changedCib(
  cib: XmlElement,
  values: ReturnType<typeof parse>,
  host: ToolHost,
): Promise<XmlElement | number> {
  let changed = cib
  const file = values['new-cib']
  if (file !== undefined) {
    const read = await readXml(file, 'cib')
    if (!read.ok) return complain(host, read.error)
    changed = read.value
  }
  const changes = await changesOf(values, host)
  if (typeof changes === 'number') return changes
  for (const { op, data, section } of changes) {
    const options = cibCallOptions.canCreate
    const call = section === undefined ? { op, data, options } : { op, section, data, options }
    const outcome = performCall(changed, call, { isValid: isValidCib })
    if (outcome.rc !== 0) {
      host.err(`what-if: the change would be refused: ${faultText(outcome.rc)}\n`)
      return exitCodeOf(outcome.rc)
    }
    changed = outcome.cib
  }
  return changed
}
