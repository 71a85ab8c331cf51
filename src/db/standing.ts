// What follows from a row about a person and the day: who holds an office, and whose identity is verified for it. Both are
// worked out when they are read, since they change with the calendar or with the company alone.

/** The company is over: its officers have left no office open, though the register never resigns them (facts 10.5). */
export const ENDED_STATUSES: readonly string[] = ['dissolved', 'converted-closed', 'closed']

/** Whether an officer holds the office now: not resigned, and the company is not over. */
export function holdsOffice(resignedOn: string | null, companyStatus: string | null): boolean {
  return resignedOn === null && !(companyStatus !== null && ENDED_STATUSES.includes(companyStatus))
}

/** The same as an SQL expression over `officers`: 1 or 0. */
export const HOLDS_OFFICE = `(officers.resigned_on IS NULL AND NOT EXISTS (SELECT 1 FROM companies AS owner
  WHERE owner.company_number = officers.company_number
    AND owner.company_status IN (${ENDED_STATUSES.map((status) => `'${status}'`).join(', ')})))`

/** What is published about the identity of somebody in a role, on a day (facts 10.1). */
export const VERIFICATIONS = ['verified', 'due', 'overdue', 'ended', 'none'] as const
export type VerificationState = (typeof VERIFICATIONS)[number]

/** The calendar day of a moment (ms) as `YYYY-MM-DD`, in UTC. */
export function dayAt(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** What the register writes for an end that has not come: by far the most common one, so no date is reckoned for it. */
const NEVER = '9999-12-31'

/**
 * SQL that tells how an identity stands on a day (`YYYY-MM-DD`), for a row of a table with the columns of a verification.
 * An end that nobody can read proves neither that the verification stands nor that it is over: `none`.
 */
export function verificationOn(day: string, table: string): string {
  const [start, end, due] = ['start_on', 'end_on', 'statement_due_on'].map(
    (name) => `${table}.appointment_verification_${name}`,
  )
  // The step of no days makes SQLite move on from a 31 February.
  const isDay = (column: string | undefined) => `date(${column}, '+0 days') IS ${column}`
  const today = quotedDay(day)
  return `CASE
    WHEN ${start} IS NOT NULL THEN CASE
      WHEN ${end} IS NULL OR ${end} = '${NEVER}' THEN 'verified'
      WHEN NOT ${isDay(end)} THEN 'none' WHEN ${end} > ${today} THEN 'verified' ELSE 'ended' END
    WHEN ${due} IS NULL OR NOT ${isDay(due)} THEN 'none' WHEN ${due} >= ${today} THEN 'due' ELSE 'overdue' END`
}

const VERIFIED = ['officers', 'persons_with_significant_control']

/**
 * The numbers of companies with people whose verification is another on one day than on the other; no event tells of it.
 */
export function verificationChanged(oneDay: string, otherDay: string): string {
  const [first, last] = [oneDay, otherDay].sort().map(quotedDay)
  return VERIFIED.map((table) => {
    const select = `SELECT company_number FROM ${table} WHERE appointment_verification_start_on`
    return `${select} IS NULL
      AND appointment_verification_statement_due_on >= ${first} AND appointment_verification_statement_due_on < ${last}
    UNION ${select} IS NOT NULL
      AND appointment_verification_end_on > ${first} AND appointment_verification_end_on <= ${last}`
  }).join(' UNION ')
}

/** A day becomes a part of SQL text, so it must be nothing else. */
function quotedDay(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new Error(`not a day: ${day}`)
  return `'${day}'`
}
