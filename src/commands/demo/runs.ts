// The import of officers with an interruption in the middle, as seen from outside.
import type { Context } from '../../context.ts'
import { ChpipeError } from '../../errors.ts'
import type { StreamSandbox } from '../../sandbox/stream/server.ts'
import type { Progress } from '../../steps/progress/progress.ts'
import type { StreamReport } from '../../steps/stream/report.ts'
import { type Child, checkEnd, type DemoStage } from './stage.ts'

/** How a command ends that was interrupted. */
const INTERRUPTED = 130

/** How often the progress is asked while the import runs. */
const LOOK_MS = 200

/**
 * Starts the import, interrupts it once `interruptAt` companies are complete, shows how far it is, and starts it again.
 * Returns how many were complete when the first run ended; null when that ended by itself.
 */
export async function fetchInTwoRuns(
  { clock, signal }: Context,
  stage: DemoStage,
  { target, interruptAt }: { target: number; interruptAt: number },
): Promise<number | null> {
  const args = ['import-officers', '--target', String(target)]
  const first = stage.start(args)
  const interrupted = await interruptOnTheWay(first, async () => {
    await clock.sleep(LOOK_MS, signal)
    return (await askProgress(stage, target)).companies_with_officers >= interruptAt
  })
  const ended = await first.ended
  if (!interrupted || ended.code === 0) {
    checkEnd(args, ended, 0)
    return null
  }
  checkEnd(args, ended, INTERRUPTED)
  const { companies_with_officers: interruptedAt } = await askProgress(stage, target)
  stage.tell(`\nThat was Ctrl-C in the middle (exit code ${ended.code}). How far is it?`)
  await stage.play(['progress', '--target', String(target)], 1)
  stage.tell('\nNot there yet (exit code 1). The same command goes on where it stopped.')
  await stage.play(args, 0)
  return interruptedAt
}

/** Looks until it is time to interrupt; false when the child was over first. */
async function interruptOnTheWay(child: Child, isTime: () => Promise<boolean>): Promise<boolean> {
  const over = child.ended.then(
    () => true,
    () => true,
  )
  try {
    for (;;) {
      const looked = await Promise.race([over.then(() => 'over' as const), isTime()])
      if (looked === 'over') return false
      if (looked) break
    }
  } catch (error) {
    await over
    throw error
  }
  child.interrupt()
  return true
}

/** What `progress --json` says now. */
export async function askProgress(stage: DemoStage, target: number): Promise<Progress> {
  return JSON.parse(await stage.ask(['progress', '--json', '--target', String(target)])) as Progress
}

// The second half of the demo: new companies come over the stream and are enriched, as seen from outside.

/** Longer than this the demo does not wait for the stream or the enrichment. */
const PATIENCE_MS = 60_000

/** Officers come a moment after the company; where they are late, they are asked for again. */
const RACE = { linkMs: 300, metricsMs: 200 }

export interface LiveOptions {
  stream: StreamSandbox
  /** How many companies are born. */
  born: number
  /** Between one birth and the next. */
  everyMs: number
  target: number
  /** A company whose list is complete: one more officer is appointed there. */
  appointAt: string
}

/** Who was appointed while the stream was followed. */
export interface Appointed {
  company_number: string
  appointment_id: string
  name: string
}

/**
 * Starts `chpipe stream --enrich` on both streams, lets companies be born and an officer be appointed, and interrupts it
 * when all of them are enriched. Returns who was appointed.
 */
export async function streamAndEnrich(
  context: Context,
  stage: DemoStage,
  options: LiveOptions,
): Promise<Appointed | null> {
  const { stream, born, everyMs, target, appointAt } = options
  const { clock, signal } = context
  const args = ['stream', '--streams', 'companies,officers', '--enrich', '--log-file', 'stream.log']
  const child = stage.start(args)
  const connected = await until(context, child, async () => stream.requests.open > 1)
  const newcomer = connected ? stream.appointOfficer(appointAt) : null
  const today = new Date(clock.now()).toISOString().slice(0, 10)
  for (let index = 0; connected && index < born; index += 1) {
    stream.publishNewCompany({ on: today, race: RACE })
    await clock.sleep(everyMs, signal)
  }
  const enriched = await until(context, child, async () => {
    const { jobs, streams = [] } = await askProgress(stage, target)
    const isBehind = streams.some((each) => each.stream === 'officers' && isBefore(each, stream.logs.officers.next - 1))
    if (isBehind) return false
    return jobs !== undefined && jobs.due === 0 && jobs.done + jobs.skipped + jobs.failed >= born
  })
  child.interrupt()
  checkEnd(args, await child.ended, 0)
  if (enriched && newcomer) {
    return { company_number: appointAt, appointment_id: newcomer.appointmentId, name: newcomer.item.name }
  }
  if (enriched) return null
  throw new ChpipeError('bug', `The new companies were not enriched within ${PATIENCE_MS / 1000} s`, {
    hint: 'see stream.log in the folder of the demo',
  })
}

function isBefore({ timepoint }: StreamReport, last: number): boolean {
  return timepoint === null || timepoint < last
}

/** Looks until it is so; false when the child is over first, or patience. */
async function until({ clock, signal }: Context, child: Child, isSo: () => Promise<boolean>): Promise<boolean> {
  let over = false
  const note = () => {
    over = true
  }
  child.ended.then(note, note)
  const deadline = clock.steady() + PATIENCE_MS
  try {
    while (!over && clock.steady() < deadline) {
      if (await isSo()) return true
      await clock.sleep(LOOK_MS, signal)
    }
    return false
  } catch (error) {
    await child.ended.catch(() => {})
    throw error
  }
}
