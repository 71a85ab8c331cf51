import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '../host.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))

export interface Stage {
  path: string
  file(name: string): string
  /** Text of a file in the folder, or an empty one. */
  text(name: string): string
  /** How chpipe was called so far, a line each. */
  calls(): string[]
  /** From now on this command ends at once with a code, after it printed a text. */
  ends(command: string, code: number, says?: string): void
  /** Runs a script of `deploy/` in the folder, with `chpipe` standing in. */
  run(script: string, args?: string[], env?: Record<string, string>): Running
  [Symbol.dispose](): void
}

export interface Running {
  process: ChildProcess
  ended: Promise<{ code: number | null; stderr: string }>
}

/** A folder in which scripts of `deploy/` run with a program that stands in for chpipe and notes its calls. */
export function stage(): Stage {
  const folder = tempFolder()
  const text = (name: string) => (existsSync(folder.file(name)) ? readFileSync(folder.file(name), 'utf8') : '')
  return {
    ...folder,
    text,
    calls: () => text('calls').split('\n').filter(Boolean),
    ends(command, code, says) {
      writeFileSync(folder.file(`exit-${command}`), String(code))
      if (says !== undefined) writeFileSync(folder.file(`says-${command}`), says)
    },
    run(script, args = [], env = {}) {
      const path = fileURLToPath(new URL(`../../deploy/${script}`, import.meta.url))
      const child = spawn(script === 'render-start.sh' ? 'bash' : 'sh', [path, ...args], {
        cwd: folder.path,
        env: { PATH: `${HERE}:${process.env.PATH}`, STAGE: folder.path, ...env },
      })
      let stderr = ''
      child.stderr.on('data', (chunk) => {
        stderr += chunk
      })
      const ended = new Promise<{ code: number | null; stderr: string }>((done) => {
        child.on('close', (code) => done({ code, stderr }))
      })
      return { process: child, ended }
    },
  }
}

/** Waits until something holds; the test's own time-out is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((later) => setTimeout(later, 10))
}
