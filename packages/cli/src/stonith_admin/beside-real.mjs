// Runs command lines with the real tools and, in this process, with ours, where it is started: within a node of a lab.
// Usage: beside-real.mjs CASES FOLDER. CASES: a JSON file of { line, files } where `files` are put into FOLDER first;
// `whose` "ours" or "real" runs that one only. Prints a JSON list of what each said, and of what it asked of the
// canned daemons in FOLDER, if these are there.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { crmMon } from '../../dist/crm_mon/main.js'
import { crmResource } from '../../dist/crm_resource/main.js'
import { tryTool } from '../../dist/pacemaker/tool-trial.js'
import { stonithAdmin } from '../../dist/stonith_admin/main.js'

const tools = { crm_mon: crmMon, crm_resource: crmResource, stonith_admin: stonithAdmin }
const [, , cases, folder] = process.argv
const log = path.join(folder, 'requests.log')

function requests() {
  const lines = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : []
  fs.rmSync(log, { force: true })
  return lines
}

const results = []
for (const { line, files = {}, whose } of JSON.parse(fs.readFileSync(cases, 'utf8'))) {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
  const [name, ...argv] = line.split(' ').map((word) => word.replaceAll('~', ' '))
  const result = { line }
  requests()
  if (whose !== 'ours') {
    const { status, stdout, stderr } = spawnSync(name, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    result.real = { code: status, out: stdout, err: stderr, requests: requests() }
  }
  if (whose !== 'real') {
    const ours = await tryTool(tools[name], argv, { env: process.env })
    result.ours = { ...ours, requests: requests() }
  }
  results.push(result)
}
process.stdout.write(JSON.stringify(results))
