import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Finished } from './host.ts'

const BIN = fileURLToPath(new URL('../bin/chpipe.js', import.meta.url))

export interface Child {
  process: ChildProcess
  ended: Promise<Finished & { signal: NodeJS.Signals | null }>
}

export interface ChildOptions {
  env?: Record<string, string>
  cwd: string
  /** For Node itself, before the program. */
  nodeArgs?: string[]
}

/** Starts the built program as a process of its own, with only the environment given. */
export function startChild(args: string[], { env = {}, cwd, nodeArgs = [] }: ChildOptions): Child {
  const child = spawn(process.execPath, [...nodeArgs, BIN, ...args], { cwd, env: { PATH: process.env.PATH, ...env } })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk
  })
  const ended = new Promise<Finished & { signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, ...text }))
  })
  return { process: child, ended }
}
