import { armFaults, type FaultConditions, parseFaultPlan } from '../kit/faults.ts'
import type { Random } from '../world/random.ts'

/** Every way in which the stream sandbox can misbehave, and what the reader then sees. */
export const STREAM_FAULTS = {
  '401': 'connecting: the right key is refused',
  '416': 'connecting with a timepoint: it is too old',
  '429': 'connecting: too many connections',
  '502': 'connecting: HTML of the gateway; slow with a delay',
  '503': 'connecting: HTML of the gateway; slow with a delay',
  '504': 'connecting: HTML of the gateway; slow with a delay',
  outage: 'connecting: the gateway answers 503',
  reset: 'connecting: the connection is reset before any answer',
  hang: 'connecting: not one byte ever, on an open connection',
  'early-headers': 'connecting: the headers come at once, not with the first event or heartbeat',
  'loss-window':
    'connecting with a timepoint: what is published while the replay hands over to live is not sent (0.3 s)',
  stall: 'heartbeats, but no events while the fault lasts',
  close: 'the connection ends cleanly after an event, as every night',
  'reset-mid-event': 'the connection is reset half-way through an event',
  'half-open': 'after an event there is not one byte more, on an open connection',
  skip: 'an event is left out: a gap in the timepoints',
  duplicate: 'an event is sent twice',
  outlier: 'an event is sent under a timepoint a thousand million ahead of its own',
  cut: 'chunks end anywhere, inside JSON and inside characters too',
  'run-on': 'no line end after an event: objects run together',
  garbage: 'a line that is not JSON before an event',
  'odd-json': 'a line of JSON that is no event before an event',
  'huge-junk': 'a line of 10 MB that is not JSON before an event',
  'long-event': 'an event of 2 MB',
  'huge-event': 'an event of 10 MB',
  'no-slash': 'resource_uri without its first slash',
  republish: 'what is published is published once more, under the next timepoint',
  withhold:
    'publishing leaves out a company: all its events, for every reader and for good, and no timepoint is missing',
  jump: 'publishing skips some timepoints, for every reader and for good',
  renumber: 'publishing begins anew at timepoint 1, and what was before is not replayed any more',
} as const

type StreamFaultName = keyof typeof STREAM_FAULTS

/** One fault and when it strikes. Without any condition it strikes every connection or event that it concerns. */
interface StreamFaultRule extends FaultConditions {
  name: StreamFaultName
  /** Only events about these resources: their `resource_id`, for `/companies` the company number. */
  resources?: readonly string[] | undefined
}

export type StreamFaultPlan = readonly StreamFaultRule[]

/**
 * Reads a plan such as `cut,duplicate:0.1,503:3x:~2s,stall:10s,skip:1x:@00445790`; an empty text is no fault at all.
 * Throws a usage error that names the wrong part.
 */
export function parseStreamFaults(text: string): StreamFaultPlan {
  return parseFaultPlan(text, {
    faults: STREAM_FAULTS,
    noun: 'stream fault',
    listed: "The stream's faults",
    targets: 'resources (@00445790+SC123456)',
    readTarget: (resources) => (resources.every((id) => /^[\w-]+$/.test(id)) ? { resources } : undefined),
  })
}

/** A fault that had its effect. */
export interface Hit {
  /** Undefined unless its rule names a delay. */
  delayMs: number | undefined
  /** Whether its plan is still set and its span not over. */
  lasts(): boolean
}

/** The faults that strike one connection or one event. */
export interface Struck {
  /** Uses up one of the fault's times: to be asked only where the fault then has its effect. */
  hits(name: StreamFaultName): Hit | undefined
}

export interface StreamFaultSwitch {
  set(plan: StreamFaultPlan): void
  /** Whether the plan that is set names this fault. */
  plans(name: StreamFaultName): boolean
  /** Decides which faults strike; `resourceId` is absent for connections. */
  strike(resourceId?: string): Struck
  /** How often each fault had its effect. */
  readonly spent: Record<string, number>
}

const UNSTRUCK: Struck = { hits: () => undefined }

/** Keeps a plan with its spans and counts; draws come from `random`, so that the same course of events meets the same faults. */
export function createStreamFaultSwitch(random: Random, now: () => number): StreamFaultSwitch {
  const { set, plans, strike, spend, lasts, spent } = armFaults<StreamFaultRule>(random, now)
  return {
    set,
    plans,
    strike(resourceId) {
      const struck = strike(
        ({ resources }) => !resources || (resourceId !== undefined && resources.includes(resourceId)),
      )
      if (struck.length === 0) return UNSTRUCK
      return {
        hits(name) {
          const fault = struck.find(({ rule }) => rule.name === name)
          return fault && spend(fault) ? { delayMs: fault.rule.delayMs, lasts: () => lasts(fault) } : undefined
        },
      }
    },
    spent,
  }
}
