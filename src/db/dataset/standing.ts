// Leaves of a dataset only the appointments whose identity verification stands as it is asked for, with their companies.
import type { Db } from '../open.ts'
import { type VerificationState, verificationOn } from '../standing.ts'
import { datasetColumns, type Page, type Row } from './columns.ts'

/** Which appointments are wanted, on which day (`YYYY-MM-DD`). */
export interface StandingWanted {
  verification: readonly VerificationState[]
  today: string
}

const place = (table: 'companies' | 'officers' | 'emails', name: string) =>
  datasetColumns[table].findIndex((column) => column.name === name)

const STATE = place('officers', 'identity_verification')
const APPOINTMENT = { officers: place('officers', 'appointment_id'), emails: place('emails', 'appointment_id') }
const COUNT = place('companies', 'officers_count')

/** A function that leaves these appointments of a page, the companies that have one, and what belongs to them. */
export function withStanding({ verification }: StandingWanted): (page: Page) => Page {
  return (page) => {
    const officers = page.officers.filter((row) => verification.some((state) => state === row[STATE]))
    const counts = new Map<Row[0] | undefined, number>()
    for (const [number] of officers) counts.set(number, (counts.get(number) ?? 0) + 1)
    const kept = new Set(officers.map((row) => `${row[0]}/${row[APPOINTMENT.officers]}`))
    const ofKept = ([number]: Row) => counts.has(number)
    return {
      ...page,
      companies: page.companies.flatMap((row) => {
        const count = counts.get(row[0])
        return count === undefined ? [] : [row.with(COUNT, count)]
      }),
      officers,
      persons_with_significant_control: page.persons_with_significant_control.filter(ofKept),
      domains: page.domains.filter(ofKept),
      emails: page.emails.filter((row) => kept.has(`${row[0]}/${row[APPOINTMENT.emails]}`)),
    }
  }
}

/**
 * What a delta must say is gone, of the companies in `temp.delta`: those without such an appointment, and of the others all
 * officers and e-mails, since a customer may have some who are left out now.
 */
export function goneByStanding(db: Db, { verification, today }: StandingWanted): Row[] {
  const has = `EXISTS (SELECT 1 FROM officers WHERE officers.company_number = delta.company_number
    AND ${verificationOn(today, 'officers')} IN (SELECT value FROM json_each($states)))`
  const gone = (table: string, where: string) =>
    `SELECT '${table}', company_number, '', $at FROM temp.delta AS delta WHERE ${where}`
  const addressed = 'EXISTS (SELECT 1 FROM emails WHERE emails.company_number = delta.company_number)'
  const sql = [gone('companies', `NOT ${has}`), gone('officers', has), gone('emails', `${has} AND ${addressed}`)]
  return db.$client
    .prepare(sql.join(' UNION ALL '))
    .raw()
    .all({ states: JSON.stringify(verification), at: `${today}T00:00:00.000Z` }) as Row[]
}
