import type { Cluster } from '../model/model.ts'
import type { ConfigurationProblem } from './reason.ts'
import { settingFaults } from './setting-faults.ts'

/** That a node is to be fenced or cannot be, which is told with the node: no configuration is wrong for that. */
const aboutFencing = /^Scheduling node \S+ for fencing$|^Node \S+ is unclean but cannot be fenced$/

/** What the scheduler said is wrong with a configuration, each once. */
export function loggedProblems({ log }: Cluster): readonly ConfigurationProblem[] {
  const found = new Map<string, ConfigurationProblem>()
  for (const { kind, text, isAboutStatus } of log) {
    if (isAboutStatus !== true && !aboutFencing.test(text) && (kind === 'error' || kind === 'warning'))
      found.set(text, { kind, text })
  }
  return [...found.values()]
}

/** What is set under names under which nobody reads it. */
export function nameProblems(cluster: Cluster): readonly ConfigurationProblem[] {
  const texts = new Set(settingFaults(cluster).map(({ text }) => text))
  return [...texts].map((text) => ({ kind: 'warning', text }))
}
