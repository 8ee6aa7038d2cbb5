import { expect, test } from 'vitest'
import { parseLine } from '../pacemaker/command-line.ts'
import { Options } from '../pacemaker/tool-options.ts'
import { stonithOptions } from './options.ts'
import { readRequest } from './request.ts'

function read(line: string): unknown {
  const parsed = parseLine(line === '' ? [] : line.split(' '), stonithOptions, 'groups')
  if (!parsed.ok) throw new Error(parsed.message)
  const request = readRequest(new Options(parsed.options, parsed.operands), { OCF_RESKEY_port: 'n9' })
  return 'misuse' in request ? request.misuse : request
}

const call = { target: 'n1', timeoutSeconds: 120, delaySeconds: 0, toleranceSeconds: 0 }

test.each([
  ['-F n1', { kind: 'fence', call: { ...call, action: 'off' } }],
  ['-U n1 -t 7', { kind: 'fence', call: { ...call, action: 'on', timeoutSeconds: 7 } }],
  [
    '-B n1 -y -1 --tolerance 5m',
    { kind: 'fence', call: { ...call, action: 'reboot', delaySeconds: -1, toleranceSeconds: 300 } },
  ],
  ['-B n1 --tolerance PT1H', { kind: 'fence', call: { ...call, action: 'reboot', toleranceSeconds: 3600 } }],
  ['-C n1', { kind: 'confirm', target: 'n1' }],
  ['-L', { kind: 'devices', target: undefined, timeoutSeconds: 120 }],
  ['-l n1', { kind: 'devices', target: 'n1', timeoutSeconds: 120 }],
  ['-H * -c -b', { kind: 'history', node: '*', isCleanup: true, isBroadcast: true, timeoutSeconds: 120 }],
  ['-h 2 -n', { kind: 'last', node: '2', isNodeId: true }],
  ['-M -a fence_x', { kind: 'metadata', agent: 'fence_x', timeoutSeconds: 120 }],
  [
    '-R d -a fence_x -o a=b=c -o e= -e port',
    {
      kind: 'register',
      device: 'd',
      agent: 'fence_x',
      parameters: new Map([
        ['a', 'b=c'],
        ['e', ''],
        ['port', 'n9'],
      ]),
    },
  ],
  [
    '-r n1 -i 3 -v a -v b',
    { kind: 'register-level', name: 'n1', target: { kind: 'name', name: 'n1' }, index: 3, devices: ['a', 'b'] },
  ],
  ['-d @n.* -i 3', { kind: 'deregister-level', name: '@n.*', target: { kind: 'pattern', pattern: 'n.*' }, index: 3 }],
  ['-d a=b', { kind: 'deregister-level', name: 'a=b', target: { kind: 'attribute', name: 'a', value: 'b' }, index: 0 }],
])('%s', (line, request) => {
  expect(read(line)).toEqual(request)
})

test.each([
  ['', /^$/],
  ['-q', /^$/],
  ['-F n1 -B n2', /only one of --fence, --reboot/],
  ['-L -F n1', /only one of --list-registered, --fence/],
  ['-F n1 n2', /unexpected word 'n2'/],
  ['--fence=', /--fence: expected a name/],
  ['-F n1 -t 0', /--timeout: expected at least 1 second, got 0/],
  ['-F n1 -y -2', /--delay: expected seconds, or -1/],
  ['-F n1 --tolerance soon', /--tolerance: expected a time .* got 'soon'/],
  ['-F n1 --tolerance -5', /--tolerance: expected a time .* got '-5'/],
  ['-M', /Please specify an agent to query using -a,--agent \[value\]/],
  ['-K', /Please specify an agent/],
  ['-R d', /Please specify an agent/],
  ['-R d -a x -o =b', /Invalid option: -o =b: expected NAME=VALUE/],
  ['-R d -a x -e none', /Invalid option: -e none: OCF_RESKEY_none is not set/],
  ['-r n1 -i 1', /expected at least one --device/],
  ['-r @ -i 1 -v d', /expected NAME, @PATTERN or ATTR=VALUE, got '@'/],
  ['-d =b', /expected NAME, @PATTERN or ATTR=VALUE, got '=b'/],
  ['-h two -n', /--as-node-id: expected a node's number, got 'two'/],
])('refuses "%s"', (line, why) => {
  expect(read(line)).toMatch(why)
})
