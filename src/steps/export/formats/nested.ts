import { type Column, columnsOfTable, datasetTables, type Page, type Row } from '../../../db/dataset/columns.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import { jsonMembers } from './json-text.ts'
import { addText, type TextBytes, takeBytes, textBytes } from './text-bytes.ts'
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
  const deletion = objectOf(columnsOfTable('deletions'))
  return [companies, objectFile('deletions', format, ({ deletions = [] }) => ({ rows: deletions, add: deletion }))]
}

/** Adds a row as an object; what `inside` adds are its last members. */
type AddObject = (bytes: TextBytes, row: Row, inside?: () => void) => void

/** What becomes of a page: an object for each of these rows. */
type Objects = (page: Page) => { rows: Row[]; add: AddObject }

function objectFile(name: string, format: Nested, objects: Objects): TextFile {
  const isArray = format === 'json'
  const bytes = textBytes()
  return {
    name: `${name}.${format}`,
    opening: isArray ? '[' : '',
    body(page, rowsBefore) {
      const { rows, add } = objects(page)
      rows.forEach((row, index) => {
        if (isArray) addText(bytes, rowsBefore + index > 0 ? ',\n' : '\n')
        add(bytes, row)
        if (!isArray) addText(bytes, '\n')
      })
      return { text: takeBytes(bytes), rows: rows.length }
    },
    closing: isArray ? '\n]\n' : '',
  }
}

/** A function that makes each company of a page one object. */
function nestedCompanies(tables: DeliveredTable[]): Objects {
  const [hasCompanies, hasOfficers, hasPscs, hasDomains, hasEmails] = datasetTables.map((table) =>
    tables.includes(table),
  )
  const company = objectOf(hasCompanies ? columnsOfTable('companies') : columnsOfTable('companies').slice(0, 1))
  const [officer, psc, domain, email] = [
    objectOf(columnsOfTable('officers')),
    objectOf(columnsOfTable('persons_with_significant_control')),
    objectOf(columnsOfTable('domains')),
    objectOf(columnsOfTable('emails')),
  ]
  return (page) => {
    const officersOf = byCompany(page.officers)
    const pscsOf = byCompany(page.persons_with_significant_control)
    const domainsOf = byCompany(page.domains)
    const emailsOf = byCompany(page.emails)
    const add: AddObject = (bytes, row) => {
      const number = row[0] ?? null
      const officers = hasOfficers ? (officersOf.get(number) ?? []) : []
      const emails = hasEmails ? (emailsOf.get(number) ?? []) : []
      const addOfficer: AddObject = (_, row) =>
        officer(bytes, row, () => {
          if (hasEmails) addList(bytes, 'emails', { rows: emails.filter(isFor(row)), add: email })
        })
      company(bytes, row, () => {
        if (hasOfficers) addList(bytes, 'officers', { rows: officers, add: addOfficer })
        if (hasPscs) addList(bytes, 'persons_with_significant_control', { rows: pscsOf.get(number) ?? [], add: psc })
        if (hasDomains) addList(bytes, 'domains', { rows: domainsOf.get(number) ?? [], add: domain })
        const others = emails.filter((email) => !officers.some((row) => isFor(row)(email)))
        if (others.length > 0) addList(bytes, 'emails', { rows: others, add: email })
      })
    }
    return { rows: page.companies, add }
  }
}

function objectOf(columns: Column[]): AddObject {
  const addMembers = jsonMembers(columns)
  return (bytes, row, inside) => {
    addText(bytes, '{')
    addMembers(bytes, row)
    inside?.()
    addText(bytes, '}')
  }
}

/** Adds a member behind others: a list of objects. */
function addList(bytes: TextBytes, name: string, { rows, add }: { rows: Row[]; add: AddObject }): void {
  addText(bytes, `,"${name}":[`)
  rows.forEach((row, index) => {
    if (index > 0) addText(bytes, ',')
    add(bytes, row)
  })
  addText(bytes, ']')
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
