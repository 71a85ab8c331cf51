// What the benches share: the built program, child processes with their time and memory, and medians.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** One line of the table; `target` says what the ratio should be. */
export interface Row {
  name: string
  ours: string
  theirs: string
  ratio: number
  target: string
}

/** `npm run` starts every script in the package's root. */
export const PROGRAM = resolve('bin/chpipe.js')

export interface Measured {
  seconds: number
  /** The most memory that was resident. */
  megabytes: number
}

/** Runs a command to its end, its stdout into the file if one is named; throws unless it ends with 0. */
export async function measure(command: string, args: string[], stdout?: string): Promise<Measured> {
  const target = stdout ? openSync(stdout, 'w') : ('ignore' as const)
  const start = process.hrtime.bigint()
  const child = spawn(command, args, { stdio: ['ignore', target, 'inherit'] })
  let megabytes = 0
  const watch = setInterval(() => {
    megabytes = Math.max(megabytes, peakMegabytes(child.pid))
  }, 50)
  const [code] = await once(child, 'exit')
  clearInterval(watch)
  if (typeof target === 'number') closeSync(target)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, megabytes }
}

/** The kernel's high-water mark of a process; 0 where there is no /proc. */
function peakMegabytes(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Waits for the child's end; throws unless its exit code is `wanted`. */
export async function expectExit(child: ChildProcess, wanted: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.exitCode !== wanted) throw new Error(`chpipe ended with ${child.exitCode}, not with ${wanted}`)
}

/** The value below which this share of the values lies, and the one in the middle; NaN of none. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: number[]): number {
  return quantile(values, 0.5)
}
