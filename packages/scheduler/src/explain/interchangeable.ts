import type { Resource } from '../model/model.ts'
import { top } from '../model/tree.ts'

/** True where any other instance of its clone would do as well. */
export function isInterchangeable(leaf: Resource): boolean {
  return !leaf.unique && top(leaf) !== leaf && top(leaf).clone !== undefined
}
