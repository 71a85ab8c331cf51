// One zip that a customer receives: the data, a report, a dictionary and a manifest, all of one moment. Everything is
// written aside first, so whatever goes wrong leaves an earlier package as it was.
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream, existsSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { readListStandings } from '../../db/companies/lists.ts'
import { countPostcodes, findPlaces } from '../../db/companies/postcodes.ts'
import { readSicDescriptions } from '../../db/companies/sic.ts'
import type { Column, Page } from '../../db/dataset/columns.ts'
import { columnsOf, columnsOfTable, type DatasetTable, datasetTables } from '../../db/dataset/columns.ts'
import { lookedUpReader } from '../../db/dataset/deliveries.ts'
import type { DeliveredTable } from '../../db/dataset/dictionary.ts'
import { dataDictionary, type TableEntry, typeInWords } from '../../db/dataset/dictionary.ts'
import type { Db } from '../../db/open.ts'
import { type PscCoverage, readPscCoverage } from '../../db/pscs/coverage.ts'
import { readTallies } from '../../db/tallies.ts'
import { ChpipeError } from '../../errors.ts'
import { makeFolder, sha256OfFile, syncFolder } from '../../files.ts'
import { counted, safeJson } from '../../text.ts'
import { CONTACTS, contactsEntry, openContacts } from './contacts.ts'
import type { Manifest } from './destination.ts'
import { csvHeader, csvLines, LINE_END } from './formats/csv.ts'
import { formatOfFile } from './formats/formats.ts'
import { type FileEntry, outputError } from './formats/output.ts'
import { livesElsewhere, MANIFEST, placeNew, replaceAll, sweep, temporaryName } from './replace.ts'
import { createPageCounter, type ReportCounts } from './report/count.ts'
import { createListCounter, type ListCoverage, openByReason } from './report/listed.ts'
import { pscDates } from './report/pscs.ts'
import { renderReport } from './report/render.ts'
import { type ExportOptions, exportDataset } from './run.ts'

const REPORT = 'report.html'

export interface PackageOptions extends Omit<ExportOptions, 'destination' | 'onPage'> {
  /** The zip; an earlier one there is replaced when the new one is whole. */
  path: string
  /** Nothing of that name is replaced, as for a delta. */
  isNew?: boolean
  /** How many companies should have officers, for the report. */
  target: number
  /** The customer's own list that it is measured against instead. */
  list?: string | undefined
}

export interface Package {
  /** As inside the zip. */
  manifest: Manifest
  bytes: number
  sha256: string
}

/**
 * Packs the dataset into `path`, which only its owner may read. Throws as `exportDataset` does; in all these cases
 * nothing half-done is left.
 */
export async function packageDataset(db: Db, options: PackageOptions): Promise<Package> {
  const { signal } = options
  using stage = openStage(options.path)
  const { path } = stage
  sweep(dirname(path))
  try {
    const { exported, ...said } = await exportCounted(db, options, stage.folder)
    const documents = writeDocuments(stage.folder, exported, said, options)
    const manifest = { ...exported, ...listEntry(said.listed), files: [...documents, ...exported.files] }
    writeFileSync(join(stage.folder, MANIFEST), `${safeJson(manifest, 2)}\n`)
    const names = [REPORT, MANIFEST, DICTIONARY, ...exported.files.map(({ name }) => name)]
    const aside = join(stage.folder, temporaryName('package'))
    const parts = names.map((name) => ({ name, path: join(stage.folder, name) }))
    await writeZip(aside, parts, new Date(manifest.as_of), signal)
    const written = { manifest, bytes: statSync(aside).size, sha256: await sha256OfFile(aside, signal) }
    if (options.isNew) placeNew(aside, path)
    else replaceAll([{ from: aside, to: path }], [])
    await syncFolder(dirname(path))
    return written
  } catch (error) {
    throw aboutDestination(error, stage)
  }
}

/** The operator knows the zip, not the stage beside it, and named it with --package. */
function aboutDestination(error: unknown, { path, folder }: Stage): unknown {
  const isAboutStage = error instanceof ChpipeError && error.message.includes(folder)
  const told = outputError(isAboutStage ? (error.cause ?? error) : error, path)
  if (!(told instanceof ChpipeError) || told.hint === undefined) return told
  const hint = told.hint.replace('another folder with --out', 'another place with --package')
  return new ChpipeError(told.kind, told.message, { hint, cause: told.cause })
}

function listEntry(listed: ListCoverage | null): Pick<Manifest, 'list'> {
  if (!listed) return {}
  const { open, ...counts } = listed
  return { list: { ...counts, missing: Object.fromEntries(openByReason({ open })) } }
}

/** What the report says beside the files. */
interface Said {
  counts: ReportCounts
  listed: ListCoverage | null
  sicDescriptions: ReadonlyMap<string, string>
  /** Companies that are left out because their lists are in doubt. */
  stale: number
  pscCoverage: PscCoverage
}

