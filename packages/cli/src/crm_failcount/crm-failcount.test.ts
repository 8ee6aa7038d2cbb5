import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { crmMaster } from '../crm_master/main.ts'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { tools } from '../tools.ts'
import { crmFailcount } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'failcount-'))
const file = path.join(folder, 'cib.xml')
afterAll(() => fs.rmSync(folder, { recursive: true }))

const counted = (name: string, value: string) =>
  `<nvpair id="status-2-${name.replace('#', '.')}" name="fail-count-${name}" value="${value}"/>`
const pairs = [
  counted('d#asyncmon_0', '4'),
  counted('d#monitor_10000', '3'),
  counted('dd#start_0', '1'),
  counted('e#start_0', 'INFINITY'),
  counted('e#stop_0', '2'),
]

beforeEach(() => {
  fs.writeFileSync(
    file,
    `<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes><node id="1" uname="node1"/><node id="2" uname="node2"/></nodes><resources><primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/></resources><constraints/></configuration><status><node_state id="1" uname="node1"/><node_state id="2" uname="node2"><transient_attributes id="2"><instance_attributes id="status-2">${pairs.join('')}</instance_attributes></transient_attributes></node_state></status></cib>`,
  )
})

async function said(tool: typeof crmFailcount, line: string, more: Record<string, string> = {}) {
  const { code, out, err } = await tryTool(tool, line.split(' ').filter(Boolean), { env: { CIB_file: file, ...more } })
  // Of a mistake the help is told as well.
  return [code, out.startsWith('\nUsage: ') ? '' : out, err.split('\n')[0]]
}

describe('crm_failcount', () => {
  /** Answers and complaints as the real one had them. */
  it.each([
    ['-G -r d -N node2', 0, 'scope=status  name=fail-count-d value=7\n', ''],
    ['-q -G -r d -N node2', 0, '7\n', ''],
    ['--query --resource e --node=node2', 0, 'scope=status  name=fail-count-e value=INFINITY\n', ''],
    ['-G -r d -N node1', 0, 'scope=status  name=fail-count-d value=0\n', ''],
    ['-G -r nope -U node2', 0, 'scope=status  name=fail-count-nope value=0\n', ''],
    ['-G -r d -n monitor -I 10s -N node2', 0, 'scope=status  name=fail-count-d#monitor_10000 value=3\n', ''],
    ['-G -r d -n asyncmon -N node2', 0, 'scope=status  name=fail-count-d#asyncmon_0 value=4\n', ''],
    ['-G -r d -I 10s -N node2', 0, 'scope=status  name=fail-count-d value=7\n', ''],
    ['', 64, '', 'error: must specify a command'],
    ['-G', 64, '', 'error: resource name required'],
    ['-v 3 -r d', 64, '', "warning: ignoring deprecated option '-v' with nonzero value"],
    ['--bogus', 64, '', "crm_failcount: unrecognized option '--bogus'"],
    ['-d 5 -G -r d', 64, '', "crm_failcount: invalid option -- 'd'"],
    [
      '-i x -G -r d -N node2',
      0,
      'scope=status  name=fail-count-d value=7\n',
      "warning: ignoring deprecated option '-i'",
    ],
    ['-G -D -r nope -N node2', 105, '', "crm_resource: Resource 'nope' not found"],
    ['-v 0 -r nope -N node2', 105, '', "crm_resource: Resource 'nope' not found"],
  ])('%s', async (line, code, out, err) => expect(await said(crmFailcount, line)).toEqual([code, out, err]))

  it('goes on without a value where there is none to be had', async () => {
    expect(await said(crmFailcount, '-G -r d -N node9')).toEqual([
      0,
      'scope=status  name=fail-count-d value=\n',
      'crm_attribute: Could not map name=node9 to a UUID',
    ])
    fs.writeFileSync(file, '<cib validate-with="pacemaker-3.9"/>')
    const nothing = 'scope=status  name=fail-count-d value=\n'
    expect((await said(crmFailcount, '-G -r d -N node2')).slice(0, 2)).toEqual([0, nothing])
  })

  it('takes what is no interval for none', async () => {
    expect(await said(crmFailcount, '-G -r d -n asyncmon -I x -N node2')).toEqual([
      0,
      'scope=status  name=fail-count-d#asyncmon_0 value=4\n',
      'warning: Unrecognized interval, using 0',
    ])
  })
})

describe('crm_master', () => {
  it('keeps promotion scores as attributes of nodes, for ever unless it is told otherwise', async () => {
    const none = [105, '', 'crm_attribute: Error performing operation: No such device or address']
    expect(await said(crmMaster, '-G -r d -N node2')).toEqual(none)
    expect(await said(crmMaster, '-v 7 -r d -N node2')).toEqual([0, '', ''])
    expect(await said(crmMaster, '-r d -N node2')).toEqual([0, 'scope=nodes  name=master-d value=7\n', ''])
    expect(await said(crmMaster, '-G -q -N node2', { OCF_RESOURCE_INSTANCE: 'd' })).toEqual([0, '7\n', ''])
    expect(await said(crmMaster, '-G -r d -N node1')).toEqual(none)
    expect(await said(crmMaster, '-G -r d -N node2 -l reboot')).toEqual(none)
    expect(await said(crmMaster, '-D -r d -N node2')).toEqual([
      0,
      'Deleted nodes attribute: id=nodes-2-master-d name=master-d\n',
      '',
    ])
    expect(await said(crmMaster, '-D -r d -N node2')).toEqual([0, '', ''])
  })

  it.each([
    ['-G', 'error: No resource specified'],
    ['--bogus', "crm_master: unrecognized option '--bogus'"],
    ['-?', "crm_master: invalid option -- '?'"],
  ])('%s is not understood', async (line, err) => expect(await said(crmMaster, line)).toEqual([1, '', err]))
})

it('every wrapper of the real tools has its name here', () => {
  expect(Object.keys(tools)).toEqual(expect.arrayContaining(['crm_failcount', 'crm_master', 'crm_standby']))
})
