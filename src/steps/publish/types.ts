// How each type of the dictionary stands in PostgreSQL: its name there, which text it takes, and how the server writes a
// value back so that both sides can be compared.
import type { Cell } from '../../db/dataset/columns.ts'
import { type ColumnType, type DeliveredTable, dataDictionary } from '../../db/dataset/dictionary.ts'
import { NULL_CELL } from '../../db/dataset/lines.ts'
import { withoutControls, withoutHidden } from '../../text.ts'
import { canonicalJson } from './json.ts'

/** What bytes of a cell may pass unseen; everything else is read and written anew. */
export type PlainKind = 'text' | 'small' | 'integer' | 'flag' | 'day' | 'moment' | 'none'

export interface PublishedType {
  /** As DDL writes it. */
  declared: string
  /** As `format_type` tells it. */
  told: string
  plain: PlainKind
  /** The text that the server takes for a cell; null for none, and for what is no value of this type. */
  text(cell: Cell): string | null
  /** An expression for the same text, of a column given as SQL; in ISO style and UTC. */
  canonical(column: string): string
}

export interface PublishedColumn {
  name: string
  meaning: string
  isKey: boolean
  type: PublishedType
}

const asItIs = (column: string) => column

const freeText: PublishedType = {
  declared: 'text',
  told: 'text',
  plain: 'text',
  text: (cell) => (cell === null || cell === NULL_CELL ? null : withoutHidden(String(cell))),
  canonical: asItIs,
}

/** Names and codes compare byte by byte: their indexes survive a new version of the system's collations. */
const codeText: PublishedType = { ...freeText, declared: 'text COLLATE "C"' }

const identifierText: PublishedType = {
  ...codeText,
  text: (cell) => (cell === null || cell === NULL_CELL ? null : withoutControls(String(cell))),
}

function whole(declared: string, plain: PlainKind, most: number): PublishedType {
  return {
    declared,
    told: declared,
    plain,
    text(cell) {
      const written = cell === null ? '' : String(cell)
      const value = Number(written)
      return /^-?\d{1,10}$/.test(written) && value >= -most - 1 && value <= most ? String(value) : null
    },
    canonical: (column) => `${column}::text`,
  }
}

const small = whole('smallint', 'small', 32_767)
const integer = whole('integer', 'integer', 2_147_483_647)

const flag: PublishedType = {
  declared: 'boolean',
  told: 'boolean',
  plain: 'flag',
  text(cell) {
    const written = String(cell).toLowerCase()
    if (written === '1' || written === 'true') return '1'
    return written === '0' || written === 'false' ? '0' : null
  },
  canonical: (column) => `${column}::int::text`,
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/

const day: PublishedType = {
  declared: 'date',
  told: 'date',
  plain: 'day',
  text: (cell) => (isCalendarDay(String(cell)) ? String(cell) : null),
  canonical: (column) => `${column}::text`,
}

function isCalendarDay(text: string): boolean {
  const [, year = '0', month = '0', date = '0'] = DAY.exec(text) ?? []
  return isDate(Number(year), Number(month), Number(date))
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether the calendar has such a day, from the year 1 on. */
export function isDate(year: number, month: number, date: number): boolean {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0)
  return year >= 1 && date >= 1 && date <= days
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

/** Beyond them the server writes what reads as another moment, or nothing: those before Christ, and `infinity`. */
const FIRST_MOMENT = `timestamptz '0001-01-01 00:00:00+00'`
const LAST_MOMENT = `timestamptz '9999-12-31 23:59:59.999+00'`

/** Milliseconds, as chpipe keeps them. */
const moment: PublishedType = {
  declared: 'timestamptz',
  told: 'timestamp with time zone',
  plain: 'moment',
  text(cell) {
    const written = String(cell)
    const [, date] = MOMENT.exec(written) ?? []
    const time = date !== undefined && isCalendarDay(date) ? Date.parse(written) : Number.NaN
    const text = Number.isNaN(time) ? '' : new Date(time).toISOString()
    return /^\d{4}-/.test(text) && !text.startsWith('0000') ? text : null
  },
  canonical: (column) =>
    `CASE WHEN ${column} = date_trunc('milliseconds', ${column}) AND ${column} BETWEEN ${FIRST_MOMENT} AND ${LAST_MOMENT} THEN to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ELSE ${column}::text END`,
}

const json: PublishedType = {
  declared: 'jsonb',
  told: 'jsonb',
  plain: 'none',
  text: (cell) => (cell === null ? null : canonicalJson(String(cell))),
  canonical: (column) => `${column}::text`,
}

/** Every type of the dictionary; a new one is a fault of the compiler until it is here. */
const TYPES: Record<ColumnType | 'true or false' | 'JSON', PublishedType> = {
  text: freeText,
  identifier: identifierText,
  slug: codeText,
  'list of codes': codeText,
  'whole number': integer,
  'date (YYYY-MM-DD)': day,
  'timestamp (ISO 8601, UTC)': moment,
  'true or false': flag,
  JSON: json,
}

/** Whole numbers that never leave four digits. */
const SMALL = /_(month|year|day)$|^confidence$/

/** How a column of this name and type is published. */
export function publishedType(name: string, type: keyof typeof TYPES): PublishedType {
  return type === 'whole number' && SMALL.test(name) ? small : TYPES[type]
}

/** The columns of a table, in the order of the dictionary. */
export function publishedColumns(table: DeliveredTable): PublishedColumn[] {
  const { columns, key } = dataDictionary[table]
  return Object.entries(columns).map(([name, { meaning, type }]) => ({
    name,
    meaning,
    isKey: key.includes(name),
    type: publishedType(name, type),
  }))
}
