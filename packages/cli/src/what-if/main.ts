import { parseArgs } from 'node:util'
import { exitCodes, isSectionName } from '@quorate/cib'
import {
  hasOtherSecrets,
  type NamedValue,
  type Preference,
  type StatusOptions,
  type Supposition,
  scoreOf,
  type WhatIf,
  whatIfLines,
  whatIfWithEnd,
} from '@quorate/scheduler'
import { type DecisionInput, decisionInput } from '../explain/decision-input.ts'
import { decisionJson } from '../explain/decision-json.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import type { Tool } from '../tool.ts'
import { changedCib, type Edit, isEdit } from './edits.ts'

const usage = `Usage: quorate what-if [OPTIONS] [--then OPTIONS]...

What the cluster would do if something happened, what would be different in the end, and why. Changes nothing. Options can
be given several times and together. What stands after --then is supposed once the cluster has done all that follows from
what stands before.

Suppositions:
      --node-lost NODE         the node fails (it is fenced where fencing is on)
      --node-up NODE           the node comes up
      --reboot NODE            the node was fenced or rebooted, and has come back with nothing running
      --standby NODE           the node is put on standby
      --unstandby NODE         the node is taken off standby
      --fail RESOURCE@NODE     a monitor of the resource fails there
      --ticket-revoke TICKET   the ticket is revoked
      --ticket-grant TICKET    the ticket is granted
      --ticket-standby TICKET  the ticket is put on standby
      --ticket-activate TICKET the ticket is taken off standby
      --quorum-lost            this partition loses quorum
      --quorum-gained          this partition gains quorum
      --stopped RESOURCE@NODE  a person has stopped the resource there, and had the cluster look again
      --configured RESOURCE    what only its history knows is configured again, with its agent and nothing else
      --cleanup [RESOURCE][@NODE]
                               failures are forgotten: of the resource, on the node, or both
      --prefer RESOURCE@NODE[=SCORE]
                               a location constraint is added (default: INFINITY)
      --prefer-promoted RESOURCE@NODE[=SCORE]
                               ... for being promoted
      --prefer-exclusive RESOURCE@NODE[=SCORE]
                               ... with resource-discovery=exclusive
      --without CONSTRAINT     the constraint with that id is taken away
      --option NAME=VALUE      a cluster option is set (empty: taken away)
      --meta RESOURCE:NAME=VALUE
                               a meta-attribute is set (empty: taken away)
      --attribute NODE:NAME=VALUE
                               a node attribute is set (empty: taken away)
      --bundle BUNDLE:NAME=VALUE
                               an attribute of the bundle's containers is set: replicas, replicas-per-host, ...
      --bundle-network BUNDLE:NAME=VALUE
                               an attribute of the bundle's network is set: ip-range-start, control-port, ...
      --utilization NODE:NAME=VALUE
                               a capacity of a node is set
      --modify XML             the configuration is changed as 'cibadmin --modify --allow-create' would
      --create XML             ... as 'cibadmin --create' would
      --replace XML            ... as 'cibadmin --replace' would
      --delete XML             ... as 'cibadmin --delete' would
                               (instead of XML the name of a file with it; these changes are made in the given order)
      --scope SECTION          section for these (default: configuration)
      --patch FILE             ... as 'cibadmin --patch' would (crm_diff makes such files)
      --new-cib FILE           the whole CIB is replaced by that of a file

Options:
  -x, --xml-file FILE   a CIB in a file instead of the cluster's (CIB_file and CIB_shadow work as well)
      --output-as WORD  text (default) or json
      --help            this text

Exit codes:
  0    answered, whatever the answer
  64   wrong arguments
  65   a file cannot be read, or is not what it should be
  78   the CIB, or the supposed one, is not one that could be decided on
  105  there is no resource, node, ticket or constraint of a name that is supposed
  Others are those of the cluster's CIB, where it cannot be reached, and of changes that cibadmin would refuse:
  crm_error --exit CODE

Examples:
  quorate what-if --node-lost n1
  quorate what-if --node-lost n1 --quorum-lost --output-as=json | jq .changes
  quorate what-if --standby n1 --standby n2
  quorate what-if --node-lost n1 --then --reboot n1
  quorate what-if --new-cib draft.xml
  quorate what-if --scope constraints --modify '<rsc_location id="l" rsc="web" node="n3" score="500"/>'
`

/** Plans without acting. */
export const run: Tool = (argv) => whatIfTool(argv, processHost())

