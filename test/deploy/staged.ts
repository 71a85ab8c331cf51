import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  /** From now on this command ends at once with a code, after it printed a text, and another one to stderr. */
  ends(command: string, code: number, says?: string, errors?: string): void
  /** From now on a program of this name only notes its calls, and runs a line of shell. */
  stands(program: string, line?: string): void
  /** Runs a script of `deploy/` in the folder, with `chpipe` and what else stands in. */
  run(script: string, args?: string[], env?: Record<string, string>): Running
  /** Runs a line of shell in the folder, in the same way, to its end; what it said, errors included. */
  shell(line: string, env?: Record<string, string>): string
  [Symbol.dispose](): void
}

export interface Running {
  process: ChildProcess
  ended: Promise<{ code: number | null; stderr: string }>
  /** What was printed so far. */
  stdout(): string
}

/** A folder in which scripts of `deploy/` run with a program that stands in for chpipe and notes its calls. */
export function stage(): Stage {
  const folder = tempFolder()
  const text = (name: string) => (existsSync(folder.file(name)) ? readFileSync(folder.file(name), 'utf8') : '')
  const standing = { PATH: `${folder.file('bin')}:${HERE}:${process.env.PATH}`, STAGE: folder.path }
  return {
    ...folder,
    text,
    calls: () => text('calls').split('\n').filter(Boolean),
    ends(command, code, says, errors) {
      writeFileSync(folder.file(`exit-${command}`), String(code))
      if (says !== undefined) writeFileSync(folder.file(`says-${command}`), says)
      if (errors !== undefined) writeFileSync(folder.file(`errors-${command}`), errors)
    },
    stands(program, line = '') {
      mkdirSync(folder.file('bin'), { recursive: true })
      const script = `#!/bin/sh\necho "${program} $*" >>"$STAGE/calls"\n${line}\n`
      writeFileSync(folder.file(`bin/${program}`), script, { mode: 0o755 })
    },
    shell(line, env = {}) {
      const { stdout, stderr } = spawnSync('sh', ['-c', line], {
        cwd: folder.path,
        env: { ...standing, ...env },
        encoding: 'utf8',
      })
      return stdout + stderr
    },
    run(script, args = [], env = {}) {
      const path = fileURLToPath(new URL(`../../deploy/${script}`, import.meta.url))
      const child = spawn(script === 'render-start.sh' ? 'bash' : 'sh', [path, ...args], {
        cwd: folder.path,
        env: { ...standing, ...env },
      })
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (chunk) => {
        stdout += chunk
      })
      child.stderr.on('data', (chunk) => {
        stderr += chunk
      })
      const ended = new Promise<{ code: number | null; stderr: string }>((done) => {
        child.on('close', (code) => done({ code, stderr }))
      })
      return { process: child, ended, stdout: () => stdout }
    },
  }
}

/** Waits until something holds; the test's own time-out is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((later) => setTimeout(later, 10))
}
