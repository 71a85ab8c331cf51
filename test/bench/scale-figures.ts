// What the jobs of a register took, kept in a file beside the database, so that a bench that was cut off goes on where it
// stood; and the tables of it.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { formatNumber } from '../../src/text.ts'
import { type MeasuredWork, markdown } from './measure.ts'

/** What one command took. */
export interface Job {
  name: string
  /** The rows that it passes over; bytes are told for each of them. */
  rows: number
  work: MeasuredWork
  /** Of the file or folder that it made; null when it makes none. */
  bytes: number | null
}

interface Figure extends Job {
  /** Of the machine during the last minute, when the job ended. */
  load: number
}

export interface Figures {
  companies: number
  /** In the order in which they were first measured. */
  found: Figure[]
  /** Runs and keeps the jobs of a step, unless one of that name, which is that of its first job, is kept already. */
  step(name: string, run: () => Promise<Job[]>): Promise<void>
}

/** Reads what is kept in the file, if it is there. */
export function openFigures(path: string, companies: number): Figures {
  const found: Figure[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
  return {
    companies,
    found,
    async step(name, run) {
      if (found.some((figure) => figure.name === name)) return
      for (const job of await run()) {
        const figure = { ...job, load: loadavg()[0] ?? 0 }
        const { seconds, cpuSeconds, megabytes } = job.work
        const took = `${seconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`
        console.error(`  ${companies}: ${job.name}: ${took}, load ${figure.load.toFixed(1)}`)
        found.push(figure)
      }
      writeFileSync(`${path}.new`, JSON.stringify(found, null, 2))
      renameSync(`${path}.new`, path)
    },
  }
}

/** All that is known of one size. */
export function printFigures({ companies, found }: Figures): void {
  const head = ['what', 'rows', 's', 'CPU s', 'MB', 'CPU us/row', 'bytes/row', 'load']
  const body = found.map(({ name, rows, work: { seconds, cpuSeconds, megabytes }, bytes, load }) => [
    name,
    formatNumber(rows),
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    megabytes.toFixed(0),
    ((cpuSeconds / rows) * 1e6).toFixed(1),
    bytes === null ? '' : (bytes / rows).toFixed(0),
    load.toFixed(1),
  ])
  const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim()}, Node ${process.version}`
  console.log(`${formatNumber(companies)} companies; ${machine}\n\n${markdown(head, body)}\n`)
}

/** CPU and memory side by side, and the exponents from each size to the next: 1 grows as the rows do, 0 not at all. */
export function printGrowth(sizes: Figures[]): void {
  const told = sizes.map(({ companies }) => formatNumber(companies))
  const head = [
    'what',
    ...told.map((size) => `${size}: CPU s, MB`),
    ...told.slice(1).map((size) => `to ${size}: CPU, MB`),
  ]
  const names = [...new Set(sizes.flatMap(({ found }) => found.map(({ name }) => name)))]
  const body = names.map((name) => {
    const figures = sizes.map(({ found }) => found.find((figure) => figure.name === name))
    const took = figures.map((one) => one && `${one.work.cpuSeconds.toFixed(1)}, ${one.work.megabytes.toFixed(0)}`)
    const grown = figures.slice(1).map((large, index) => exponents(figures[index], large))
    return [name, ...took.map((one) => one ?? ''), ...grown]
  })
  console.log(markdown(head, body))
}

function exponents(small: Figure | undefined, large: Figure | undefined): string {
  if (!small || !large || small.rows === large.rows) return ''
  const more = Math.log(large.rows / small.rows)
  const growth = (of: (work: MeasuredWork) => number) => Math.log(of(large.work) / of(small.work)) / more
  return `${growth((work) => work.cpuSeconds).toFixed(2)}, ${growth((work) => work.megabytes).toFixed(2)}`
}
