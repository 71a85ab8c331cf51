import { once } from 'node:events'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import type { Cell, Column, Page, Row } from '../../../db/dataset/columns.ts'
import type { DeliveredTable } from '../../../db/dataset/dictionary.ts'
import type { Output } from './output.ts'

/** One format of a delivery. Facts are plain data; a heavy package is loaded inside `open` or `count`, not before. */
export interface Format<Name extends string = string> {
  /** What `--format` calls it, and the ending of its files: small letters only. */
  name: Name
  /** Its bytes are text: they may go to stdout, and `gzip` compresses them. */
  isText: boolean
  /** Its bytes are compressed already, so that a zip stores them as they are. */
  isPacked: boolean
  /** What its parts are called when one file holds all tables without loss; null when a delta needs a folder. */
  container: 'tables' | 'sheets' | null
  /** Companies hold the rows of the other tables inside. */
  isNested: boolean
  /** The options that it takes beside `gzip`. */
  takes: readonly FormatOption[]
  /** The files of a delivery: to a folder, or to one file. */
  open(contents: Contents, options: FormatOptions, folder: boolean): Writer[] | Promise<Writer[]>
  /** The rows of a file as the format counts them, without trusting anybody. Throws when the file is damaged. */
  count(file: DeliveredFile): Promise<number>
}

export type FormatOption = 'bom' | 'raw'

export interface FormatOptions {
  /** Begin with a byte order mark. */
  bom: boolean
  /** Leave formulas as they are. */
  raw: boolean
  /** Compress the files of a text format. */
  gzip: boolean
}

/** A file as it was delivered, wherever it lies. */
export interface DeliveredFile {
  /** Its bytes, unpacked where it is compressed; breaks off with an error when they are damaged. */
  bytes(): AsyncIterable<Buffer>
  /** Calls `body` with a path at which it can be opened. */
  withPath<T>(body: (path: string) => T | Promise<T>): Promise<T>
}

/** One file of a delivery, before it is opened. */
export interface Writer {
  /** The file's name in a delivery folder. */
  name: string
  /** Sees every page before any file is opened; throws `data` when the format cannot hold it. */
  plan?: (page: Page) => void
  open(output: Output): Writing | Promise<Writing>
}

/** One file of a delivery as it grows. */
export interface Writing {
  /** How often it must see all pages. */
  passes: number
  /** Takes what a page adds in this pass, counted from 0. */
  add(page: Page, pass: number): Promise<void>
  end(): Promise<void>
  /** Lets go of whatever is open, when the export failed. */
  discard(): void
}

/** What a writer must know of the dataset. */
export interface Contents {
  schemaVersion: number
  tables: DeliveredTable[]
}

/** The rows of a table on a page. */
export function rowsOf(page: Page, table: DeliveredTable): Page['companies'] {
  return page[table] ?? []
}

/** Whether a cell of this column is a calendar day; the other dates are moments. */
export function isDay({ name, kind }: Column): boolean {
  return kind === 'date' && !name.endsWith('_at')
}

/** The text of one file as it grows: the opening, then what each page adds, then the closing. */
export interface TextFile {
  /** The file's name in a delivery folder. */
  name: string
  opening: string
  /** What a page adds, whose bytes hold until the next but one is asked; `rowsBefore` counts the rows of earlier pages. */
  body(page: Page, rowsBefore: number): { text: string | Uint8Array; rows: number }
  closing: string
}

/** The writer of a text file, compressed when `gzip` is set. The text of a page is made while that before it is written. */
export function textShape({ name, opening, body, closing }: TextFile, gzip: boolean): Writer {
  return {
    name: gzip ? `${name}.gz` : name,
    async open(output) {
      const compressed = gzip ? gzipped(output) : null
      const target = compressed ?? output
      let rowsBefore = 0
      let written = target.write(opening, 0)
      const pass = async (text: string | Uint8Array, rows: number) => {
        await written
        written = target.write(text, rows)
        // Whoever waits for it next is told; nobody may, where another file failed first.
        written.catch(() => {})
      }
      await written
      return {
        passes: 1,
        async add(page) {
          const { text, rows } = body(page, rowsBefore)
          rowsBefore += rows
          await pass(text, rows)
        },
        async end() {
          await pass(closing, 0)
          await written
          await compressed?.end()
        },
        discard() {},
      }
    },
  }
}

/**
 * Compresses what is written to it into `output`. The header has neither a time nor a name, so the same text always
 * gives the same bytes.
 */
function gzipped(output: Output): Pick<Output, 'write'> & { end(): Promise<void> } {
  const gzip = createGzip()
  let ready: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => ready.push(chunk))
  const passOn = async (rows: number) => {
    const chunk = Buffer.concat(ready)
    ready = []
    await output.write(chunk, rows)
  }
  return {
    async write(data, rows) {
      if (data.length > 0) await new Promise<void>((done) => gzip.write(data, () => done()))
      await passOn(rows)
    },
    async end() {
      const ended = once(gzip, 'end')
      gzip.end()
      await ended
      await passOn(0)
    },
  }
}

/** Rows of one table grouped by their first cell, the company number, in the order in which they come. */
export function byCompany(rows: Row[]): Map<Cell, Row[]> {
  const groups = new Map<Cell, Row[]>()
  for (const row of rows) {
    const number = row[0] ?? null
    const group = groups.get(number)
    if (group) group.push(row)
    else groups.set(number, [row])
  }
  return groups
}

/** How many bytes of text may come out of one compressed byte; deflate itself ends at about 1,030. */
const MOST_EXPANSION = 200
const FREE_EXPANSION = 1 << 20

/** Unpacks gzip. Breaks off when the bytes are damaged, or unpack into far more than `packedBytes`. */
export async function* unpacked(packed: AsyncIterable<Buffer>, packedBytes: number): AsyncGenerator<Buffer> {
  const source = Readable.from(packed, { objectMode: false })
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  yield* bounded(source.pipe(gunzip), packedBytes)
}

/** The chunks, up to far more than `packedBytes`; then it throws. */
export async function* bounded(chunks: AsyncIterable<Buffer>, packedBytes: number): AsyncGenerator<Buffer> {
  let room = packedBytes * MOST_EXPANSION + FREE_EXPANSION
  for await (const chunk of chunks) {
    room -= chunk.length
    if (room < 0) throw new Error('it unpacks into far more than its size')
    yield chunk
  }
}
