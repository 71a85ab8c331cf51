// Exports against the sqlite3 shell on the same rows and columns, and deltas against what surrounds them. The shell guards no
// formula, replaces no character that hides, hashes nothing, syncs nothing and puts nothing in place as a whole.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatasetTable } from '../../src/db/dataset/columns.ts'
import { columnList } from '../../src/db/dataset/computed.ts'
import { openDb } from '../../src/db/open.ts'
import { dayAt } from '../../src/db/standing.ts'
import { type Measured, measure, median, PROGRAM, type Row } from './measure.ts'

const COMPANIES = 100_000
const OFFICERS_EACH = 3
const ROUNDS = 3
const MEMORY_MB = 160

/** Exports 300,000 appointments both ways, turn by turn, and compares the medians. */
export async function benchExport(): Promise<Row[]> {
  const db = buildDatabase(join(tmpdir(), `chpipe-bench-export-${COMPANIES}.db`))
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const out = (name: string) => join(folder, name)
  const chpipe = (...args: string[]) => measure(process.execPath, [PROGRAM, ...args, '--db', db], out('said'))
  const exported = (name: string, ...args: string[]) => chpipe('export', '--quiet', '--out', out(name), ...args)
  // The shell finds an empty file; to remove what an earlier round left is not what is measured.
  const exportedAnew = (name: string, ...args: string[]) => {
    rmSync(out(name), { force: true, recursive: true })
    return exported(name, ...args)
  }
  const sqlite3 = (...args: string[]) =>
    measure('sqlite3', ['-readonly', '-header', args[0] ?? '', db, ...args.slice(1)], out('theirs'))
  const appointments = `${COMPANIES * OFFICERS_EACH} appointments`
  try {
    return [
      await compared(`export ${appointments}, flat CSV, against sqlite3 -csv`, '<= 1.2', {
        ours: () => exportedAnew('flat.csv'),
        theirs: () => sqlite3('-csv', flatQuery()),
      }),
      await compared(
        `export ${appointments}, NDJSON, against sqlite3 -json of both tables, which nests nothing`,
        '<= 0.8',
        {
          ours: () => exportedAnew('nested.ndjson', '--format', 'ndjson'),
          theirs: () => sqlite3('-json', tableQuery('companies'), tableQuery('officers')),
        },
      ),
      await compared('delta with nothing changed, against chpipe progress, which opens the same database', '<= 2', {
        before: () => exported('delivery/'),
        ours: () => exported('delivery/', '--since', 'last'),
        theirs: () => chpipe('progress'),
      }),
      await compared('delta in which everything changed, against the whole export to a folder', '<= 1.5', {
        ours: () => exported('delivery/', '--since', '2020-01-01'),
        theirs: () => exportedAnew('whole/'),
      }),
    ].flat()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Pair {
  before?: () => Promise<unknown>
  ours: () => Promise<Measured>
  theirs: () => Promise<Measured>
}

/** A row for the time of both, and one for our memory. */
async function compared(name: string, target: string, { before, ours, theirs }: Pair): Promise<Row[]> {
  const [mine, yours]: [Measured[], Measured[]] = [[], []]
  await before?.()
  for (let round = 0; round < ROUNDS; round += 1) {
    mine.push(await ours())
    yours.push(await theirs())
  }
  const seconds = (runs: Measured[]) => median(runs.map((run) => run.seconds))
  const peak = (runs: Measured[]) => Math.max(...runs.map(({ megabytes }) => megabytes))
  const shown = (runs: Measured[]) => `${seconds(runs).toFixed(2)} s, ${peak(runs).toFixed(0)} MB`
  return [
    { name, ours: shown(mine), theirs: shown(yours), ratio: seconds(mine) / seconds(yours), target },
    {
      name: '  its peak memory',
      ours: `${peak(mine).toFixed(0)} MB`,
      theirs: `${MEMORY_MB} MB`,
      ratio: peak(mine) / MEMORY_MB,
      target: '<= 1',
    },
  ]
}

function flatQuery(): string {
  const today = dayAt(Date.now())
  const officers = columnList('officers', today).replace(/^officers\."company_number".*?, /, '')
  return `SELECT ${columnList('companies', today)}, ${officers}
    FROM companies LEFT JOIN officers USING (company_number)
    WHERE companies.officers_state = 'complete' ORDER BY companies.company_number, officers.appointment_id`
}

function tableQuery(table: DatasetTable): string {
  return `SELECT ${columnList(table, dayAt(Date.now()))} FROM ${table} ORDER BY 1, 2`
}

/** Builds the database once; later runs on this machine find it, and bring it to the newest schema. */
export function buildDatabase(path: string): string {
  if (existsSync(path)) {
    openDb(path).$client.close()
    return path
  }
  const building = `${path}.${process.pid}`
  const db = openDb(building)
  db.$client.exec(`BEGIN;
    INSERT INTO companies (company_number, company_name, company_status, type, jurisdiction, date_of_creation, sic_codes,
        premises, address_line_1, locality, country, postal_code, officers_state, officers_count, officers_fetched_at,
        source, fetched_at, run_id, first_seen_at)
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${COMPANIES - 1})
      SELECT printf('%08d', 1000000 + i), iif(i % 10, 'ACME TRADING ', 'ACME "BEST" TRADING, ') || i || ' LIMITED', 'active',
        'ltd', 'england-wales', '2019-03-04', '62020,62090', 'Unit ' || i % 90, '12 High Street, Westfield', 'London',
        'England', 'EC1V 2NX', 'complete', ${OFFICERS_EACH}, '2026-01-02T03:04:05.678Z', 'bulk',
        '2026-01-02T03:04:05.678Z', 1, '2026-01-01T00:00:00.000Z' FROM n;
    INSERT INTO officers (company_number, appointment_id, officer_id, person_number, name, title, forenames, surname,
        officer_role, appointed_on, date_of_birth_month, date_of_birth_year, nationality, country_of_residence, occupation,
        premises, address_line_1, locality, country, postal_code, source, fetched_at, run_id)
      WITH RECURSIVE k(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM k WHERE k < ${OFFICERS_EACH})
      SELECT company_number, 'aB' || k || '-' || company_number || 'xYzAbCdEfGhIjKlMn', 'oF' || k || company_number ||
        'xYzAbCdEfGhIjKlMn', company_number || '000' || k, 'SMITH' || k || ', John Paul, Mr', 'Mr', 'John Paul', 'SMITH' || k,
        'director', '2019-03-04', 4, 1970, 'British', 'England', 'Company Director', premises, address_line_1, locality,
        country, postal_code, 'rest', '2026-01-02T03:04:05.678Z', 2 FROM companies CROSS JOIN k;
    COMMIT`)
  db.$client.close()
  renameSync(building, path)
  return path
}
