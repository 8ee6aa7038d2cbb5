import { type OutputKind, outputKinds } from './compare.ts'
import type { CaseResult } from './run-case.ts'

/** True for a case in which everything agreed. */
export function isPassed(result: CaseResult): boolean {
  return result.error === undefined && result.differs.length === 0
}

/** Results by group, one line each, with a total. */
export function resultTable(results: readonly CaseResult[]): string {
  const groups = new Map<string, CaseResult[]>()
  for (const result of results) {
    const list = groups.get(result.group)
    if (list === undefined) groups.set(result.group, [result])
    else list.push(result)
  }
  const width = Math.max(5, ...[...groups.keys()].map((name) => name.length))
  const head = ['group'.padEnd(width), 'cases', 'passed', ...outputKinds].join('  ')
  const rows = [...groups, ['total', results] as const].map(([name, list]) => {
    const count = (kind: OutputKind): number =>
      list.filter((item) => item.error === undefined && !item.differs.includes(kind)).length
    const cells = [
      String(list.length).padStart(5),
      String(list.filter(isPassed).length).padStart(6),
      ...outputKinds.map((kind) => String(count(kind)).padStart(kind.length)),
    ]
    return [name.padEnd(width), ...cells].join('  ')
  })
  return [head, ...rows].join('\n')
}

/** What is wrong with the cases that did not pass, one line each. */
export function failureLines(results: readonly CaseResult[]): readonly string[] {
  return results
    .filter((result) => !isPassed(result))
    .map(({ name, group, differs, error }) => `${name} (${group}): ${error ?? `differs in ${differs.join(' ')}`}`)
}
