import { setTimeout as delay } from 'node:timers/promises'
import pc from 'picocolors'
import type { DemoCluster } from './demo-cluster.ts'
import { isOn } from './demo-node.ts'

/** Milliseconds between two looks at the status. */
const refreshMs = 500
const clearScreen = '\u001b[H\u001b[2J'

/** What a person can do from another terminal while the status is shown. */
export function hints(cluster: DemoCluster): string {
  const [first, second] = cluster.nodes
  const last = cluster.nodes.at(-1)
  if (first === undefined || second === undefined || last === undefined) return ''
  const rows: readonly (readonly [string, string])[] = [
    [`curl http://127.0.0.10:8080`, 'the service: answers with the name of its node'],
    [`npx quorate demo power-off ${first.name}`, 'SIGKILL to everything on a node'],
    [`npx quorate demo power-on ${first.name}`, 'start it again'],
    [`npx quorate demo cut ${last.name}`, 'cut the network between a node and the others'],
    ['npx quorate demo heal', 'mend the network'],
    [`npx quorate demo run ${second.name} crm_standby -v on`, `put ${second.name} on standby ('-v off' ends it)`],
    [`npx quorate demo run ${second.name} crm_mon -1`, 'any tool, as on that node'],
    [`QUORATE_ROOT=${first.root} npx quorate console`, `the web console, as ${first.name} sees the cluster`],
  ]
  const width = Math.max(...rows.map(([command]) => command.length))
  const lines = rows.map(([command, what]) => `  ${pc.cyan(command.padEnd(width))}  ${what}`)
  return ['Try, from another terminal in this folder:', ...lines, '', 'Ctrl-C stops everything.'].join('\n')
}

/** Shows the status as crm_mon prints it, and what to try, until the signal. */
export async function showStatus(cluster: DemoCluster, signal: AbortSignal): Promise<void> {
  let shown = ''
  while (!signal.aborted) {
    const text = `${await statusText(cluster)}\n${hints(cluster)}\n`
    if (text !== shown) {
      process.stdout.write(process.stdout.isTTY ? `${clearScreen}${text}` : `${text}\n`)
      shown = text
    }
    try {
      await delay(refreshMs, undefined, { signal })
    } catch {
      return
    }
  }
}

/** What changes at every look although nothing has happened: times of looking, and of the daemon's last answer. */
const restless = /^ {2}\* Last updated: .*\n| \(last updated [^)]*\)/gm

/** The status as one node sees it and, where the network is cut, as those see it that this one does not reach. */
async function statusText(cluster: DemoCluster): Promise<string> {
  const views: string[] = []
  let seen: readonly string[] = []
  for (const node of cluster.nodes) {
    if (seen.includes(node.name) || !isOn(node)) continue
    const { code, output } = await cluster.run(node, ['crm_mon', '-1', '--inactive'])
    if (code !== 0) continue
    views.push(`As ${node.name} sees it:\n\n${output.replace(restless, '')}`)
    seen = [...seen, node.name, ...onlineIn(output)]
  }
  return views.length > 0 ? views.join('\n') : 'No node answers.\n'
}

function onlineIn(output: string): readonly string[] {
  return (/^ {2}\* Online: \[ (.*) \]$/m.exec(output)?.[1] ?? '').split(' ')
}
