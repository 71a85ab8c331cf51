/** One change as a stream tells it (facts 3.5). The keys inside `data` are in alphabetical order; `deleted` events may lack it. */
export interface StreamEvent {
  resource_kind: string
  resource_uri: string
  resource_id: string
  data?: Record<string, unknown> | undefined
  event: {
    fields_changed?: readonly string[] | undefined
    timepoint: number
    published_at: string
    type: 'changed' | 'deleted'
  }
}

/**
 * An event as the service writes it, without its line end: the envelope in the order of the recordings, and `&`, `<` and
 * `>` escaped as Go does. An event without data has the other order that was recorded for it.
 */
export function eventText({ resource_kind, resource_uri, resource_id, data, event }: StreamEvent): string {
  const { fields_changed, timepoint, published_at, type } = event
  const envelope =
    data === undefined
      ? { event: { fields_changed, type, timepoint, published_at }, resource_id, resource_uri, resource_kind }
      : {
          resource_kind,
          resource_uri,
          resource_id,
          data,
          event: { fields_changed, timepoint, published_at, type },
        }
  return JSON.stringify(envelope).replace(GO_ESCAPED, escapeAsGo)
}

/** U+2028 and U+2029 were line ends to JavaScript, so that Go escapes them too. */
const GO_ESCAPED = /[&<>\u2028\u2029]/g

function escapeAsGo(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The same value with the members of every object in alphabetical order, absent ones left out. */
export function alphabetical<Value>(value: Value): Value
export function alphabetical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => alphabetical(item))
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const sorted = members.sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, member]) => [name, alphabetical(member)]))
}

const HOUR_MS = 3_600_000

/**
 * A moment in one of the three formats that were recorded (facts 3.5): to the second without a zone, with microseconds
 * in UTC, and with microseconds in British summer time. `draw`, a whole number of at least 0, decides which.
 */
export function publishedAt(momentMs: number, draw: number): string {
  const micros = String(draw % 1000).padStart(3, '0')
  switch (Math.floor(draw / 1000) % 3) {
    case 0:
      return new Date(momentMs).toISOString().slice(0, 19)
    case 1:
      return `${new Date(momentMs).toISOString().slice(0, -1)}${micros}Z`
    default:
      return `${new Date(momentMs + HOUR_MS).toISOString().slice(0, -1)}${micros}+01:00`
  }
}
