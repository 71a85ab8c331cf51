// The statements that make the published tables. They follow from the column dictionary: types, keys, comments, and the
// indexes of the SQLite export. There are no foreign keys: rows of one publication may arrive in any order.
import { type DatasetTable, datasetTables } from '../../db/dataset/columns.ts'
import { dataDictionary } from '../../db/dataset/dictionary.ts'
import { searchedColumns } from '../../db/dataset/file.ts'
import { type PublishedColumn, publishedColumns } from './types.ts'

/** A name as SQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL writes it, whatever `standard_conforming_strings` says. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

export function qualified(schema: string, table: string): string {
  return `${quoteName(schema)}.${quoteName(table)}`
}

export function nameList(names: readonly string[]): string {
  return names.map(quoteName).join(', ')
}

function declared({ name, type, isKey }: PublishedColumn): string {
  return `${quoteName(name)} ${type.declared}${isKey ? ' NOT NULL' : ''}`
}

/** The table without its key, which is quicker to make once the rows are there. `name` is as SQL writes it. */
export function createTable(name: string, table: DatasetTable, temporary = false): string {
  const columns = publishedColumns(table).map((column) => `  ${declared(column)}`)
  const kind = temporary ? 'TEMPORARY TABLE' : 'TABLE'
  return `CREATE ${kind} ${name} (\n${columns.join(',\n')}\n)${temporary ? ' ON COMMIT DROP' : ''}`
}

export function addKey(name: string, table: DatasetTable): string {
  return `ALTER TABLE ${name} ADD PRIMARY KEY (${nameList(dataDictionary[table].key)})`
}

export function createIndexes(schema: string, table: DatasetTable): string[] {
  return searchedColumns[table].map(
    (column) =>
      `CREATE INDEX ${quoteName(`${table}_by_${column}`)} ON ${qualified(schema, table)} (${quoteName(column)})`,
  )
}

export function tableComments(schema: string, table: DatasetTable): string[] {
  const name = qualified(schema, table)
  return [
    `COMMENT ON TABLE ${name} IS ${quoteText(dataDictionary[table].row)}`,
    ...columnComments(schema, table, publishedColumns(table)),
  ]
}

function columnComments(schema: string, table: DatasetTable, columns: readonly PublishedColumn[]): string[] {
  return columns.map(
    ({ name, meaning }) =>
      `COMMENT ON COLUMN ${qualified(schema, table)}.${quoteName(name)} IS ${quoteText(meaning.replaceAll('`', ''))}`,
  )
}

/** What a table that exists lacks of these columns. */
export function addColumns(schema: string, table: DatasetTable, missing: readonly string[]): string[] {
  const columns = publishedColumns(table).filter(({ name }) => missing.includes(name))
  if (columns.length === 0) return []
  const added = columns.map((column) => `ADD COLUMN ${quoteName(column.name)} ${column.type.declared}`)
  return [`ALTER TABLE ${qualified(schema, table)} ${added.join(', ')}`, ...columnComments(schema, table, columns)]
}

export const PUBLICATION = 'chpipe_publication'

/** One row: which publication the tables hold. */
const PUBLICATION_COLUMNS: Record<string, [type: string, meaning: string]> = {
  only_row: ['boolean PRIMARY KEY DEFAULT true CHECK (only_row)', 'There is one row'],
  publication: ['text NOT NULL', 'Names this publication; every one has another name'],
  source_id: ['text NOT NULL', 'Names the database of chpipe that publishes here'],
  generation: ['text NOT NULL', 'Its place among all changes of that database: the next publication counts from here'],
  as_of: ['timestamptz NOT NULL', 'The moment of the data'],
  published_at: ['timestamptz NOT NULL', 'When the publication was committed, by the clock of this server'],
  filters: ['jsonb NOT NULL', 'Which companies and tables are published'],
  schema_version: ['integer NOT NULL', 'The version of the schema of that database'],
  columns: ['jsonb NOT NULL', 'The published columns of each table'],
  counts: ['jsonb NOT NULL', 'The rows of each table'],
}

export const publicationColumns: readonly string[] = Object.keys(PUBLICATION_COLUMNS)

export function createPublication(schema: string): string[] {
  const name = qualified(schema, PUBLICATION)
  const columns = Object.entries(PUBLICATION_COLUMNS)
  return [
    `CREATE TABLE ${name} (\n${columns.map(([column, [type]]) => `  ${column} ${type}`).join(',\n')}\n)`,
    `COMMENT ON TABLE ${name} IS 'What chpipe has published in this schema.'`,
    ...columns.map(([column, [, meaning]]) => `COMMENT ON COLUMN ${name}.${column} IS ${quoteText(meaning)}`),
  ]
}

/** All statements of a first publication, but for the rows. */
export function printedSql(schema: string, tables: readonly DatasetTable[] = datasetTables): string {
  const statements = [
    `CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`,
    ...tables.flatMap((table) => [
      createTable(qualified(schema, table), table),
      addKey(qualified(schema, table), table),
      ...createIndexes(schema, table),
      ...tableComments(schema, table),
    ]),
    ...createPublication(schema),
  ]
  return `${statements.join(';\n')};\n`
}
