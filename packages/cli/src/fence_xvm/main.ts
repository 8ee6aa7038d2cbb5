import { text } from 'node:stream/consumers'
import { type AgentName, defaultKeyFile } from '@quorate/fence-virt'
import { runAgent } from '@quorate/fence-virt/client'
import { hostPath } from '@quorate/qb/host-root'
import type { Tool } from '../tool.ts'

/** fence_xvm(8): fences a virtual machine by multicast. */
export const run: Tool = (argv) => runHere('fence_xvm', argv)

/** Runs either client in this process. */
export function runHere(name: AgentName, argv: readonly string[]): Promise<number> {
  return runAgent(name, argv, {
    out: (shown) => void process.stdout.write(shown),
    err: (shown) => void process.stderr.write(shown),
    keyFile: hostPath(defaultKeyFile),
    readStdin: () => text(process.stdin),
  })
}
