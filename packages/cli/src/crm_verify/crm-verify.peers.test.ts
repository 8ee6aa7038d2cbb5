import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type ToolOutcome, tryProgram, tryTool } from '../pacemaker/tool-trial.ts'
import { crmVerify } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isInstalled = spawnSync('crm_verify', ['--version']).error === undefined
const lacks = !isInstalled
  ? ' (skipped: no crm_verify)'
  : !fs.existsSync(suite)
    ? ' (skipped: no suite, set QUORATE_SHARED)'
    : ''

/** Parts of Pacemaker whose remarks are about its own insides: what it makes of numbers, and how it chose. */
const ownRemarks = /^\((?:scan_ll|assign_best_node|action_for_ordering)\)/

function told({ code, out, err }: ToolOutcome) {
  return { code, out, err: err.split('\n').filter((line) => !ownRemarks.test(line)) }
}

/** What is read with -p. */
const piped = (): string => fs.readFileSync(path.join(suite, '1-a-then-bm-move-b.xml'), 'utf8')

const ours = (argv: readonly string[]): Promise<ToolOutcome> =>
  tryTool(crmVerify, argv, { env: { PATH: '/usr/bin' }, input: piped() })
const real = (argv: readonly string[]): Promise<ToolOutcome> =>
  tryProgram('crm_verify', argv, { input: argv.includes('-p') ? piped() : '' })

/** Files of the suite whose result differs, and how. */
async function differences(files: readonly string[], more: readonly string[]): Promise<readonly unknown[]> {
  const found: unknown[] = []
  const rest = [...files]
  const work = async (): Promise<void> => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift()) {
      const argv = ['-x', path.join(suite, file), ...more]
      const [expected, actual] = [told(await real(argv)), told(await ours(argv))]
      try {
        expect(actual).toEqual(expected)
      } catch {
        found.push({ file, actual, expected })
      }
    }
  }
  await Promise.all([work(), work()])
  return found
}

const files = lacks === '' ? fs.readdirSync(suite).filter((name) => name.endsWith('.xml')) : []

test.skipIf(lacks !== '')(
  `exit code and every line of -VV are those of the real crm_verify on all inputs of the suite${lacks}`,
  async () => {
    expect(files.length).toBeGreaterThan(600)
    expect(await differences(files, ['-VV'])).toEqual([])
  },
)

test.skipIf(lacks !== '')(`so they are without -V, with -V and as XML, on every 20th input${lacks}`, async () => {
  const some = files.filter((_, i) => i % 20 === 3)
  for (const more of [[], ['-V'], ['--output-as=xml']]) expect(await differences(some, more)).toEqual([])
})

const plainText = '<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration>'
const fencingOff =
  '<crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>'
const emptySections = `${fencingOff}<nodes>NODES</nodes><resources/><constraints/></configuration><status>STATUS</status></cib>`
const withText = (nodes: string, status: string): string =>
  plainText + emptySections.replace('NODES', nodes).replace('STATUS', status)

test.skipIf(lacks !== '').each([
  ['a stray bracket', withText('&gt;', '')],
  ['a word', withText('\n <!-- so --> word', '')],
  ['text in the status', withText('', 'word')],
  ['a text without a schema', withText('word', '').replace('pacemaker-3.9', 'none')],
])(`%s among elements is judged as the real one does${lacks}`, async (_, cib) => {
  const argv = ['-X', cib, '-V']
  const [mine, theirs] = [await ours(argv), await real(argv)]
  const last = (text: string) => text.split('\n').slice(-3)
  expect({ code: mine.code, last: last(mine.err) }).toEqual({ code: theirs.code, last: last(theirs.err) })
  const file = path.join(os.tmpdir(), `quorate-verify-${process.pid}.xml`)
  fs.writeFileSync(file, cib)
  const codes = [await ours(['-x', file]), await real(['-x', file])].map(({ code }) => code)
  fs.rmSync(file)
  expect(codes).toEqual([0, 0])
})

/**
 * Inputs with fencing, shutdowns, clean-ups, agents that changed, what is active or known twice, not installed or watched while
 * stopped; with failures that are forgotten, probes that cannot tell, instances without a partner or kept as they are.
 */
