import type { Cluster } from '../model/model.ts'
import type { ConfigurationProblem } from './reason.ts'

/** What the scheduler said is wrong with a configuration, each once. */
export function loggedProblems({ log }: Cluster): readonly ConfigurationProblem[] {
  const found = new Map<string, ConfigurationProblem>()
  for (const { kind, text, isAboutStatus } of log) {
    if (isAboutStatus !== true && (kind === 'error' || kind === 'warning')) found.set(text, { kind, text })
  }
  return [...found.values()]
}
