// Which rows of two lists of one company are the same appointment, where one list has the register's ids and the other,
// which came by file, has none: the role, the day of appointment and the person say it (facts 5.3, 10.4). Pure.
import { nameWords } from '../../names.ts'
import { personPrefix } from '../values.ts'

/** The columns of an officer that are looked at. */
export interface JoinedAppointment {
  officer_role?: string | null | undefined
  appointed_on?: string | null | undefined
  appointed_before?: string | null | undefined
  person_number?: string | null | undefined
  name?: string | null | undefined
  surname?: string | null | undefined
  forenames?: string | null | undefined
}

/** A role without what kind of holder it has: files tell of nominees and bodies in another way. */
export function plainRole(role: string | null | undefined): string {
  return (role ?? '').replace(/^corporate-/, '').replace(/^nominee-/, '')
}

/** The day by which an appointment is known; empty where none is held. */
export function appointmentDay({ appointed_on, appointed_before }: JoinedAppointment): string {
  return appointed_on ?? appointed_before ?? ''
}

/** The surname and the first forename as they are compared, or the name of a body. */
export function joinedName({ name, surname, forenames }: JoinedAppointment): string {
  const first = nameWords(forenames ?? '')[0] ?? ''
  return nameWords(surname ? `${surname} ${first}` : (name ?? '')).join(' ')
}

type Key = (row: JoinedAppointment) => string | null

const byPerson: Key = (row) => {
  const person = personPrefix(row.person_number)
  return person === null ? null : JSON.stringify([plainRole(row.officer_role), appointmentDay(row), person])
}

/** For people who were merged, and rows without a person number. */
const byName: Key = (row) => {
  const name = joinedName(row)
  return name === '' ? null : JSON.stringify([plainRole(row.officer_role), appointmentDay(row), name])
}

/** For appointments of which one side holds no day. */
const withoutDay: Key = (row) => {
  const person = personPrefix(row.person_number)
  return person === null ? null : JSON.stringify([plainRole(row.officer_role), person])
}

/** Finds the stored row of each fresh row that has one; a stored row is given away once. */
export function joinAppointments<Stored extends JoinedAppointment, Fresh extends JoinedAppointment>(
  stored: readonly Stored[],
  fresh: readonly Fresh[],
): Map<Fresh, Stored> {
  const joined = new Map<Fresh, Stored>()
  const taken = new Set<Stored>()
  const pass = (key: Key, { alone, when }: { alone: boolean; when: (left: Stored, right: Fresh) => boolean }) => {
    const left = grouped(stored, key, taken)
    const right = grouped(fresh, key, joined)
    for (const [name, rows] of right) {
      const candidates = left.get(name) ?? []
      if (alone && (rows.length > 1 || candidates.length > 1)) continue
      for (const [at, row] of rows.entries()) {
        const candidate = candidates[at]
        if (candidate === undefined || !when(candidate, row)) continue
        joined.set(row, candidate)
        taken.add(candidate)
      }
    }
  }
  pass(byPerson, { alone: false, when: () => true })
  pass(byName, { alone: true, when: () => true })
  pass(withoutDay, {
    alone: true,
    when: (left, right) => appointmentDay(left) === '' || appointmentDay(right) === '',
  })
  return joined
}

function grouped<Row extends JoinedAppointment>(
  rows: readonly Row[],
  key: Key,
  done: { has(row: Row): boolean },
): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = done.has(row) ? null : key(row)
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), row])
  }
  return groups
}
