// A streaming writer for the little of the workbook format (ECMA-376) that a delivery needs: sheets of typed cells below
// a bold header that stays in view and filters. Text stands inside its cell, so nothing is collected until the end.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { ZipFile } from 'yazl'
import { DAY_MS } from '../../../clock.ts'
import type { Cell } from '../../../db/dataset/columns.ts'
import type { Output } from './output.ts'

/** `day` is a calendar day as `YYYY-MM-DD`, `moment` is ISO 8601 in UTC, `truth` is 1 or 0; what is neither stays text. */
export type SheetKind = 'text' | 'number' | 'truth' | 'day' | 'moment'

export interface SheetColumn {
  name: string
  /** In characters of the standard font. */
  width: number
  kind: SheetKind
}

export interface Workbook {
  /** Ends the sheet before it, if any, and writes the header of the next one. */
  beginSheet(name: string, columns: SheetColumn[]): Promise<void>
  /** Waits while the disk is slow. */
  addRows(rows: Cell[][]): Promise<void>
  finish(): Promise<void>
  discard(): void
}

/** Indexes into `cellXfs` of the style sheet below. */
const STYLES: Record<SheetKind | 'header', number> = { number: 0, truth: 0, text: 1, day: 2, moment: 3, header: 4 }

/** A fixed date in the local form that zip files use, so that the same data gives the same bytes in every time zone. */
const NO_DATE = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100600 }

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const CONTENT = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Opens a workbook that is written to `output` as it grows. What goes wrong with `output` rejects the next call. */
export function openWorkbook(output: Output): Workbook {
  const zip = new ZipFile()
  const names: string[] = []
  let sheet: Sheet | undefined
  let failure: { error: unknown } | undefined
  const written = pass(zip.outputStream, output)
  const failed = written.then(
    () => new Promise<never>(() => {}),
    (error) => {
      failure = { error }
      throw error
    },
  )
  // Whoever waits next hears of it; until then nobody does.
  failed.catch(() => {})
  const unlessFailed = async <T>(work: Promise<T>): Promise<T> => {
    if (failure) throw failure.error
    return await Promise.race([failed, work])
  }
  const endSheet = async () => {
    if (sheet) await unlessFailed(sheet.end())
  }
  return {
    async beginSheet(name, columns) {
      await endSheet()
      names.push(name)
      const stream = new PassThrough()
      zip.addReadStream(stream, `xl/worksheets/sheet${names.length}.xml`, NO_DATE)
      sheet = openSheet(stream, columns, names.length === 1)
    },
    async addRows(rows) {
      if (sheet) await unlessFailed(sheet.add(rows))
    },
    async finish() {
      await endSheet()
      for (const [path, text] of Object.entries(partsOf(names))) zip.addBuffer(Buffer.from(XML + text), path, NO_DATE)
      zip.end()
      await unlessFailed(written)
    },
    discard() {
      sheet?.discard()
      ;(zip.outputStream as PassThrough).destroy()
    },
  }
}

async function pass(stream: NodeJS.ReadableStream, output: Output): Promise<void> {
  for await (const chunk of stream) await output.write(chunk as Buffer, 0)
}

interface Sheet {
  add(rows: Cell[][]): Promise<void>
  /** Resolves when the whole sheet is in the zip file. */
  end(): Promise<void>
  discard(): void
}

function openSheet(stream: PassThrough, columns: SheetColumn[], selected: boolean): Sheet {
  const letters = columns.map((_column, index) => columnLetters(index))
  const cells = columns.map(({ kind }, index) => cellWriter(letters[index] ?? '', kind))
  let count = 1
  const header = columns.map(({ name }, index) => textCell(`${letters[index]}1`, name, STYLES.header)).join('')
  stream.write(`${XML}${sheetHead(columns, selected)}<row r="1">${header}</row>`)
  return {
    async add(rows) {
      let text = ''
      for (const row of rows) {
        count += 1
        text += `<row r="${count}">`
        row.forEach((cell, index) => {
          if (cell !== null) text += cells[index]?.(cell, count) ?? ''
        })
        text += '</row>'
      }
      if (!stream.write(text)) await once(stream, 'drain')
    },
    async end() {
      const read = once(stream, 'end')
      stream.end(`</sheetData><autoFilter ref="A1:${letters.at(-1)}${count}"/></worksheet>`)
      await read
    },
    discard: () => stream.destroy(),
  }
}

