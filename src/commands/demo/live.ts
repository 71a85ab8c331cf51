// The second half of the demo: new companies come over the stream and are enriched, as seen from outside.
import type { Context } from '../../context.ts'
import { ChpipeError } from '../../errors.ts'
import type { StreamSandbox } from '../../sandbox/stream/server.ts'
import type { Child } from './child.ts'
import { checkEnd, type Stage } from './stage.ts'
import { askProgress } from './two-runs.ts'

const LOOK_MS = 200

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
}

/** Starts `chpipe stream --enrich`, lets companies be born, and interrupts it when all of them are enriched. */
export async function streamAndEnrich(context: Context, stage: Stage, options: LiveOptions): Promise<void> {
  const { stream, born, everyMs, target } = options
  const { clock, signal } = context
  const args = ['stream', '--enrich', '--log-file', 'stream.log']
  const child = stage.start(args)
  const connected = await until(context, child, async () => stream.requests.open > 0)
  const today = new Date(clock.now()).toISOString().slice(0, 10)
  for (let index = 0; connected && index < born; index += 1) {
    stream.publishNewCompany({ on: today, race: RACE })
    await clock.sleep(everyMs, signal)
  }
  const enriched = await until(context, child, async () => {
    const { jobs } = await askProgress(stage, target)
    return jobs !== undefined && jobs.due === 0 && jobs.done + jobs.skipped + jobs.failed >= born
  })
  child.interrupt()
  checkEnd(args, await child.ended, 0)
  if (enriched) return
  throw new ChpipeError('bug', `The new companies were not enriched within ${PATIENCE_MS / 1000} s`, {
    hint: 'see stream.log in the folder of the demo',
  })
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
