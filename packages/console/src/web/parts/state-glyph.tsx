import type { NodeState, ResourceState } from '../../api/index.ts'
import type { CellState } from '../cluster-rows.ts'
import { useTexts } from '../texts/language.ts'

/** A sign for each state: colour only repeats what the sign says. */
const resourceGlyphs: Readonly<Record<ResourceState, string>> = {
  failed: '✖',
  pending: '◌',
  promoted: 'P',
  unpromoted: 'U',
  started: '▶',
  partial: '◐',
  stopped: '■',
}

const nodeGlyphs: Readonly<Record<NodeState, string>> = {
  unclean: '✖',
  offline: '■',
  pending: '◌',
  maintenance: 'M',
  standby: '‖',
  online: '▶',
}

/** The sign alone, with its name for those who do not see it. */
export function StateGlyph({ state }: { readonly state: ResourceState | CellState }) {
  const texts = useTexts()
  return (
    <span className={`glyph state-${state}`} role="img" aria-label={texts.resourceState[state]}>
      {resourceGlyphs[state]}
    </span>
  )
}

/** The sign and its name. */
export function StateText({ state }: { readonly state: ResourceState }) {
  const texts = useTexts()
  return (
    <>
      <span className={`glyph state-${state}`} aria-hidden="true">
        {resourceGlyphs[state]}
      </span>{' '}
      {texts.resourceState[state]}
    </>
  )
}

export function resourceGlyph(state: ResourceState): string {
  return resourceGlyphs[state]
}

/** The sign of a node; its name stands beside it. */
export function NodeGlyph({ state }: { readonly state: NodeState }) {
  return (
    <span className={`glyph node-${state}`} aria-hidden="true">
      {nodeGlyphs[state]}
    </span>
  )
}