function sheetHead(columns: SheetColumn[], selected: boolean): string {
  const cols = columns.map(({ width, kind }, index) => {
    const at = index + 1
    return `<col min="${at}" max="${at}" width="${width}" style="${STYLES[kind]}" customWidth="1"/>`
  })
  const pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
  const view = `<sheetView ${selected ? 'tabSelected="1" ' : ''}workbookViewId="0">${pane}</sheetView>`
  return `<worksheet ${MAIN}><sheetViews>${view}</sheetViews><cols>${cols.join('')}</cols><sheetData>`
}

type CellWriter = (cell: string | number, row: number) => string

function cellWriter(letters: string, kind: SheetKind): CellWriter {
  const text: CellWriter = (cell, row) => textCell(letters + row, String(cell), STYLES.text)
  const number = (row: number, value: number) => `<c r="${letters}${row}" s="${STYLES[kind]}"><v>${value}</v></c>`
  if (kind === 'text') return text
  const truth = (row: number, value: number) => `<c r="${letters}${row}" s="${STYLES[kind]}" t="b"><v>${value}</v></c>`
  if (kind === 'truth') return (cell, row) => (cell === 0 || cell === 1 ? truth(row, cell) : text(cell, row))
  if (kind === 'number') return (cell, row) => (typeof cell === 'number' ? number(row, cell) : text(cell, row))
  return (cell, row) => {
    const serial = serialOf(String(cell), kind)
    return serial === null ? text(cell, row) : number(row, serial)
  }
}

/** 1 January 1970, counted as workbooks count days. */
const EPOCH_SERIAL = 25_569

/** Workbooks count a 29 February 1900 that never was, so that the days before 1 March 1900 are not the same everywhere. */
const FIRST_SURE_SERIAL = 61

/** The day number of a date that exists, or null. */
function serialOf(text: string, kind: 'day' | 'moment'): number | null {
  const time = Date.parse(text)
  if (Number.isNaN(time)) return null
  const iso = new Date(time).toISOString()
  if (kind === 'day' ? iso.slice(0, 10) !== text : !text.endsWith('Z')) return null
  const serial = time / DAY_MS + EPOCH_SERIAL
  return serial < FIRST_SURE_SERIAL || iso.length > 24 ? null : serial
}

function textCell(at: string, text: string, style: number): string {
  return `<c r="${at}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(text)}</t></is></c>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '_x000D_' }

/**
 * What XML 1.0 has no way to write becomes U+FFFD. CR is written in the format's own way, and text that would be read as
 * that escape is escaped.
 */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\uFFFD')
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[&<>\r]/g, (character) => ENTITIES[character] ?? character)
}

/** `A` to `Z`, then `AA`. */
function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last
}

/** The parts that a workbook has beside its sheets, by their path. */
function partsOf(names: string[]): Record<string, string> {
  const sheets = names.map((name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`)
  const numbers = names.map((_name, index) => index + 1)
  const override = (path: string, type: string) => `<Override PartName="${path}" ContentType="${CONTENT}.${type}+xml"/>`
  const relation = (id: number, type: string, target: string) =>
    `<Relationship Id="rId${id}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`
  const relations = (list: string[]) =>
    `<Relationships xmlns="${PACKAGE}/relationships">${list.join('')}</Relationships>`
  return {
    '[Content_Types].xml':
      `<Types xmlns="${PACKAGE}/content-types">` +
      `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Default Extension="xml" ContentType="application/xml"/>${override('/xl/workbook.xml', 'sheet.main')}` +
      `${numbers.map((at) => override(`/xl/worksheets/sheet${at}.xml`, 'worksheet')).join('')}` +
      `${override('/xl/styles.xml', 'styles')}</Types>`,
    '_rels/.rels': relations([relation(1, 'officeDocument', 'xl/workbook.xml')]),
    'xl/workbook.xml': `<workbook ${MAIN} xmlns:r="${RELATIONSHIPS}"><sheets>${sheets.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations([
      ...numbers.map((at) => relation(at, 'worksheet', `worksheets/sheet${at}.xml`)),
      relation(names.length + 1, 'styles', 'styles.xml'),
    ]),
    'xl/styles.xml': styleSheet(),
  }
}

function styleSheet(): string {
  const font = (bold: string) => `<font>${bold}<sz val="11"/><name val="Calibri"/><family val="2"/></font>`
  const format = (id: number, font = 0) => `<xf numFmtId="${id}" fontId="${font}" fillId="0" borderId="0" xfId="0"/>`
  return (
    `<styleSheet ${MAIN}>` +
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>' +
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>' +
    `<fonts count="2">${font('')}${font('<b/>')}</fonts>` +
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    `<cellXfs count="5">${format(0)}${format(49)}${format(164)}${format(165)}${format(49, 1)}</cellXfs>` +
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
  )
}
