import { DAY_MS } from '../clock.ts'
import type { Context } from '../context.ts'
import { ChpipeError, throwFailure } from '../errors.ts'
import type { StreamRules } from '../steps/stream/rules.ts'
import { safeJson } from '../text.ts'
import { type Answer, defineCommand, type Input } from './command.ts'
import { runStream, STREAM_OPTIONS, type StreamOptions } from './stream-run.ts'
import { renderSummary } from './stream-summary.ts'

const DEFAULT_NEW_WITHIN_MS = 14 * DAY_MS

export const streamCommand = defineCommand({
  name: 'stream',
  summary: 'Follow the live stream of companies, and enrich the new ones',
  description: `Follows the companies stream for as long as you like. Known companies are kept up to date; newly formed ones are stored
and queued for enrichment, which --enrich runs alongside. It resumes after the last stored event, so you can stop it
(Ctrl-C, SIGTERM: exit 0) or kill it at any moment. Only one process can follow a stream in a database, and imports on the
same key give way to it.

--streams companies,officers follows the officers stream as well, on a connection of its own: what it tells keeps complete
officer lists complete without a call. Where events are lost, the lists in doubt are stale until they are fetched again, by
--enrich in the background or by import-officers.`,
  options: STREAM_OPTIONS,
  examples: [
    { line: 'chpipe stream --enrich', does: 'for months, under systemd or in tmux' },
    {
      line: 'chpipe stream --streams companies,officers --enrich',
      does: 'the same, and officer lists that stay complete',
    },
    { line: 'chpipe stream --enrich --type ltd --max-credits 40', does: 'a small paid trial' },
    { line: 'chpipe stream --enrich --backlog', does: 'also what an `enrich` has left' },
    { line: 'chpipe stream --trigger status-detail=active-proposal-to-strike-off', does: 'one more reason to look' },
    { line: 'chpipe stream --for 1h --all --json', does: 'an hour of everything, then the counts' },
  ],
  longRunning: true,
  notifies: true,
  run,
})

async function run(context: Context, { options }: Input<StreamOptions>): Promise<Answer> {
  refuseContradictions(options)
  const summary = await runStream(context, options, rulesOf(options)).catch(nothingWhenStopped(context.signal))
  if (summary === null) {
    context.log.info('stopped before the stream was followed')
    return 0
  }
  await context.print(context.json ? `${safeJson(summary)}\n` : renderSummary(summary, options.streams))
  return 0
}

/** A stream is stopped, not broken off, also while it waits for the database. */
function nothingWhenStopped(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    throwFailure(signal)
    if (signal.aborted && error === signal.reason) return null
    throw error
  }
}

function rulesOf({ newWithin = DEFAULT_NEW_WITHIN_MS, trigger = [], type, sic, postcode }: StreamOptions): StreamRules {
  return { newWithinDays: newWithin / DAY_MS, triggers: trigger, types: type, sicCodes: sic, postcodes: postcode }
}

function refuseContradictions(options: StreamOptions): void {
  const { onlyNew, trigger, all, enrich, backlog, maxCredits, minConfidence, streams = [], from } = options
  if (from !== undefined && streams.length > 1) {
    throw new ChpipeError('usage', '--from is a timepoint of one stream, and each stream counts its own', {
      hint: 'follow that stream alone once, with --max-events, or leave --from out',
    })
  }
  if (onlyNew && (trigger || all)) {
    throw new ChpipeError('usage', `--only-new and ${trigger ? '--trigger' : '--all'} contradict each other`, {
      hint: 'leave one of them out',
    })
  }
  const paid = [
    ['--backlog', backlog],
    ['--max-credits', maxCredits],
    ['--min-confidence', minConfidence],
  ] as const
  const given = paid.find(([, value]) => value !== undefined)
  if (!enrich && given) {
    throw new ChpipeError('usage', `${given[0]} needs --enrich`, { hint: 'without --enrich nothing is bought' })
  }
}
