import { expect, test } from 'vitest'
import { keyArguments, sshArguments } from './ssh-arguments.ts'

const files = { config: '/run/x/ssh_config', knownHosts: ['/run/my hosts/50%', '/root/.ssh/known_hosts'] }

test('the host comes behind all options, and what runs there is fixed', () => {
  const argv = sshArguments({ host: 'n1', user: 'ops', port: 2222 }, files, 'sh -s')
  expect(argv.slice(-7)).toEqual(['-l', 'ops', '-p', '2222', '--', 'n1', 'sh -s'])
  expect(argv).toContain('UserKnownHostsFile="/run/my hosts/50%%" "/root/.ssh/known_hosts"')
  for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'ForwardAgent=no', 'ControlPath=none']) {
    expect(argv).toContain(option)
  }
})

test('a key is looked at without showing one', () => {
  const argv = keyArguments({ host: '::1' }, files, '/run/x/pending')
  expect(argv).toContain('PreferredAuthentications=none')
  expect(argv).toContain('UserKnownHostsFile="/run/x/pending"')
  expect(argv.slice(-3)).toEqual(['--', '::1', 'true'])
})
