#!/usr/bin/env node
// Makes CommonJS files of the command-line tools, and V8's code cache beside each: a tool then starts in little more
// than bare node's time. Daemons stay out of it: they run for weeks and start workers by file.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import vm from 'node:vm'
import { build } from 'esbuild'

// As packages/cli/bin/quorate.cjs, which says why.
v8.setFlagsFromString('--interrupt-budget=400000')
v8.setFlagsFromString('--semi-space-growth-factor=1')

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'cli', 'dist')

/** Tools that the bundle leaves to the built modules. */
const daemons = /^\.\/(corosync|heartbeat|pacemakerd|fence_virtd|console|demo)\/main\.js$/

/** The clients of fence_virtd by themselves: a fencer starts one for every look at a machine. */
const fenceClients = `
import { run as fence_virt } from './fence_virt/main.js'
import { run as fence_xvm } from './fence_xvm/main.js'
const tools = { fence_virt, fence_xvm }
export const main = (argv) => tools[argv[0]](argv.slice(1))
`

/** The scheduler by itself: a cache with what all other tools have would take longer to read than to do without. */
const scheduler = `
import { run } from './crm_simulate/main.js'
export const main = (argv) => run(argv.slice(1))
`

/** What the scheduler's tool loads for a live cluster, for ACLs and for packed files only; by itself, for the same reason. */
const rarely = /^(\.\/live-cib\.js|@quorate\/qb|@quorate\/pacemaker\/client)$/
const rareFile = './simulate-live.cjs'
const rare = `
export { openLiveCib } from './pacemaker/live-cib.js'
export { bzip2BytesMax, bzip2Decompress } from '@quorate/qb'
export { isListedIn } from '@quorate/pacemaker/client'
`

/** Node's modules of which the scheduler's tool imports the default only. */
const plainModules = /^node:(fs|os|path|process)$/

/** Has every module share one of these: esbuild by itself copies all that they export, once for each that imports them. */
const sharedModules = {
  name: 'shared-modules',
  setup(made) {
    const namespace = 'shared-module'
    made.onResolve({ filter: plainModules }, ({ path: name, namespace: from }) =>
      from === namespace ? { path: name, external: true } : { path: name, namespace },
    )
    made.onLoad({ filter: plainModules, namespace }, ({ path: name }) => ({
      contents: `export default require('${name}')`,
    }))
  },
}

/** Makes one bundle, as a function of what a module is given; answers it as a script that has not run. */
async function bundle(name, entry) {
  const outfile = await make(name, {
    ...entry,
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '})' },
  })
  const script = new vm.Script(fs.readFileSync(outfile, 'latin1'), { filename: outfile })
  return { outfile, script }
}

/** Makes one file; answers where it is. */
async function make(name, entry) {
  const outfile = path.join(dist, 'bundle', `${name}.cjs`)
  await build({
    ...entry,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    charset: 'ascii',
    // A script that comes out of V8's code cache has no callback for import(); require() loads modules as well.
    supported: { 'dynamic-import': false },
    external: ['koffi', 'serialport', 'rhea', 'libxml2-wasm'],
    logLevel: 'warning',
    plugins: [
      {
        name: 'daemons-stay-modules',
        setup(made) {
          made.onResolve({ filter: daemons }, ({ path: to }) => ({ path: `../${to.slice(2)}`, external: true }))
        },
      },
      ...(entry.plugins ?? []),
    ],
  })
  return outfile
}

function keepCache({ outfile, script }) {
  fs.writeFileSync(outfile.replace(/\.cjs$/, '.cache'), script.createCachedData())
}

/** Runs a bundle with its output thrown away, so that the cache has the functions that a run needs. */
async function exercise({ outfile, script }, calls) {
  const made = { exports: {} }
  script.runInThisContext()(made.exports, createRequire(outfile), made, outfile, path.dirname(outfile))
  const { write } = process.stdout
  process.stdout.write = () => true
  try {
    for (const argv of calls) await made.exports.main(argv)
  } finally {
    process.stdout.write = write
  }
}

const example = path.resolve(dist, '..', '..', '..', 'examples', 'web', 'cib.xml')
const tools = await bundle('quorate', { entryPoints: [path.join(dist, 'main.js')] })
await exercise(tools, [
  ['node', 'quorate', 'crm_simulate', '-S', '-x', example, '--save-graph', os.devNull, '--output-to', os.devNull],
])
keepCache(tools)
await make('simulate-live', { stdin: { contents: rare, resolveDir: dist }, minifyWhitespace: true })
const simulation = await bundle('simulate', {
  stdin: { contents: scheduler, resolveDir: dist },
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [
    sharedModules,
    {
      name: 'rarely-by-itself',
      setup(made) {
        made.onResolve({ filter: rarely }, ({ kind }) =>
          kind === 'dynamic-import' ? { path: rareFile, external: true } : undefined,
        )
      },
    },
  ],
})
// What a decision on a large cluster does, all of which would be compiled on the way otherwise.
const various = fileURLToPath(new URL('exercise.xml', import.meta.url))
await exercise(simulation, [
  ['crm_simulate', '-S', '-x', example, '--save-graph', os.devNull, '--output-to', os.devNull],
  ['crm_simulate', '-R', '-x', various, '--save-graph', os.devNull, '--output-to', os.devNull],
])
keepCache(simulation)
const clients = await bundle('fence', {
  stdin: { contents: fenceClients, resolveDir: dist },
  // Half of the file is comments and blanks, which a client that lives for milliseconds would read.
  minifyWhitespace: true,
})
await exercise(clients, [
  ['fence_xvm', '-o', 'metadata'],
  // A port of nobody: refused at once. Any file will do as a key.
  ['fence_virt', '-T', '127.0.0.1', '-p', '1', '-k', clients.outfile, '-o', 'status', '-H', 'nobody'],
])
keepCache(clients)
