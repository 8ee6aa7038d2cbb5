import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { OwnCluster } from './own-cluster.ts'

/** Leaves a process behind that is in no group of this one, and writes into the node's folder for ever. */
const leaver = `import { spawn } from 'node:child_process'
const loop = 'n=0; while :; do n=$((n + 1)); true >"$QUORATE_ROOT/run/file$n"; done'
const writer = spawn('sh', ['-c', loop], { detached: true, stdio: 'ignore' })
writer.unref()
console.log(writer.pid)
`

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('the end of a cluster is that of all that was started on its nodes, and nothing is left of its folder', async () => {
  const cluster = new OwnCluster({ names: ['n1'], cib: '<cib/>', scripts: {} })
  const script = path.join(cluster.folder, 'leaver.mjs')
  fs.writeFileSync(script, leaver)
  const child = cluster.spawn('n1', { script })
  const [pid] = await once(child.stdout.setEncoding('utf8'), 'data')
  while (!fs.existsSync(cluster.path('n1', 'run/file99'))) await new Promise((resolve) => setTimeout(resolve, 10))
  await cluster.end()
  expect(isAlive(Number(pid))).toBe(false)
  expect(fs.existsSync(cluster.folder)).toBe(false)
})
