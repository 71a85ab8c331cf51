// Flat CSV export against `sqlite3 -csv` with the same query, and how much memory ours takes.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { columnList } from '../../src/db/dataset/computed.ts'
import { openDb } from '../../src/db/open.ts'
import { dayAt } from '../../src/db/standing.ts'
import { type Measured, measure, median, PROGRAM, type Row } from './measure.ts'

const COMPANIES = 100_000
const OFFICERS_EACH = 3
const ROUNDS = 3
const MEMORY_MB = 150

/** Exports 300,000 appointments with both, turn by turn, and compares the medians. */
export async function benchExport(): Promise<Row[]> {
  const db = buildDatabase(join(tmpdir(), `chpipe-bench-export-${COMPANIES}.db`))
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const out = join(folder, 'flat.csv')
  try {
    const ours: Measured[] = []
    const theirs: Measured[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await measure(process.execPath, [PROGRAM, 'export', '--quiet', '--db', db, '--out', out]))
      theirs.push(await measure('sqlite3', ['-readonly', '-header', '-csv', db, flatQuery()], out))
    }
    const [mine, yours] = [ours, theirs].map((runs) => median(runs.map(({ seconds }) => seconds)))
    const memory = Math.max(...ours.map(({ megabytes }) => megabytes))
    return [
      {
        name: `export ${COMPANIES * OFFICERS_EACH} appointments, flat CSV, against sqlite3 -csv`,
        ours: `${mine?.toFixed(2)} s`,
        theirs: `${yours?.toFixed(2)} s`,
        ratio: Number(mine) / Number(yours),
        target: '<= 5',
      },
      {
        name: 'export, peak memory',
        ours: `${memory.toFixed(0)} MB`,
        theirs: `${MEMORY_MB} MB`,
        ratio: memory / MEMORY_MB,
        target: '<= 1',
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function flatQuery(): string {
  const today = dayAt(Date.now())
  const officers = columnList('officers', today).replace('officers."company_number", ', '')
  return `SELECT ${columnList('companies', today)}, ${officers}
    FROM companies LEFT JOIN officers USING (company_number)
    WHERE companies.officers_state = 'complete' ORDER BY companies.company_number, officers.appointment_id`
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