const eventful = [
  ...[
    '797',
    'order1',
    'quorum-4',
    'bug-suse-707150',
    'stopped-monitor-20',
    'stopped-monitor-27',
    'whitebox-asymmetric',
  ],
  ...['bug-lf-2606', 'suicide-not-needed-quorate', 'clone-anon-dup', 'bug-1765'],
  ...[
    'bug-5025-1',
    'bundle-probe-order-3',
    'whitebox-orphaned',
    'failcount',
    'failed-probe-clone',
    'promoted-failed-demote',
  ],
  ...[
    'bundle-order-stop',
    'clone-max-zero',
    'promoted-reattach',
    'bug-cl-5212',
    'partial-live-migration-multiple-active',
  ],
  ...['stop-failure-no-quorum', 'suicide-needed-inquorate'],
  ...['on-fail-ignore', 'expired-failed-probe-primitive', 'remote-connection-shutdown'],
  ...['remote-startup-probes', 'on_fail_demote2', 'promoted-demote-2', 'ticket-rsc-sets-3', 'location-date-rules-1'],
]

test.skipIf(lacks !== '').each(eventful)(`-VVV tells of %s what is going to be done as well${lacks}`, async (name) => {
  const argv = ['-VVV', '-x', path.join(suite, `${name}.xml`)]
  expect(told(await ours(argv))).toEqual(told(await real(argv)))
})

test.skipIf(lacks !== '')(`-VVV tells where suicide is not the policy before there was quorum${lacks}`, async () => {
  const fencing = '<primitive id="f" class="stonith" type="fence_x"/>'
  const cib = unchecked({ options: '<nvpair id="n" name="no-quorum-policy" value="suicide"/>', resources: fencing })
    .replace('<cib ', '<cib have-quorum="0" ')
    .replace('name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"')
  const argv = ['-VVV', '-X', cib]
  expect(told(await ours(argv))).toEqual(told(await real(argv)))
})

test.skipIf(lacks !== '')(`-VVVV tells of its end${lacks}`, async () => {
  const { err } = await ours(['-VVVV', '-X', '<cib validate-with="none"/>'])
  expect((await real(['-VVVV', '-X', '<cib validate-with="none"/>'])).err).toContain(err.trimEnd().split('\n').at(-1))
})

const wrong: readonly (readonly [what: string, argv: readonly string[]])[] = [
  ['no source', []],
  ['a file that is not there', ['-x', '/nowhere/cib.xml']],
  ['a file that is not there, as XML', ['-x', '/nowhere/cib.xml', '--output-as=xml']],
  ['an unknown option', ['--nope']],
  ['an unknown short option', ['-q']],
  ['a missing argument', ['-x']],
  ['an unknown format', ['--output-as=html', '-X', '<cib/>']],
  ['an output that cannot be written', ['--output-to=/nowhere/out', '-X', '<cib/>']],
  ['the cluster where there is none', ['-L']],
  ['standard input', ['-p']],
  ['something that is no cib', ['-X', '<foo/>']],
]

test.skipIf(lacks !== '').each(wrong)(`%s is answered as the real one does${lacks}`, async (_, argv) => {
  const [expected, actual] = [await real(argv), await ours(argv)]
  const brief = ({ code, out, err }: ToolOutcome) => ({
    code,
    out,
    err: err.split('\n').filter((line) => /^crm_verify: /.test(line)),
  })
  expect(brief(actual)).toEqual(brief(expected))
})

const plainNode = '<node id="1" uname="n1"/>'
const plainResource = '<primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>'

/** Parts of a CIB; what is left out is as it should be. */
type Parts = {
  readonly options?: string
  readonly nodes?: string
  readonly resources?: string
  readonly constraints?: string
  readonly more?: string
  readonly status?: string
}

/** A CIB that is held to no schema. */
function unchecked(parts: Parts): string {
  const { options = '', nodes = plainNode, resources = plainResource, constraints = '', more = '', status } = parts
  const state = status ?? '<node_state id="1" uname="n1" crmd="online" in_ccm="true" join="member" expected="member"/>'
  const crmConfig = `<cluster_property_set id="o"><nvpair id="o-s" name="stonith-enabled" value="false"/>${options}</cluster_property_set>`
  return `<cib validate-with="none" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config>${crmConfig}</crm_config><nodes>${nodes}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints>${more}</configuration><status>${state}</status></cib>`
}

