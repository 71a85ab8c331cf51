import { parseDuration } from '../../durations.ts'
import { ChpipeError } from '../../errors.ts'
import { didYouMean } from '../../text.ts'

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
  cut: 'chunks end anywhere, inside JSON and inside characters too',
  'run-on': 'no line end after an event: objects run together',
  garbage: 'a line that is not JSON before an event',
  'odd-json': 'a line of JSON that is no event before an event',
  'huge-junk': 'a line of 10 MB that is not JSON before an event',
  'long-event': 'an event of 2 MB',
  'huge-event': 'an event of 10 MB',
  'no-slash': 'resource_uri without its first slash',
  republish: 'what is published is published once more, under the next timepoint',
  jump: 'publishing skips some timepoints, for every reader and for good',
} as const

export type StreamFaultName = keyof typeof STREAM_FAULTS

/** One fault and when it strikes. Without any condition it strikes every connection or event that it concerns. */
export interface StreamFaultRule {
  name: StreamFaultName
  /** 0 to 1. */
  probability?: number | undefined
  /** How often it strikes at most. */
  count?: number | undefined
  /** Only events about these resources: their `resource_id`, for `/companies` the company number. */
  resources?: readonly string[] | undefined
  /** How long it lasts from the moment the plan is set. */
  forMs?: number | undefined
  /** How long the reader waits for it. */
  delayMs?: number | undefined
}

export type StreamFaultPlan = readonly StreamFaultRule[]

const SYNTAX =
  'A fault is a name with conditions after colons: a share (0.2 or 20%), a number of times (3x), a span (10s), ' +
  'a delay (~2s) or resources (@00445790+SC123456).'

/**
 * Reads a plan such as `cut,duplicate:0.1,503:3x:~2s,stall:10s,skip:1x:@00445790`; an empty text is no fault at all.
 * Throws a usage error that names the wrong part.
 */
export function parseStreamFaults(text: string): StreamFaultPlan {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRule)
}

function parseRule(text: string): StreamFaultRule {
  const [name = '', ...conditions] = text.split(':').map((part) => part.trim())
  if (!isFault(name)) {
    throw new ChpipeError('usage', `There is no stream fault "${name}".`, {
      hint:
        didYouMean(name, Object.keys(STREAM_FAULTS)) ??
        `The stream's faults are ${Object.keys(STREAM_FAULTS).join(', ')}.`,
    })
  }
  return Object.assign({ name }, ...conditions.map((condition) => parseCondition(condition, text)))
}

function isFault(name: string): name is StreamFaultName {
  return Object.hasOwn(STREAM_FAULTS, name)
}

function parseCondition(text: string, rule: string): Partial<StreamFaultRule> {
  if (/^\d+x$/.test(text)) return { count: Number(text.slice(0, -1)) }
  if (/^@[\w-]+(\+[\w-]+)*$/.test(text)) return { resources: text.slice(1).split('+') }
  const probability = /^\d+(\.\d+)?%$/.test(text)
    ? Number(text.slice(0, -1)) / 100
    : Number(text === '' ? Number.NaN : text)
  if (probability >= 0 && probability <= 1) return { probability }
  const delayMs = text.startsWith('~') ? parseDuration(text.slice(1)) : null
  if (delayMs !== null) return { delayMs }
  const forMs = parseDuration(text)
  if (forMs !== null) return { forMs }
  throw new ChpipeError('usage', `"${text}" in the stream fault "${rule}" is no condition.`, { hint: SYNTAX })
}
