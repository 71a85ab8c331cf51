// What the records of a daily update make of one company's list (facts 5.3). Pure.
import { ERRORED, isCurrentType, isProductRole, plainRoleOfType } from '../../companies-house/bulk/codes.ts'
import type { BulkChange } from '../../companies-house/bulk/records.ts'
import { appointmentDay, plainRole } from '../../db/officers/join.ts'
import type { OfficerRow } from '../../db/officers/officers.ts'
import { personPrefix } from '../../db/values.ts'
import {
  betterAddress,
  betterBirth,
  betterName,
  betterTexts,
  type FileOrigin,
  filedId,
  filedRow,
  isNewerRow,
  updatedRow,
  withBetter,
} from './filed-rows.ts'

export interface ChangedList {
  rows: OfficerRow[]
  /** Why the list is no longer proven; null while it is. */
  doubt: string | null
}

/** Applies the records of a company, the higher new types first. Rows that are newer than the file stay as they are. */
export function applyChanges(stored: OfficerRow[], changes: BulkChange[], origin: FileOrigin): ChangedList {
  const list: ChangedList = { rows: [...stored], doubt: null }
  for (const change of changes.toSorted((one, other) => other.type.localeCompare(one.type))) {
    applyChange(list, change, origin)
  }
  return list
}

/** How many hold a role of the products now, which is what an update counts. */
export function countCurrent(rows: OfficerRow[]): number {
  return rows.filter(({ officer_role, resigned_on }) => !resigned_on && isProductRole(plainRole(officer_role))).length
}

function applyChange(list: ChangedList, change: BulkChange, origin: FileOrigin): void {
  const matches = findMatches(list.rows, change)
  const [match] = matches
  if (matches.length > 1) list.doubt ??= 'a change may mean several appointments'
  else if (match && isNewerRow(match, origin)) return
  else if (change.type === ERRORED) list.rows = list.rows.filter((row) => row !== match)
  else putIn(list, { change, match }, origin)
}

/** Puts the new state in the place of the appointment that the record means, or adds it where there is none. */
function putIn(
  list: ChangedList,
  { change, match }: { change: BulkChange; match: OfficerRow | undefined },
  origin: FileOrigin,
): void {
  const fresh = filedRow(change, change.companyNumber ?? '', origin)
  if (typeof fresh === 'string') {
    list.doubt ??= fresh
    return
  }
  if (match === undefined) {
    const hasEnded = isCurrentType(change.oldType) === true && isCurrentType(change.type) === false
    if (hasEnded) list.doubt ??= 'somebody has resigned who was not stored'
    const appointment_id = filedId(fresh, new Set(list.rows.map((row) => row.appointment_id)))
    list.rows.push({ ...fresh, appointment_id })
    return
  }
  const isMerge = personPrefix(change.oldPersonNumber) !== personPrefix(change.personNumber)
  if (isMerge && match.officer_id) list.doubt ??= 'a person was merged: the officer id is another one now'
  const updated = updatedRow(match, fresh, { blanks: change.correction })
  list.rows = list.rows.map((row) => (row === match ? updated : row))
}

/**
 * The stored appointments that a record can mean: by role and old person, then, as long as they are several, by whether the
 * role was held, by the day, and by all twelve digits. One of another day is another appointment, unless a correction or
 * a reinstatement changes the day itself. After a merge that was missed, the new person is looked for.
 */
function findMatches(rows: OfficerRow[], change: BulkChange): OfficerRow[] {
  const old = matchesOf(rows, change, change.oldPersonNumber)
  return old.length > 0 || change.oldPersonNumber === change.personNumber
    ? old
    : matchesOf(rows, change, change.personNumber)
}

function matchesOf(rows: OfficerRow[], change: BulkChange, personNumber: string): OfficerRow[] {
  const person = personPrefix(personNumber)
  const role = plainRoleOfType(change.oldType)
  const held = isCurrentType(change.oldType)
  const day = change.appointedOn ?? ''
  const sameDay = (row: OfficerRow) => appointmentDay(row) === day
  const candidates = rows.filter(
    (row) => plainRole(row.officer_role) === role && personPrefix(row.person_number) === person,
  )
  const exact = candidates.filter((row) => sameDay(row) && (held === null || held === !row.resigned_on))
  if (exact.length > 0) return narrowed(exact, personNumber)
  const ofDay = candidates.filter(sameDay)
  if (ofDay.length > 0) return narrowed(ofDay, personNumber)
  const isMoved = change.correction || (held === false && isCurrentType(change.type) === true)
  const others = candidates.filter(
    (row) => (isMoved || appointmentDay(row) === '' || day === '') && (held === null || held === !row.resigned_on),
  )
  return narrowed(others, personNumber)
}

function narrowed(rows: OfficerRow[], personNumber: string): OfficerRow[] {
  if (rows.length < 2) return rows
  const same = rows.filter((row) => row.person_number === personNumber)
  return same.length > 0 ? same : rows
}

/**
 * The row of the same person number in another place: nationality and usual residential country belong to all of them, of
 * a correction name and birth as well, and the correction of a nominee changes name, address and birth everywhere.
 */
export function elsewhereUpdated(stored: OfficerRow, change: BulkChange, origin: FileOrigin): OfficerRow {
  if (isNewerRow(stored, origin)) return stored
  const fresh = filedRow({ ...change, type: '01' }, stored.company_number, origin)
  if (typeof fresh === 'string') return stored
  const isNominee = change.companyNumber === null
  const isCorrected = isNominee || change.correction
  const columns = isNominee ? [] : (['nationality', 'country_of_residence'] as const)
  const better = {
    ...betterTexts(stored, fresh, { columns, blanks: change.correction }),
    ...(isCorrected ? betterName(stored, fresh) : {}),
    ...(isCorrected ? betterBirth(stored, fresh, change.correction) : {}),
    ...(isNominee ? betterAddress(stored, fresh, false) : {}),
  }
  return withBetter(stored, better, fresh)
}
