import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type ConfNode, defaultKeyFile, dumpConf, parseConf, wizard } from '@quorate/fence-virt'
import { hostPath } from '@quorate/qb'

/** fence_virtd -c: asks, shows the configuration, and writes it where that is wanted. */
export async function configure(file: string): Promise<number> {
  process.stdout.write(`Using ${file}\n`)
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const read = async (question: string): Promise<string> => {
    process.stdout.write(question)
    const { value, done } = await lines.next()
    return done === true ? '' : value
  }
  const current = readCurrent(file)
  if (current === undefined) {
    process.stdout.write(`Parsing of ${file} failed.\n`)
    if (!isYes(await read('Start from scratch [y/N]? '))) return 1
  }
  const questions = wizard(current, hostPath(defaultKeyFile))
  let turn = questions.next()
  while (turn.done !== true) turn = questions.next(await read(turn.value.before + turn.value.question))
  const text = dumpConf(turn.value)
  process.stdout.write('Configuration complete.\n\n')
  process.stdout.write(`=== Begin Configuration ===\n${text}=== End Configuration ===\n`)
  if (!isYes(await read(`Replace ${file} with the above [y/N]? `))) return 1
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
    renameSync(draft, file)
    return 0
  } catch (error) {
    rmSync(draft, { force: true })
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.stdout.write('Failed to write configuration file!\n')
    return 1
  }
}

function readCurrent(file: string): ConfNode | undefined {
  try {
    const parsed = parseConf(readFileSync(file, 'utf8'))
    return parsed.ok ? parsed.value : undefined
  } catch {
    return undefined
  }
}

function isYes(answer: string): boolean {
  return /^y/i.test(answer)
}
