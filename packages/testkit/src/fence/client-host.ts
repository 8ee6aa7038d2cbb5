/**
 * Our clients of fence_virtd in one process: reads a call a line, as JSON, and answers each by a line when it has ended. To be
 * started where the clients are to run: what they cost is then their own work, and not the start of a process each time.
 */
import { createInterface } from 'node:readline'
import { type AgentName, defaultKeyFile } from '@quorate/fence-virt'
import { runAgent } from '@quorate/fence-virt/client'

/** A client to run. `id` names the call in its answer. */
export type ClientCall = {
  readonly id: number
  readonly name: AgentName
  readonly argv: readonly string[]
  /** All of standard input. */
  readonly input: string
}
export type ClientAnswer = { readonly id: number; readonly code: number; readonly out: string; readonly err: string }

async function answer({ id, name, argv, input }: ClientCall): Promise<ClientAnswer> {
  const said = { out: '', err: '' }
  const code = await runAgent(name, argv, {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    keyFile: defaultKeyFile,
    readStdin: () => Promise.resolve(input),
  })
  return { id, code, ...said }
}

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line) as ClientCall).then((said) => process.stdout.write(`${JSON.stringify(said)}\n`))
}
