import { compareText, type NodeId } from '@quorate/base'

/** A process in a group, anywhere on the ring. */
export type Process = { readonly node: NodeId; readonly pid: number; readonly group: string }

/** Every process of every group, in the order in which clients see them: by node, pid, group. */
export class ProcessList {
  #items: readonly Process[] = []

  get all(): readonly Process[] {
    return this.#items
  }

  has(process: Process): boolean {
    return this.#items.some((item) => isSameProcess(item, process))
  }

  /** Adds it; false where it was there already. */
  add(process: Process): boolean {
    if (this.has(process)) return false
    this.#items = [...this.#items, process].sort(compareProcesses)
    return true
  }

  /** Removes it; false where it was not there. */
  remove(process: Process): boolean {
    const rest = this.#items.filter((item) => !isSameProcess(item, process))
    const was = rest.length !== this.#items.length
    this.#items = rest
    return was
  }

  ofGroup(group: string): readonly Process[] {
    return this.#items.filter((item) => item.group === group)
  }

  ofNode(node: NodeId): readonly Process[] {
    return this.#items.filter((item) => item.node === node)
  }
}

/** Whether both are the same process in the same group. */
export function isSameProcess(a: Process, b: Process): boolean {
  return a.node === b.node && a.pid === b.pid && a.group === b.group
}

/** Order by node, pid, group. */
export function compareProcesses(a: Process, b: Process): number {
  return a.node - b.node || a.pid - b.pid || compareText(a.group, b.group)
}
