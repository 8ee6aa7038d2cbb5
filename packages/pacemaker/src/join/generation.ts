import { attr, type XmlElement } from '@quorate/xml'

/** How new a node's CIB is, as a join request tells it. */
export type Generation = { readonly adminEpoch: number; readonly epoch: number; readonly updates: number }

/** Reads the attributes of `<generation_tuple>` or of a `<cib>`; missing or unreadable numbers count as -1. */
export function readGeneration(xml: XmlElement): Generation {
  const number = (name: string) => {
    const text = attr(xml, name)
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : -1
  }
  return { adminEpoch: number('admin_epoch'), epoch: number('epoch'), updates: number('num_updates') }
}

/** Positive when `a` is the newer one. */
export function compareGenerations(a: Generation, b: Generation): number {
  return a.adminEpoch - b.adminEpoch || a.epoch - b.epoch || a.updates - b.updates
}
