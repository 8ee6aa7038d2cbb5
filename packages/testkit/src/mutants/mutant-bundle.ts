import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import type { Mutant } from './mutant-table.ts'

/** The part of `@quorate/sim` that hunts a mutant. */
export type SimulatedWorlds = {
  readonly runRingSeed: (seed: bigint) => unknown
  readonly runServiceSeed: (seed: bigint) => unknown
}

const packages = path.resolve(import.meta.dirname, '../../..')

/**
 * The simulated worlds with one line of the protocol changed, as a module that stands beside the true one.
 *
 * @throws Error when the mutant's text is not in its file exactly once: the source has moved on, and the table must follow
 */
export async function mutantWorlds(mutant: Mutant): Promise<SimulatedWorlds> {
  const target = path.join(packages, mutant.file)
  const built = await build({
    entryPoints: [path.join(packages, 'sim/src/index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    external: ['koffi'],
    write: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'one-line-changed',
        setup(made) {
          made.onLoad({ filter: /\.ts$/ }, ({ path: file }) =>
            file === target ? { contents: changed(mutant, fs.readFileSync(file, 'utf8')), loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  const code = built.outputFiles[0]?.text ?? ''
  return import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`) as Promise<SimulatedWorlds>
}

function changed({ name, file, was, is }: Mutant, source: string): string {
  const count = source.split(was).length - 1
  if (count !== 1) throw new Error(`mutant "${name}": its text is ${count} times in ${file}, expected once: ${was}`)
  return source.replace(was, () => is)
}
