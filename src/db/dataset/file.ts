// A database of its own for a customer: the public tables, nothing else of chpipe's. The same rows always give the same
// bytes.

import { rmSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { ChpipeError } from '../../errors.ts'
import { withoutControls, withoutHidden } from '../../text.ts'
import { storageGuard } from '../storage-error.ts'
import { type Cell, type Column, columnsOfTable, type Row } from './columns.ts'
import type { DeliveredTable } from './dictionary.ts'

/** `CHDS` in the header of the file: not chpipe's own mark, so that chpipe never takes it for its database. */
const APPLICATION_ID = 0x43484453

const KEYS: Record<DeliveredTable, string[]> = {
  companies: ['company_number'],
  officers: ['company_number', 'appointment_id'],
  persons_with_significant_control: ['company_number', 'psc_id'],
  domains: ['company_number', 'domain'],
  emails: ['company_number', 'appointment_id', 'email'],
  deletions: ['table', 'company_number', 'key'],
}

/** What a customer looks for, beside the keys. */
export const searchedColumns: Record<DeliveredTable, string[]> = {
  companies: ['company_name', 'date_of_creation', 'postal_code'],
  officers: ['officer_id', 'surname'],
  persons_with_significant_control: ['surname'],
  domains: ['domain'],
  emails: ['email'],
  deletions: [],
}

/**
 * Written only once, and thrown away when it fails: neither the disk need be waited for, nor a journal be kept there. The
 * driver lets nobody do without one.
 */
const WRITING = ['journal_mode = MEMORY', 'synchronous = OFF', 'locking_mode = EXCLUSIVE', 'foreign_keys = OFF']

/** Where the rows lie, beside the file, until they are packed into it. */
const UNPACKED = '-unpacked'

export interface DatasetFile {
  /** Adds the rows of a page; free text is cleaned of control characters. */
  add(table: DeliveredTable, rows: Row[]): void
  /** Adds the indexes, packs and checks the file, and closes it. */
  finish(): void
  close(): void
}

export interface DatasetFileOptions {
  tables: DeliveredTable[]
  schemaVersion: number
  /** What errors call the file, which lies under a temporary name. */
  name: string
}

/**
 * Begins a database for the empty file at `path`; who gives it up removes what lies beside that, too. Everything throws `data`
 * when it cannot be written.
 */
export function createDatasetFile(path: string, { tables, schemaVersion, name }: DatasetFileOptions): DatasetFile {
  const guarded = storageGuard(name)
  const unpacked = path + UNPACKED
  const client = guarded(() => openPrivate(unpacked))
  guarded(() => {
    for (const pragma of WRITING) client.pragma(pragma)
    client.pragma(`application_id = ${APPLICATION_ID}`)
    client.pragma(`user_version = ${schemaVersion}`)
    for (const table of tables) client.exec(createTable(table, tables))
  })
  const inserts = new Map(tables.map((table) => [table, client.prepare(insertInto(table))]))
  const addAll = client.transaction((table: DeliveredTable, rows: Row[]) => {
    const kinds = columnsOfTable(table).map(({ kind }) => kind)
    for (const row of rows) inserts.get(table)?.run(row.map((cell, index) => clean(cell, kinds[index])))
  })
  return {
    add: (table, rows) => guarded(() => addAll(table, rows)),
    finish: () =>
      guarded(() => {
        for (const table of tables) for (const column of searchedColumns[table]) client.exec(createIndex(table, column))
        // Packed in its place, it would be written three times more.
        client.prepare('VACUUM INTO ?').run(path)
        client.close()
        rmSync(unpacked)
        refuseDamage(path, name)
      }),
    close: () => client.close(),
  }
}

/** A new database that nobody else may read. */
function openPrivate(path: string): Database.Database {
  writeFileSync(path, '', { mode: 0o600, flag: 'wx' })
  return new Database(path)
}

function createTable(table: DeliveredTable, tables: DeliveredTable[]): string {
  const key = KEYS[table]
  const columns = columnsOfTable(table).map(
    ({ name, kind }) =>
      `  "${name}" ${kind === 'number' || kind === 'truth' ? 'INTEGER' : 'TEXT'}${key.includes(name) ? ' NOT NULL' : ''}`,
  )
  const primary = `  PRIMARY KEY (${key.map((name) => `"${name}"`).join(', ')})`
  const owner = '  FOREIGN KEY (company_number) REFERENCES companies (company_number)'
  const isOwned = tables.includes('companies') && table !== 'companies' && table !== 'deletions'
  return `CREATE TABLE ${table} (\n${[...columns, primary, ...(isOwned ? [owner] : [])].join(',\n')}\n)`
}

function insertInto(table: DeliveredTable): string {
  return `INSERT INTO ${table} VALUES (${columnsOfTable(table)
    .map(() => '?')
    .join(', ')})`
}

function createIndex(table: DeliveredTable, column: string): string {
  return `CREATE INDEX ${table}_by_${column} ON ${table} (${column})`
}

function clean(cell: Cell, kind: Column['kind'] | undefined): Cell {
  if (typeof cell !== 'string') return cell
  return kind === 'id' || kind === 'date' ? withoutControls(cell) : withoutHidden(cell)
}

function refuseDamage(path: string, name: string): void {
  const client = new Database(path, { readonly: true })
  try {
    if (client.pragma('integrity_check', { simple: true }) === 'ok') return
  } finally {
    client.close()
  }
  throw new ChpipeError('data', `The disk did not keep what was written: ${name}`, {
    hint: 'check the disk, then export again',
  })
}
