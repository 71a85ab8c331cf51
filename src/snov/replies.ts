// The answers to starts and polls (Snov facts 2.1, 3, 4). An empty object may arrive as `[]`, a list as an object.
import { z } from 'zod'
import { SnovError } from './exchange.ts'

export type TaskKind = 'company-domain-by-name' | 'emails-by-domain-by-name'

/** A row of a finished task. Rows are matched by name: neither their order nor their number is that of the request. */
export interface SnovDomainRow {
  name: string
  domain: string | null
}

export interface SnovEmailsRow {
  /** The person's full name, as asked. */
  name: string
  emails: SnovEmail[]
}

export interface SnovEmail {
  email: string
  /** `valid` or `unknown` (facts 4.1). */
  status: string | null
  /** `catchall`, `greylist`, `banned`, `connection_error`, `hidden_by_owner`. */
  reason: string | null
  webmail: boolean | null
  disposable: boolean | null
  gibberish: boolean | null
}

export type Poll<Row> =
  | { state: 'pending' }
  /** `odd` counts rows that could not be read, `oddTexts` holds the first of them as they came, cut where they are long. */
  | { state: 'completed' | 'not-enough-credits'; rows: Row[]; odd: number; oddTexts: string[] }

/** An object, or PHP's `[]` for an empty one. */
const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.looseObject(shape).or(
    z
      .array(z.unknown())
      .max(0)
      .transform(() => null),
  )

/** A list, also where PHP wrote one with holes as an object. */
const list = z.array(z.unknown()).or(z.record(z.string(), z.unknown()).transform((record) => Object.values(record)))

const hash = z
  .string()
  .regex(/^[\w-]{1,256}$/)
  .nullish()
  .catch(null)

const started = z.looseObject({
  data: object({ task_hash: hash }).nullish().catch(null),
  meta: object({ task_hash: hash }).nullish().catch(null),
  links: object({ result: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
})

/**
 * Where a started task is polled, from the API's root. The hash comes in `data` and goes into the query, or comes in
 * `meta` with a link to the result; only the path of that link is kept, and only when it leads to the API itself.
 */
export function readTask(body: unknown, kind: TaskKind, baseUrl: string): string {
  const { data, meta, links } = started.safeParse(body).data ?? {}
  if (data?.task_hash) return `/v2/${kind}/result?task_hash=${data.task_hash}`
  const linked = links?.result ? ownPath(links.result, baseUrl) : null
  if (linked) return linked
  if (meta?.task_hash) return `/v2/${kind}/result/${meta.task_hash}`
  throw new SnovError('passing', 'Snov answered a start without a task hash', { mayHaveActed: true })
}

function ownPath(link: string, baseUrl: string): string | null {
  const base = new URL(baseUrl)
  const url = URL.canParse(link, base.href) ? new URL(link, base) : null
  const root = base.pathname.replace(/\/$/, '')
  if (url?.origin !== base.origin || !url.pathname.startsWith(`${root}/`)) return null
  return `${url.pathname.slice(root.length)}${url.search}`
}

const polled = z.looseObject({ status: z.string().nullish().catch(null), data: list.nullish().catch(null) })

/** A name of digits alone may come back as a number. */
const name = z.string().or(z.number().transform(String))

const domainRow = z
  .looseObject({ name, result: object({ domain: z.string().nullish() }).nullish() })
  .transform(({ name, result }): SnovDomainRow => ({ name, domain: result?.domain ?? null }))

const flag = z.boolean().nullish().catch(null)
const text = z.string().nullish().catch(null)

/** Nothing that a mail program, a browser or a terminal could take for more than an address. */
const ADDRESS = /^[^\s\p{C}@<>()[\]",;:\\]{1,64}@[\p{L}\p{N}.-]{1,253}$/u

const emailRow = z
  .looseObject({
    email: z.string().trim().regex(ADDRESS),
    smtp_status: text,
    unknown_status_reason: text,
    is_webmail: flag,
    is_disposable: flag,
    is_gibberish: flag,
  })
  .transform(
    (row): SnovEmail => ({
      email: row.email,
      status: row.smtp_status ?? null,
      reason: row.unknown_status_reason?.toLowerCase() ?? null,
      webmail: row.is_webmail ?? null,
      disposable: row.is_disposable ?? null,
      gibberish: row.is_gibberish ?? null,
    }),
  )

/** A row that holds something, of which nothing can be read, is as odd as one without a name. */
const emailsRow = z.looseObject({ people: name, result: list.nullish() }).transform(({ people, result }, context) => {
  const raw = result ?? []
  const emails = raw.flatMap((one) => emailRow.safeParse(one).data ?? [])
  if (raw.length > 0 && emails.length === 0) context.addIssue('no address can be read')
  return { name: people, emails } satisfies SnovEmailsRow
})

/** Reads the poll of a company-name task. Throws a passing `SnovError` for a finished one without a list. */
export function readDomainPoll(body: unknown): Poll<SnovDomainRow> {
  return readPoll(body, domainRow)
}

/** Reads the poll of an e-mail task, as `readDomainPoll` does. */
export function readEmailsPoll(body: unknown): Poll<SnovEmailsRow> {
  return readPoll(body, emailsRow)
}

/** More rows than a start can ask for are worth no room. */
const MAX_ODD_TEXTS = 20
const MAX_TEXT = 2000

/** JSON can be read at any depth, but not written. */
function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw).slice(0, MAX_TEXT)
  } catch {
    return 'nested too deep'
  }
}

/** Pending is `in_progress` or `in progress`, and whatever else is neither an end (facts 2.1: there is no failed state). */
function readPoll<Row>(body: unknown, row: z.ZodType<Row>): Poll<Row> {
  const { status, data } = polled.safeParse(body).data ?? {}
  const word = status?.toLowerCase().replaceAll(/[\s_-]+/g, ' ')
  if (word !== 'completed' && word !== 'not enough credits') return { state: 'pending' }
  const state = word === 'completed' ? 'completed' : 'not-enough-credits'
  if (!data && state === 'completed') {
    throw new SnovError('passing', 'Snov called a task completed without a list of results', { mayHaveActed: false })
  }
  const rows: Row[] = []
  const odd: unknown[] = []
  for (const raw of data ?? []) {
    const one = row.safeParse(raw)
    if (one.success) rows.push(one.data)
    else odd.push(raw)
  }
  return { state, rows, odd: odd.length, oddTexts: odd.slice(0, MAX_ODD_TEXTS).map(textOf) }
}

const balanceReply = z.looseObject({
  data: z.looseObject({
    balance: z
      .string()
      .transform((text) => text.replace(/,(?=\d{3}(\D|$))/g, '').trim())
      .pipe(z.string().regex(/^-?\d{1,12}(\.\d{1,6})?$/))
      .or(z.number().transform(String)),
  }),
})

/** The balance, a decimal string (facts 6.2). */
export function readBalanceReply(body: unknown): string {
  const read = balanceReply.safeParse(body)
  if (!read.success) throw new SnovError('passing', 'Snov answered without a balance', { mayHaveActed: false })
  return read.data.data.balance
}
