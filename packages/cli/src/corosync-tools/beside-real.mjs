// Runs command lines with the C tools and, in this process, with ours, one after the other where it is started: within a
// node of a lab. Usage: beside-real.mjs FILE, a JSON list of lists of words. Prints a JSON list of what both said, a
// character for each byte.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import process from 'node:process'
import { tools } from '../../dist/tools.js'

/** What a tool of ours writes while it runs. */
async function ours(name, argv) {
  const said = { out: '', err: '' }
  const streams = { out: process.stdout, err: process.stderr }
  const written = Object.entries(streams).map(([key, stream]) => {
    const { write } = stream
    stream.write = (chunk, encoding) => {
      said[key] += Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8').toString('latin1')
      return true
    }
    return () => {
      stream.write = write
    }
  })
  try {
    const run = await tools[name]()
    return { code: await run(argv), ...said }
  } finally {
    for (const restore of written) restore()
  }
}

const results = []
for (const [name, ...argv] of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  const { status, stdout, stderr } = spawnSync(name, argv, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] })
  results.push({ real: { code: status, out: stdout, err: stderr }, ours: await ours(name, argv) })
}
process.stdout.write(JSON.stringify(results))
