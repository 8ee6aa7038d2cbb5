import { attr, type XmlElement } from '@quorate/xml'

/** The version of a CIB while a simulation changes it, counted as the CIB manager does with every update. */
export class CibVersion {
  #epoch: number
  #updates: number
  #isChanged = false
  #hasEpoch: boolean

  constructor(cib: XmlElement) {
    this.#epoch = countOf(cib, 'epoch')
    this.#hasEpoch = attr(cib, 'epoch') !== undefined
    this.#updates = countOf(cib, 'num_updates')
  }

  configurationChanged(): void {
    this.#epoch += 1
    this.#updates = 0
    this.#isChanged = true
    this.#hasEpoch = true
  }

  /** Anything but the configuration was changed by one update. */
  statusChanged(): void {
    this.#updates += 1
    this.#isChanged = true
  }

  /** Attributes of the root that are other than they were, in the order in which a root without them gets them. */
  changes(): Readonly<Record<string, string>> {
    if (!this.#isChanged) return {}
    return { num_updates: String(this.#updates), ...(this.#hasEpoch ? { epoch: String(this.#epoch) } : {}) }
  }
}

function countOf(cib: XmlElement, name: string): number {
  const count = Number.parseInt(attr(cib, name) ?? '', 10)
  return Number.isNaN(count) ? 0 : count
}
