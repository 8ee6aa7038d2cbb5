import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'

/** Bits by which fencers tell each other what a device can do. */
export const deviceFlags = { list: 1, status: 2, reboot: 4, plug: 8, port: 16, on: 32 } as const

/** What a fencer has to know of a fence agent. */
export type FenceMetadata = {
  /** Sum of {@link deviceFlags}. */
  readonly flags: number
  /** `on` is done by whoever starts a node, or has to be. */
  readonly unfences: boolean
  /** Actions that only the target itself can do. */
  readonly onTarget: ReadonlySet<string>
  readonly takesNodeId: boolean
}

/** An agent of which nothing is known. */
export const unknownMetadata: FenceMetadata = { flags: 0, unfences: false, onTarget: new Set(), takesNodeId: false }

/** Reads `<resource-agent>` of a fence agent (behaviour/pacemaker-daemons.md 4.1). */
export function readFenceMetadata(xml: XmlElement): FenceMetadata {
  const names = childrenNamed(child(xml, 'parameters') ?? xml, 'parameter').map((item) => attr(item, 'name'))
  const actions = childrenNamed(child(xml, 'actions') ?? xml, 'action')
  let flags = 0
  let unfences = false
  const onTarget = new Set<string>()
  for (const action of actions) {
    const name = attr(action, 'name')
    if (name === undefined) continue
    if (name === 'list' || name === 'status' || name === 'reboot' || name === 'on') flags |= deviceFlags[name]
    if (name === 'on' && (isTrue(attr(action, 'automatic')) || isTrue(attr(action, 'required')))) unfences = true
    if (isTrue(attr(action, 'on_target'))) onTarget.add(name)
  }
  if (names.includes('plug')) flags |= deviceFlags.plug
  if (names.includes('port')) flags |= deviceFlags.port
  return { flags, unfences, onTarget, takesNodeId: names.includes('nodeid') }
}

function isTrue(text: string | undefined): boolean {
  return ['1', 'true', 'yes', 'on', 'y'].includes(text?.toLowerCase() ?? '')
}
