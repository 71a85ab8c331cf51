// Persons with significant control as they are stored.
import { getTableColumns } from 'drizzle-orm'
import { persons_with_significant_control } from '../schema.ts'

export type PscRow = typeof persons_with_significant_control.$inferSelect

const ORIGIN = ['source', 'fetched_at', 'run_id', 'stream_timepoint'] as const
const KEY = ['company_number', 'psc_id'] as const

/** What the register says in one record. */
export type PscFiled = Omit<PscRow, (typeof ORIGIN)[number] | (typeof KEY)[number]>

/** A record of a company, without where it came from. */
export type PscFacts = Omit<PscRow, (typeof ORIGIN)[number]>

const columns = Object.keys(getTableColumns(persons_with_significant_control))
const isKey = (name: string) => KEY.some((key) => key === name)
const isOrigin = (name: string) => ORIGIN.some((origin) => origin === name)

/** The columns that hold what the register says. */
export const PSC_FILED = columns.filter((name) => !isKey(name) && !isOrigin(name)) as (keyof PscFiled)[]

/** The same behind the key. */
export const PSC_FACTS = [...KEY, ...PSC_FILED] as (keyof PscFacts)[]
