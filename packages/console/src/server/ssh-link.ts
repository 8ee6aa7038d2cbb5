import { type ChildProcess, spawn } from 'node:child_process'
import type { HostSpec } from '../api/index.ts'
import { AnswerReader, type HelperAnswer } from '../remote/answer-reader.ts'
import { type HelperRequest, requestText } from '../remote/helper-request.ts'
import { helperScript } from '../remote/helper-script.ts'
import {
  begunProgress,
  endedSsh,
  failedAt,
  greeted,
  type HostEntry,
  type HostProgress,
  heardOfSsh,
  hostFacts,
  shellCommand,
  stageMsMax,
  stageOf,
  sudoCommand,
} from '../remote/host-progress.ts'
import { type SshFiles, sshArguments } from '../remote/ssh-arguments.ts'

/** A CIB larger than this is not taken, in bytes. */
const cibBytesMax = 256 * 1024 * 1024
/** Of what ssh and a host say without an end of line, in characters. */
const lineCharsMax = 64 * 1024

/** The connection is gone, and nobody knows whether what was asked for last was done. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
}

/** What a tool said on the host, and the code that it ended with. */
export type ToolAnswer = { readonly rc: number; readonly text: string }

/** Who is told of a link. */
export type LinkListener = {
  readonly progress: (progress: HostProgress) => void
  /** It can be asked; once. */
  readonly ready: () => void
  /** It is over; once, unless it was closed from here. */
  readonly ended: (progress: HostProgress) => void
}

type Waiting = {
  readonly request: HelperRequest
  readonly timeoutMs: number
  readonly resolve: (answer: ToolAnswer) => void
  readonly reject: (error: Error) => void
}

/** One `ssh` with one shell behind it: a connection of its own, a single `sudo`, and one request at a time. */
export class SshLink {
  readonly #entry: HostEntry
  readonly #listener: LinkListener
  readonly #child: ChildProcess
  readonly #reader = new AnswerReader(cibBytesMax)
  #progress = begunProgress
  #heard = ''
  #isReady = false
  #isOver = false
  #stageTimer: NodeJS.Timeout | undefined
  #ids = 0
  #current: (Waiting & { readonly id: number; readonly timer: NodeJS.Timeout }) | undefined
  readonly #queue: Waiting[] = []

  constructor(spec: HostSpec, entry: HostEntry, files: SshFiles, listener: LinkListener) {
    this.#entry = entry
    this.#listener = listener
    const argv = sshArguments(spec, files, entry.sudo ? sudoCommand : shellCommand)
    this.#child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
    const { stdin, stdout, stderr } = this.#child
    // A pipe that breaks is told by the end of the process.
    stdin?.on('error', () => undefined)
    stdin?.write(helperScript)
    stdout?.on('data', (bytes: Buffer) => this.#read(bytes))
    stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.once('error', (error) => {
      this.#become(failedAt(this.#progress, 'ssh', error.message))
      this.#end()
    })
    this.#child.once('close', (code) => {
      this.#hear('\n')
      this.#become(endedSsh(this.#progress, code, this.#entry))
      this.#end()
    })
    this.#watchStage()
  }

  /**
   * Asks for something.
   *
   * @throws LinkLost where the connection ends before the answer
   */
  request(request: HelperRequest, timeoutMs: number): Promise<ToolAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new LinkLost('the connection is over'))
        return
      }
      this.#queue.push({ request, timeoutMs, resolve, reject })
      this.#next()
    })
  }

  /** Ends it: the shell on the host ends at the end of what it reads. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#stageTimer)
    this.#child.stdin?.end()
    this.#child.kill('SIGTERM')
    this.#reject(new LinkLost('the connection was closed'))
  }

  #next(): void {
    if (!this.#isReady || this.#current !== undefined) return
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#ids += 1
    const id = this.#ids
    let text: string
    try {
      text = requestText(id, waiting.request)
    } catch (error) {
      waiting.reject(error as Error)
      this.#next()
      return
    }
    const timer = setTimeout(() => this.#give(`no answer within ${waiting.timeoutMs / 1000} s`), waiting.timeoutMs)
    this.#current = { ...waiting, id, timer }
    this.#child.stdin?.write(text)
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return
    const answers = this.#reader.read(bytes)
    if (typeof answers === 'string') {
      this.#give(answers)
      return
    }
    for (const answer of answers) {
      if (this.#isReady) this.#answer(answer)
      else this.#greet(answer)
    }
  }

  #greet({ body }: HelperAnswer): void {
    const facts = hostFacts(textOf(body))
    if (facts === undefined) {
      this.#give('the host tells nothing of itself')
      return
    }
    this.#become(greeted(this.#progress, facts))
    if (this.#progress.failure !== undefined) {
      this.#child.kill('SIGTERM')
      this.#end()
      return
    }
    this.#isReady = true
    this.#listener.ready()
    this.#next()
  }

  #answer({ id, rc, body }: HelperAnswer): void {
    const current = this.#current
    if (current?.id !== id) {
      this.#give(`an answer to ${id}, which was not asked`)
      return
    }
    clearTimeout(current.timer)
    this.#current = undefined
    current.resolve({ rc, text: textOf(body) })
    this.#next()
  }

  #hear(text: string): void {
    this.#heard += text
    const lines = this.#heard.split(/\r*\n/)
    this.#heard = (lines.pop() ?? '').slice(-lineCharsMax)
    for (const line of lines) this.#become(heardOfSsh(this.#progress, line))
  }

  #become(next: HostProgress): void {
    if (this.#isOver) return
    const before = this.#progress
    this.#progress = next
    if (stageOf(before) !== stageOf(next)) this.#watchStage()
    if (before.done !== next.done || before.failure !== next.failure) this.#listener.progress(next)
  }

  /** Each stage up to the shell has its time; what comes after is asked for, and each request has its own. */
  #watchStage(): void {
    clearTimeout(this.#stageTimer)
    const stage = stageOf(this.#progress)
    if (stage === undefined || stage === 'cluster') return
    const limitMs = stageMsMax[stage]
    this.#stageTimer = setTimeout(() => {
      this.#become(failedAt(this.#progress, 'timeout', `nothing within ${limitMs / 1000} s`))
      this.#child.kill('SIGTERM')
      this.#end()
    }, limitMs)
  }

  /** Gives a connection up that is of no use any more. */
  #give(reason: string): void {
    this.#become(failedAt(this.#progress, this.#isReady ? 'lost' : 'shell', reason))
    this.#child.kill('SIGTERM')
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#stageTimer)
    this.#reject(new LinkLost(this.#progress.failure?.detail ?? 'the connection ended'))
    this.#listener.ended(this.#progress)
  }

  #reject(error: LinkLost): void {
    const current = this.#current
    this.#current = undefined
    if (current !== undefined) {
      clearTimeout(current.timer)
      current.reject(error)
    }
    for (const { reject } of this.#queue.splice(0)) reject(error)
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