/** Exports into the stage and counts what is written, page by page. */
async function exportCounted(db: Db, options: PackageOptions, folder: string): Promise<{ exported: Manifest } & Said> {
  const counter = createPageCounter({
    findPlaces: countPostcodes(db) > 0 ? (postcodes) => findPlaces(db, postcodes) : undefined,
  })
  const { list } = options
  const listed = list === undefined ? null : createListCounter(list, readListStandings(db, list))
  const lookedUp = lookedUpReader(db)
  using contacts = openContacts(folder, options, options.signal)
  const delivered = await exportDataset(db, {
    ...options,
    destination: { kind: 'folder', path: folder },
    onPage(page) {
      const [first, last] = [page.companies[0], page.companies.at(-1)]
      const asked = first && last ? lookedUp(String(first[0]), String(last[0])) : new Set<string>()
      const shown = onlyTables(page, options.include)
      counter.add(shown, asked)
      listed?.add(page)
      contacts.add(shown)
    },
  })
  const reachable = await contacts.end()
  const exported = reachable ? { ...delivered, files: [...delivered.files, reachable] } : delivered
  return {
    exported,
    counts: counter.counts(),
    listed: listed?.counts() ?? null,
    sicDescriptions: readSicDescriptions(db),
    stale: readTallies(db).stale,
    pscCoverage: readPscCoverage(db),
  }
}

/** The page as the files hold it. */
function onlyTables(page: Page, include: ExportOptions['include']): Page {
  if (!include) return page
  const rows = (table: DatasetTable) => (include.includes(table) ? page[table] : [])
  return {
    companies: rows('companies'),
    officers: rows('officers'),
    persons_with_significant_control: rows('persons_with_significant_control'),
    domains: rows('domains'),
    emails: rows('emails'),
  }
}

/** Writes what goes beside the data; a document has no rows. */
function writeDocuments(
  folder: string,
  { as_of, schema_version, files, filters }: Manifest,
  { counts, listed, sicDescriptions, stale, pscCoverage }: Said,
  { target, programVersion, signed = {} }: PackageOptions,
): FileEntry[] {
  const tables = deliveredTables(filters, counts.rows)
  const described = describedTables(files)
  const report = renderReport({
    asOf: as_of,
    programVersion,
    signed,
    schemaVersion: schema_version,
    scope: [...scopeOf(filters, stale), ...pscDates(tables, pscCoverage)],
    since: filters.since ?? null,
    tables,
    files: files.map((file) => ({ ...file, ...fileFacts(file.name, tables) })),
    counts,
    sicDescriptions,
    target,
    listed,
    dictionary: Object.entries(described).map(([table, entry]) => ({ table, entry })),
  })
  const dictionary = dictionaryCsv(described)
  return [writeEntry(folder, REPORT, report, 0), writeEntry(folder, DICTIONARY, dictionary.text, dictionary.rows)]
}

/** What the dictionary explains: every table, and the contacts where there are any. */
function describedTables(files: readonly FileEntry[]): Record<string, TableEntry> {
  return files.some(({ name }) => name === CONTACTS) ? { ...dataDictionary, contacts: contactsEntry } : dataDictionary
}

