// `contacts.csv` of a package: whom the customer can write to, a row for each person, put together from the pages that are
// written. So it agrees with the other files, and whoever is suppressed is not in it.
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Column, columnsOf, type Page, type Row } from '../../db/dataset/columns.ts'
import { chpipe, companyNumber, NEW, officer, profile, SNOV } from '../../db/dataset/dictionary/entry.ts'
import type { TableEntry } from '../../db/dataset/dictionary.ts'
import { sha256OfFile } from '../../files.ts'
import { byteOrderMark, csvHeader, csvLines, LINE_END } from './formats/csv.ts'
import type { FileEntry } from './formats/output.ts'
import { byCompany, type FormatOptions } from './formats/writer.ts'
import { companyStatuses, isActive } from './report/count.ts'
import { slugLabel } from './report/figures.ts'
import { cellReader, textOf } from './report/tally.ts'

export const CONTACTS = 'contacts.csv'

/** Described as the tables are, though it is none: it follows from them. */
export const contactsEntry: TableEntry = {
  row: 'One person who holds an office at a company and has an e-mail address there.',
  key: ['company_number', 'name', 'email'],
  columns: {
    ...companyNumber(chpipe),
    company_name: profile.text('Name of the company', NEW),
    role: chpipe.text(
      'Offices that the person holds at the company, in words; several are separated by semicolons',
      NEW,
    ),
    name: officer.text('Name of the person as filed; personal data', NEW),
    forenames: chpipe.text('Forenames, from the name as filed', {}),
    surname: chpipe.text('Surname, from the name as filed', {}),
    email: chpipe.text('The address that is surest; all of them are in the emails', NEW),
    status: chpipe.text('`valid` when the mail server confirmed it, `unknown` when it would not say', {}),
    how_sure: chpipe.text('The same in words, with the reason where one is known', {}),
    domain_confidence: chpipe.whole(
      `How well the domain of the address fits the company, 0 to 100, by what ${SNOV} named`,
      {},
    ),
    appointment_id: chpipe.id('The appointment, as in the officers', NEW),
  },
}

export interface ContactsFile {
  add(page: Page): void
  /** Ends the file; null when nobody can be reached, and there is no file then. */
  end(): Promise<FileEntry | null>
  [Symbol.dispose](): void
}

/** Opens `contacts.csv` in a folder; it comes to be with its first row. */
export function openContacts(folder: string, options: FormatOptions, signal: AbortSignal): ContactsFile {
  const columns: Column[] = columnsOf(contactsEntry)
  const lines = csvLines(columns, options)
  const contactsOf = contactsReader()
  const path = join(folder, CONTACTS)
  let file: number | null = null
  let [rows, bytes] = [0, 0]
  const write = (text: string) => {
    file ??= openSync(path, 'wx', 0o600)
    const data = Buffer.from(text)
    for (let done = 0; done < data.length; ) done += writeSync(file, data, done)
    bytes += data.length
  }
  const close = () => {
    if (file !== null) closeSync(file)
    file = null
  }
  return {
    add(page) {
      const found = contactsOf(page)
      if (found.length === 0) return
      const opening = `${options.bom ? byteOrderMark : ''}${csvHeader(columns.map(({ name }) => name))}${LINE_END}`
      write(
        (rows === 0 ? opening : '') +
          lines(found)
            .map((line) => `${line}${LINE_END}`)
            .join(''),
      )
      rows += found.length
    },
    async end() {
      close()
      return rows === 0 ? null : { name: CONTACTS, rows, bytes, sha256: await sha256OfFile(path, signal) }
    },
    [Symbol.dispose]: close,
  }
}

interface Address {
  email: string
  status: string | null
  reason: string | null
}

/** A function that finds the rows of a page, in the order of its companies and officers. */
function contactsReader(): (page: Page) => Row[] {
  const [company, officer] = [cellReader('companies'), cellReader('officers')]
  return (page) => {
    const addresses = bestAddresses(page.emails)
    const confidenceOf = domainConfidences(page.domains)
    const officersOf = byCompany(page.officers)
    const statusOf = companyStatuses(page.companies)
    return page.companies.flatMap((row) => {
      const number = String(row[0])
      const people = new Map<string, { cells: Row; roles: Set<string> }>()
      for (const one of officersOf.get(row[0] ?? null) ?? []) {
        const appointment = String(officer(one, 'appointment_id'))
        const found = addresses.get(`${number}/${appointment}`)
        if (!found || !isActive(officer, one, statusOf)) continue
        const text = (name: string) => textOf(officer(one, name))
        const role = slugLabel(text('officer_role') ?? '')
        const key = `${found.email}\n${text('name')?.toLowerCase()}`
        const known = people.get(key)
        known?.roles.add(role)
        if (known) continue
        const name = [text('name'), text('forenames'), text('surname')]
        const confidence = confidenceOf.get(`${number}/${found.email.split('@').at(-1)}`) ?? null
        const cells = [...name, found.email, found.status, howSure(found), confidence, appointment]
        people.set(key, { cells, roles: new Set([role]) })
      }
      const name = textOf(company(row, 'company_name'))
      return [...people.values()].map(({ cells, roles }) => [number, name, [...roles].join('; '), ...cells])
    })
  }
}

/** The surest address of each appointment: a confirmed one first, then by the alphabet. */
function bestAddresses(rows: Row[]): Map<string, Address> {
  const cell = cellReader('emails')
  const best = new Map<string, Address>()
  for (const row of rows) {
    const key = `${row[0]}/${cell(row, 'appointment_id')}`
    const one = {
      email: String(cell(row, 'email')),
      status: textOf(cell(row, 'status')),
      reason: textOf(cell(row, 'status_reason')),
    }
    const other = best.get(key)
    if (!other || isSurer(one, other)) best.set(key, one)
  }
  return best
}

function isSurer(one: Address, other: Address): boolean {
  const [first, second] = [one.status === 'valid', other.status === 'valid']
  return first === second ? one.email < other.email : first
}

function domainConfidences(rows: Row[]): Map<string, number> {
  const cell = cellReader('domains')
  const entries = rows.flatMap((row): [string, number][] => {
    const confidence = cell(row, 'confidence') ?? null
    return confidence === null ? [] : [[`${row[0]}/${cell(row, 'domain')}`, Number(confidence)]]
  })
  return new Map(entries)
}

function howSure({ status, reason }: Address): string {
  if (status === 'valid') return 'Confirmed by the mail server'
  if (reason === 'catchall') return 'Not confirmed: the server takes mail for every name'
  return reason === null ? 'Not confirmed' : `Not confirmed: ${slugLabel(reason.replaceAll('_', '-')).toLowerCase()}`
}
