// Appointments of bulk files as rows, and what such a row changes of a stored one (facts 5.2, 5.3). Files write in capitals
// and put premises and street together: what differs in nothing else is the same, and the register's own writing stays. Pure.
import { createHash } from 'node:crypto'
import { isCurrentType, roleOfType } from '../../companies-house/bulk/codes.ts'
import type { BulkAppointment } from '../../companies-house/bulk/records.ts'
import { parseOfficerName } from '../../companies-house/officer-name.ts'
import { ADDRESS_COLUMNS } from '../../db/address.ts'
import { appointmentDay, plainRole } from '../../db/officers/join.ts'
import { FILED_ID, type OfficerRow } from '../../db/officers/officers.ts'
import { personPrefix } from '../../db/values.ts'
import { nameWords } from '../../names.ts'

/** Where the rows of a file come from. */
export interface FileOrigin {
  /** `bulk-195`, `bulk-216` or `bulk-198`. */
  source: string
  /** When the file's facts were true, ISO 8601. */
  moment: string
  runId: number
}

/** Titles that the register's lists leave away (facts 1.5). */
const LEFT_AWAY = new Set(['mr', 'mrs', 'miss', 'ms', 'master'])

/** From an annual return: the true day is not known, and not later. */
const FROM_RETURN = '2'
const FIRST_KNOWN_DAY = '1992-01-01'

/** A row for a filed appointment of a company, without an id yet; or why it says too little. */
export function filedRow(filed: BulkAppointment, companyNumber: string, origin: FileOrigin): OfficerRow | string {
  const current = isCurrentType(filed.type)
  if (current === false && filed.resignedOn === null) return 'an appointment has ended on a day that is not held'
  const role = roleOfType(filed.type, filed)
  const before = filed.dateOrigin === FROM_RETURN && filed.appointedOn !== null
  return {
    company_number: companyNumber,
    appointment_id: '',
    officer_id: null,
    person_number: filed.personNumber,
    ...nameOf(filed, role),
    officer_role: role,
    appointed_on: before ? null : filed.appointedOn,
    appointed_before: before ? filed.appointedOn : null,
    is_pre_1992_appointment: before && (filed.appointedOn ?? '') < FIRST_KNOWN_DAY ? 1 : null,
    resigned_on: current === true ? null : filed.resignedOn,
    date_of_birth_month: filed.born?.month ?? null,
    date_of_birth_year: filed.born?.year ?? null,
    nationality: filed.nationality,
    country_of_residence: filed.residence,
    occupation: filed.occupation,
    ...addressOf(filed),
    source: origin.source,
    fetched_at: origin.moment,
    run_id: origin.runId,
  }
}

function addressOf(filed: BulkAppointment) {
  return {
    care_of: filed.careOf,
    po_box: filed.poBox,
    premises: null,
    address_line_1: filed.addressLine1,
    address_line_2: filed.addressLine2,
    locality: filed.town,
    region: filed.county,
    country: filed.country,
    postal_code: filed.postcode,
  }
}

/** The name as the register's lists have it, and its parts. */
function nameOf({ title, forenames, surname, born }: BulkAppointment, role: string) {
  const said = title !== null && LEFT_AWAY.has(nameWords(title).join('')) ? null : title
  const name = [surname, forenames, said].filter((part) => part !== null).join(', ') || null
  const parts = parseOfficerName(name, role, { born: born !== null })
  const isBody = parts.surname === null && parts.forenames === null
  return isBody ? { name, ...parts } : { name, title: said, forenames, surname }
}

/** An id for an appointment that has none of the register: the same for the same appointment, and none of `taken`. */
export function filedId(row: OfficerRow, taken: ReadonlySet<string>): string {
  const person = personPrefix(row.person_number)
  const parts = [row.company_number, plainRole(row.officer_role), appointmentDay(row), person]
  for (let nth = 0; ; nth += 1) {
    const hash = createHash('sha256').update(JSON.stringify(nth === 0 ? parts : [...parts, nth]))
    const id = FILED_ID + hash.digest('base64url').slice(0, 27)
    if (!taken.has(id)) return id
  }
}

/** Longer values of these are cut in the files. */
const CUT_AT = 40

/**
 * The stored row with what the file's row knows better; the very stored row when that is nothing. Ids, verification and
 * all else that files lack stay. A blank replaces something only where `blanks` says so, as in a correction.
 */
