import { cibFaults } from '@quorate/cib'
import { expect, test } from 'vitest'
import { cleanUpCommands, faultOfTool, fencingHistory } from './tool-answer.ts'

// As Pacemaker 2.1.5's cibadmin ends.
test.each([
  [0, '', 0],
  [103, 'Call cib_apply_diff failed: Update was older than existing configuration', cibFaults.old],
  [1, 'Call cib_apply_diff failed: Application of update diff failed', cibFaults.patch],
  [1, 'Call cib_apply_diff failed: Application of update diff failed, requesting full refresh', cibFaults.patchResync],
  [105, 'Call cib_delete failed: No such device or address', cibFaults.noSuchObject],
  [78, 'Call cib_apply_diff failed: Update does not conform to the configured schema', cibFaults.schema],
  [102, 'Could not connect to the CIB API: Transport endpoint is not connected', cibFaults.notConnected],
  [1, 'something else', -1],
])('exit %d after %j', (rc, said, fault) => {
  expect(faultOfTool(rc, said)).toBe(fault)
})

test('the fencing history as stonith_admin prints it', () => {
  const xml = `<pacemaker-result><list name="fencing history" count="2">
<fence_event action="reboot" target="n2" client="pacemaker-controld.1" origin="n1" status="success" delegate="n1" completed="2026-11-30 12:00:01.500000Z"/>
<fence_event action="off" target="n3" client="x" origin="n1" status="pending"/>
</list></pacemaker-result>`
  expect(fencingHistory(xml)).toMatchObject([
    {
      target: 'n2',
      action: 'reboot',
      state: 'done',
      executioner: 'n1',
      completedSeconds: Date.UTC(2026, 10, 30, 12, 0, 1) / 1000,
    },
    { target: 'n3', state: 'pending', executioner: undefined },
  ])
  expect(fencingHistory('none')).toEqual([])
})

test('a target is cleaned up by one command, on its node or on all', () => {
  const at = (effective: string, uname: string, forgets: boolean) => ({ effective, node: { uname }, forgets })
  expect(
    cleanUpCommands([
      at('c', 'n1', true),
      at('c', 'n2', true),
      at('r', 'n1', true),
      at('g', 'n1', true),
      at('g', 'n2', false),
    ]),
  ).toEqual([
    { verb: 'refresh', resource: 'c', node: undefined },
    { verb: 'refresh', resource: 'r', node: 'n1' },
    { verb: 'cleanup', resource: 'g', node: undefined },
  ])
})
