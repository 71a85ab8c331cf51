// One table for everything: a row per appointment, and one for a company without any.
import { bestDomains } from '../../../db/dataset/best-domain.ts'
import type { Page } from '../../../db/dataset/columns.ts'
import {
  type Cell,
  type Column,
  columnsOfTable,
  type DatasetTable,
  datasetColumns,
  type Row,
} from '../../../db/dataset/columns.ts'
import { byCompany, type Contents, rowsOf } from './writer.ts'

/** The columns of a company, then those of its officer and of their contacts. */
export interface FlatTable {
  left: Column[]
  right: Column[]
  /** For each company its own cells, and those of each of its rows. */
  companies(page: Page): { left: Row; rights: Row[] }[]
}

const contactColumns: Column[] = [
  { name: 'domain', kind: 'text' },
  { name: 'email', kind: 'text' },
  { name: 'email_status', kind: 'text' },
]

/**
 * The company's columns, the officer's, then the company's best domain and the officer's best e-mail when there are any.
 * Without officers there is a row per company, with the best e-mail of all; a table that is asked for alone is as it is.
 */
export function flatTable({ tables }: Contents): FlatTable {
  const [only, ...more] = tables
  if (only && more.length === 0) {
    return {
      left: columnsOfTable(only),
      right: [],
      companies: (page) => rowsOf(page, only).map((left) => ({ left, rights: [[]] })),
    }
  }
  const has = (table: DatasetTable) => tables.includes(table)
  const companyColumns = has('companies') ? datasetColumns.companies : datasetColumns.companies.slice(0, 1)
  const officerColumns = has('officers') ? datasetColumns.officers.slice(1) : []
  const contacts = has('domains') || has('emails') ? contactColumns : []
  const nobody: Row = officerColumns.map(() => null)
  return {
    left: companyColumns.map(withPrefix),
    right: [...officerColumns, ...contacts],
    companies(page) {
      const officers = byCompany(has('officers') ? page.officers : [])
      const contactOf = contacts.length > 0 ? contactFinder(page, tables) : null
      const withContact = (cells: Row, company: Cell, appointment: Cell) =>
        contactOf ? cells.concat(contactOf(company, appointment)) : cells
      return page.companies.map((company) => {
        const [number = null] = company
        const own = officers.get(number) ?? []
        const rights =
          own.length === 0
            ? [withContact(nobody, number, null)]
            : own.map((officer) => withContact(officer.slice(1), number, officer[1] ?? null))
        return { left: company.slice(0, companyColumns.length), rights }
      })
    },
  }
}

const APPOINTMENT = place('emails', 'appointment_id')
const EMAIL = place('emails', 'email')
const STATUS = place('emails', 'status')

/** Looks up domain, e-mail and its status for an appointment: the most confident domain, a valid e-mail before others. */
function contactFinder(page: Page, tables: Contents['tables']): (company: Cell, appointment: Cell) => Row {
  const domainOf = bestDomains(tables.includes('domains') ? page.domains : [])
  const emailsOf = byCompany(tables.includes('emails') ? page.emails : [])
  const ofAnybody = !tables.includes('officers')
  return (company, appointment) => {
    const emails = emailsOf.get(company) ?? []
    const own = ofAnybody ? emails : emails.filter((row) => row[APPOINTMENT] === appointment)
    const email = own.find((row) => row[STATUS] === 'valid') ?? own[0]
    return [domainOf.get(company) ?? null, email?.[EMAIL] ?? null, email?.[STATUS] ?? null]
  }
}

function place(table: DatasetTable, name: string): number {
  return datasetColumns[table].findIndex((column) => column.name === name)
}

function withPrefix({ name, kind }: Column): Column {
  return { name: name.startsWith('company_') ? name : `company_${name}`, kind }
}
