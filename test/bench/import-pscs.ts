// import-pscs, which reads every line, checks the totals and stores the records of known companies, against sqlite3, which
// loads every line as text and looks into none.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { openDb, write } from '../../src/db/open.ts'
import { type Measured, measure, median, PROGRAM, type Row } from './measure.ts'

const LINES = 1_000_000
/** A longer snapshot, for what grows with its length. */
const LONG_LINES = 5_000_000
/** Of some eleven million companies a database has its own. */
const KNOWN = 70_000
const ROUNDS = 3
const MEMORY_MB = 200
const LINES_PER_COMPANY = 1.4

/** Imports the same file with both, turn by turn, and compares the medians. */
export async function benchImportPscs(): Promise<Row[]> {
  const file = await snapshotOf(LINES)
  const ours: Measured[] = []
  const theirs: Measured[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
    try {
      ours.push(await importInto(folder, file, LINES))
      const load = [
        'CREATE TABLE lines (line);',
        '.mode ascii',
        '.separator "\\037" "\\n"',
        `.import "|gzip -dc ${file}" lines`,
      ]
      theirs.push(await measure('sqlite3', [join(folder, 'lines.db'), ...load]))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const long = await importLong()
  const [mine, yours] = [ours, theirs].map((runs) => median(runs.map(({ seconds }) => seconds)))
  const [memory, theirMemory] = [ours, theirs].map((runs) => Math.max(...runs.map(({ megabytes }) => megabytes)))
  return [
    {
      name: `import-pscs, ${LINES} lines, ${KNOWN} companies stored, against sqlite3 loading the lines unread`,
      ours: `${mine?.toFixed(2)} s`,
      theirs: `${yours?.toFixed(2)} s`,
      ratio: Number(mine) / Number(yours),
      target: '<= 4',
    },
    {
      name: `import-pscs, peak memory against ${MEMORY_MB} MB`,
      ours: `${memory?.toFixed(0)} MB`,
      theirs: `${theirMemory?.toFixed(0)} MB`,
      ratio: Number(memory) / MEMORY_MB,
      target: '<= 1',
    },
    {
      name: `import-pscs, peak memory with ${LONG_LINES} lines against that with ${LINES}`,
      ours: `${long.megabytes.toFixed(0)} MB`,
      theirs: `${memory?.toFixed(0)} MB`,
      ratio: long.megabytes / Number(memory),
      target: '<= 1.2',
    },
  ]
}

async function snapshotOf(lines: number): Promise<string> {
  const file = join(tmpdir(), `chpipe-bench-pscs-${lines}.txt.gz`)
  if (!existsSync(file)) await writeGzip(file, snapshotLines(lines))
  return file
}

function importInto(folder: string, file: string, lines: number): Promise<Measured> {
  const db = join(folder, 'companies.db')
  storeCompanies(db, KNOWN, lines)
  return measure(process.execPath, [PROGRAM, 'import-pscs', file, '--quiet', '--db', db])
}

async function importLong(): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    return await importInto(folder, await snapshotOf(LONG_LINES), LONG_LINES)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The number of a company of the snapshot: they come in no order. */
function numberOf(index: number, companies: number): string {
  return String(1_000_000 + ((index * 7919) % companies)).padStart(8, '0')
}

/** A new database with the first `count` companies of a snapshot of so many lines. */
export function storeCompanies(path: string, count: number, lines: number): void {
  const companies = Math.ceil(lines / LINES_PER_COMPANY)
  const db = openDb(path)
  const add = db.$client.prepare(`INSERT OR IGNORE INTO companies
    (company_number, company_name, date_of_creation, source, fetched_at, first_seen_at, run_id)
    VALUES (?, ?, '2011-01-01', 'register-file', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 0)`)
  write(db, () => {
    for (let index = 0; index < count; index += 1) add.run(numberOf(index, companies), `SAMPLE ${index} LIMITED`)
  })
  db.$client.close()
}

/** The lines of a snapshot in the published shape and proportions (facts 5.5), in pieces of some thousand, with its totals. */
export function* snapshotLines(lines: number): Generator<string> {
  const companies = Math.ceil(lines / LINES_PER_COMPANY)
  const statements = Math.floor(lines * 0.06)
  const persons = lines - statements
  let piece = ''
  for (let index = 0; index < lines; index += 1) {
    const number = numberOf(index % companies, companies)
    piece += index < persons ? personLine(index, number) : statementLine(index, number)
    if (piece.length < 1_000_000) continue
    yield piece
    piece = ''
  }
  const counts = `"persons_of_significant_control_count":${persons},"statements_count":${statements},"exemptions_count":0`
  const totals = '"kind":"totals#persons-of-significant-control-snapshot"'
  yield `${piece}{"data":{${counts},"generated_at":"2026-08-07T03:40:50+01:00",${totals}}}\n`
}

const NAMES = ['Ava', 'Boris', 'Clara', 'Dmitri', 'Élodie', 'Farah', 'Grace', 'Hamish']

function personLine(index: number, number: string): string {
  const id = `${index.toString(36).padStart(8, '0')}abcdefghijklmnopqrs`
  const [name, year] = [NAMES[index % NAMES.length], 1940 + (index % 60)]
  const self = `/company/${number}/persons-with-significant-control/individual/${id}`
  const ceased = index % 5 === 0 ? '"ceased_on":"2021-03-04",' : ''
  const verified =
    index % 2 === 0
      ? '"identity_verification_details":{"appointment_verification_end_on":"9999-12-31","appointment_verification_start_on":"2026-02-03"},'
      : ''
  return `{"company_number":"${number}","data":{"address":{"address_line_1":"Sample Street ${index % 977}","country":"England","locality":"Teston","postal_code":"ZZ${index % 10} 1AA","premises":"${index % 211}"},${ceased}"country_of_residence":"England","date_of_birth":{"month":${1 + (index % 12)},"year":${year}},"etag":"${id}0123456789012","kind":"individual-person-with-significant-control",${verified}"links":{"self":"${self}"},"name":"Ms ${name} Example-${index % 4099}","name_elements":{"forename":"${name}","surname":"Example-${index % 4099}","title":"Ms"},"nationality":"British","natures_of_control":["ownership-of-shares-75-to-100-percent","voting-rights-75-to-100-percent","right-to-appoint-and-remove-directors"],"notified_on":"2016-04-06"}}\n`
}

function statementLine(index: number, number: string): string {
  const id = `${index.toString(36).padStart(8, '0')}abcdefghijklmnopqrs`
  const self = `/company/${number}/persons-with-significant-control-statements/${id}`
  return `{"company_number":"${number}","data":{"etag":"${id}","kind":"persons-with-significant-control-statement","links":{"self":"${self}"},"notified_on":"2016-04-06","statement":"no-individual-or-entity-with-signficant-control"}}\n`
}

const compress = promisify(gzip)

/** Writes the file once; later runs on this machine find it. */
export async function writeGzip(path: string, pieces: Iterable<string>): Promise<void> {
  const file = await open(`${path}.building`, 'w')
  // Each piece is a member of its own, which makes a gzip file all the same.
  for (const piece of pieces) await file.write(await compress(piece, { level: 1 }))
  await file.close()
  renameSync(`${path}.building`, path)
}