/** What caused an operation, as its key has it. */
const cause = '9d0bfd83-75ef-4da1-bc8d-8ee972b05fc3'

/** A state with a history of `a`: operations as NAME:CALL:RC, all under the same id. */
const withHistory = (operations: string): string => {
  const entries = operations.split(' ').map((item) => {
    const [name, call, rc = '0'] = item.split(':')
    const result = `call-id="${call}" rc-code="${rc}" op-status="0" interval="0" transition-key="1:1:0:${cause}"`
    return `<lrm_rsc_op id="a_last_0" operation_key="a_${name}_0" operation="${name}" ${result} transition-magic="0:${rc};1:1:0:${cause}"/>`
  })
  const resource = `<lrm_resource id="a" class="ocf" provider="pacemaker" type="Dummy">${entries.join('')}</lrm_resource>`
  return `<node_state id="1" uname="n1" crmd="online" in_ccm="true" join="member" expected="member"><lrm id="1"><lrm_resources>${resource}</lrm_resources></lrm></node_state>`
}

const withOperation = (op: string) => plainResource.replace('/>', `><operations>${op}</operations></primitive>`)
const withMeta = (name: string, value: string) =>
  plainResource.replace(
    '/>',
    `><meta_attributes id="m"><nvpair id="m-n" name="${name}" value="${value}"/></meta_attributes></primitive>`,
  )
const located = (inside: string) => `<rsc_location id="l" rsc="a">${inside}</rsc_location>`

const faulty: readonly (readonly [what: string, parts: Parts])[] = [
  ['nothing wrong', {}],
  ['a node of an unknown type', { nodes: '<node id="1" uname="n1" type="bogus"/>' }],
  ['a node without a type in its type', { nodes: '<node id="1" uname="n1" type=""/>' }],
  ['ping nodes', { nodes: `${plainNode}<node id="2" uname="n2" type="ping"/><node id="3" uname="n3" type="ping"/>` }],
  ['a normal node of old', { nodes: '<node id="1" uname="n1" type="normal"/>' }],
  ['a remote node without a connection', { nodes: `${plainNode}<node id="2" uname="n2" type="remote"/>` }],
  ['a node without id', { nodes: `<node uname="n0"/>${plainNode}` }],
  ['a node twice', { nodes: plainNode + plainNode }],
  ['two nodes of a name', { nodes: `${plainNode}<node id="2" uname="n1"/>` }],
  ['a stray element among resources', { resources: `<foo id="z"/>${plainResource}` }],
  ['a resource without id', { resources: plainResource.replace('id="a" ', '') }],
  ['a resource twice', { resources: plainResource + plainResource }],
  ['a resource without class', { resources: '<primitive id="a" type="Dummy"/>' }],
  ['an empty group', { resources: '<group id="g"/>' }],
  ['an empty clone', { resources: '<clone id="c"/>' }],
  ['a clone in a clone', { resources: `<clone id="c"><clone id="d">${plainResource}</clone></clone>` }],
  ['an empty bundle', { resources: '<bundle id="b"/>' }],
  ['a bundle that cannot be reached', { resources: `<bundle id="b"><docker image="x"/>${plainResource}</bundle>` }],
  ['a template that is not there', { resources: '<primitive id="a" template="t"/>' }],
  [
    'a doubled operation',
    { resources: withOperation('<op id="o" name="monitor" interval="9"/><op id="p" name="monitor" interval="9"/>') },
  ],
  [
    'an unknown role of an operation',
    { resources: withOperation('<op id="o" name="monitor" interval="9" role="bogus"/>') },
  ],
  [
    'an unknown consequence of failure',
    { resources: withOperation('<op id="o" name="monitor" interval="9" on-fail="bogus"/>') },
  ],
  ['an unknown requirement', { resources: withMeta('requires', 'bogus') }],
  ['an unknown way of recovery', { resources: withMeta('multiple-active', 'bogus') }],
  ...['no-quorum-policy', 'stonith-action', 'symmetric-cluster', 'placement-strategy', 'batch-limit'].map(
    (name) => [`a wrong ${name}`, { options: `<nvpair id="n" name="${name}" value="bogus"/>` }] as const,
  ),
  ['something removed after stop', { options: '<nvpair id="n" name="remove-after-stop" value="true"/>' }],
  ...['pe-error-series-max', 'pe-warn-series-max', 'pe-input-series-max'].map(
    (name) => [`a wrong ${name}`, { options: `<nvpair id="n" name="${name}" value="x"/>` }] as const,
  ),
  ['a stray constraint', { constraints: '<foo id="l"/>' }],
  ['a constraint without id', { constraints: '<rsc_location rsc="a" node="n1" score="1"/>' }],
  ['a location of nothing', { constraints: '<rsc_location id="l" rsc="nope" node="n1" score="1"/>' }],
  ['a location without score', { constraints: '<rsc_location id="l" rsc="a" node="n1"/>' }],
  ['an unknown role of a location', { constraints: '<rsc_location id="l" rsc="a" node="n1" score="1" role="bogus"/>' }],
  ['a wrong pattern', { constraints: '<rsc_location id="l" rsc-pattern="(" node="n1" score="1"/>' }],
  [
    'an expression without operation',
    { constraints: located('<rule id="r" score="1"><expression id="e" attribute="x"/></rule>') },
  ],
  [
    'an unknown role of a rule',
    {
      constraints: located('<rule id="r" score="1" role="bogus"><date_expression id="e" operation="in_range"/></rule>'),
    },
  ],
  ['a rule that is not there', { constraints: located('<rule id-ref="nope"/>') }],
  ['a set that is not there', { constraints: '<rsc_order id="l"><resource_set id-ref="nope"/></rsc_order>' }],
  ['a colocation with nothing', { constraints: '<rsc_colocation id="l" rsc="a" with-rsc="nope" score="1"/>' }],
  ['an order of nothing', { constraints: '<rsc_order id="l" first="nope" then="a"/>' }],
  ['an order of unknown actions', { constraints: '<rsc_order id="l" first="a" then="a" first-action="bogus"/>' }],
  ['a ticket of none', { constraints: '<rsc_ticket id="l" rsc="a"/>' }],
  ['an unknown role for a ticket', { constraints: '<rsc_ticket id="l" rsc="a" ticket="T" rsc-role="bogus"/>' }],
  ['a tag without id', { more: '<tags><tag><obj_ref id="a"/></tag></tags>' }],
  ['a tag of something without id', { more: '<tags><tag id="t"><obj_ref/></tag></tags>' }],
  ['a state without id', { status: '<node_state uname="n1" crmd="online" in_ccm="true" join="member"/>' }],
  ['an entry twice', { status: withHistory('monitor:1:7 monitor:1:7') }],
  ['an entry twice of what runs', { status: withHistory('start:1 start:2') }],
  ['an entry four times', { status: withHistory('start:3 stop:2 start:1 monitor:4') }],
  ['a state of nobody', { status: '<node_state id="9" uname="n9" crmd="online" in_ccm="true" join="member"/>' }],
]

