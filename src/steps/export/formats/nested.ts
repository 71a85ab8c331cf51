import type { Page } from '../../../db/dataset/columns.ts'
import {
  type Cell,
  columnsOfTable,
  datasetTables,
  type Item,
  itemOfRow,
  type Row,
} from '../../../db/dataset/columns.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import { safeJson } from '../../../text.ts'
import { byCompany, type Contents, type Format, type TextFile, textShape } from './writer.ts'

type Nested = 'json' | 'ndjson'

/**
 * Companies with their officers and persons with significant control inside, as one JSON array or as one company a line, and for a delta what is gone. Every
 * object has all columns of its table, `null` where nothing is known; lists and what is JSON stand there as what they are. When there are any domains
 * or e-mails, companies have `domains` and officers have `emails`; a company has `emails` only for those that belong to
 * none of its officers. Tables that are not delivered leave no member, companies but their number.
 */
function nestedFiles({ tables }: Contents, format: Nested): TextFile[] {
  const companies = itemFile('companies', format, (page) => nestedCompanies(tables, page))
  if (!tables.includes('deletions')) return [companies]
  return [companies, itemFile('deletions', format, ({ deletions = [] }) => itemsOf('deletions', deletions))]
}

function itemFile(name: string, format: Nested, items: (page: Page) => Item[]): TextFile {
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
  const [hasCompanies, hasOfficers, hasPscs, hasDomains, hasEmails] = datasetTables.map((table) =>
    tables.includes(table),
  )
  const officersOf = byCompany(page.officers)
  const pscsOf = byCompany(page.persons_with_significant_control)
  const domainsOf = byCompany(page.domains)
  const emailsOf = byCompany(page.emails)
  return page.companies.map((row) => {
    const number: Cell = row[0] ?? null
    const company: Item = hasCompanies ? itemOfRow(columnsOfTable('companies'), row) : { company_number: number }
    const officers = hasOfficers ? itemsOf('officers', officersOf.get(number)) : []
    if (hasOfficers) company.officers = officers
    if (hasPscs) {
      company.persons_with_significant_control = itemsOf('persons_with_significant_control', pscsOf.get(number))
    }
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

function itemsOf(table: DeliveredTable, rows: Row[] | undefined): Item[] {
  const columns = columnsOfTable(table)
  return (rows ?? []).map((row) => itemOfRow(columns, row))
}

const [LF, CR, QUOTE, BACKSLASH] = [0x0a, 0x0d, 0x22, 0x5c]
const [BLANK, TAB] = [0x20, 0x09]
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf])

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === LF || byte === CR || byte === TAB
}

/** Lines that are not blank. */
export async function countLines(bytes: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? LF
      if (byte === LF) begun = false
      else if (!begun && !isBlank(byte)) {
        begun = true
        lines += 1
      }
    }
  }
  return lines
}

/** Elements of a JSON array. Throws for text that is no array, or one that does not end. */
export async function countJson(bytes: AsyncIterable<Buffer>): Promise<number> {
  const array = arrayCounter()
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) array.take(chunk[at] ?? BLANK)
  }
  const elements = array.elements()
  if (elements === null) throw new Error('it is no JSON array, or one that breaks off')
  return elements
}

const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, COMMA] = [0x5b, 0x5d, 0x7b, 0x7d, 0x2c]

function arrayCounter(): { take(byte: number): void; elements(): number | null } {
  let depth = 0
  let inText = false
  let escaped = false
  let isArray = true
  let closed = false
  let commas = 0
  let something = false
  const inside = (byte: number) => {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) inText = false
  }
  const begin = (byte: number) => {
    if (closed || byte !== OPEN_ARRAY) isArray = false
    else depth = 1
  }
  const outside = (byte: number) => {
    if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
    else if (byte === COMMA && depth === 1) commas += 1
    else {
      something = true
      if (byte === QUOTE) inText = true
      if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    }
    if (depth === 0) closed = true
  }
  return {
    take(byte) {
      if (inText) inside(byte)
      else if (isBlank(byte) || (depth === 0 && BYTE_ORDER_MARK.has(byte))) return
      else if (depth === 0) begin(byte)
      else outside(byte)
    },
    elements: () => (isArray && closed ? (something ? commas + 1 : 0) : null),
  }
}

function nestedFormat<Name extends Nested>(name: Name, count: Format['count']): Format<Name> {
  return {
    name,
    isText: true,
    isPacked: false,
    container: null,
    isNested: true,
    takes: [],
    open: (contents, { gzip }) => nestedFiles(contents, name).map((file) => textShape(file, gzip)),
    count,
  }
}

export const ndjson = nestedFormat('ndjson', (file) => countLines(file.bytes()))
export const json = nestedFormat('json', (file) => countJson(file.bytes()))
