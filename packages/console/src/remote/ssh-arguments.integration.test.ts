import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { resolveArguments, sshConfigText } from './ssh-arguments.ts'

const files = { config: '', knownHosts: ['/run/my hosts/50%'] }

const hasSsh = fs.existsSync('/usr/bin/ssh')
test.skipIf(!hasSsh)(
  `an alias keeps its own user; else it is root${hasSsh ? '' : ' (skipped: needs Debian package openssh-client)'}`,
  () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate ssh 50%-'))
    try {
      const own = path.join(folder, 'own')
      const config = path.join(folder, 'config')
      fs.writeFileSync(own, 'Host db\n  HostName 192.0.2.7\n  User ops\n  Port 2022\n')
      fs.writeFileSync(config, sshConfigText(own))
      const said = (host: string, user?: string) =>
        execFileSync(
          'ssh',
          [...resolveArguments({ host, ...(user === undefined ? {} : { user }) }, { ...files, config })],
          { encoding: 'utf8' },
        )
      expect(said('db')).toMatch(/^user ops$/m)
      expect(said('db')).toMatch(/^hostname 192\.0\.2\.7$/m)
      expect(said('db', 'admin')).toMatch(/^user admin$/m)
      expect(said('web')).toMatch(/^user root$/m)
      expect(said('web')).toMatch(/^port 22$/m)
    } finally {
      fs.rmSync(folder, { recursive: true })
    }
  },
)