/** {@link run} on a given host. */
export async function whatIfTool(argv: readonly string[], host: ToolHost): Promise<number> {
  let steps: readonly Step[]
  try {
    steps = stepsOf(argv)
  } catch (error) {
    host.err(`what-if: ${(error as Error).message}\n`)
    return exitCodes.usage
  }
  const isHelp = steps.some(({ values }) => values.help)
  if (isHelp || argv.length === 0) {
    host[isHelp ? 'out' : 'err'](usage)
    return isHelp ? exitCodes.ok : exitCodes.usage
  }
  const format = lastOf(steps, 'output-as') ?? 'text'
  if (format !== 'text' && format !== 'json') {
    host.err(`what-if: --output-as=${format}: expected text or json\n`)
    return exitCodes.usage
  }
  const input = await decisionInput('what-if', lastOf(steps, 'xml-file'), host)
  if (!input.ok) return input.error
  const options = optionsFor(input.value, steps)
  const all: WhatIf[] = []
  let at = input.value.cib
  for (const { values, what } of steps) {
    const changed = await changedCib(at, values, host)
    if (typeof changed === 'number') return changed
    const found = whatIfWithEnd(at, what, options, changed)
    if (!found.ok) {
      host.err(`what-if: ${found.error}\n`)
      return exitCodes.noSuchObject
    }
    all.push(found.value.found)
    // Nobody can say what comes after a standstill.
    if (!found.value.found.isComplete) break
    at = found.value.end
  }
  say(all, steps.length, format, host)
  return exitCodes.ok
}

/** How to decide. Secrets of a file that are those of its cluster are not masked: another one that is supposed is a change. */
function optionsFor({ cib, options }: DecisionInput, steps: readonly Step[]): StatusOptions {
  const isChanged = steps.some(({ values }) => values.edits.length > 0 || values['new-cib'] !== undefined)
  if (!isChanged || options.hasMaskedSecrets !== true) return options
  return { ...options, hasMaskedSecrets: hasOtherSecrets(cib, options) }
}

/** What is supposed at once, with the options that say so. */
type Step = { readonly values: ReturnType<typeof parse>; readonly what: Supposition }

/** What stands between one `--then` and the next. @throws Error where arguments are wrong */
function stepsOf(argv: readonly string[]): readonly Step[] {
  const parts: string[][] = [[]]
  for (const word of argv) {
    if (word === '--then') parts.push([])
    else parts.at(-1)?.push(word)
  }
  if (parts.length > stepsMax) throw new Error(`--then: at most ${stepsMax} steps`)
  return parts.map((part) => {
    if (part.length === 0 && parts.length > 1) throw new Error('--then: nothing is supposed before or after it')
    const values = parse(part)
    if (!isSectionName(values.scope)) throw new Error(`--scope=${values.scope}: expected ${scopes}`)
    return { values, what: suppositionOf(values) }
  })
}

/** Sections that a change can be for. */
const scopes =
  'configuration, crm_config, nodes, resources, constraints, rsc_defaults, op_defaults, fencing-topology, acls, tags, alerts or status'

/** How many steps may be supposed: each is simulated to its end. */
const stepsMax = 20

function lastOf(steps: readonly Step[], name: 'xml-file' | 'output-as'): string | undefined {
  return steps.findLast(({ values }) => values[name] !== undefined)?.values[name]
}

function say(all: readonly WhatIf[], asked: number, format: 'text' | 'json', host: ToolHost): void {
  const [only] = all
  if (only !== undefined && asked === 1) {
    if (format === 'json') host.out(decisionJson(only))
    else for (const line of whatIfLines(only)) host.out(`${line}\n`)
    return
  }
  if (format === 'json') {
    host.out(decisionJson({ steps: all }))
    return
  }
  all.forEach((found, i) => {
    host.out(`Step ${i + 1}: ${whatIfLines(found).join('\n')}\n`)
  })
  if (all.length < asked)
    host.out(`Nothing can be said of step ${all.length + 1}, since the cluster gets stuck before.\n`)
}

const several = { type: 'string', multiple: true, default: [] as string[] } as const

