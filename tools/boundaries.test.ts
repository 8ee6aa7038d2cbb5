import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { violations } from './boundaries.mjs'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) fs.rmSync(root, { recursive: true })
})

function tree(files: Readonly<Record<string, string>>): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'boundaries-'))
  roots.push(root)
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, 'packages', name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
  return root
}

test('an undeclared upward import is refused', () => {
  const root = tree({ 'totem/src/gather.ts': "import { thing } from '@quorate/corosync'\n" })
  expect(violations(root)).toEqual(['packages/totem/src/gather.ts: totem may not import corosync'])
})

test('a node: module in a pure package is refused, and allowed in a shell', () => {
  const root = tree({
    'totem/src/a.ts': "import fs from 'node:fs'\n",
    'corosync/src/daemon/a.ts': "import fs from 'node:fs'\n",
    'corosync/src/cpg.ts': "export * from 'node:net'\n",
  })
  expect(violations(root)).toEqual([
    'packages/corosync/src/cpg.ts: node:net in a pure package',
    'packages/totem/src/a.ts: node:fs in a pure package',
  ])
})

test('a pure file may name the types of a shell that its room may import, and nothing else of it', () => {
  const root = tree({
    'pacemaker/src/a.ts': "import type { Ring } from '@quorate/corosync/client'\n",
    'pacemaker/src/b.ts': "import { type Ring, connectRing } from '@quorate/corosync/client'\n",
    'pacemaker/src/c.ts': "import type { Daemon } from '@quorate/corosync/daemon'\n",
  })
  expect(violations(root)).toEqual([
    'packages/pacemaker/src/b.ts: a pure file imports the shell @quorate/corosync/client',
    'packages/pacemaker/src/c.ts: pacemaker may not import corosync/daemon',
  ])
})

test('a cycle between files is refused', () => {
  const root = tree({
    'totem/src/a.ts': "import { b } from './b.ts'\n",
    'totem/src/b.ts': "import { a } from './a.ts'\n",
  })
  expect(violations(root)).toEqual([
    'cycle: packages/totem/src/a.ts -> packages/totem/src/b.ts -> packages/totem/src/a.ts',
  ])
})

test('clock, chance, deep imports and unknown third parties are refused', () => {
  const root = tree({
    'totem/src/a.ts': 'export const now = Date.now() + Math.random()\n',
    'totem/src/b.ts': "import x from '@quorate/base/src/layout.ts'\n",
    'totem/src/c.ts': "import x from 'left-pad'\n",
    'pacemaker/src/daemon/d.ts': "import { x } from '@quorate/corosync'\n",
  })
  expect(violations(root)).toEqual([
    'packages/pacemaker/src/daemon/d.ts: pacemaker may not import corosync',
    'packages/totem/src/a.ts: the clock in a pure file',
    'packages/totem/src/a.ts: chance in a pure file',
    'packages/totem/src/b.ts: totem may not import base/src/layout.ts',
    'packages/totem/src/c.ts: totem may not import left-pad',
  ])
})

test('what a comment says does not count', () => {
  const root = tree({ 'totem/src/a.ts': "// import fs from 'node:fs'\n/* Math.random() */\nexport {}\n" })
  expect(violations(root)).toEqual([])
})

test('a wing of a package may import less than its room: a browser no node: modules, a contract no code of the server', () => {
  const root = tree({
    'console/src/api/a.ts': "import { b } from '../cluster/b.ts'\nimport { c } from '@quorate/scheduler'\n",
    'console/src/cluster/b.ts': "import { c } from '@quorate/scheduler'\n",
    'console/src/web/w.tsx': "import fs from 'node:fs'\nimport { Hono } from 'hono'\nimport { a } from '../api/a.ts'\n",
  })
  expect(violations(root)).toEqual([
    'packages/console/src/api/a.ts: console/api may not import from cluster/',
    'packages/console/src/api/a.ts: console/api may not import scheduler',
    'packages/console/src/web/w.tsx: node:fs in a browser',
    'packages/console/src/web/w.tsx: console/web may not import hono',
  ])
})
