#!/usr/bin/env node
// Checks the rules of ARCHITECTURE.md that the compiler does not: who may import whom, what a pure package may
// touch, cycles between files. `tsc -b`, Biome and knip all let an undeclared import between workspaces pass.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * @typedef {object} Room
 * @property {readonly string[]} imports packages (or package/subpath) that it may import
 * @property {boolean} pure no node: modules, clock, timers, chance or console outside `shells`
 * @property {readonly string[]} [shells] folders under src/ that may touch the host although the package is pure
 * @property {readonly string[]} [external] third-party packages (docs/dependencies.md)
 * @property {Record<string, Wing>} [wings] folders under src/ that may import less than the room
 */

/**
 * @typedef {object} Wing
 * @property {readonly string[]} imports packages (or package/subpath) that it may import
 * @property {readonly string[]} external third-party packages
 * @property {readonly string[]} folders other folders under src/ that it may import from
 * @property {boolean} [isBrowser] no node: modules, although it is a shell
 */

/** The rooms of ARCHITECTURE.md. @type {Record<string, Room>} */
export const rooms = {
  base: { pure: true, imports: [] },
  xml: { pure: true, imports: ['base'], external: ['saxes'] },
  qb: { pure: false, imports: ['base'], external: ['koffi'] },
  totem: { pure: true, imports: ['base'] },
  corosync: { pure: true, shells: ['daemon', 'transport', 'client'], imports: ['base', 'qb', 'qb/ffi', 'totem'] },
  heartbeat: { pure: true, shells: ['daemon', 'client'], imports: ['base', 'qb', 'qb/ffi'] },
  cib: { pure: true, imports: ['base', 'xml'] },
  scheduler: { pure: true, imports: ['base', 'xml', 'cib'] },
  pacemaker: {
    pure: true,
    shells: ['daemon', 'client'],
    imports: ['base', 'xml', 'qb', 'corosync/client', 'cib', 'scheduler'],
  },
  'fence-virt': {
    pure: true,
    shells: ['daemon', 'client'],
    imports: ['base', 'xml', 'qb', 'qb/ffi', 'corosync/client', 'pacemaker/client'],
    external: ['rhea'],
  },
  console: {
    pure: true,
    shells: ['server', 'web', 'web-tests'],
    imports: ['base', 'xml', 'qb', 'qb/host-root', 'cib', 'scheduler', 'pacemaker/client'],
    external: ['zod', 'hono', '@hono/node-server'],
    wings: {
      api: { imports: ['base'], external: ['zod'], folders: [] },
      web: {
        imports: [],
        external: ['zod', 'react', 'react-dom', '@xyflow/react'],
        folders: ['api'],
        isBrowser: true,
      },
      // What tests of the pages share; nothing of the product imports it.
      'web-tests': { imports: [], external: ['playwright-core', 'vitest'], folders: ['api'] },
    },
  },
  cli: {
    pure: false,
    imports: [
      'base',
      'xml',
      'qb',
      'qb/host-root',
      'corosync',
      'corosync/client',
      'corosync/daemon',
      'cib',
      'console/server',
      'scheduler',
      'pacemaker',
      'pacemaker/client',
      'pacemaker/daemon',
      'fence-virt',
      'fence-virt/client',
      'fence-virt/daemon',
      'heartbeat',
      'heartbeat/client',
      'heartbeat/daemon',
    ],
    external: ['picocolors'],
  },
  sim: { pure: true, shells: ['run'], imports: ['base', 'xml', 'totem', 'corosync', 'cib', 'scheduler', 'pacemaker'] },
  testkit: {
    pure: false,
    imports: [
      'base',
      'xml',
      'qb',
      'totem',
      'corosync',
      'corosync/client',
      'corosync/daemon',
      'cib',
      'cli/in-process',
      'scheduler',
      'pacemaker',
      'pacemaker/client',
      'pacemaker/daemon',
      'fence-virt',
      'fence-virt/client',
      'fence-virt/daemon',
    ],
    external: ['esbuild', 'playwright-core'],
  },
}

const specifiers = /(?:\bimport\b|\bexport\b)[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g
const impure = [
  [/\bDate\.now\b|\bnew Date\(\s*\)/, 'the clock'],
  [/\bMath\.random\b/, 'chance'],
  [/\bset(?:Timeout|Interval|Immediate)\b/, 'a timer'],
  [/\bconsole\.\w/, 'the console'],
  [/(?<![\w-])process\.\w/, 'the process'],
  [/\bperformance\.now\b/, 'the clock'],
]

/** Source without comments and without the inside of template and string literals that are no specifiers. */
function withoutComments(/** @type {string} */ text) {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/.*$/gm, '$1')
}

