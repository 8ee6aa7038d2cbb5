/** Names one action of one graph of one DC: `ACTION:TRANSITION:TARGETRC:UUID`. */
export type TransitionKey = {
  /** Id of the action in its graph; a call id in keys that no graph made. */
  readonly action: number
  /** Number of the graph; -1 for results that were made up (`crm_resource --fail`). */
  readonly transition: number
  /** Exit code that counts as success. */
  readonly targetRc: number
  /** Incarnation of the DC that made it. */
  readonly dcUuid: string
}

/** A key together with what became of the action: `STATUS:RC;KEY`. */
export type TransitionMagic = { readonly status: number; readonly rc: number; readonly key: TransitionKey }

const keyText = /^(-?\d{1,10}):(-?\d{1,10}):(-?\d{1,10}):([^:;\s]{1,36})\s*$/
const magicText = /^(-?\d{1,10}):(-?\d{1,10});(.*)$/s

/** The text of a key, as `transition-key` carries it. */
export function formatTransitionKey(key: TransitionKey): string {
  return `${key.action}:${key.transition}:${key.targetRc}:${key.dcUuid}`
}

/** Reads `transition-key`; undefined when it is no key. */
export function parseTransitionKey(text: string | undefined): TransitionKey | undefined {
  const found = text === undefined ? null : keyText.exec(text)
  if (found === null) return undefined
  const [, action, transition, targetRc, dcUuid] = found as unknown as readonly string[]
  return {
    action: Number(action),
    transition: Number(transition),
    targetRc: Number(targetRc),
    dcUuid: dcUuid as string,
  }
}

/** The text of `transition-magic`. */
export function formatTransitionMagic(status: number, rc: number, key: string): string {
  return `${status}:${rc};${key}`
}

/** Reads `transition-magic`; undefined when it is none. */
export function parseTransitionMagic(text: string | undefined): TransitionMagic | undefined {
  const found = text === undefined ? null : magicText.exec(text)
  if (found === null) return undefined
  const key = parseTransitionKey(found[3])
  return key === undefined ? undefined : { status: Number(found[1]), rc: Number(found[2]), key }
}