export function updatedRow(stored: OfficerRow, fresh: OfficerRow, { blanks = false } = {}): OfficerRow {
  const better: Partial<OfficerRow> = {
    ...(same(stored.resigned_on, fresh.resigned_on) ? {} : { resigned_on: fresh.resigned_on }),
    ...(same(stored.person_number, fresh.person_number) ? {} : { person_number: fresh.person_number }),
    ...(plainRole(stored.officer_role) === plainRole(fresh.officer_role) ? {} : { officer_role: fresh.officer_role }),
    ...betterDay(stored, fresh, blanks),
    ...betterName(stored, fresh),
    ...betterBirth(stored, fresh, blanks),
    ...betterTexts(stored, fresh, { columns: ['occupation', 'nationality', 'country_of_residence'], blanks }),
    ...betterAddress(stored, fresh, blanks),
  }
  return withBetter(stored, better, fresh)
}

/** Whether a stored row knows better than a file: one that the same run has written is not newer than the file itself. */
export function isNewerRow(row: OfficerRow, { moment, runId }: Omit<FileOrigin, 'source'>): boolean {
  return row.fetched_at > moment || (row.fetched_at === moment && row.run_id !== runId)
}

/** The stored row with some columns replaced, under the origin of a file's row. */
export function withBetter(stored: OfficerRow, better: Partial<OfficerRow>, fresh: OfficerRow): OfficerRow {
  if (Object.keys(better).length === 0) return stored
  const { source, fetched_at, run_id } = fresh
  return { ...stored, ...better, etag: null, source, fetched_at, run_id }
}

function same(left: unknown, right: unknown): boolean {
  return (left ?? null) === (right ?? null)
}

/** An appointment keeps its day, unless it has none or the day itself was corrected. */
function betterDay(stored: OfficerRow, fresh: OfficerRow, blanks: boolean): Partial<OfficerRow> {
  const [before, now] = [appointmentDay(stored), appointmentDay(fresh)]
  if (before === now || (before !== '' && !blanks)) return {}
  const { appointed_on = null, appointed_before = null, is_pre_1992_appointment = null } = fresh
  return { appointed_on, appointed_before, is_pre_1992_appointment }
}

/** The name, where surname, forenames or a title that lists have are other ones. */
export function betterName(stored: OfficerRow, fresh: OfficerRow): Partial<OfficerRow> {
  const written = ({ surname, forenames, name }: OfficerRow) =>
    nameWords(surname || forenames ? `${surname ?? ''} ${forenames ?? ''}` : (name ?? '')).join(' ')
  const titled = nameWords(fresh.title ?? '').join(' ')
  const isSame = written(stored) === written(fresh)
  if (written(fresh) === '' || (isSame && (titled === '' || titled === nameWords(stored.title ?? '').join(' '))))
    return {}
  const { name = null, title = null, forenames = null, surname = null } = fresh
  return { name, title, forenames, surname }
}

/** Month and year of birth. */
export function betterBirth(stored: OfficerRow, fresh: OfficerRow, blanks: boolean): Partial<OfficerRow> {
  const { date_of_birth_month = null, date_of_birth_year = null } = fresh
  const isSame =
    same(stored.date_of_birth_month, date_of_birth_month) && same(stored.date_of_birth_year, date_of_birth_year)
  return isSame || (date_of_birth_year === null && !blanks) ? {} : { date_of_birth_month, date_of_birth_year }
}

type TextColumn = 'occupation' | 'nationality' | 'country_of_residence'

/** Texts that differ in more than case and punctuation. */
export function betterTexts(
  stored: OfficerRow,
  fresh: OfficerRow,
  { columns, blanks }: { columns: readonly TextColumn[]; blanks: boolean },
): Partial<OfficerRow> {
  return Object.fromEntries(
    columns.flatMap((column): [TextColumn, string | null][] => {
      const now = fresh[column] ?? null
      if (now === null) return blanks && (stored[column] ?? null) !== null ? [[column, null]] : []
      const [before, words] = [folded(stored[column]), folded(now)]
      const isCut = now.length === CUT_AT && before.startsWith(words)
      return before === words || isCut ? [] : [[column, now]]
    }),
  )
}

/** The address as a whole: one that differs only in how it is written stays. */
export function betterAddress(stored: OfficerRow, fresh: OfficerRow, blanks: boolean): Partial<OfficerRow> {
  const written = (row: OfficerRow) => folded(ADDRESS_COLUMNS.map((column) => row[column] ?? '').join(' '))
  const [before, now] = [written(stored), written(fresh)]
  if (before === now || (now === '' && !blanks)) return {}
  return Object.fromEntries(ADDRESS_COLUMNS.map((column) => [column, fresh[column] ?? null]))
}

function folded(text: string | null | undefined): string {
  return nameWords(text ?? '').join(' ')
}
