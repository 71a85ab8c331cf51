import * as kit from '../kit/faults.ts'
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
  'early-officer': 'an officer in the shape of before November 2025: no ids, no etag, no verification',
  republish: 'what is published is published once more, under the next timepoint',
  withhold:
    'publishing leaves out a company: all its events, for every reader and for good, and no timepoint is missing',
  jump: 'publishing skips some timepoints, for every reader and for good',
  renumber: 'publishing begins anew at timepoint 1, and what was before is not replayed any more',
} as const

type StreamFaultName = keyof typeof STREAM_FAULTS

/** One fault and when it strikes; `resources`: only events about these, for `/companies` the company numbers. */
type StreamFaultRule = kit.FaultRule<StreamFaultName, { resources: readonly string[] }>

export type StreamFaultPlan = readonly StreamFaultRule[]

/**
 * Reads a plan such as `cut,duplicate:0.1,503:3x:~2s,stall:10s,skip:1x:@00445790`; an empty text is no fault at all.
 * Throws a usage error that names the wrong part.
 */
export function parseStreamFaults(text: string): StreamFaultPlan {
  return kit.parseFaultPlan(text, {
    faults: STREAM_FAULTS,
    noun: 'stream fault',
    listed: "The stream's faults",
    targets: 'resources (@00445790+SC123456)',
    readTarget: (resources) => (resources.every((id) => /^[\w-]+$/.test(id)) ? { resources } : undefined),
  })
}

export type StreamStruck = kit.Struck<StreamFaultName>
export type StreamFaultSwitch = kit.FaultSwitch<StreamFaultRule, string | undefined>

/** The plan of the stream; what it strikes is an event about a resource, or a connection, which is about none. */
export function createStreamFaultSwitch(random: Random, now: () => number): StreamFaultSwitch {
  return kit.createFaultSwitch<StreamFaultRule, string | undefined>(
    random,
    now,
    ({ resources }, id) => !resources || (id !== undefined && resources.includes(id)),
  )
}
