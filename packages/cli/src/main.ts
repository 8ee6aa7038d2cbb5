import path from 'node:path'
import { type Tool, tools } from './tools.ts'

/** Commands of `quorate` itself: they have no usual name to be linked under. */
const commands: Readonly<Record<string, () => Promise<Tool>>> = {
  console: async () => (await import('./console/main.ts')).run,
  demo: async () => (await import('./demo/main.ts')).run,
  explain: async () => (await import('./explain/main.ts')).run,
  'install-tools': async () => (await import('./install-tools/main.ts')).installTools(Object.keys(tools)),
  'what-if': async () => (await import('./what-if/main.ts')).run,
}

const usage = `Usage: quorate TOOL [ARGUMENTS]

Runs one of Quorate's programs. Each also runs under its usual name after 'quorate install-tools DIR'.

Tools:
${Object.keys(tools)
  .map((name) => `  ${name}`)
  .join('\n')}

Commands:
${Object.keys(commands)
  .map((name) => `  ${name}`)
  .join('\n')}

Examples:
  quorate crm_mon -1
  quorate cibadmin --query --scope resources
`

/**
 * Finds the program that `argv` names and runs it: by the name it was started under, else by its first argument.
 *
 * @returns the exit code; 64 (usage) where there is no such program
 */
export async function main(argv: readonly string[]): Promise<number> {
  const name = path.basename(argv[1] ?? '')
  const linked = lookUp(tools, name)
  if (linked !== undefined) return (await linked())(argv.slice(2))
  const [first, ...rest] = argv.slice(2)
  if (first === undefined || first === '--help' || first === '-h') {
    process.stdout.write(usage)
    return first === undefined ? 64 : 0
  }
  const tool = lookUp(tools, first) ?? lookUp(commands, first)
  if (tool === undefined) {
    process.stderr.write(`quorate: no tool named '${first}'; 'quorate --help' lists them\n`)
    return 64
  }
  return (await tool())(rest)
}

function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
