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

/** What a process took, as far as it has come. */
export interface MeasuredWork extends Measured {
  /** Of all its threads, in user mode and in the kernel. */
  cpuSeconds: number
}

/** Runs a command to its end, its stdout into the file if one is named; throws unless it ends with one of the codes. */
export async function measure(
  command: string,
  args: string[],
  stdout?: string,
  codes: readonly number[] = [0],
): Promise<MeasuredWork> {
  const target = stdout ? openSync(stdout, 'w') : ('ignore' as const)
  const child = spawn(command, args, { stdio: ['ignore', target, 'inherit'] })
  const read = watchWork(child)
  const [code] = await once(child, 'exit')
  const work = read()
  if (typeof target === 'number') closeSync(target)
  if (!codes.includes(code)) throw new Error(`${command} ended with ${code}`)
  return work
}

/** Watches a process from now on; what it took can be read at any time, and behind its end once. */
export function watchWork(child: ChildProcess): () => MeasuredWork {
  const start = process.hrtime.bigint()
  let [megabytes, cpuSeconds] = [0, 0]
  const look = () => {
    megabytes = Math.max(megabytes, peakMegabytes(child.pid))
    cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid))
  }
  const watch = setInterval(look, 50)
  child.once('exit', () => clearInterval(watch))
  return () => {
    look()
    return { seconds: Number(process.hrtime.bigint() - start) / 1e9, megabytes, cpuSeconds }
  }
}

/** The kernel's high-water mark of a process; 0 where there is no /proc. */
function peakMegabytes(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** The kernel counts in hundredths of a second; 0 where there is no /proc. */
function cpuOf(pid: number | undefined): number {
  try {
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
    const [user = 0, system = 0] = fields.join(') ').split(' ').slice(11, 13).map(Number)
    return (user + system) / 100
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

/** A table as README.md has it. */
export function markdown(head: string[], body: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
