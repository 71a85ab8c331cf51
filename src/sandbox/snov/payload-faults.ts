import { randomBytes } from 'node:crypto'
import type { Reply } from '../replies.ts'
import type { SnovFaultName } from './fault-plan.ts'
import type { SnovStruck } from './fault-switch.ts'
import type { SnovRoute } from './route.ts'

type Members = Record<string, unknown>

/** Alters a good JSON answer, or returns the same value when the fault does not concern it. */
type Alteration = (value: Members, route: SnovRoute) => Members

const HUGE_BYTES = 17 * 1024 * 1024
const DEEP_LEVELS = 100_000

const BY_LIST: readonly string[] = [
  'company-domain-by-name',
  'emails-by-domain-by-name',
  'email-verification',
  'li-profiles-by-urls',
]

const ALTERATIONS: readonly (readonly [SnovFaultName, Alteration])[] = [
  ['hidden', forRows((row) => (Array.isArray(row.result) && row.result.length > 0 ? hide(row, row.result) : row))],
  ['miss-object', forRows((row) => (isMiss(row) ? { ...row, result: {} } : row))],
  ['miss-null', forRows((row) => (isMiss(row) ? { ...row, result: null } : row))],
  ['miss-no-row', forList((rows) => (rows.some(isMiss) ? rows.filter((row) => !isMiss(row)) : rows))],
  ['recased', forRows(recased)],
  ['escaped', forRows(renamedBy(escapeHtml))],
  ['plainer', forRows(renamedBy(plainer))],
  ['renamed', forList(([first, ...rest]) => (first ? [renamedBy(() => 'Quite Another')(first), ...rest] : []))],
  ['stranger', forList((rows) => (rows[0] ? [...rows, stranger(rows[0])] : rows))],
  ['odd', (value, { phase }) => (phase ? odd(value) : value)],
  ['odd-status', (value) => ('status' in value ? { ...value, status: 'postponed' } : value)],
  ['no-hash', (value, { phase }) => (phase === 'start' ? withoutHash(value) : value)],
  ['other-hash', otherHash],
  ['foreign-link', foreignLink],
]

/** Applies the struck faults that change what a JSON answer says; other answers stay as they are. */
export function alterReply(reply: Reply, struck: SnovStruck, route: SnovRoute): Reply {
  if (reply.status !== 200 || !isMembers(reply.json)) return reply
  let altered = reply.json
  for (const [name, alteration] of ALTERATIONS) {
    if (!struck.has(name)) continue
    const next = alteration(altered, route)
    if (next !== altered && struck.hits(name)) altered = next
  }
  if (struck.hits('huge')) altered = { ...altered, padding: 'x'.repeat(HUGE_BYTES) }
  return struck.hits('deep') ? deep(altered) : { ...reply, json: altered }
}

/** Changes the rows of a completed result by list. */
function forList(alteration: (rows: Members[]) => Members[]): Alteration {
  return (value, { operation, phase }) => {
    if (phase !== 'result' || !BY_LIST.includes(operation) || !Array.isArray(value.data)) return value
    const rows = value.data.filter(isMembers)
    const next = alteration(rows)
    return next === rows ? value : { ...value, data: next }
  }
}

function forRows(alteration: (row: Members) => Members): Alteration {
  return forList((rows) => {
    const next = rows.map(alteration)
    return next.some((row, at) => row !== rows[at]) ? next : rows
  })
}

function isMiss({ result }: Members): boolean {
  return Array.isArray(result) && result.length === 0
}

function hide(row: Members, emails: readonly unknown[]): Members {
  const result = emails.map((email) => ({
    ...Object(email),
    smtp_status: 'unknown',
    unknown_status_reason: 'hidden_by_owner',
  }))
  return { ...row, result }
}

const KEYS = ['name', 'people', 'email', 'url']

function recased(row: Members): Members {
  const spelt = KEYS.filter((key) => typeof row[key] === 'string').map((key) => [
    key,
    ` ${String(row[key]).toUpperCase().replace(/ /g, '  ')} `,
  ])
  return { ...row, ...Object.fromEntries(spelt) }
}

function renamedBy(rename: (name: string) => string) {
  return (row: Members): Members => {
    const key = ['name', 'people'].find((each) => typeof row[each] === 'string')
    return key === undefined ? row : { ...row, [key]: rename(String(row[key])) }
  }
}

function escapeHtml(name: string): string {
  return name.replace(/&/g, '&amp;').replace(/'/g, '&#039;').replace(/"/g, '&quot;')
}

function plainer(name: string): string {
  const letters = name
    .replace(/&/g, ' and ')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
  return letters.replace(/[^\x20-\x7e]|[^\w ]/g, '')
}

function stranger(row: Members): Members {
  const key = KEYS.find((each) => each in row) ?? 'name'
  return { ...row, [key]: key === 'email' ? 'nobody.asked@stranger.example' : 'Nobody Asked' }
}

/** Numbers where there were texts, a null, and members that nobody knows. */
function odd(value: Members): Members {
  const { data } = value
  const rows = Array.isArray(data) ? [null, 7, { favourite_colour: 'red', result: 'none' }, ...data] : 'none'
  return { ...value, data: rows, meta: null, planet: 'Earth' }
}

function withoutHash(value: Members): Members {
  return { ...value, data: withoutMember(value.data), meta: withoutMember(value.meta), links: [] }
}

/** An object without members is written as []. */
function withoutMember(value: unknown): unknown {
  if (!isMembers(value)) return value
  const { task_hash: _, ...rest } = value
  return Object.keys(rest).length === 0 ? [] : rest
}

function otherHash(value: Members, { operation, phase }: SnovRoute): Members {
  if (phase !== 'result' || !BY_LIST.includes(operation)) return value
  return { ...value, meta: { ...Object(value.meta), task_hash: randomBytes(16).toString('hex') } }
}

function foreignLink(value: Members, { phase }: SnovRoute): Members {
  const { links } = value
  if (phase !== 'start' || !isMembers(links) || typeof links.result !== 'string') return value
  return { ...value, links: { result: `https://snov.example${new URL(links.result).pathname}` } }
}

/** Written by hand: `JSON.stringify` would run out of stack. */
function deep(value: Members): Reply {
  const nested = `${'['.repeat(DEEP_LEVELS)}${']'.repeat(DEEP_LEVELS)}`
  const text = `${JSON.stringify(value).slice(0, -1)},"deep":${nested}}`
  return { status: 200, text, headers: { 'Content-Type': 'application/json' } }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
