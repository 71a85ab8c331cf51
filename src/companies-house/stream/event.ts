// One line of a stream to the events in it (facts 3.5). What an event is about is for the kind of stream to say.
import { z } from 'zod'
import { parseJson } from '../../text.ts'
import { isModestJson, jsonExcess } from '../../upstream/body.ts'
import { isObject, isText } from '../plain.ts'
import type { Line } from './lines.ts'

/** What every event has, whatever it is about. */
export interface EventHead {
  kind: string
  /** The only thing that orders events. */
  timepoint: number
  /** As it came, in one of three formats; null when it is missing. */
  publishedAt: string | null
}

/** An event as it stands on the line, before anybody knows what it is about. */
export interface Envelope {
  resourceKind: string
  resourceId: string | null
  resourceUri: string | null
  type: 'changed' | 'deleted'
  timepoint: number
  publishedAt: string | null
  /** A deleted event may come with the old resource, with null, or without data. */
  data: unknown
}

/** Why a line with a whole envelope is no event of its stream. */
export interface Fault {
  fault: string
}

/** What an envelope means on one kind of stream. */
export type ReadEvent<Event extends EventHead> = (envelope: Envelope) => Event | Fault

/** A line, or a part of one, that is no event; `timepoint` is null where it cannot be told. */
export interface RejectedLine {
  kind: 'rejected'
  timepoint: number | null
  /** The envelope is whole, so that its timepoint holds; otherwise it is a guess. */
  enveloped: boolean
  reason: string
  line: string
}

const envelope = z.object({
  resource_kind: z.string(),
  resource_id: z.string().nullish(),
  resource_uri: z.string().nullish(),
  data: z.unknown().optional(),
  event: z.object({
    timepoint: z.int().nonnegative(),
    published_at: z.string().nullish(),
    type: z.enum(['changed', 'deleted']),
  }),
})

/** Whether the schema takes it. */
function isPlainEnvelope(object: unknown): object is z.infer<typeof envelope> {
  if (!(isObject(object) && isObject(object.event))) return false
  const { timepoint, published_at, type } = object.event
  return (
    typeof object.resource_kind === 'string' &&
    isText(object.resource_id) &&
    isText(object.resource_uri) &&
    Number.isSafeInteger(timepoint) &&
    Number(timepoint) >= 0 &&
    isText(published_at) &&
    (type === 'changed' || type === 'deleted')
  )
}

/** The events of a line: one, or several where objects run together without a line end. Throws nothing of its own. */
export function readLine<Event extends EventHead>(
  line: Exclude<Line, { kind: 'heartbeat' }>,
  read: ReadEvent<Event>,
): (Event | RejectedLine)[] {
  if (line.kind === 'overlong') {
    const timepoint = timepointAtEnd(line.tail) ?? timepointAtStart(line.head)
    const reason = `longer than 8 MB: ${line.bytes} bytes`
    return [{ kind: 'rejected', timepoint, enveloped: false, reason, line: line.head }]
  }
  const { text } = line
  if (!line.utf8) return [rejected(text, 'not UTF-8', parse(text))]
  const whole = parse(text)
  if (whole !== undefined) return [readObject(text, whole, read)]
  const parts = splitObjects(text)
  if (parts.length < 2) return [unreadable(text)]
  const events = parts.map((part) => {
    const object = parse(part)
    return object === undefined ? unreadable(part) : readObject(part, object, read)
  })
  const isRun = events.some(({ kind, timepoint }) => kind !== 'rejected' || timepoint !== null)
  return isRun ? events : [unreadable(text)]
}

/** Whether bytes that were left without a line end are a whole JSON value nevertheless. */
export function isWhole(text: string): boolean {
  return parse(text) !== undefined
}

function readObject<Event extends EventHead>(
  text: string,
  object: unknown,
  read: ReadEvent<Event>,
): Event | RejectedLine {
  const whole = isPlainEnvelope(object) ? { success: true as const, data: object } : envelope.safeParse(object)
  if (!whole.success) return rejected(text, faultOf(whole.error, 'the line').fault, object)
  const { resource_kind, resource_id, resource_uri, data, event } = whole.data
  const told = read({
    resourceKind: resource_kind,
    resourceId: resource_id ?? null,
    resourceUri: resource_uri ?? null,
    type: event.type,
    timepoint: event.timepoint,
    publishedAt: event.published_at ?? null,
    data,
  })
  return 'fault' in told ? rejected(text, told.fault, object) : told
}

function unreadable(text: string): RejectedLine {
  return rejected(text, jsonExcess(text) ?? 'not JSON', undefined)
}

function parse(text: string): unknown {
  if (!isModestJson(text) && jsonExcess(text) !== null) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function rejected(text: string, reason: string, object: unknown): RejectedLine {
  const told = (object as { event?: { timepoint?: unknown } } | null | undefined)?.event?.timepoint
  const timepoint = object === undefined ? (timepointAtEnd(text.slice(-1024)) ?? timepointAtStart(text)) : told
  return {
    kind: 'rejected',
    timepoint: Number.isSafeInteger(timepoint) && Number(timepoint) >= 0 ? Number(timepoint) : null,
    enveloped: envelope.safeParse(object).success,
    reason,
    line: text,
  }
}

/** Where the envelope closes, in the order that the service writes (facts 3.4). */
function timepointAtEnd(tail: string): number | null {
  return numberIn(/"event":\{[^{}]*"timepoint":(\d{1,15})[^{}]*\}\}\s*$/.exec(tail))
}

/** Deleted events were seen with the envelope first. */
function timepointAtStart(head: string): number | null {
  return numberIn(/^\s*\{"event":\{[^{}]{0,1000}?"timepoint":(\d{1,15})/.exec(head))
}

function numberIn(match: RegExpExecArray | null): number | null {
  return match ? Number(match[1]) : null
}

/** What is wrong with a part of a line, for whoever looks at the rejects. */
export function faultOf(error: z.ZodError, place: string): Fault {
  const [issue] = error.issues
  const fault = `not an event: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'odd'}`
  return { fault: fault.slice(0, 200) }
}

/** More did not run together by mistake: 8 MB of `{}` would become millions of parts. */
const MAX_PARTS = 1000

/**
 * The objects of a text in which several run together, `{...}{...}` (old clients have met this: facts 3.4), at most 1,000
 * parts. What follows the last whole object, or one too many, comes as the last part, so that nothing is lost.
 */
export function splitObjects(text: string): string[] {
  const parts: string[] = []
  let start = 0
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length && parts.length < MAX_PARTS - 1; at += 1) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN) depth += 1
    else if (code === CLOSE) {
      depth -= 1
      if (depth > 0) continue
      parts.push(text.slice(start, at + 1))
      start = at + 1
      depth = 0
    }
  }
  const rest = text.slice(start)
  return rest.trim() === '' ? parts : [...parts, rest]
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
