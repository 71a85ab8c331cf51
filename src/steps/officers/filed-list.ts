// What a snapshot says of one company, and what that makes of the list that is stored. Pure.
import { isProductRole } from '../../companies-house/bulk/codes.ts'
import { readAppointment, readBulkCompany } from '../../companies-house/bulk/records.ts'
import type { SnapshotProduct } from '../../db/officers/bulk-files.ts'
import type { StagedRecord } from '../../db/officers/bulk-staging.ts'
import type { ListedCompany } from '../../db/officers/filed.ts'
import { joinAppointments, plainRole } from '../../db/officers/join.ts'
import { FILED_ID, type OfficerRow } from '../../db/officers/officers.ts'
import { type FileOrigin, filedId, filedRow, updatedRow } from './filed-rows.ts'

/** The rows of one company in a snapshot. */
export interface CompanyInFile {
  /** The number of officers by the company's own record; null where it has none. */
  told: number | null
  rows: OfficerRow[]
  /** Why the rows are not the whole list; null when they are. */
  fault: string | null
}

/** Reads what a file has of a company. A line that stands there twice counts once. */
export function readCompanyInFile(records: StagedRecord[], companyNumber: string, origin: FileOrigin): CompanyInFile {
  const found: CompanyInFile = { told: null, rows: [], fault: null }
  const doubt = (why: string, number: number) => {
    found.fault ??= `line ${number}: ${why}`
  }
  const seen = new Set<string>()
  for (const { kind, line, number } of records) {
    if (kind === 'company') {
      const company = readBulkCompany(line)
      if (typeof company === 'string') doubt(company, number)
      else if (found.told !== null && company.officers !== found.told) doubt('the company is listed twice', number)
      else found.told = company.officers
      continue
    }
    if (seen.has(line)) continue
    seen.add(line)
    const filed = readAppointment(line)
    const row = typeof filed === 'string' ? filed : filedRow(filed, companyNumber, origin)
    if (typeof row === 'string') doubt(row, number)
    else found.rows.push(row)
  }
  if (found.fault !== null) return found
  const listed = found.rows.length
  if (found.told === null) return { ...found, fault: 'it has no record that counts its officers' }
  const differs = `it counts ${found.told} officers, and ${listed} are listed`
  return { ...found, fault: found.told === listed ? null : differs }
}

/** Kinds of companies whose officers the products may lack (facts 5.2). */
const NOT_COVERED = /^(?:LP|SL|NL|OE|GE|GN|GS|NR)/

/** Whether an empty list in a file proves that there is nobody: only one that has those who have resigned as well. */
export function provesNone(product: SnapshotProduct, companyNumber: string): boolean {
  return product === '216' && !NOT_COVERED.test(companyNumber)
}

export interface FiledPlan {
  after: OfficerRow[]
  state: 'complete' | 'stale'
  /** Why the list is in doubt; null when it is not. */
  doubt: string | null
}

/**
 * Joins the rows of a file to those that are stored. What is newer than the file stays; what came by an earlier file and is
 * in a 216 no more, is gone, unless nobody is left; what the register itself told and a file lacks, is in doubt, and stays until it is asked.
 */
export function planFiledList(
  company: Pick<ListedCompany, 'officers_state'>,
  { stored, filed }: { stored: OfficerRow[]; filed: OfficerRow[] },
  { product, moment }: { product: SnapshotProduct; moment: string },
): FiledPlan {
  const joined = joinAppointments(stored, filed)
  const taken = new Set(stored.map(({ appointment_id }) => appointment_id))
  const after = filed.map((row) => {
    const old = joined.get(row)
    if (old) return old.fetched_at >= moment ? old : updatedRow(old, row)
    const appointment_id = filedId(row, taken)
    taken.add(appointment_id)
    return { ...row, appointment_id }
  })
  const matched = new Set(joined.values())
  let doubt: string | null = null
  for (const row of stored) {
    if (matched.has(row)) continue
    const fate = fateOf(row, { product, moment })
    const isEmptied = fate === 'gone' && filed.length === 0
    if (fate !== 'gone' || isEmptied) after.push(row)
    if (fate === 'doubtful' || isEmptied) doubt ??= 'somebody who is stored is not in the file'
  }
  const state = doubt !== null || company.officers_state === 'stale' ? 'stale' : 'complete'
  return { after, state, doubt }
}

/** What a file's silence about a stored row means. */
function fateOf(
  row: OfficerRow,
  { product, moment }: { product: SnapshotProduct; moment: string },
): 'stays' | 'gone' | 'doubtful' {
  if (row.fetched_at >= moment || !isProductRole(plainRole(row.officer_role))) return 'stays'
  if (product === '195' && (row.resigned_on ?? null) !== null) return 'stays'
  return product === '216' && row.appointment_id.startsWith(FILED_ID) ? 'gone' : 'doubtful'
}

/**
 * Stored rows as the register writes them, as far as they say the same as its fresh rows: files have no ids, and write in
 * another way, which is no difference. A row that came by no file stays as it is.
 */
export function asRegisterWrites(stored: OfficerRow[], fresh: OfficerRow[]): OfficerRow[] {
  const filed = stored.filter(({ source }) => source.startsWith('bulk-'))
  if (filed.length === 0) return stored
  const joined = new Map([...joinAppointments(filed, fresh)].map(([row, old]) => [old, row]))
  return stored.map((row) => {
    const own = joined.get(row)
    return own ? { ...updatedRow(own, row), etag: own.etag } : row
  })
}
