import { type Cell, columnsOfTable, type Row } from '../../../db/dataset/columns.ts'
import type { Page } from '../../../db/dataset/dataset.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import { safeJson } from '../../../text.ts'
import { byCompany, type Contents, type TextFile } from './writer.ts'

type Item = Record<string, unknown>

type Format = 'json' | 'ndjson'

/**
 * Companies with their officers inside, as one JSON array or as one company a line, and for a delta what is gone. Every
 * object has all columns of its table, `null` where nothing is known; `sic_codes` is an array. When there are any domains
 * or e-mails, companies have `domains` and officers have `emails`; a company has `emails` only for those that belong to
 * none of its officers. Tables that are not delivered leave no member, companies but their number.
 */
export function nestedFiles({ tables }: Contents, format: Format): TextFile[] {
  const companies = itemFile('companies', format, (page) => nestedCompanies(tables, page))
  if (!tables.includes('deletions')) return [companies]
  return [companies, itemFile('deletions', format, ({ deletions = [] }) => itemsOf('deletions', deletions))]
}

function itemFile(name: string, format: Format, items: (page: Page) => Item[]): TextFile {
  if (format === 'ndjson') {
    return {
      name: `${name}.ndjson`,
      opening: '',
      body(page) {
        const lines = items(page).map((item) => `${safeJson(item)}\n`)
        return { text: lines.join(''), rows: lines.length }
      },
      closing: '',
    }
  }
  return {
    name: `${name}.json`,
    opening: '[',
    body(page, rowsBefore) {
      const lines = items(page).map((item, index) => `${rowsBefore + index > 0 ? ',' : ''}\n${safeJson(item)}`)
      return { text: lines.join(''), rows: lines.length }
    },
    closing: '\n]\n',
  }
}

function nestedCompanies(tables: DeliveredTable[], page: Page): Item[] {
  const [hasCompanies, hasOfficers, hasDomains, hasEmails] = (
    ['companies', 'officers', 'domains', 'emails'] as const
  ).map((table) => tables.includes(table))
  const officersOf = byCompany(page.officers)
  const domainsOf = byCompany(page.domains)
  const emailsOf = byCompany(page.emails)
  return page.companies.map((row) => {
    const number: Cell = row[0] ?? null
    const company: Item = hasCompanies ? companyOf(row) : { company_number: number }
    const officers = hasOfficers ? itemsOf('officers', officersOf.get(number)) : []
    if (hasOfficers) company.officers = officers
    if (hasDomains) company.domains = itemsOf('domains', domainsOf.get(number))
    if (hasEmails) {
      const emails = itemsOf('emails', emailsOf.get(number))
      const known = new Set(officers.map(({ appointment_id }) => appointment_id))
      for (const officer of officers) {
        officer.emails = emails.filter(({ appointment_id }) => appointment_id === officer.appointment_id)
      }
      const others = emails.filter(({ appointment_id }) => !known.has(appointment_id))
      if (others.length > 0) company.emails = others
    }
    return company
  })
}

function companyOf(row: Row): Item {
  const company = itemOf('companies', row)
  company.sic_codes = typeof company.sic_codes === 'string' ? company.sic_codes.split(',').filter(Boolean) : []
  return company
}

function itemsOf(table: DeliveredTable, rows: Row[] | undefined): Item[] {
  return (rows ?? []).map((row) => itemOf(table, row))
}

function itemOf(table: DeliveredTable, row: Row): Item {
  const item: Item = {}
  columnsOfTable(table).forEach(({ name }, index) => {
    item[name] = row[index] ?? null
  })
  return item
}