function parse(argv: readonly string[]) {
  const { values, tokens } = parseArgs({
    args: [...argv],
    tokens: true,
    options: {
      'node-lost': several,
      'node-up': several,
      reboot: several,
      standby: several,
      unstandby: several,
      fail: several,
      stopped: several,
      configured: several,
      cleanup: several,
      'ticket-revoke': several,
      'ticket-grant': several,
      'ticket-standby': several,
      'ticket-activate': several,
      'quorum-lost': { type: 'boolean', default: false },
      'quorum-gained': { type: 'boolean', default: false },
      prefer: several,
      'prefer-promoted': several,
      'prefer-exclusive': several,
      without: several,
      option: several,
      meta: several,
      attribute: several,
      bundle: several,
      'bundle-network': several,
      utilization: several,
      modify: several,
      create: several,
      replace: several,
      delete: several,
      patch: several,
      'new-cib': { type: 'string' },
      scope: { type: 'string', default: 'configuration' },
      'xml-file': { type: 'string', short: 'x' },
      'output-as': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const edits = tokens.flatMap((token): readonly Edit[] =>
    token.kind === 'option' && isEdit(token.name) && token.value !== undefined
      ? [{ option: token.name, value: token.value }]
      : [],
  )
  return { ...values, edits }
}

/** An argument that has to look like something, and what that is called. */
function fields(option: string, wanted: string, pattern: RegExp, texts: readonly string[]): readonly RegExpExecArray[] {
  return texts.map((text) => {
    const match = pattern.exec(text)
    if (match === null) throw new TypeError(`--${option} wants ${wanted}`)
    return match
  })
}

const emptyIsNone = (name: string | undefined, value: string | undefined): NamedValue => ({
  name: name ?? '',
  value: value === '' ? undefined : value,
})

function places(
  option: string,
  texts: readonly string[],
): readonly { readonly resource: string; readonly node: string }[] {
  return fields(option, 'RESOURCE@NODE', /^(.+)@([^@]+)$/, texts).map(([, resource = '', node = '']) => ({
    resource,
    node,
  }))
}

function preferences(option: string, texts: readonly string[]): readonly Preference[] {
  const wanted = 'RESOURCE@NODE or RESOURCE@NODE=SCORE'
  return fields(option, wanted, /^(.+)@([^@=]+)(?:=([+-]?(?:INFINITY|\d+)))?$/, texts).map(
    ([, resource = '', node = '', score = 'INFINITY']) => ({ resource, node, score: scoreOf(score) }),
  )
}

function ofNodes(option: string, texts: readonly string[]): readonly (NamedValue & { readonly node: string })[] {
  return fields(option, 'NODE:NAME=VALUE', /^([^:=]+):([^=]+)=(.*)$/s, texts).map(([, node = '', name, value]) => ({
    node,
    ...emptyIsNone(name, value),
  }))
}

function ofBundles(option: string, texts: readonly string[]): readonly (NamedValue & { readonly bundle: string })[] {
  return fields(option, 'BUNDLE:NAME=VALUE', /^([^:=]+):([^=]+)=(.*)$/s, texts).map(([, bundle = '', name, value]) => ({
    bundle,
    ...emptyIsNone(name, value),
  }))
}

/** @throws TypeError where an argument does not look like what its option wants */
function suppositionOf(values: ReturnType<typeof parse>): Supposition {
  if (values['quorum-lost'] && values['quorum-gained']) {
    throw new TypeError('--quorum-lost and --quorum-gained cannot both be supposed')
  }
  return {
    nodesLost: values['node-lost'],
    nodesUp: values['node-up'],
    nodesRebooted: values.reboot,
    nodesOnStandby: values.standby,
    nodesOffStandby: values.unstandby,
    failures: places('fail', values.fail),
    stopped: places('stopped', values.stopped),
    configured: values.configured,
    cleanups: fields('cleanup', 'RESOURCE, @NODE or RESOURCE@NODE', /^(?=.)([^@]+)?(?:@([^@]+))?$/, values.cleanup).map(
      ([, resource, node]) => ({ resource, node }),
    ),
    ticketsRevoked: values['ticket-revoke'],
    ticketsGranted: values['ticket-grant'],
    ticketsStandby: values['ticket-standby'],
    ticketsActivated: values['ticket-activate'],
    quorumLost: values['quorum-lost'],
    quorumGained: values['quorum-gained'],
    preferences: [
      ...preferences('prefer', values.prefer),
      ...preferences('prefer-promoted', values['prefer-promoted']).map((wish) => ({ ...wish, isForPromotion: true })),
      ...preferences('prefer-exclusive', values['prefer-exclusive']).map((wish) => ({ ...wish, isExclusive: true })),
    ],
    withoutConstraints: values.without,
    clusterOptions: fields('option', 'NAME=VALUE', /^([^=]+)=(.*)$/s, values.option).map(([, name, value]) =>
      emptyIsNone(name, value),
    ),
    metaAttributes: fields('meta', 'RESOURCE:NAME=VALUE', /^(.+):([^:=]+)=(.*)$/s, values.meta).map(
      ([, resource = '', name, value]) => ({ resource, ...emptyIsNone(name, value) }),
    ),
    bundleOptions: ofBundles('bundle', values.bundle),
    bundleNetworks: ofBundles('bundle-network', values['bundle-network']),
    nodeAttributes: ofNodes('attribute', values.attribute),
    utilization: ofNodes('utilization', values.utilization),
  }
}
