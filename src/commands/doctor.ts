import packageJson from '../../package.json' with { type: 'json' }
import { type Context, workingFolder } from '../context.ts'
import type { Check } from '../steps/doctor/check.ts'
import { runDoctor } from '../steps/doctor/run.ts'
import { printable, safeJson, widthOf } from '../text.ts'
import { defineCommand } from './command.ts'
import { createStatus } from './output.ts'
import { paintFor, UNPAINTED } from './paint.ts'

/** Where messages begin. */
const INDENT = ' '.repeat(19)

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Is this machine ready? Keys, clock, disk, database, backup',
  description: `Checks the program, the database, the disk, each key, the clock, the allowance, the stream, the enrichment, the backups
and what is published. For each it says what is wrong and what to do. It ends with 1 when a check fails; warnings do not
count, and a failed check does not hide the others.

Each key is tried with one free call (Snov: two), which counts towards the allowance. A stream that is being followed is
left alone. The database is neither changed nor migrated; a damaged or missing one is reported like any other finding.`,
  options: [
    { flags: '--offline', description: 'make no calls: keys are looked for, but not tried' },
    { flags: '--live', description: 'fail also when the stream was stopped on purpose, or never followed' },
  ],
  examples: [
    { line: 'chpipe doctor', does: 'before going live, and after a restore' },
    { line: 'chpipe doctor --live', does: 'every hour, once the stream is followed' },
    { line: 'chpipe doctor --offline --json', does: 'for a monitor that asks every minute' },
  ],
  examinesSettings: true,
  async run(context, { options }) {
    const { offline = false, live = false } = options
    const checks = await examine(context, { offline, live })
    const { json, host, print } = context
    const columns = widthOf(host.stdout, Number.POSITIVE_INFINITY)
    await print(json ? `${safeJson(checks)}\n` : renderChecks(checks, columns, paintFor(context, 'stdout')))
    return checks.some(({ state }) => state === 'fail') ? 1 : 0
  },
})

async function examine(context: Context, { offline, live }: { offline: boolean; live: boolean }): Promise<Check[]> {
  const { settings, faults, timings, clock, signal, host } = context
  using status = await createStatus(context)
  status.update(offline ? 'looking' : 'looking, and asking Companies House and Snov')
  const nodeNeeded = packageJson.engines.node
  return await runDoctor({
    settings,
    faults,
    env: host.env,
    timings,
    clock,
    signal,
    cwd: workingFolder(host),
    nodeNeeded,
    offline,
    live,
  })
}

/** The table for people: a row a check, what to do below it, and the verdict; broken at `columns`, if there are any. */
export function renderChecks(checks: Check[], columns = Number.POSITIVE_INFINITY, paint = UNPAINTED): string {
  const colours = { ok: paint.good, warn: paint.warn, fail: paint.bad }
  const lines = checks.flatMap(({ check, state, message, hint }) => [
    ...broken(`${state.padEnd(6)}${check.padEnd(13)}`, message, columns).map((line, index) =>
      index === 0 ? line.replace(state, colours[state]) : line,
    ),
    ...(hint === null ? [] : broken(`${INDENT}try: `, hint, columns)),
  ])
  const count = (wanted: Check['state']) => checks.filter(({ state }) => state === wanted).length
  const said = verdict(count('fail'), count('warn'))
  return `${[...lines, '', count('fail') > 0 ? paint.bad(said) : paint.good(said)].join('\n')}\n`
}

/** The text behind its head, in lines that fit where its words allow it. */
function broken(head: string, text: string, columns: number): string[] {
  const lines = [head]
  for (const word of printable(text).split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === head) lines[0] = head + word
    else if (line.length + 1 + word.length < columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(INDENT + word)
  }
  return lines
}

function verdict(failed: number, warned: number): string {
  const warnings = warned === 0 ? 'no warnings' : warned === 1 ? '1 warning' : `${warned} warnings`
  if (failed === 0) return `READY: ${warnings}`
  return `NOT READY: ${failed === 1 ? '1 problem' : `${failed} problems`}, ${warnings}`
}
