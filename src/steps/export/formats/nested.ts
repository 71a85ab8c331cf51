import { columnsOfTable, datasetTables, type Page, type Row } from '../../../db/dataset/columns.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import { jsonMembers } from './json-text.ts'
import { byCompany, type Contents, type Format, type TextFile, textShape } from './writer.ts'

type Nested = 'json' | 'ndjson'

/**
 * Companies with their officers and persons with significant control inside, as one JSON array or as one company a line, and for a delta what is gone. Every
 * object has all columns of its table, `null` where nothing is known; lists and what is JSON stand there as what they are. When there are any domains
 * or e-mails, companies have `domains` and officers have `emails`; a company has `emails` only for those that belong to
 * none of its officers. Tables that are not delivered leave no member, companies but their number.
 */
function nestedFiles({ tables }: Contents, format: Nested): TextFile[] {
  const companies = objectFile('companies', format, nestedCompanies(tables))
  if (!tables.includes('deletions')) return [companies]
  const deletion = membersOf('deletions')
  return [
    companies,
    objectFile('deletions', format, ({ deletions = [] }) => deletions.map((row) => `{${deletion(row)}}`)),
  ]
}

function objectFile(name: string, format: Nested, objects: (page: Page) => string[]): TextFile {
  if (format === 'ndjson') {
    return {
      name: `${name}.ndjson`,
      opening: '',
      body(page) {
        const lines = objects(page)
        return { text: lines.map((line) => `${line}\n`).join(''), rows: lines.length }
      },
      closing: '',
    }
  }
  return {
    name: `${name}.json`,
    opening: '[',
    body(page, rowsBefore) {
      const lines = objects(page)
      const text = lines.map((line, index) => `${rowsBefore + index > 0 ? ',' : ''}\n${line}`).join('')
      return { text, rows: lines.length }
    },
    closing: '\n]\n',
  }
}

/** A function that writes each company of a page as one object. */
function nestedCompanies(tables: DeliveredTable[]): (page: Page) => string[] {
  const [hasCompanies, hasOfficers, hasPscs, hasDomains, hasEmails] = datasetTables.map((table) =>
    tables.includes(table),
  )
  const company = hasCompanies ? membersOf('companies') : jsonMembers(columnsOfTable('companies').slice(0, 1))
  const [officer, psc, domain, email] = [
    membersOf('officers'),
    membersOf('persons_with_significant_control'),
    membersOf('domains'),
    membersOf('emails'),
  ]
  return (page) => {
    const officersOf = byCompany(page.officers)
    const pscsOf = byCompany(page.persons_with_significant_control)
    const domainsOf = byCompany(page.domains)
    const emailsOf = byCompany(page.emails)
    return page.companies.map((row) => {
      const number = row[0] ?? null
      const officers = hasOfficers ? (officersOf.get(number) ?? []) : []
      const emails = hasEmails ? (emailsOf.get(number) ?? []) : []
      let text = `{${company(row)}`
      if (hasOfficers) {
        const objects = officers.map((row) => {
          const own = hasEmails ? `,"emails":${listOf(emails.filter(isFor(row)), email)}` : ''
          return `{${officer(row)}${own}}`
        })
        text += `,"officers":[${objects.join(',')}]`
      }
      if (hasPscs) text += `,"persons_with_significant_control":${listOf(pscsOf.get(number), psc)}`
      if (hasDomains) text += `,"domains":${listOf(domainsOf.get(number), domain)}`
      const others = emails.filter((email) => !officers.some((row) => isFor(row)(email)))
      if (others.length > 0) text += `,"emails":${listOf(others, email)}`
      return `${text}}`
    })
  }
}

function membersOf(table: DeliveredTable): (row: Row) => string {
  return jsonMembers(columnsOfTable(table))
}

function listOf(rows: Row[] | undefined, members: (row: Row) => string): string {
  return `[${(rows ?? []).map((row) => `{${members(row)}}`).join(',')}]`
}

const [OFFICERS_KEY, EMAILS_KEY] = [placeOf('officers'), placeOf('emails')]

function placeOf(table: 'officers' | 'emails'): number {
  return columnsOfTable(table).findIndex(({ name }) => name === 'appointment_id')
}

/** Tells the e-mails of an officer. */
function isFor(officer: Row): (email: Row) => boolean {
  return (email) => email[EMAILS_KEY] === officer[OFFICERS_KEY]
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
