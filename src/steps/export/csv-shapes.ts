import {
  type Cell,
  type Column,
  type Dataset,
  type DatasetTable,
  datasetColumns,
  type Page,
  type Row,
} from '../../db/dataset.ts'
import { byCompany } from './by-company.ts'
import { BYTE_ORDER_MARK, csvHeader, csvLines, LINE_END } from './csv.ts'
import type { Shape } from './shape.ts'

interface CsvOptions {
  bom: boolean
  raw: boolean
}

const contactColumns: Column[] = [
  { name: 'domain', kind: 'text' },
  { name: 'email', kind: 'text' },
  { name: 'email_status', kind: 'text' },
]

/** A file per table with the table's own columns; `domains` and `emails` only when there are any. */
export function csvTables({ hasDomains, hasEmails }: Dataset, options: CsvOptions): Shape[] {
  const tables: DatasetTable[] = ['companies', 'officers']
  if (hasDomains) tables.push('domains')
  if (hasEmails) tables.push('emails')
  return tables.map((table) => {
    const columns = datasetColumns[table]
    const lines = csvLines(columns, options)
    return {
      name: `${table}.csv`,
      opening: opening(columns, options),
      body: (page) => ({ text: joined(lines(page[table])), rows: page[table].length }),
      closing: '',
    }
  })
}

/**
 * One table with a row per appointment, and one for a company without any: the company's columns, the officer's, then
 * the company's best domain and the officer's best e-mail when there are any. Every company is put into CSV only once.
 */
export function csvFlat({ hasDomains, hasEmails }: Dataset, options: CsvOptions): Shape {
  const officerColumns = datasetColumns.officers.slice(1)
  const contacts = hasDomains || hasEmails ? contactColumns : []
  const companyLines = csvLines(datasetColumns.companies, options)
  const officerLines = csvLines([...officerColumns, ...contacts], options)
  const nobody: Row = officerColumns.map(() => null)
  return {
    name: 'companies.csv',
    opening: opening([...datasetColumns.companies.map(withPrefix), ...officerColumns, ...contacts], options),
    body(page) {
      const officers = byCompany(page.officers)
      const contactOf = contacts.length > 0 ? contactFinder(page) : () => []
      const parts = page.companies.map(([number = null]) => {
        const own = officers.get(number) ?? []
        if (own.length === 0) return [nobody.concat(contactOf(number, null))]
        return own.map(([, ...officer]) => officer.concat(contactOf(number, officer[0] ?? null)))
      })
      const right = officerLines(parts.flat())
      const left = companyLines(page.companies)
      const leftOfEach = parts.flatMap((rows, index) => rows.map(() => left[index]))
      return { text: joined(right.map((line, index) => `${leftOfEach[index]},${line}`)), rows: right.length }
    },
    closing: '',
  }
}

const CONFIDENCE = place('domains', 'confidence')
const DOMAIN = place('domains', 'domain')
const APPOINTMENT = place('emails', 'appointment_id')
const EMAIL = place('emails', 'email')
const STATUS = place('emails', 'status')

/** Looks up domain, e-mail and its status for an appointment: the most confident domain, a valid e-mail before others. */
function contactFinder({ domains, emails }: Page): (company: Cell, appointment: Cell) => Row {
  const domainsOf = byCompany(domains)
  const emailsOf = byCompany(emails)
  return (company, appointment) => {
    const own = (emailsOf.get(company) ?? []).filter((row) => row[APPOINTMENT] === appointment)
    const email = own.find((row) => row[STATUS] === 'valid') ?? own[0]
    return [bestDomain(domainsOf.get(company) ?? []), email?.[EMAIL] ?? null, email?.[STATUS] ?? null]
  }
}

function bestDomain(rows: Row[]): Cell {
  const confidence = (row: Row) => Number(row[CONFIDENCE] ?? -1)
  const best = rows.toSorted((a, b) => confidence(b) - confidence(a))[0]
  return best?.[DOMAIN] ?? null
}

function place(table: DatasetTable, name: string): number {
  return datasetColumns[table].findIndex((column) => column.name === name)
}

function withPrefix({ name, kind }: Column): Column {
  return { name: name.startsWith('company_') ? name : `company_${name}`, kind }
}

function opening(columns: Column[], { bom }: CsvOptions): string {
  return `${bom ? BYTE_ORDER_MARK : ''}${csvHeader(columns.map(({ name }) => name))}${LINE_END}`
}

function joined(lines: string[]): string {
  return lines.length === 0 ? '' : lines.join(LINE_END) + LINE_END
}
