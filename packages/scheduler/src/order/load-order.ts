import { task } from '../action/key.ts'
import type { Action, Edge } from '../model/model.ts'
import { edgeFlag } from './flags.ts'

/** Of what has to have left nodes before a start, that of the start's own node: nothing else is ever an input of it. */
export function ownLoad({ task: name, node }: Action, loads: readonly Action[]): Action | undefined {
  return name === task.start ? loads.find((load) => load.node === node) : undefined
}

/**
 * Makes the edges to a start that were left out in favour of {@link ownLoad}, in the place where they would be. For those
 * who look at all edges, also at what comes to nothing.
 */
export function restoreLoads(then: Action): void {
  const loads = then.task === task.start ? then.resource?.loads : undefined
  if (loads === undefined) return
  const known = then.before.filter(({ first }) => loads.includes(first))
  const own = known[0]
  if (own === undefined || known.length > 1) return
  const { load: flags } = edgeFlag
  const all = loads.map((first): Edge => {
    return first === own.first ? own : { first, then, original: flags, flags, dumped: false }
  })
  then.before.splice(then.before.indexOf(own), 1, ...all)
  if (then.inputsMerged) then.before.sort((a, b) => a.first.id - b.first.id)
}
