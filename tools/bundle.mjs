#!/usr/bin/env node
// Makes one CommonJS file of the command-line tools, and V8's code cache beside it: a tool then starts in little more
// than bare node's time. Daemons stay out of it: they run for weeks and start workers by file.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { build } from 'esbuild'

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'cli', 'dist')
const outfile = path.join(dist, 'bundle', 'quorate.cjs')

/** Tools that the bundle leaves to the built modules. */
const daemons = /^\.\/(corosync|pacemakerd|fence_virtd|demo)\/main\.js$/

await build({
  entryPoints: [path.join(dist, 'main.js')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
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
  ],
})

const source = fs.readFileSync(outfile, 'utf8')
const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
  filename: outfile,
})
fs.writeFileSync(outfile.replace(/\.cjs$/, '.cache'), script.createCachedData())
