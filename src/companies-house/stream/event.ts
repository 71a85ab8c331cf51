// One line of the companies stream to what it means (facts 3.5).
import { z } from 'zod'
import type { CompanyDetails } from '../../db/companies/companies.ts'
import { parseJson } from '../../text.ts'
import { jsonExcess } from '../../upstream/body.ts'
import { COMPANY_NUMBER, companyDetails, companyProfile } from '../profile.ts'
import type { Line } from './lines.ts'

export interface EventHead {
  /** The only thing that orders events. */
  timepoint: number
  /** As it came, in one of three formats; null when it is missing. */
  publishedAt: string | null
  companyNumber: string
}

export interface ChangedEvent extends EventHead {
  kind: 'changed'
  company: CompanyDetails
}

/** Often without data, so that nothing but the number is known. */
export interface DeletedEvent extends EventHead {
  kind: 'deleted'
}

/** A line, or a part of one, that is no event; `timepoint` is null where it cannot be told. */
export interface RejectedLine {
  kind: 'rejected'
  timepoint: number | null
  /** The envelope is whole, so that its timepoint holds; otherwise it is a guess. */
  enveloped: boolean
  reason: string
  line: string
}

export type CompanyEvent = ChangedEvent | DeletedEvent

const envelope = z.object({
  resource_kind: z.string(),
  resource_id: z.string().nullish(),
  resource_uri: z.string().nullish(),
  /** A deleted event may come with the old profile, with null, or without data: there it is not looked at. */
  data: z.unknown().optional(),
  event: z.object({
    timepoint: z.int().nonnegative(),
    published_at: z.string().nullish(),
    type: z.enum(['changed', 'deleted']),
  }),
})

/** The events of a line: one, or several where objects run together without a line end. Never throws. */
export function readLine(line: Exclude<Line, { kind: 'heartbeat' }>): (CompanyEvent | RejectedLine)[] {
  if (line.kind === 'overlong') {
    const timepoint = timepointAtEnd(line.tail) ?? timepointAtStart(line.head)
    const reason = `longer than 8 MB: ${line.bytes} bytes`
    return [{ kind: 'rejected', timepoint, enveloped: false, reason, line: line.head }]
  }
  const { text } = line
  if (!line.utf8) return [rejected(text, 'not UTF-8', parse(text))]
  const whole = parse(text)
  if (whole !== undefined) return [readObject(text, whole)]
  const parts = splitObjects(text)
  if (parts.length < 2) return [unreadable(text)]
  const read = parts.map((part) => {
    const object = parse(part)
    return object === undefined ? unreadable(part) : readObject(part, object)
  })
  const isRun = read.some(({ kind, timepoint }) => kind !== 'rejected' || timepoint !== null)
  return isRun ? read : [unreadable(text)]
}

/** Whether bytes that were left without a line end are a whole JSON value all the same. */
export function isWhole(text: string): boolean {
  return parse(text) !== undefined
}

function readObject(text: string, object: unknown): CompanyEvent | RejectedLine {
  const read = envelope.safeParse(object)
  if (!read.success) return rejected(text, describe(read.error, 'the line'), object)
  const { resource_kind, resource_id, resource_uri, data, event } = read.data
  const companyNumber = resource_id ?? /^\/?company\/([^/]+)$/.exec(resource_uri ?? '')?.[1] ?? ''
  if (!resource_kind.startsWith('company-profile')) return rejected(text, 'not of a company profile', object)
  if (!COMPANY_NUMBER.test(companyNumber)) return rejected(text, 'names no company number', object)
  const head = { timepoint: event.timepoint, publishedAt: event.published_at ?? null, companyNumber }
  if (event.type === 'deleted') return { ...head, kind: 'deleted' }
  const profile = companyProfile.safeParse(data)
  if (!profile.success) return rejected(text, describe(profile.error, 'data'), object)
  if ((profile.data.company_number ?? companyNumber) !== companyNumber) {
    return rejected(text, 'its data belongs to another company number', object)
  }
  return { ...head, kind: 'changed', company: companyDetails(companyNumber, profile.data) }
}

function unreadable(text: string): RejectedLine {
  return rejected(text, jsonExcess(text) ?? 'not JSON', undefined)
}

function parse(text: string): unknown {
  if (jsonExcess(text) !== null) return undefined
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

function describe(error: z.ZodError, place: string): string {
  const [issue] = error.issues
  return `not an event: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'odd'}`.slice(0, 200)
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