function writeEntry(folder: string, name: string, text: string, rows: number): FileEntry {
  const bytes = Buffer.from(text)
  writeFileSync(join(folder, name), bytes)
  return { name, rows, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

type Filters = Manifest['filters']

/** The tables that a delivery with these filters holds: what nobody asked for only when there is any of it. */
function deliveredTables({ include, since }: Filters, rows: ReportCounts['rows']): DeliveredTable[] {
  const tables = datasetTables.filter((table) =>
    include ? include.includes(table) : table === 'companies' || table === 'officers' || rows[table] > 0,
  )
  return since === undefined ? tables : [...tables, 'deletions']
}

/** What the filters of an export let through, in sentences for whoever receives it. */
function scopeOf({ all, include, verification, since }: Filters, stale: number): string[] {
  return [
    all
      ? 'All companies that were collected, also those whose officer list is not complete yet.'
      : `Companies whose officer list is complete${verification ? '' : ', with all their appointments, resigned ones included'}.`,
    ...(verification
      ? [`Of these only appointments whose identity verification is ${verification.join(' or ')}, and their companies.`]
      : []),
    ...(all || stale === 0
      ? []
      : [
          `Left out until they are fetched again: ${counted(stale, 'company', 'companies')} whose officer list is in doubt.`,
        ]),
    ...(include ? [`Only these tables: ${include.join(', ')}.`] : []),
    ...(since === undefined
      ? []
      : ['Only companies of which anything changed; each of them whole, with all its rows, changed or not.']),
  ]
}

// Where a package is put together: a hidden folder beside the zip, on the same disk, gone in the end.

const LEFTOVER = /^\..+\.chpipe-(\d+)-[0-9a-f]{8}\.parts$/

interface Stage {
  /** Where the zip is to lie: behind a link, the file that it leads to. */
  path: string
  /** Only its owner may look into it. */
  folder: string
  [Symbol.dispose](): void
}

/** Opens a stage for the zip at `destination`, and clears those that killed runs left beside it. Throws a `data` error. */
function openStage(destination: string): Stage {
  const path = refuseOthers(destination)
  const beside = dirname(path)
  try {
    for (const name of readdirSync(beside)) {
      const [, pid] = LEFTOVER.exec(name) ?? []
      if (pid && !livesElsewhere(Number(pid))) rmSync(join(beside, name), { recursive: true, force: true })
    }
    const folder = join(beside, `.${basename(path)}.chpipe-${process.pid}-${randomBytes(4).toString('hex')}.parts`)
    makeFolder(folder)
    return { path, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
  } catch (error) {
    throw outputError(error, path)
  }
}

/** Only a file may be replaced by the zip, and only where its folder is there already. */
function refuseOthers(destination: string): string {
  if (existsSync(destination)) {
    if (statSync(destination).isFile()) return realpathSync(destination)
    throw new ChpipeError('data', `There is something other than a file where the zip should be: ${destination}`, {
      hint: 'name another file with --package',
    })
  }
  if (existsSync(dirname(destination))) return destination
  throw new ChpipeError('data', `The folder does not exist: ${dirname(destination)}`, { hint: 'create it first' })
}

export interface ZipPart {
  /** The name inside the zip. */
  name: string
  path: string
}

/** Whoever unpacks personal data is the only one to read it. */
const FILE_MODE = 0o100600

/**
 * Packs files into a new zip at `path`, one after the other in little memory, and waits until its bytes are on the disk.
 * All entries bear the time `at`, so that the same files give the same bytes. Rejects with what the file system said, or
 * with the signal's reason; what was written until then is left to the caller.
 */
async function writeZip(path: string, parts: ZipPart[], at: Date, signal: AbortSignal): Promise<void> {
  const zip = new ZipFile()
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true, signal })
  zip.on('error', (error: Error) => target.destroy(error))
  zip.outputStream.pipe(target)
  for (const { name, path: from } of parts) {
    zip.addFile(from, name, { mtime: at, mode: FILE_MODE, compress: !isPacked(name) })
  }
  zip.end()
  try {
    await finished(target)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** What would not get smaller is stored as it is. */
function isPacked(name: string): boolean {
  const file = formatOfFile(name)
  return file !== null && (file.gzip || file.format.isPacked)
}

export interface FileFacts {
  /** What one row is, in a sentence. */
  holds: string
  columns: number
}

/** What a reader wants to know of a data file, by the name that the export gave it, in a delivery of these tables. */
function fileFacts(name: string, tables: readonly DeliveredTable[]): FileFacts {
  if (name === CONTACTS) return { holds: contactsEntry.row, columns: columnsOf(contactsEntry).length }
  const [, stem = ''] = /^([a-z_]+)\./.exec(name) ?? []
  const format = formatOfFile(name)?.format
  const columns = (some: readonly DeliveredTable[]) =>
    some.reduce((sum, table) => sum + columnsOfTable(table).length, 0)
  if (format?.container) {
    return { holds: `One row in one of its ${format.container}: ${tables.join(', ')}.`, columns: columns(tables) }
  }
  if (format?.isNested && stem === 'companies') {
    const inside = tables.filter((table) => table !== 'companies' && table !== 'deletions')
    const holds =
      inside.length > 0 ? `One company, with its ${inside.join(', ')} inside.` : dataDictionary.companies.row
    return { holds, columns: columns(tables.filter((table) => table !== 'deletions')) }
  }
  const own = tables.find((table) => table === stem)
  return own
    ? { holds: dataDictionary[own].row, columns: columns([own]) }
    : { holds: 'One row.', columns: columns(tables) }
}

const DICTIONARY = 'data-dictionary.csv'

const DICTIONARY_COLUMNS: Column[] = ['table', 'column', 'key', 'type', 'source', 'meaning'].map((name) => ({
  name,
  kind: 'text',
}))

/** The dictionary as CSV, a row per column of every table, in the order of the tables. */
export function dictionaryCsv(dictionary: Record<string, TableEntry> = dataDictionary): { text: string; rows: number } {
  const rows = Object.entries(dictionary).flatMap(([table, { key, columns }]) =>
    Object.entries(columns).map(([name, { meaning, type, source }]) => {
      return [table, name, key.includes(name) ? 'yes' : '', typeInWords(type), source, meaning]
    }),
  )
  const lines = csvLines(DICTIONARY_COLUMNS, { raw: false })(rows)
  const header = csvHeader(DICTIONARY_COLUMNS.map(({ name }) => name))
  return { text: [header, ...lines].map((line) => `${line}${LINE_END}`).join(''), rows: rows.length }
}
