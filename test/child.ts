import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Finished } from './host.ts'

const BIN = fileURLToPath(new URL('../bin/chpipe.js', import.meta.url))

export interface Child {
  process: ChildProcess
  ended: Promise<Finished & { signal: NodeJS.Signals | null }>
}

/** Starts the built program as a process of its own, with only the environment given. */
export function startChild(args: string[], { env = {}, cwd }: { env?: Record<string, string>; cwd: string }): Child {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { PATH: process.env.PATH, ...env } })
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
