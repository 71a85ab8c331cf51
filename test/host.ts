import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Host } from '../src/context.ts'
import { main } from '../src/main.ts'

export interface RunOptions {
  env?: Record<string, string>
  cwd?: string
  stdin?: string | Buffer | Readable
  /** Standard input and error are a terminal. */
  terminal?: boolean
  /** Takes the output, instead of what is returned. */
  stdout?: Writable
  /** Receives the fake process before the command starts, to send it signals. */
  started?: (process: EventEmitter) => void
}

export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs one command line in this process against a fake host: no terminal, and only the environment given. */
export async function run(
  args: string[],
  { env = {}, cwd = tmpdir(), stdin = '', terminal = false, stdout: target, started }: RunOptions = {},
): Promise<Finished> {
  const stdout = collector()
  const stderr = collector()
  const process = new EventEmitter()
  const host = Object.assign(process, {
    argv: ['node', 'chpipe', ...args],
    env,
    cwd: () => cwd,
    stdin: Object.assign(stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]), { isTTY: terminal }),
    stdout: target ?? stdout.stream,
    stderr: Object.assign(stderr.stream, { isTTY: terminal }),
    exit: (code: number) => {
      throw new Error(`the process was ended with ${code}`)
    },
  }) satisfies Host
  const ended = main(host)
  started?.(process)
  const code = await ended
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}

export interface TempFolder {
  path: string
  file(name: string): string
  [Symbol.dispose](): void
}

/** A fresh folder that is removed when the test's scope ends (`using`); its name never looks like a word of capitals, which tests search outputs for. */
export function tempFolder(): TempFolder {
  const path = join(tmpdir(), `chpipe-test-${randomBytes(6).toString('hex')}`)
  mkdirSync(path)
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
