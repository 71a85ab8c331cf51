// Which companies' officers are wanted, as conditions on the companies' own columns.
import { gte, inArray, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../open.ts'
import { companies } from '../schema.ts'

/** Each that is given must hold; a list means any of its values. */
export interface OfficersFilter {
  status?: string[] | undefined
  /** Five digits, or four of SIC 2003. */
  sic?: string[] | undefined
  /** Types or subtypes. */
  type?: string[] | undefined
  /** Whether a postcode is wanted; `definePostcodeTest` must have been told of it. */
  postcode?: ((postcode: string | null) => boolean) | undefined
  /** `YYYY-MM-DD`, both included. */
  incorporatedFrom?: string | undefined
  incorporatedTo?: string | undefined
  /** The name of a customer's list. */
  list?: string | undefined
}

/** Whether the filter leaves out anything. */
export function isFiltering(filter: OfficersFilter): boolean {
  return filterConditions(filter).length > 0
}

/** Lets SQL of this connection ask whether a postcode is wanted. */
export function definePostcodeTest(db: Db, { postcode }: OfficersFilter): void {
  if (!postcode) return
  db.$client.function('postcode_is_wanted', { deterministic: true }, (text: unknown) =>
    Number(postcode(typeof text === 'string' ? text : null)),
  )
}

/** The filter for a WHERE clause over `companies`. */
export function filterConditions(filter: OfficersFilter): SQL[] {
  const { status, sic, type, postcode, incorporatedFrom, incorporatedTo, list } = filter
  const wanted: (SQL | undefined)[] = []
  if (status) wanted.push(inArray(companies.company_status, status))
  if (type) wanted.push(or(inArray(companies.type, type), inArray(companies.subtype, type)))
  if (incorporatedFrom !== undefined) wanted.push(gte(companies.date_of_creation, incorporatedFrom))
  if (incorporatedTo !== undefined) wanted.push(lte(companies.date_of_creation, incorporatedTo))
  if (sic)
    wanted.push(
      sql`(${sql.join(
        sic.map((code) => sql`instr(',' || ${companies.sic_codes} || ',', ${`,${code},`}) > 0`),
        sql` OR `,
      )})`,
    )
  if (postcode) wanted.push(sql`postcode_is_wanted(${companies.postal_code})`)
  if (list !== undefined) {
    wanted.push(sql`${companies.company_number} IN (SELECT company_number FROM listed_companies WHERE list = ${list})`)
  }
  return wanted.filter((one) => one !== undefined)
}
