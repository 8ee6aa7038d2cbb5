import path from 'node:path'

/**
 * Where this node keeps its files: the value of `QUORATE_ROOT`, or undefined for the machine itself. Several nodes
 * share one machine, without root, by having one each.
 */
export function hostRoot(): string | undefined {
  const root = process.env['QUORATE_ROOT']
  return root === undefined || root === '' ? undefined : path.resolve(root)
}

/** An absolute path of the C stack, below {@link hostRoot} where there is one. */
export function hostPath(absolute: string): string {
  const root = hostRoot()
  return root === undefined ? absolute : path.join(root, absolute)
}
