// Starts `quorate console` on the node that it runs on, moves all resources of a list as a browser would, has done one by one
// what else operators ask for, and prints what it saw as JSON: drive-console.mjs PROGRAM TO RESOURCE...
// CONSOLE_ARGUMENTS and CONSOLE_ENVIRONMENT (JSON) are more for the console: one that is elsewhere, and connects to here.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'

const [program, to, ...targets] = process.argv.slice(2)
const consoleArguments = JSON.parse(process.env.CONSOLE_ARGUMENTS ?? '[]')
const child = spawn(process.execPath, [program, 'console', '--listen', '127.0.0.1:0', ...consoleArguments], {
  // What it tells of its way to hosts is not looked at here.
  stdio: ['ignore', 'pipe', consoleArguments.length === 0 ? 'inherit' : 'ignore'],
  env: { ...process.env, ...JSON.parse(process.env.CONSOLE_ENVIRONMENT ?? '{}') },
})
const ended = once(child, 'exit')
let output = ''
for await (const part of child.stdout.setEncoding('utf8')) {
  output += part
  if (output.includes('Ctrl-C')) break
}
const [, base, token] = /(http:\/\/\S+)\/#token=(\S+)/.exec(output)
const [, tokenFile] = /addresses of all roles: (.*)/.exec(output)
const tokenMode = (fs.statSync(tokenFile).mode & 0o777).toString(8)

const headers = { Origin: base, 'Content-Type': 'application/json' }
const post = async (path, body, more = {}) => {
  const response = await fetch(base + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...headers, ...more },
  })
  if (path === '/api/session') headers.Cookie = response.headers.get('Set-Cookie').split(';')[0]
  return response.json()
}
const get = (path) => fetch(base + path, { headers })
const { csrf } = await post('/api/session', { token })
headers['X-Quorate-CSRF'] = csrf

/** Reads events until one satisfies the test, and answers that. */
const stream = (await get('/api/cluster/events')).body.pipeThrough(new TextDecoderStream()).getReader()
let rest = ''
async function untilEvent(test) {
  for (;;) {
    const end = rest.indexOf('\n\n')
    if (end === -1) {
      rest += (await stream.read()).value
      continue
    }
    const lines = rest.slice(0, end).split('\n')
    rest = rest.slice(end + 2)
    const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    const event = { name: field('event'), data: JSON.parse(field('data') ?? 'null') }
    if (test(event)) return event.data
  }
}
/** The first snapshot that satisfies a test: looked at now, and after each event. */
async function untilSnapshot(test) {
  for (;;) {
    const response = await get('/api/cluster/snapshot')
    const seen = response.ok ? await response.json() : undefined
    if (seen !== undefined && test(seen)) return seen
    await untilEvent(({ name }) => name === 'snapshot' || name === 'patch')
  }
}

const first = await untilSnapshot(({ isIdle, resources, nodes, source }) => {
  const run = resources.filter(({ id, places }) => targets.includes(id) && places.length === 1)
  if (source.localNode === null) return false
  return isIdle === true && run.length === targets.length && nodes.every(({ isOnline }) => isOnline)
})
const request = { kind: 'move', targets, args: { to, seconds: 120 } }
const begin = (version) => post('/api/operations', request, { 'If-Match': `"${version}"`, 'Idempotency-Key': 'drive' })
let preview
let begun
do {
  // A cluster that has changed since is looked at anew, as the pages do it.
  preview = await post('/api/operations?dryRun=true', request)
  begun = await begin(preview.cibVersion)
} while (begun.code === 'cibChanged')
const again = await begin(preview.cibVersion)
const over = await untilEvent(({ name, data }) => name === 'operation' && data.state !== 'running')
// The news of the last change can come after its answer.
const last = await untilSnapshot(({ constraints }) =>
  constraints.every(({ leftover }) => leftover?.isTemporary !== true),
)
const cib = await (await get('/api/cib')).text()

const operations = []
/** Previews one more operation on a cluster that has nothing left to do, carries it out, and waits for its end. */
async function carriedOut(more) {
  let started
  do {
    await untilSnapshot(({ isIdle }) => isIdle === true)
    const outlook = await post('/api/operations?dryRun=true', more)
    const headersOfIt = { 'If-Match': `"${outlook.cibVersion}"`, 'Idempotency-Key': `drive-${operations.length}` }
    started = await post('/api/operations', more, headersOfIt)
  } while (started.code === 'cibChanged')
  if (started.id === undefined) throw new Error(`${more.kind} was refused: ${JSON.stringify(started)}`)
  const isEnd = ({ name, data }) => name === 'operation' && data.id === started.id && data.state !== 'running'
  const end = started.state === 'running' ? await untilEvent(isEnd) : started
  const items = end.items.map(({ state, nodes }) => (more.kind === 'ban' ? `${state} ${nodes.join()}` : state))
  operations.push(`${more.kind} ${end.state}: ${items.join()}`)
}
/** How many of the snapshot's resources that were moved have failed. */
const failuresIn = (seen) =>
  seen.resources.filter(({ id, failures }) => targets.includes(id) && failures.length > 0).length
const [one] = targets
await carriedOut({ kind: 'ban', targets: [one], args: { from: to } })
await carriedOut({ kind: 'clearMoves', targets: [one] })
for (const kind of ['standby', 'online', 'maintenance', 'endMaintenance']) await carriedOut({ kind, targets: [to] })
const failing = spawn(
  process.execPath,
  [program, 'crm_resource', '--fail', '--resource', one, '--node', first.source.localNode],
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
const [failingCode] = await once(failing, 'exit')
if (failingCode !== 0) throw new Error(`crm_resource --fail ended with ${failingCode}`)
const broken = await untilSnapshot((seen) => failuresIn(seen) > 0)
await carriedOut({ kind: 'cleanup', targets: [one] })
const mended = await untilSnapshot((seen) => failuresIn(seen) === 0)
await carriedOut({ kind: 'refresh', targets })
const then = await untilSnapshot(
  ({ isIdle, resources }) =>
    isIdle === true && resources.every(({ id, places }) => !targets.includes(id) || places.length === 1),
)
const epoch = (version) => Number(version.split('.')[1])
const placesOf = ({ resources }) => resources.filter(({ id }) => targets.includes(id)).map(({ places }) => places)
child.kill('SIGINT')
const [exitCode] = await ended
process.stdout.write(
  JSON.stringify({
    localNode: first.source.localNode,
    from: placesOf(first).map((places) => places.map(({ node }) => node).join()),
    outcomes: preview.targets?.map(({ outcome }) => outcome) ?? preview,
    made: begun.temporary?.made ?? begun,
    isSameAgain: again.id === begun.id,
    state: over.state,
    items: over.items.map(({ state, nodes }) => `${state} ${nodes.join()}`),
    left: over.temporary.left,
    places: placesOf(last).map((places) => places.map(({ node }) => node).join()),
    // One for the change, one for taking its constraints back.
    epochs: epoch(last.cibVersion) - epoch(preview.cibVersion),
    isClean: !cib.includes('console-move-'),
    operations,
    failures: [broken, mended].map(failuresIn),
    placesThen: placesOf(then).map((places) => places.map(({ node }) => node).join()),
    tokenMode,
    isTokenGone: !fs.existsSync(tokenFile),
    exitCode,
  }),
)
