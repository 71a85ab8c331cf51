// The library's streaming workbook, held to three things that it does not do by itself: it waits for the disk, it dates
// nothing, and what goes wrong below it ends the export.
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import ExcelJS from 'exceljs'
import type { Cell } from '../../db/dataset.ts'
import type { Output } from './output.ts'

/** The first moment that a zip file can tell; the real one would make two exports of the same data differ. */
const NO_DATE = new Date(Date.UTC(1980, 0, 1))

const SAID_OF_ITSELF = { creator: 'chpipe', lastModifiedBy: 'chpipe', created: NO_DATE, modified: NO_DATE }

export interface Workbook {
  /** Ends the sheet before it, if any. The first row stays in view; a text column takes what is typed as text. */
  beginSheet(name: string, columns: { width: number; text: boolean }[]): Promise<void>
  addRows(rows: Cell[][]): Promise<void>
  finish(): Promise<void>
  discard(): void
}

/** What the library's writer has and its types do not tell. */
interface Insides {
  zip: { append(source: unknown, data: { name: string; date?: Date }): unknown; abort(): unknown }
  _openStream(path: string): PassThrough
  addThemes(): Promise<void>
}

type Writer = InstanceType<typeof ExcelJS.stream.xlsx.WorkbookWriter> & Insides
const WorkbookWriter = ExcelJS.stream.xlsx.WorkbookWriter as unknown as new (options: object) => Writer

class SteadyWriter extends WorkbookWriter {
  /** The stream of the newest sheet. */
  sheetStream: PassThrough | undefined

  /** The first that the library adds to the zip file. Text as such would take Node's deprecated way into a buffer. */
  override addThemes(): Promise<void> {
    const append = this.zip.append.bind(this.zip)
    this.zip.append = (source, data) =>
      append(typeof source === 'string' ? Buffer.from(source) : source, { ...data, date: NO_DATE })
    return super.addThemes()
  }

  /** A stream that tells when it is full; the library's own takes everything into memory. */
  override _openStream(path: string): PassThrough {
    const stream = new PassThrough()
    const write = stream.write.bind(stream)
    const takesBuilders = (text: string | { toBuffer(): Buffer }) =>
      write(typeof text === 'string' ? text : Buffer.from(text.toBuffer()))
    Object.assign(stream, { write: takesBuilders })
    this.zip.append(stream, { name: path })
    stream.on('finish', () => stream.emit('zipped'))
    this.sheetStream = stream
    return stream
  }
}

/** Opens a workbook that is written to `output` as it grows. */
export function openWorkbook(output: Output): Workbook {
  const file = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output.write(chunk, 0).then(() => done(), done)
    },
  })
  const failed = new Promise<never>((_done, fail) => file.on('error', fail))
  // Whoever waits next hears of it; until then nobody does.
  failed.catch(() => {})
  const unlessFailed = <T>(work: Promise<T>) => Promise.race([failed, work])
  const writer = new SteadyWriter({ stream: file, useStyles: true, ...SAID_OF_ITSELF })
  let sheet: ExcelJS.Worksheet | undefined

  const settled = async () => {
    const stream = writer.sheetStream
    if (stream?.writableNeedDrain) await once(stream, 'drain')
  }
  return {
    async beginSheet(name, columns) {
      await unlessFailed(endSheet(sheet, writer.sheetStream))
      sheet = writer.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] })
      sheet.columns = columns.map(({ width, text }) => ({ width, style: text ? { numFmt: '@' } : {} }))
    },
    async addRows(rows) {
      for (const row of rows) sheet?.addRow(row).commit()
      await unlessFailed(settled())
    },
    async finish() {
      await unlessFailed(endSheet(sheet, writer.sheetStream))
      await unlessFailed(writer.commit())
    },
    discard: () => writer.zip.abort(),
  }
}

async function endSheet(sheet: ExcelJS.Worksheet | undefined, stream: PassThrough | undefined): Promise<void> {
  if (!sheet || !stream) return
  const read = once(stream, 'end')
  sheet.commit()
  await read
}
