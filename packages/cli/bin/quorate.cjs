#!/usr/bin/env node
// Runs a bundle of the command-line tools (tools/bundle.mjs) with its code cache. V8 refuses a cache that another
// version of itself made; the bundle then runs all the same, a little later.
'use strict'
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const v8 = require('node:v8')
const vm = require('node:vm')

// V8 by itself compiles for speed what a tool then runs for a moment only, at twice the processor time. The code cache
// counts as made by another V8 unless tools/bundle.mjs sets the same.
v8.setFlagsFromString('--interrupt-budget=400000')
// V8 by itself lets its space for young objects grow to 32 MB. Memory that is touched for the first time costs a tool
// more than to collect a small space more often.
v8.setFlagsFromString('--semi-space-growth-factor=1')

// Tools with a bundle of their own, by the name they were started under or by the first argument.
const small = { crm_simulate: 'simulate', fence_virt: 'fence', fence_xvm: 'fence' }
const linked = path.basename(process.argv[1])
const call = Object.hasOwn(small, linked) ? [linked, ...process.argv.slice(2)] : process.argv.slice(2)
const isSmall = Object.hasOwn(small, call[0] ?? '')
const filename = path.join(__dirname, '..', 'dist', 'bundle', `${isSmall ? small[call[0]] : 'quorate'}.cjs`)
const read = (name, encoding) => {
  try {
    return fs.readFileSync(name, encoding)
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

// Bundles are ASCII, which needs no decoding, and functions already, which needs no copy with more around it.
const source = read(filename, 'latin1')
if (source === undefined) {
  process.stderr.write("quorate: not built; run 'npm ci' or 'npm run build' in the repository\n")
  process.exit(70)
}
const script = new vm.Script(source, {
  filename,
  cachedData: read(filename.replace(/\.cjs$/, '.cache')),
})
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, createRequire(filename), bundle, filename, path.dirname(filename))
bundle.exports.main(isSmall ? call : process.argv).then(
  (code) => {
    process.exitCode = code
    // All that it writes is written by now, and to take apart a heap that the system gets back anyway takes a while.
    if (call[0] === 'crm_simulate') process.exit()
  },
  (error) => {
    process.stderr.write(`quorate: ${error.stack}\n`)
    process.exitCode = 70
  },
)
