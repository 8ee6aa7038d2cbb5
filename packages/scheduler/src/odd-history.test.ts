import { attr, descendants, parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { type SimulationOutcome, simulate } from './simulate/session.ts'

// Histories that no cluster of today writes, on which random comparison with the real crm_simulate found a difference once;
// and what a simulation writes into a history in their turn.

const nowSeconds = 1_700_000_000

type Parts = {
  /** What is inside of the primitive `p`. */
  readonly inside: string
  /** Entries of its history. */
  readonly entries?: string
}

function run({ inside, entries = '' }: Parts): SimulationOutcome {
  const agent = 'class="ocf" provider="heartbeat" type="x"'
  const history = `<lrm><lrm_resources><lrm_resource id="p" ${agent}>${entries}</lrm_resource></lrm_resources></lrm>`
  const read = parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="${nowSeconds}"><configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="os" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources><primitive id="p" ${agent}>${inside}</primitive></resources><constraints/></configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">${history}</node_state></status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return simulate(read.value, { nowSeconds, process: true, simulate: true })
}

function entry(id: string, rc: number, attributes: string): string {
  const key = '1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
  return `<lrm_rsc_op id="${id}" ${attributes} call-id="1" rc-code="${rc}" op-status="0" transition-key="${key}" transition-magic="0:${rc};${key}"/>`
}

function current({ stdout }: SimulationOutcome): string {
  return stdout.split('\n').find((line) => line.includes('p\t(')) ?? ''
}

/** The history of `p` after the simulation: id, operation and its name. */
function written({ output }: SimulationOutcome): readonly (readonly (string | undefined)[])[] {
  return [...descendants(output)]
    .filter(({ name }) => name === 'lrm_rsc_op')
    .map((item) => ['id', 'operation', 'operation_key'].map((name) => attr(item, name)))
}

const blocks = '<operations><op id="m" name="monitor" interval="10s" on-fail="block"/></operations>'

test.each([
  ['operation_key="p_monitor_10000"', 'FAILED n1 (blocked)'],
  ['operation_key="P_Monitor_10000"', 'FAILED n1 (blocked)'],
  ['', 'FAILED n1'],
  ['operation_key="p_monitor_20000"', 'FAILED n1'],
  ['operation_key="q_monitor_10000"', 'FAILED n1'],
])('what is configured for a failed operation (%s) is found by the name that its entry has for it', (key, shown) => {
  const entries = entry('p_last_failure_0', 1, `operation="monitor" interval="10000" ${key}`)
  expect(current(run({ inside: blocks, entries }))).toMatch(new RegExp(`${shown.replace(/[()]/g, '\\$&')}$`))
})

const started = entry('p_last_0', 0, 'operation="start" operation_key="p_start_0" interval="0"')

test('a repeated reload is recorded as a start', () => {
  const inside = '<operations><op id="o" name="reload" interval="10s"/></operations>'
  const [, reloaded] = written(run({ inside, entries: started }))
  expect(reloaded).toEqual(['p_start_10000', 'start', 'p_start_10000'])
})

test('a repeated notification that tells of nothing takes the place of the first entry', () => {
  const inside = '<operations><op id="o" name="notify" interval="10s"/></operations>'
  const outcome = run({ inside, entries: started })
  expect(written(outcome)).toEqual([['p_last_0', 'notify', 'p_notify_10000']])
  expect(current({ ...outcome, stdout: outcome.stdout.split('Revised Cluster Status')[1] ?? '' })).toMatch(/Stopped$/)
})

test.each([
  ['before', 1, 2, 'FAILED n1'],
  ['after', 2, 1, 'FAILED n1 (blocked)'],
])(
  'a failure that cannot be ignored makes others forgotten that came before it, and none that comes after: %s',
  (_, startId, monitorId, shown) => {
    const inside =
      '<operations><op id="m" name="monitor" interval="10s" on-fail="ignore"/><op id="s" name="start" interval="0" on-fail="block"/></operations>'
    const start = entry('p_last_failure_0', 1, 'operation="start" operation_key="p_start_0" interval="0"')
    const monitor = entry(
      'p_monitor_10000',
      198,
      'operation="monitor" operation_key="p_monitor_10000" interval="10000"',
    )
    const entries = [
      start.replace('call-id="1"', `call-id="${startId}"`),
      monitor
        .replace('call-id="1"', `call-id="${monitorId}"`)
        .replace('op-status="0"', 'op-status="7"')
        .replace('0:198', '7:198'),
    ]
    expect(current(run({ inside, entries: entries.join('') })).endsWith(shown)).toBe(true)
  },
)

test('an operation whose name is empty counts, and one without a name does not', () => {
  const shown = (operation: string): string => current(run({ inside: '', entries: entry('p_last_0', 0, operation) }))
  expect(shown('operation="" operation_key="p__0" interval="0"')).toMatch(/Started n1$/)
  expect(shown('operation_key="p__0" interval="0"')).toMatch(/Stopped$/)
})

function logOf({ log }: SimulationOutcome): readonly string[] {
  return log.map(({ kind, text }) => `${kind}: ${text}`)
}

test('of a cancelled operation it is told that no history should have it', () => {
  const entries = entry('p_last_0', 0, 'operation="stop" operation_key="p_stop_0" interval="0"')
  const told = logOf(run({ inside: '', entries: entries.replace('op-status="0"', 'op-status="1"') }))
  expect(told).toContain("error: Resource history contains cancellation 'p_last_0' (stop of p on n1 at unknown time)")
})

test('of a failure that has expired it is told that it does not count', () => {
  const inside = '<meta_attributes id="t"><nvpair id="t1" name="failure-timeout" value="1"/></meta_attributes>'
  const long = `last-rc-change="${nowSeconds - 60}"`
  const entries = entry('p_last_0', 1, `operation="start" operation_key="p_start_0" interval="0" ${long}`)
  expect(logOf(run({ inside, entries }))).toContain(
    'notice: Ignoring expired p_start_0 failure on n1 | actual=1 expected=0 magic=0:1;1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  )
})
