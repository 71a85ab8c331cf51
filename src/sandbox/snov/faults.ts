import { randomBytes } from 'node:crypto'
import * as kit from '../kit/faults.ts'
import type { Reply } from '../kit/replies.ts'
import type { Random } from '../world/random.ts'
import { OPERATIONS, type Phase, type SnovOperation, type SnovRoute } from './requests.ts'

/** Every way in which the Snov sandbox can misbehave or differ, and what the caller then sees. */
export const SNOV_FAULTS = {
  '400': 'the operation is refused: 400 with an array of errors',
  '401': 'a good token is refused',
  '403': 'the account may not use the API',
  '429': 'a 429 although the allowance is not used up',
  '500': 'a JSON error; nothing was done',
  '502': 'HTML of the gateway; nothing was done; slow with a delay',
  '504': 'HTML of the gateway; nothing was done; slow with a delay',
  '504-after': 'HTML of the gateway, although the call was carried out',
  reset: 'the connection is reset; nothing was done',
  'reset-after': 'the call is carried out, and the connection is reset before the answer',
  'reset-mid-body': 'the call is carried out, and the connection is reset half-way through the body',
  hang: 'no answer at all, on an open connection; nothing was done',
  'hang-after': 'the call is carried out, and never answered',
  slow: 'the right answer, late (5 s unless a delay is given)',
  truncated: 'a 200 whose JSON text ends too early; the call was carried out',
  garbage: 'a 200 whose body is not JSON; the call was carried out',
  html: 'a 200 whose body is a web page; the call was carried out',
  huge: 'a 200 with a body of more than 16 MB',
  deep: 'a 200 with JSON nested 100,000 levels deep',
  odd: 'tasks: wrong types, nulls and unknown members',
  'odd-status': 'results: a status that nobody knows',
  'no-hash': 'starts: carried out, but the answer lacks the task hash',
  'other-hash': 'results by list: meta.task_hash is not the one of the start',
  'foreign-link': 'starts by domain: links.result points to another host',
  forget: 'results: a task is as unknown as if it had never been started',
  'never-finish': 'starts: a task that stays pending for ever and costs nothing',
  'no-credits': 'as if the balance were used up: the result says not_enough_credits',
  'credits-400': 'where credits are short, 400 with "you ran out of credits" instead',
  'credits-402': 'where credits are short, 402 instead',
  'partial-credits': 'where credits are short, the rows that they still pay for are delivered and charged',
  'repeat-free': 'an input that was charged before costs nothing again',
  'more-emails': 'finder: one more e-mail for every row found, charged too',
  'miss-object': 'misses are {} instead of []',
  'miss-null': 'misses are null instead of []',
  'miss-no-row': 'misses have no row at all',
  recased: 'results by list: names and addresses come back in capitals, with odd spaces',
  escaped: 'results by list: names come back with HTML escapes, such as &amp; and &#039;',
  plainer: 'results by list: names come back without accents and signs, and for &',
  renamed: 'results by list: the first name comes back as quite another one',
  stranger: 'results by list: one more row that nobody asked for',
  hidden: 'finder: every e-mail found is unknown, hidden_by_owner',
  'webhook-rejected': 'a start with a webhook_url is refused',
  'one-token': 'a new token ends the older ones',
} as const

type SnovFaultName = keyof typeof SNOV_FAULTS

/** One fault and when it strikes; `calls`: only these operations, and only these halves of a task. */
type SnovFaultRule = kit.FaultRule<SnovFaultName, { calls: readonly (SnovOperation | Phase)[] }>

export type SnovFaultPlan = readonly SnovFaultRule[]

const CALLS: readonly string[] = [...OPERATIONS, 'start', 'result']

/** Reads a plan such as `500:0.2,reset-after:1x:@emails-by-domain-by-name+start,slow:~2s`; an empty text is no fault. */
export function parseSnovFaults(text: string): SnovFaultPlan {
  return kit.parseFaultPlan(text, {
    faults: SNOV_FAULTS,
    noun: 'Snov fault',
    listed: 'The faults',
    targets: `calls (@email-verification+start, of ${CALLS.join(', ')})`,
    readTarget: (calls) => (calls.every(isCall) ? { calls } : undefined),
  })
}

function isCall(word: string): word is SnovOperation | Phase {
  return CALLS.includes(word)
}

/** The call that a fault may strike. */
interface Target {
  operation: SnovOperation
  phase?: Phase | undefined
}

export type SnovStruck = kit.Struck<SnovFaultName>
export type SnovFaultSwitch = kit.FaultSwitch<SnovFaultRule, Target>

/** The plan of the Snov service; what it strikes is a call of an operation, or of one half of a task. */
export function createSnovFaultSwitch(random: Random, now: () => number): SnovFaultSwitch {
  return kit.createFaultSwitch<SnovFaultRule, Target>(random, now, concerns)
}

/** Named operations and named halves narrow each other: `@email-verification+start` is that start alone. */
function concerns({ calls }: SnovFaultRule, { operation, phase }: Target): boolean {
  if (!calls) return true
  const phases = calls.filter((call) => call === 'start' || call === 'result')
  const operations = calls.filter((call) => call !== 'start' && call !== 'result')
  if (phases.length > 0 && !(phase && phases.includes(phase))) return false
  return operations.length === 0 || operations.includes(operation)
}

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
