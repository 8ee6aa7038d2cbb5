// Runs command lines of attrd_updater and crmadmin with the real tools or, in this process, with ours, within a node of a lab.
// Usage: daemon-tools.mjs STEPS PATIENCE_MS. STEPS: a JSON file of { whose, line, env, wanted }. A step with `wanted` is run again until it says
// that, or PATIENCE_MS have passed. Prints a JSON list of what each said at last.
import fs from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { attrdUpdater } from '../../dist/attrd_updater/main.js'
import { crmadmin } from '../../dist/crmadmin/main.js'
import { tryProgram, tryTool } from '../../dist/pacemaker/tool-trial.js'

const tools = { attrd_updater: attrdUpdater, crmadmin }
const PAUSE_MS = 50

/** Both outputs, in order: real ones list nodes in the order of a hash table. */
async function said({ whose, line, env = {} }) {
  const [name, ...argv] = line.split(' ').filter(Boolean)
  const trial = { env: { ...process.env, ...env } }
  const done = whose === 'real' ? await tryProgram(name, argv, trial) : await tryTool(tools[name], argv, trial)
  return `${(done.out + done.err).split('\n').sort().join('\n').trim()} [${done.code}]`
}

const [, , stepsFile, patience] = process.argv
const patienceMs = Number(patience)
const results = []
for (const step of JSON.parse(fs.readFileSync(stepsFile, 'utf8'))) {
  let text = await said(step)
  for (const since = performance.now(); step.wanted !== undefined && text !== step.wanted; text = await said(step)) {
    if (performance.now() - since > patienceMs) break
    await sleep(PAUSE_MS)
  }
  results.push(text)
}
process.stdout.write(JSON.stringify(results))
