// How many officers stand how, as to the verification of their identity.
import { type Db, prepared } from './open.ts'
import { type VerificationState, verificationOn } from './standing.ts'

export type VerificationCounts = Record<VerificationState, number>

/**
 * How many of the officers, of whom there are so many, stand so on a day. Reads two indexes of those of whom anything is
 * published, and no row.
 */
export function countVerifications(db: Db, day: string, officers: number): VerificationCounts {
  const state = verificationOn(day, 'published')
  const [start, end, due] = ['start_on', 'end_on', 'statement_due_on'].map((name) => `appointment_verification_${name}`)
  const rows = prepared(
    db,
    `SELECT ${state} AS state, sum(n) AS n FROM (
       SELECT NULL AS ${start}, NULL AS ${end}, ${due}, count(*) AS n FROM officers INDEXED BY officers_by_verification_due
         WHERE ${start} IS NULL AND ${due} IS NOT NULL GROUP BY ${due}
       UNION ALL SELECT '', ${end}, NULL, count(*) FROM officers INDEXED BY officers_by_verification_end
         WHERE ${start} IS NOT NULL GROUP BY ${end}) AS published GROUP BY 1`,
  ).all() as { state: VerificationState; n: number }[]
  const counts = {
    verified: 0,
    due: 0,
    overdue: 0,
    ended: 0,
    ...Object.fromEntries(rows.map(({ state, n }) => [state, n])),
  }
  const { verified, due: owed, overdue, ended } = counts
  return { verified, due: owed, overdue, ended, none: officers - verified - owed - overdue - ended }
}
