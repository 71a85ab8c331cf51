import { type Cell, type Dataset, type DatasetTable, datasetColumns, type Page, type Row } from '../../db/dataset.ts'
import { safeJson } from '../../text.ts'
import { byCompany } from './by-company.ts'
import type { Shape } from './shape.ts'

type Item = Record<string, unknown>

/**
 * Companies with their officers inside, as one JSON array or as one company a line. Every object has all columns of its
 * table, `null` where nothing is known; `sic_codes` is an array. When there are any domains or e-mails, companies have
 * `domains` and officers have `emails`; a company has `emails` only for those that belong to none of its officers.
 */
export function nested(dataset: Dataset, format: 'json' | 'ndjson'): Shape {
  const line = (company: Item) => safeJson(company)
  if (format === 'ndjson') {
    return {
      name: 'companies.ndjson',
      opening: '',
      body: (page) => ({
        text: nestedCompanies(dataset, page)
          .map((company) => `${line(company)}\n`)
          .join(''),
        rows: page.companies.length,
      }),
      closing: '',
    }
  }
  return {
    name: 'companies.json',
    opening: '[',
    body: (page, rowsBefore) => ({
      text: nestedCompanies(dataset, page)
        .map((company, index) => `${rowsBefore + index > 0 ? ',' : ''}\n${line(company)}`)
        .join(''),
      rows: page.companies.length,
    }),
    closing: '\n]\n',
  }
}

function nestedCompanies({ hasDomains, hasEmails }: Dataset, page: Page): Item[] {
  const officersOf = byCompany(page.officers)
  const domainsOf = byCompany(page.domains)
  const emailsOf = byCompany(page.emails)
  const items = (table: DatasetTable, rows: Row[] | undefined) => (rows ?? []).map((row) => itemOf(table, row))
  return page.companies.map((row) => {
    const number: Cell = row[0] ?? null
    const company = itemOf('companies', row)
    company.sic_codes = typeof company.sic_codes === 'string' ? company.sic_codes.split(',').filter(Boolean) : []
    const officers = items('officers', officersOf.get(number))
    company.officers = officers
    if (hasDomains) company.domains = items('domains', domainsOf.get(number))
    if (hasEmails) {
      const emails = items('emails', emailsOf.get(number))
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

function itemOf(table: DatasetTable, row: Row): Item {
  const item: Item = {}
  datasetColumns[table].forEach(({ name }, index) => {
    item[name] = row[index] ?? null
  })
  return item
}
