import { type Cluster, type ClusterNode, onFail, type Resource, type ScoreCause } from '../model/model.ts'
import { exitWords } from '../report/result-words.ts'
import { infinity, scoreText } from '../score.ts'
import { failCount, insideOf } from '../unpack/fail-count.ts'
import type { Decision } from './decision.ts'
import { isInterchangeable } from './interchangeable.ts'
import { bySource, failureSettings, metaSource } from './setting-source.ts'
import { cleanupChange } from './state-changes.ts'
import type { Told } from './told-reason.ts'

/** Failures that have reached the migration-threshold. */
export function failuresReason({ cluster }: Decision, leaf: Resource, node: ClusterNode): Told {
  const threshold = `migration-threshold=${scoreText(leaf.migrationThreshold)}${bySource(metaSource(cluster, leaf, 'migration-threshold'), leaf)}`
  const limit = `which reaches ${threshold}`
  const { count } = failCount(cluster, leaf, node, { effective: true, fillers: true })
  const own = failCount(cluster, leaf, node, { effective: true }).count
  const inside = insideOf(leaf).filter((item) => failCount(cluster, item, node, { effective: true }).count > 0)
  const [filler] = inside
  // Instances of which one is as good as another share what is remembered of failures.
  const name = isInterchangeable(leaf) ? leaf.xmlId : leaf.id
  const names = inside.map(({ id }) => id).join(', ')
  const text =
    filler === undefined
      ? `${name} ${failedText(count, node)}, ${limit}`
      : own === 0 && inside.length === 1
        ? `${filler.id} ${failedText(count, node)}, which counts for ${name} that it is inside of, and reaches its ${threshold}`
        : `${name} ${failedText(count, node)} together with ${names} inside of it, ${limit}`
  const failed = own > 0 || filler === undefined ? [leaf, ...inside] : inside
  return {
    kind: 'failures',
    text: `${text}${forgottenText(cluster, leaf, count)}`,
    changes: failed.map((item) => cleanupChange(item, node)),
    settings: failureSettings(cluster, leaf),
  }
}

/** After what time failures are forgotten. */
function forgottenText(cluster: Cluster, leaf: Resource, count: number): string {
  const timeout = leaf.meta.get('failure-timeout')
  if (count === 0 || leaf.failureTimeoutSeconds <= 0 || timeout === undefined) return ''
  return `, until failure-timeout=${timeout}${bySource(metaSource(cluster, leaf, 'failure-timeout'), leaf)} has passed since the last`
}

/** How often something failed on a node, in words. A start that failed counts infinitely where start-failure-is-fatal is set. */
export function failedText(count: number, node: ClusterNode): string {
  if (count >= infinity) {
    return `has a fail-count of INFINITY on ${node.uname} (as after one failed start, with start-failure-is-fatal=true)`
  }
  return `failed ${count === 1 ? 'once' : `${count} times`} on ${node.uname}`
}

/** A failed operation that rules out a node, or all. */
export function failedOperationReason(
  resource: Resource,
  node: ClusterNode,
  { task, rc, onFail: policy, node: failedOn }: ScoreCause & { readonly kind: 'failed-operation' },
): Told {
  const ruledOut = failedOn === node ? 'which rules the node out' : 'which rules every node out'
  const why = policy === onFail.stop ? 'and on-fail=stop' : ruledOut
  return {
    kind: 'failures',
    text: `${failedAs(task, rc, failedOn)}, ${why}`,
    changes: [cleanupChange(resource, policy === onFail.stop ? undefined : failedOn)],
  }
}

/** As what failures are recorded that nobody's operation found. */
const reported = 'asyncmon'

/** A failed operation in words. */
export function failedAs(name: string, rc: number, node: ClusterNode): string {
  if (name === reported) {
    return `a failure on ${node.uname} was reported, as crm_resource --fail does (${exitWords(rc)}, rc=${rc})`
  }
  return `its ${name} failed on ${node.uname} (${exitWords(rc)}, rc=${rc})`
}
