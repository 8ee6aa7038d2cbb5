/** Whether both name the same node: case does not matter. */
export function isSameNode(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