test.skipIf(lacks !== '').each(faulty)(
  `without a schema, %s is told as the real one tells it${lacks}`,
  async (_, parts) => {
    const argv = ['-X', unchecked(parts), '-VV']
    expect(told(await ours(argv))).toEqual(told(await real(argv)))
  },
)

const whole = unchecked({ constraints: '<rsc_location id="l" rsc="nope" node="n1" score="1"/><foo/>' })
const displaced: readonly (readonly [what: string, cib: string])[] = [
  ['no status', whole.replace(/<status>.*<\/status>/, '')],
  ['two of status', whole.replace('</status>', '</status><status/>')],
  ['nodes twice', whole.replace('</nodes>', '</nodes><nodes/>')],
  ['resources twice', whole.replace('<resources>', '<resources/><resources>')],
  ['options twice', whole.replace('<crm_config>', '<crm_config/><crm_config>')],
  ['two configurations', whole.replace('<configuration>', '<configuration/><configuration>')],
  [
    'resources in something else',
    whole.replace('<resources>', '<x><resources>').replace('</resources>', '</resources></x>'),
  ],
  [
    'a configuration in something else',
    whole.replace('<configuration>', '<x><configuration>').replace('</configuration>', '</configuration></x>'),
  ],
  ['a status in something else', whole.replace('<status>', '<x><status>').replace('</status>', '</status></x>')],
  ['a whole CIB in it as well', whole.replace('</status>', `</status>${whole}`)],
  ['a CIB in the status', whole.replace('</status>', `${whole}</status>`)],
  ['only a CIB in something else', `<cib validate-with="none"><x>${whole}</x></cib>`],
  ['only a CIB in a CIB', `<cib validate-with="none">${whole}</cib>`],
  ['a CIB of two in it', `<cib validate-with="none">${whole}${whole}</cib>`],
  ['a status of a CIB in it', whole.replace('</configuration>', '</configuration><cib><status/></cib>')],
  [
    'tags and alerts twice',
    whole.replace('</constraints>', '</constraints><tags><tag><obj_ref id="a"/></tag></tags><tags/>'),
  ],
  [
    'nodes outside of the configuration',
    whole.replace(/<nodes>.*<\/nodes>/, '').replace('<status>', `<nodes>${plainNode}</nodes><status>`),
  ],
]

