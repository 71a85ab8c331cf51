// What is older than the operator keeps it: counted for a plan, and removed a batch at a time. Who left an office is judged by
// the day that is filed, everything else by the time at which it was stored.
import { inArray, sql } from 'drizzle-orm'
import { noteErased } from '../changes.ts'
import { type Db, prepared, type Tx } from '../open.ts'
import type { AskedInput } from '../purchases/requests.ts'
import { notes, provider_requests, stream_rejects } from '../schema.ts'
import { deleteEmails, deleteOfficers, replaceAnswer, type StoredEmail } from './erase.ts'
import { deletePscs } from './pscs.ts'

/** Before when: as the register files days, as rows keep times (ISO 8601), and in milliseconds. */
export interface PurgeLimit {
  day: string
  time: string
  ms: number
}

/** What is purged, in this order: old addresses before the appointments, so that a plan and its result count alike. */
export const PURGED = ['emails', 'officers', 'pscs', 'answers', 'requests', 'notes', 'lines'] as const
export type Purged = (typeof PURGED)[number]

interface Kind {
  /** FROM and WHERE; `@` is the limit. */
  from: string
  columns: string
  limit: keyof PurgeLimit
}

/** A day that nobody can read, such as `1 May`, is no proof of age. */
const before = (column: string) => `date(${column}, '+0 days') IS ${column} AND ${column} < @limit`

const KINDS: Record<Purged, Kind> = {
  officers: {
    from: `officers WHERE ${before('resigned_on')}`,
    columns: 'company_number, appointment_id',
    limit: 'day',
  },
  pscs: {
    from: `persons_with_significant_control WHERE ${before('ceased_on')}`,
    columns: 'company_number, psc_id',
    limit: 'day',
  },
  emails: { from: 'emails WHERE found_at < @limit', columns: 'company_number, appointment_id, email', limit: 'time' },
  answers: {
    from: `provider_answers WHERE operation = 'emails' AND answered_at < @limit AND answer IS NOT NULL
      AND json_extract(answer, '$.emails') IS NOT NULL`,
    columns: 'operation, input_key AS key, request_id AS requestId',
    limit: 'ms',
  },
  requests: {
    from: `provider_requests WHERE operation = 'emails' AND status IN ('completed', 'refused')
      AND requested_at < @limit AND EXISTS (SELECT 1 FROM json_each(input) AS one WHERE json_extract(one.value, '$.name') <> '')`,
    columns: 'id, input',
    limit: 'ms',
  },
  notes: { from: 'notes WHERE noted_at < @limit', columns: 'id', limit: 'ms' },
  lines: { from: `stream_rejects WHERE line <> '' AND received_at < @limit`, columns: 'id', limit: 'ms' },
}

/** How many rows are older than the limit. */
export function countOlder(db: Db, purged: Purged, limit: PurgeLimit): number {
  const { from, limit: by } = KINDS[purged]
  return Number(prepared(db, `SELECT count(*) FROM ${from}`).pluck().get({ limit: limit[by] }))
}

/**
 * Removes the next `most` rows behind the row id `after`; returns how many these were, and the last row id. Belongs in a
 * transaction. `now` is ISO 8601: when deltas say that it went.
 */
export function removeOlder(
  db: Db,
  tx: Tx,
  purged: Purged,
  { limit, after, most, now }: { limit: PurgeLimit; after: number; most: number; now: string },
): { removed: number; last: number } {
  const { from, columns, limit: by } = KINDS[purged]
  const sql = `SELECT rowid AS place, ${columns} FROM ${from} AND rowid > @after ORDER BY rowid LIMIT @most`
  const rows = prepared(db, sql).all({ limit: limit[by], after, most }) as { place: number }[]
  if (rows.length > 0) REMOVERS[purged](tx, rows as never, now)
  return { removed: rows.length, last: rows.at(-1)?.place ?? after }
}

type Appointed = { company_number: string; appointment_id: string }
const owners = (rows: { company_number: string }[]) => rows.map(({ company_number }) => company_number)
const ids = (rows: { id: number }[]) => rows.map(({ id }) => id)

const REMOVERS: Record<Purged, (tx: Tx, rows: never[], now: string) => void> = {
  officers(tx, rows: Appointed[], now) {
    const addresses = rows.flatMap(({ company_number, appointment_id }) =>
      tx.all<StoredEmail>(sql`SELECT company_number, appointment_id, email FROM emails
        WHERE company_number = ${company_number} AND appointment_id = ${appointment_id}`),
    )
    deleteEmails(tx, addresses)
    deleteOfficers(tx, rows)
    noteErased(tx, 'email', owners(addresses), now)
    noteErased(tx, 'officer', owners(rows), now)
  },
  pscs(tx, rows: { company_number: string; psc_id: string }[], now) {
    deletePscs(tx, rows)
    noteErased(tx, 'psc', owners(rows), now)
  },
  emails(tx, rows: StoredEmail[], now) {
    deleteEmails(tx, rows)
    noteErased(tx, 'email', owners(rows), now)
  },
  answers(tx, rows: { operation: 'emails'; key: string; requestId: number }[]) {
    for (const row of rows) replaceAnswer(tx, { ...row, answer: null }, null)
  },
  requests(tx, rows: { id: number; input: string }[]) {
    for (const { id, input } of rows) {
      const nameless = (JSON.parse(input) as AskedInput[]).map(({ key, domain }) => ({ key, name: '', domain }))
      const emptied = { input: JSON.stringify(nameless), answer: null }
      tx.update(provider_requests)
        .set(emptied)
        .where(inArray(provider_requests.id, [id]))
        .run()
    }
  },
  notes(tx, rows: { id: number }[]) {
    tx.delete(notes)
      .where(inArray(notes.id, ids(rows)))
      .run()
  },
  lines(tx, rows: { id: number }[]) {
    tx.update(stream_rejects)
      .set({ line: '' })
      .where(inArray(stream_rejects.id, ids(rows)))
      .run()
  },
}
