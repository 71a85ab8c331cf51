import { TYPE_SLUGS, typeMeant } from '../companies-house/register/prose.ts'
import type { Context } from '../context.ts'
import { ChpipeError, throwFailure } from '../errors.ts'
import { parseTrigger, type StreamRules } from '../steps/stream/rules.ts'
import { safeJson } from '../text.ts'
import type { Answer, Command, Input } from './command.ts'
import { renderSummary, runStream, type StreamOptions } from './stream-run.ts'
import { between, count, duration, postcodes, sicCodes, someOf, timepoint } from './values.ts'

const DAY_MS = 86_400_000
const DEFAULT_NEW_WITHIN_MS = 14 * DAY_MS

export const streamCommand: Command = {
  name: 'stream',
  summary: 'Follow the live stream of companies, and enrich the new ones',
  description: `Follows the companies stream for as long as you like: known companies are kept up to date, newly formed ones are stored
and queued for enrichment, which --enrich does beside it. It goes on behind the last event that was stored, so that it may
be stopped (Ctrl-C, SIGTERM: exit 0) or killed at any moment. One process follows a stream of a database; imports on the
same key give way to it.`,
  options: [
    { flags: '--enrich', description: 'also find domains, officers and e-mails of the queued companies (needs Snov)' },
    {
      flags: '--backlog',
      description: 'with --enrich: also buy for the companies that an `enrich` has queued and not finished',
    },
    {
      flags: '--from <timepoint>',
      description: 'begin here, this one included, whatever was stored',
      parse: timepoint,
      fallback: 'behind the last event stored, else live',
    },
    { flags: '--all', description: 'store every company that an event tells of, not only new ones' },
    { flags: '--only-new', description: 'queue newly formed companies and nothing else; the default, said aloud' },
    {
      flags: '--trigger <rule...>',
      description: 'also queue companies whose status changes so, such as status-detail=active-proposal-to-strike-off',
      parse: parseTrigger,
    },
    {
      flags: '--new-within <duration>',
      description: 'a company is new for this long after its incorporation',
      parse: duration,
      fallback: '14d',
    },
    {
      flags: '--type <slugs>',
      description: 'queue only companies of one of these types, such as ltd,llp',
      parse: someOf(TYPE_SLUGS, typeMeant),
    },
    { flags: '--sic <codes>', description: 'queue only companies with one of these SIC codes', parse: sicCodes },
    {
      flags: '--postcode <codes>',
      description: 'queue only companies in one of these areas: N, N1, SW1A 1',
      parse: postcodes,
    },
    { flags: '--max-events <n>', description: 'stop after this many events', parse: count(1) },
    { flags: '--for <duration>', description: 'stop after this long', parse: duration },
    {
      flags: '--silence <duration>',
      description: 'warn when no event comes for this long',
      parse: duration,
      fallback: "by the stream's own rhythm, at most 6h",
    },
    { flags: '--max-credits <n>', description: 'with --enrich: spend at most this many credits', parse: count(0) },
    {
      flags: '--min-confidence <percent>',
      description: 'with --enrich: buy e-mails only at domains at least so likely',
      parse: between(0, 100),
    },
  ],
  examples: [
    { line: 'chpipe stream --enrich', does: 'for months, under systemd or in tmux' },
    { line: 'chpipe stream --enrich --type ltd --max-credits 40', does: 'a small paid trial' },
    { line: 'chpipe stream --enrich --backlog', does: 'also what an `enrich` has left' },
    { line: 'chpipe stream --trigger status-detail=active-proposal-to-strike-off', does: 'one more reason to look' },
    { line: 'chpipe stream --for 1h --all --json', does: 'an hour of everything, then the counts' },
  ],
  longRunning: true,
  run,
}

async function run(context: Context, { options: given }: Input): Promise<Answer> {
  const options = given as StreamOptions
  refuseContradictions(options)
  const summary = await runStream(context, options, rulesOf(options)).catch(nothingWhenStopped(context.signal))
  if (summary === null) {
    context.log.info('stopped before the stream was followed')
    return 0
  }
  await context.print(context.json ? `${safeJson(summary)}\n` : renderSummary(summary))
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
  const { onlyNew, trigger, all, enrich, backlog, maxCredits, minConfidence } = options
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