test.skipIf(lacks !== '').each(displaced)(`%s is judged as the real one does${lacks}`, async (_, cib) => {
  const argv = ['-VV', '-X', cib]
  expect(told(await ours(argv))).toEqual(told(await real(argv)))
})

const wellFormed =
  '<cib validate-with="pacemaker-3.0" admin_epoch="0" epoch="1" num_updates="0"><configuration/><status/></cib>'
const brokenTexts = [
  ['cut off', wellFormed.slice(0, -20)],
  ['cut off in its first tag', '<cib'],
  ['a tag without an end', wellFormed.replace('<configuration/>', '<configuration')],
  ['no document', 'hello'],
  ['nothing', ''],
] as const

test.skipIf(lacks !== '').each(brokenTexts)(
  `what is not well formed is refused with the real one's exit code, and with the place: %s${lacks}`,
  async (_, text) => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'crm-verify-')), 'broken.xml')
    fs.writeFileSync(file, text)
    const [expected, actual] = [await real(['-x', file]), await ours(['-x', file])]
    fs.rmSync(path.dirname(file), { recursive: true })
    expect(actual.code).toBe(expected.code)
    expect(actual.err).toMatch(new RegExp(`^${file}:\\d+:\\d+: `))
    expect(actual.err.split('\n').slice(1)).toEqual(
      expected.err
        .split('\n')
        .slice(-3)
        .filter((line) => !line.startsWith(file)),
    )
  },
)

const wide = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')
const placed = (text: string): string => withText(text, '')
const odd: readonly (readonly [what: string, document: string | Buffer])[] = [
  ['a document type', `<!DOCTYPE cib SYSTEM "crm.dtd" [<!ELEMENT cib ANY><!ENTITY e "v">]>\n${placed('')}`],
  ['a default of a document type', `<!DOCTYPE cib [<!ATTLIST nodes bad CDATA "v">]>${placed('')}`],
  ['a namespace by a document type', `<!DOCTYPE cib [<!ATTLIST cib xmlns CDATA "v">]>${placed('')}`],
  ['a namespace of a prefix', placed('').replace('<cib ', '<cib xmlns:a="urn:a" xmlns="" ')],
  ['a default namespace', placed('').replace('<cib ', '<cib xmlns="urn:a" ')],
  ['an attribute with a prefix', placed('').replace('<cib ', '<cib xmlns:a="urn:a" a:b="c" ')],
  ['UTF-16', wide(placed(''))],
  ['UTF-16 with the greater byte first', wide(`<?xml version="1.0" encoding="UTF-16"?>${placed('')}`).swap16()],
  ['CDATA', placed('<![CDATA[word]]>')],
  ['CDATA of blanks', placed('<![CDATA[ \n ]]>')],
  ['CDATA in the status', withText('', '<![CDATA[word]]>')],
  ['CDATA without a schema', placed('<![CDATA[word]]>').replace('pacemaker-3.9', 'none')],
]

test.skipIf(lacks !== '').each(odd)(`a file with %s is judged as the real one does${lacks}`, async (_, document) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'crm-verify-'))
  const file = path.join(folder, 'odd.xml')
  fs.writeFileSync(file, document)
  const env = { ...process.env, CIB_file: file }
  const results: ToolOutcome[][] = []
  for (const argv of [['-x', file], ['-L']]) {
    results.push([await tryTool(crmVerify, argv, { env }), await tryProgram('crm_verify', argv, { env })])
  }
  fs.rmSync(folder, { recursive: true })
  for (const [mine, theirs] of results) expect(mine?.code).toBe(theirs?.code)
})