function sourcesBelow(/** @type {string} */ folder) {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .map((name) => path.join(folder, name))
    .sort()
}

/**
 * Every broken rule below `root`/packages, a line each: file, what, and why not.
 * @param {string} root
 * @param {Record<string, Room>} table
 * @returns {string[]}
 */
export function violations(root, table = rooms) {
  const found = []
  /** @type {Map<string, string[]>} */
  const edges = new Map()
  const folder = path.join(root, 'packages')
  for (const name of fs.readdirSync(folder).sort()) {
    const room = table[name]
    if (room === undefined) {
      found.push(`packages/${name}: not a room of tools/boundaries.mjs`)
      continue
    }
    const src = path.join(folder, name, 'src')
    for (const file of sourcesBelow(src)) found.push(...checkFile(root, name, room, src, file, edges))
  }
  found.push(...cycles(root, edges))
  return found
}

function checkFile(root, name, room, src, file, edges) {
  const found = []
  const shown = path.relative(root, file)
  const text = withoutComments(fs.readFileSync(file, 'utf8'))
  const first = path.relative(src, file).split(path.sep)[0]
  const pure = room.pure && !(room.shells ?? []).includes(first)
  const wing = room.wings?.[first]
  const where = wing === undefined ? name : `${name}/${first}`
  const imports = wing?.imports ?? room.imports
  const externals = wing?.external ?? room.external ?? []
  const targets = []
  for (const match of text.matchAll(specifiers)) {
    const to = match[1] ?? match[2]
    if (to.startsWith('.')) {
      const target = path.resolve(path.dirname(file), to)
      if (!target.startsWith(src + path.sep)) found.push(`${shown}: ${to} reaches out of its package`)
      const folder = path.relative(src, target).split(path.sep)[0]
      if (wing !== undefined && folder !== first && !wing.folders.includes(folder)) {
        found.push(`${shown}: ${where} may not import from ${folder}/`)
      }
      targets.push(target)
      if (pure && (room.shells ?? []).includes(folder)) {
        found.push(`${shown}: a pure file imports the shell ${to}`)
      }
    } else if (to.startsWith('node:')) {
      if (pure) found.push(`${shown}: ${to} in a pure package`)
      else if (wing?.isBrowser === true) found.push(`${shown}: ${to} in a browser`)
    } else if (to.startsWith('@quorate/')) {
      const what = to.slice('@quorate/'.length)
      if (!imports.includes(what)) found.push(`${shown}: ${where} may not import ${what}`)
      else if (pure && what !== what.split('/')[0] && !isTypeOnly(match[0])) {
        found.push(`${shown}: a pure file imports the shell ${to}`)
      } else if (pure && isImpure(what)) found.push(`${shown}: a pure file imports the impure package ${to}`)
    } else {
      const parts = to.split('/')
      const external = to.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]
      if (!externals.includes(external)) found.push(`${shown}: ${where} may not import ${external}`)
    }
  }
  if (pure) {
    for (const [pattern, what] of impure) if (pattern.test(text)) found.push(`${shown}: ${what} in a pure file`)
  }
  edges.set(file, targets)
  return found
}

/** How a shell looks from outside may be named: types are gone before anything runs. */
function isTypeOnly(statement) {
  return /^(?:import|export)\s+type\b/.test(statement)
}

function isImpure(what) {
  return rooms[what] !== undefined && !rooms[what].pure
}

/** Cycles between files, each named once by its alphabetically first file. */
function cycles(root, edges) {
  const found = []
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map()
  const trail = []
  const visit = (file) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      const loop = trail.slice(trail.indexOf(file)).map((item) => path.relative(root, item))
      found.push(`cycle: ${[...loop, loop[0]].join(' -> ')}`)
      return
    }
    state.set(file, 'open')
    trail.push(file)
    for (const next of edges.get(file) ?? []) visit(next)
    trail.pop()
    state.set(file, 'done')
  }
  for (const file of [...edges.keys()].sort()) visit(file)
  return found
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
  const found = violations(root)
  for (const line of found) console.error(line)
  console.log(found.length === 0 ? 'boundaries: kept' : `boundaries: ${found.length} broken`)
  process.exitCode = found.length === 0 ? 0 : 1
}
