// One zip that a customer receives: the data, a report, a dictionary and a manifest, all of one moment. Everything is
// written aside first, so whatever goes wrong leaves an earlier package as it was.
import { createHash } from 'node:crypto'
import { createReadStream, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DatasetTable, Page } from '../../db/dataset.ts'
import { lookedUpReader } from '../../db/looked-up.ts'
import type { Db } from '../../db/open.ts'
import { ChpipeError } from '../../errors.ts'
import { safeJson } from '../../text.ts'
import { MANIFEST, type Manifest } from '../export/delivery.ts'
import { type ExportOptions, exportDataset } from '../export/export-dataset.ts'
import { type FileEntry, outputError } from '../export/output.ts'
import { placeNew, replaceAll, sweep, temporaryName } from '../export/replace.ts'
import { syncFolder } from '../make-folders.ts'
import { createPageCounter, type ReportCounts } from '../report/count-pages.ts'
import { renderReport } from '../report/render-report.ts'
import { dataDictionary } from './data-dictionary.ts'
import { DICTIONARY, dictionaryCsv } from './dictionary-csv.ts'
import { fileFacts } from './file-facts.ts'
import { deliveredTables, scopeOf } from './scope.ts'
import { openStage, type Stage } from './stage.ts'
import { writeZip } from './write-zip.ts'

const REPORT = 'report.html'

export interface PackageOptions extends Omit<ExportOptions, 'goal' | 'onPage'> {
  /** The zip; an earlier one there is replaced when the new one is whole. */
  path: string
  /** Nothing of that name is replaced, as for a delta. */
  isNew?: boolean
  /** Companies that shall have officers, for the report. */
  target: number
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
    const { exported, counts } = await exportCounted(db, options, stage.folder)
    const documents = writeDocuments(stage.folder, exported, counts, options)
    const manifest = { ...exported, files: [...documents, ...exported.files] }
    writeFileSync(join(stage.folder, MANIFEST), `${safeJson(manifest, 2)}\n`)
    const names = [REPORT, MANIFEST, DICTIONARY, ...exported.files.map(({ name }) => name)]
    const aside = join(stage.folder, temporaryName('package'))
    const parts = names.map((name) => ({ name, path: join(stage.folder, name) }))
    await writeZip(aside, parts, new Date(manifest.as_of), signal)
    const written = { manifest, bytes: statSync(aside).size, sha256: await sha256Of(aside, signal) }
    if (options.isNew) placeNew(aside, path)
    else replaceAll([{ from: aside, to: path }], [])
    await syncFolder(dirname(path))
    return written
  } catch (error) {
    throw aboutGoal(error, stage)
  }
}

/** The operator knows the zip, not the stage beside it, and named it with --package. */
function aboutGoal(error: unknown, { path, folder }: Stage): unknown {
  const isAboutStage = error instanceof ChpipeError && error.message.includes(folder)
  const told = outputError(isAboutStage ? (error.cause ?? error) : error, path)
  if (!(told instanceof ChpipeError) || told.hint === undefined) return told
  const hint = told.hint.replace('another folder with --out', 'another place with --package')
  return new ChpipeError(told.kind, told.message, { hint, cause: told.cause })
}

/** Exports into the stage and counts what is written, page by page. */
async function exportCounted(
  db: Db,
  options: PackageOptions,
  folder: string,
): Promise<{ exported: Manifest; counts: ReportCounts }> {
  const counter = createPageCounter()
  const lookedUp = lookedUpReader(db)
  const exported = await exportDataset(db, {
    ...options,
    goal: { kind: 'folder', path: folder },
    onPage(page) {
      const [first, last] = [page.companies[0], page.companies.at(-1)]
      const asked = first && last ? lookedUp(String(first[0]), String(last[0])) : new Set<string>()
      counter.add(onlyTables(page, options.include), asked)
    },
  })
  return { exported, counts: counter.counts() }
}

/** The page as the files hold it. */
function onlyTables(page: Page, include: ExportOptions['include']): Page {
  if (!include) return page
  const rows = (table: DatasetTable) => (include.includes(table) ? page[table] : [])
  return { companies: rows('companies'), officers: rows('officers'), domains: rows('domains'), emails: rows('emails') }
}

/** Writes what goes beside the data; a document has no rows. */
function writeDocuments(
  folder: string,
  { as_of, schema_version, files, filters }: Manifest,
  counts: ReportCounts,
  { target, programVersion }: PackageOptions,
): FileEntry[] {
  const tables = deliveredTables(filters, counts.rows)
  const report = renderReport({
    asOf: as_of,
    programVersion,
    schemaVersion: schema_version,
    scope: scopeOf(filters),
    since: filters.since ?? null,
    tables,
    files: files.map((file) => ({ ...file, ...fileFacts(file.name, tables) })),
    counts,
    target,
    dictionary: Object.entries(dataDictionary).map(([table, entry]) => ({ table, entry })),
  })
  const dictionary = dictionaryCsv()
  return [writeEntry(folder, REPORT, report, 0), writeEntry(folder, DICTIONARY, dictionary.text, dictionary.rows)]
}

function writeEntry(folder: string, name: string, text: string, rows: number): FileEntry {
  const bytes = Buffer.from(text)
  writeFileSync(join(folder, name), bytes)
  return { name, rows, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
