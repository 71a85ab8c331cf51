import { systemClock, timings } from '../../src/clock.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import { type HttpApi, type HttpApiOptions, startApi } from '../../src/http/server.ts'
import type { LogFields } from '../../src/log.ts'
import { tempFolder } from '../host.ts'
import { addCompany, addDomain, addEmail, addOfficer, newDatabase } from '../steps/export/export-world.ts'

export const TOKEN = 'a-token-for-tests'

export interface Serving {
  /** A connection that may write. */
  db: Db
  url: string
  logged: LogFields[]
  /** Asks with the token, unless `init` has other headers. */
  get(path: string, init?: RequestInit & { headers?: Record<string, string> }): Promise<Response>
  json(path: string, headers?: Record<string, string>): Promise<Answer>
  [Symbol.asyncDispose](): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared whole.
export type Answer = { status: number; body: any; headers: Headers }

/** The real server on a real database that `fill` has written, on a free port. */
export async function serving(fill: (db: Db) => void = world, options: Partial<HttpApiOptions> = {}): Promise<Serving> {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db)
  const served = openDb(folder.file('companies.db'), { readonly: true })
  const logged: LogFields[] = []
  const note = (message: string, fields: LogFields = {}) => logged.push({ message, ...fields })
  const api: HttpApi = await startApi({
    db: served,
    clock: systemClock(),
    timings: { ...timings(1), serveIndexMs: 20 },
    log: { info: note, warn: note, error: note },
    host: '127.0.0.1',
    port: 0,
    limitPerMinute: 600,
    trialToken: TOKEN,
    version: '1.2.3',
    pipelineMetrics: () => [],
    ...options,
  })
  const get: Serving['get'] = (path, init = {}) =>
    fetch(`${api.url}${path}`, { ...init, headers: { Authorization: `Bearer ${TOKEN}`, ...init.headers } })
  return {
    db,
    url: api.url,
    logged,
    get,
    async json(path, headers = {}) {
      const response = await get(path, { headers })
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      served.$client.close()
      db.$client.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Four complete companies and one pending. */
export function world(db: Db): void {
  const london = { locality: 'LONDON', region: 'Greater London', postal_code: 'N1 7AA', country: 'England' }
  addCompany(db, {
    company_number: '00000001',
    company_name: "O'NEIL & SONS LIMITED",
    company_status: 'active',
    type: 'ltd',
    sic_codes: '62020,01110',
    date_of_creation: '2020-02-29',
    officers_count: 2,
    ...london,
  })
  addOfficer(db, {
    company_number: '00000001',
    appointment_id: '-aB',
    officer_id: 'oF-1',
    name: 'VAN DER BERG, Siân',
    surname: 'VAN DER BERG',
    forenames: 'Siân',
    date_of_birth_month: 4,
    date_of_birth_year: 1970,
  })
  addOfficer(db, {
    company_number: '00000001',
    appointment_id: 'zZ',
    officer_id: 'of-1',
    name: 'SMITH, John',
    surname: 'SMITH',
    forenames: 'John',
    resigned_on: '2021-01-01',
  })
  addDomain(db, '00000001', 'oneil.example', 90)
  addEmail(db, '00000001', '-aB', 'sian@oneil.example', 'valid')
  addCompany(db, {
    company_number: '00000002',
    company_name: 'RIVERSIDE STUDIOS LTD',
    company_status: 'liquidation',
    type: 'ltd',
    sic_codes: '59111',
    date_of_creation: '2021-06-01',
    postal_code: 'n10-1AA.',
    officers_count: 1,
  })
  addOfficer(db, {
    company_number: '00000002',
    appointment_id: 'b',
    officer_id: 'oF-1',
    name: 'VAN DER BERG, Siân',
    surname: 'VAN DER BERG',
    forenames: 'Siân',
    date_of_birth_month: 4,
    date_of_birth_year: 1970,
  })
  addCompany(db, {
    company_number: '00000003',
    company_name: 'ÉCLAIR RIVER LLP',
    company_status: 'active',
    type: 'llp',
    date_of_creation: '2022-01-01',
  })
  addCompany(db, { company_number: 'SC000004', company_name: 'GONE LTD', deleted_at: '2026-02-01T00:00:00.000Z' })
  addCompany(db, { company_number: 'SC000005', company_name: 'PENDING RIVER LTD', officers_state: 'pending' })
}
