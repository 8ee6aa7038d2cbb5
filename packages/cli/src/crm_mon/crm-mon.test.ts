import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ToolHost } from '../pacemaker/tool-host.ts'
import { viewAfterKey } from './live.ts'
import { crmMon } from './main.ts'
import type { View } from './view.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-mon-'))
const zone = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'UTC'
})
afterAll(() => {
  fs.rmSync(scratch, { recursive: true })
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

function cibOf(nodes: readonly string[]): string {
  const listed = nodes.map((name, i) => `<node id="${i + 1}" uname="${name}"/>`)
  const states = nodes.map(
    (name, i) =>
      `<node_state id="${i + 1}" uname="${name}" in_ccm="true" crmd="online" join="member" expected="member">` +
      `<lrm id="${i + 1}"><lrm_resources><lrm_resource id="c" class="ocf" provider="pacemaker" type="Dummy">` +
      `<lrm_rsc_op id="c_last_0" operation_key="c_start_0" operation="start" crm_feature_set="3.16.1" transition-key="1:0:0:x" transition-magic="0:0;1:0:0:x" on_node="${name}" call-id="5" rc-code="0" op-status="0" interval="0"/>` +
      '</lrm_resource></lrm_resources></lrm></node_state>',
  )
  return `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="3" num_updates="1" admin_epoch="0" have-quorum="1" dc-uuid="1" cib-last-written="Sun Nov 22 15:31:24 2026" update-user="hacluster" update-client="crmd" update-origin="${nodes[0]}">
<configuration><crm_config/><nodes>${listed.join('')}</nodes>
<resources><clone id="cl"><primitive id="c" class="ocf" provider="pacemaker" type="Dummy"/></clone></resources><constraints/></configuration>
<status>${states.join('')}</status></cib>`
}

async function run(argv: readonly string[], cib: string) {
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, cib)
  let out = ''
  let err = ''
  const host: ToolHost = {
    env: { CIB_file: file },
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    readInput: () => '',
    now: () => Date.UTC(2026, 10, 22, 15, 31, 25),
    isTerminal: false,
  }
  return { code: await crmMon(argv, host), out, err }
}

function ordersOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, i) =>
    ordersOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  )
}

describe('crm_mon', () => {
  test('as XML leaves out a group of a clone that is active only where it is left alone on a lost node', async () => {
    const lost = cibOf(['n1', 'n2'])
      .replace('<clone id="cl">', '<clone id="cl"><group id="g">')
      .replace(
        'type="Dummy"/></clone>',
        'type="Dummy"><meta_attributes id="m"><nvpair id="m1" name="is-managed" value="false"/></meta_attributes></primitive></group></clone>',
      )
      .replace(
        'uname="n2" in_ccm="true" crmd="online" join="member"',
        'uname="n2" in_ccm="false" crmd="offline" join="down"',
      )
    const { out } = await run(['-1', '-r', '--output-as=xml'], lost)
    expect(out.match(/<group id="[^"]*"|<node name="n\d" id="\d" cached="\w+"/g)).toEqual([
      '<group id="g:0"',
      '<node name="n1" id="1" cached="true"',
    ])
  })

  test('as XML leaves out the empty groups of a clone', async () => {
    const empty = cibOf(['n1'])
      .replace('pacemaker-3.9', 'none')
      .replace(/<clone id="cl">.*<\/clone>/, '<clone id="cl"><group id="g"/></clone>')
    const { out } = await run(['-1', '-r', '--output-as=xml'], empty)
    expect(out).toContain('<clone id="cl"')
    expect(out).not.toContain('<group')
  })

  test('prints the whole status once', async () => {
    const { code, out } = await run(['-1'], cibOf(['n1', 'n2']))
    expect(code).toBe(0)
    expect(out).toBe(`Cluster Summary:
  * Stack: unknown
  * Current DC: n1 (version unknown) - partition with quorum
  * Last updated: Sun Nov 22 15:31:25 2026
  * Last change:  Sun Nov 22 15:31:24 2026 by hacluster via crmd on n1
  * 2 nodes configured
  * 2 resource instances configured

Node List:
  * Online: [ n1 n2 ]

Active Resources:
  * Clone Set: cl [c]:
    * Started: [ n1 n2 ]
`)
  })

  test('lists nodes by name, digits as numbers, in whatever order they joined', async () => {
    for (const order of ordersOf(['10-node', '9-node', '11-node', '2-node'])) {
      const { out } = await run(['-1'], cibOf(order))
      expect(out, order.join()).toContain('  * Online: [ 2-node 9-node 10-node 11-node ]\n')
      expect(out, order.join()).toContain('    * Started: [ 2-node 9-node 10-node 11-node ]\n')
      const byNode = (await run(['-1', '-n'], cibOf(order))).out
      expect(byNode.match(/(?<=Node )\d+-node/g), order.join()).toEqual(['2-node', '9-node', '10-node', '11-node'])
    }
  })

  test('writes XML and JSON of the same content', async () => {
    const xml = await run(['--output-as=xml'], cibOf(['n1']))
    expect(xml.out).toContain('<node name="n1" id="1" online="true"')
    const json: unknown = JSON.parse((await run(['--output-as=json'], cibOf(['n1']))).out)
    expect(json).toMatchObject({
      element: 'pacemaker-result',
      children: [{ element: 'summary' }, { element: 'nodes' }, {}, {}, {}],
    })
  })

  test('escapes what stands in HTML', async () => {
    const { out } = await run(['--output-as=html', '--html-title=<b>'], cibOf(['n1']))
    expect(out).toContain('<title>&lt;b&gt;</title>')
  })

  test.each([
    [['--include=nonsense'], /--include options: all, attributes, bans\[:PREFIX\]/],
    [['--fence-history=7'], /Fence history must be 0-3/],
    [['--nonsense'], /Unknown option --nonsense/],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await run(argv, cibOf(['n1']))
    expect(code).toBe(64)
    expect(err).toMatch(message)
  })

  test('names the place in a file that is no XML, and what a CIB that is not valid should have been', async () => {
    const broken = await run(['-1'], '<cib>\n  <configuration')
    expect(broken.code).toBe(0)
    expect(broken.err).toMatch(/cib\.xml:2:\d+: unclosed tag/)
    const invalid = await run(
      ['-1'],
      cibOf(['n1']).replace('provider="pacemaker" type="Dummy"/></clone>', 'type="Dummy"/></clone>'),
    )
    expect(invalid.code).toBe(0)
    expect(invalid.err).toMatch(/^Could not connect to the CIB: Update does not conform to the configured schema$/m)
    expect(invalid.err).toMatch(/cib\.xml:3: .*primitive\[@id='c'\]: class 'ocf' needs a provider/)
  })
})

describe('viewAfterKey', () => {
  const view: View = {
    shown: { sections: new Set(['nodes']), banPrefix: '' },
    byNode: false,
    showsInactive: false,
    showsDetail: false,
    isBrief: false,
    showsTiming: false,
    onlyNode: undefined,
    onlyResource: undefined,
  }

  test('shows and hides', () => {
    expect(viewAfterKey(view, 'n')?.byNode).toBe(true)
    const shown = viewAfterKey(view, 'A')
    expect(shown?.shown.sections.has('attributes')).toBe(true)
    expect(shown && viewAfterKey(shown, 'A')?.shown.sections.has('attributes')).toBe(false)
    expect(viewAfterKey(view, 'q')).toBeUndefined()
    expect(viewAfterKey(view, '\u001b')).toBe(view)
  })
})
