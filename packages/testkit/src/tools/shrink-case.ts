import { shrink } from '../conformance/random/shrink.ts'
import { compareTools } from './compare.ts'
import type { ToolCase } from './tool-case.ts'

/** Makes a case smaller while the same outputs differ: words of the line first, then the CIB. */
export async function shrinkTool(of: ToolCase, folder: string): Promise<ToolCase> {
  const before = (await compareTools(of, folder)).differs.join()
  if (before === '') return of
  const shows = async (candidate: ToolCase) => (await compareTools(candidate, folder)).differs.join() === before
  let now = of
  for (let at = of.argv.length - 1; at >= 0; at -= 1) {
    const candidate = { ...now, argv: now.argv.toSpliced(at, 1) }
    if (await shows(candidate)) now = candidate
  }
  const inUtc = { ...now, zone: 'UTC' }
  if (await shows(inUtc)) now = inUtc
  const { cib, ...rest } = now
  if (cib === undefined) return now
  if (await shows(rest)) return rest
  return { ...now, cib: await shrink(cib, (smaller) => shows({ ...now, cib: smaller })) }
}
