import { officerId, type ReadItem } from '../../companies-house/officer-item.ts'
import { parseOfficerName } from '../../companies-house/officer-name.ts'
import type { OfficerList } from '../../companies-house/officers.ts'
import { filedValues, officersFiled } from '../../db/dataset/dictionary.ts'
import type { Note } from '../../db/officers/fetches.ts'
import type { OfficerRow } from '../../db/officers/officers.ts'
import { namesOfficer } from '../../db/suppress/withheld.ts'
import { shortJson } from '../../text.ts'

export interface RowOrigin {
  companyNumber: string
  fetchedAt: string
  runId: number
  /** `rest` unless given. */
  source?: 'rest' | 'stream'
  /** Of the event that writes the row. */
  timepoint?: number
}

/** Shapes a fetched list into rows, one per appointment, texts as filed. */
export function officerRows(list: OfficerList, origin: RowOrigin): OfficerRow[] {
  return list.officers.map((read) => officerRow(read, origin))
}

/** Shapes one item into its row. */
export function officerRow(
  { item, appointmentId }: ReadItem,
  { companyNumber, fetchedAt, runId, source = 'rest', timepoint }: RowOrigin,
): OfficerRow {
  return {
    company_number: companyNumber,
    appointment_id: appointmentId,
    officer_id: officerId(item),
    ...(filedValues(item, officersFiled) as Partial<OfficerRow>),
    ...parseOfficerName(item.name, item.officer_role, signsOf(item)),
    source,
    fetched_at: fetchedAt,
    run_id: runId,
    ...(timepoint === undefined ? {} : { stream_timepoint: timepoint }),
  }
}

/** An empty block says nothing about who was appointed. */
function signsOf({ identification, date_of_birth: born }: ReadItem['item']) {
  const said = Object.values(identification ?? {})
  return { identified: said.some((value) => typeof value === 'string' && value !== ''), born: Boolean(born?.year) }
}

/** The notes without those about officers who are not stored: items are kept as they came, names and all. */
export function notesAboutOthers(notes: Note[], withheld: OfficerRow[]): Note[] {
  return withheld.length === 0 ? notes : notes.filter(({ detail }) => !namesOfficer(detail, withheld))
}

/** What is odd about a fetched list: a total that disagrees, items that do not fit, members that nobody knows. */
export function officerNotes(list: OfficerList, companyNumber: string): Note[] {
  const notes: Note[] = []
  if (totalDiffers(list)) {
    const detail = JSON.stringify({ reported: list.reportedTotal, listed: countListed(list) })
    notes.push({ kind: 'officers-total-differs', companyNumber, detail })
  }
  for (const { appointmentId, odd, unknown, raw } of list.officers) {
    if (odd) notes.push({ kind: 'odd-officer-item', companyNumber, detail: shortJson(raw, MAX_DETAIL) })
    else if (Object.keys(unknown).length > 0) {
      const detail = shortJson({ appointment_id: appointmentId, members: unknown }, MAX_DETAIL)
      notes.push({ kind: 'unknown-officer-members', companyNumber, detail })
    }
  }
  for (const raw of list.unreadable) {
    notes.push({ kind: 'unreadable-officer-item', companyNumber, detail: shortJson(raw, MAX_DETAIL) })
  }
  return notes
}

const MAX_DETAIL = 10_000

/** Whether page one's total disagrees with the items; it comes from another service (facts 1.5). */
export function totalDiffers(list: OfficerList): boolean {
  return list.reportedTotal !== null && list.reportedTotal !== countListed(list)
}

function countListed(list: OfficerList): number {
  return list.officers.length + list.unreadable.length
}

// How a fresh officer list differs from the stored one, appointment by appointment. Pure.

export interface ChangedOfficer {
  appointment_id: string
  name: string | null
  /** By column; an absent value is null. */
  fields: Record<string, { stored: string | number | null; register: string | number | null }>
}

export interface NamedOfficer {
  appointment_id: string
  name: string | null
}

export interface OfficerDrift {
  added: NamedOfficer[]
  removed: NamedOfficer[]
  changed: ChangedOfficer[]
}

/**
 * What the register files. Names are compared as filed, so that a better reading of them is no drift; nor is an origin, nor
 * an etag, which the register renews when nothing has changed (facts 1.1).
 */
const COMPARED = ['officer_id', ...officersFiled.map(({ column }) => column)].filter(
  (column) => column !== 'etag',
) as (keyof OfficerRow)[]

/** Compares two lists of one company in these columns; the order of the lists does not matter. */
export function officerDrift(
  stored: readonly OfficerRow[],
  fresh: readonly OfficerRow[],
  compared: readonly (keyof OfficerRow)[] = COMPARED,
): OfficerDrift {
  const before = new Map(stored.map((row) => [row.appointment_id, row]))
  const now = new Set(fresh.map(({ appointment_id }) => appointment_id))
  return {
    added: fresh.filter(({ appointment_id }) => !before.has(appointment_id)).map(named),
    removed: stored.filter(({ appointment_id }) => !now.has(appointment_id)).map(named),
    changed: fresh.flatMap((row) => {
      const old = before.get(row.appointment_id)
      const fields = old ? changedFields(old, row, compared) : {}
      return Object.keys(fields).length > 0 ? [{ ...named(row), fields }] : []
    }),
  }
}

/** Whether the lists are the same. */
export function isSteady({ added, removed, changed }: OfficerDrift): boolean {
  return added.length + removed.length + changed.length === 0
}

function named({ appointment_id, name }: OfficerRow): NamedOfficer {
  return { appointment_id, name: name ?? null }
}

function changedFields(
  old: OfficerRow,
  row: OfficerRow,
  compared: readonly (keyof OfficerRow)[],
): ChangedOfficer['fields'] {
  const differing = compared.filter((column) => (old[column] ?? null) !== (row[column] ?? null))
  return Object.fromEntries(
    differing.map((column) => [column, { stored: old[column] ?? null, register: row[column] ?? null }]),
  )
}
