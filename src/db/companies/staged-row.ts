// One company of the register file on its way into temporary tables. Binding is half of what reading the file takes: what
// companies share is bound once, in a table of its kind, and most have nothing in some of the other columns.
import type { Statement } from 'better-sqlite3'
import type { Db } from '../open.ts'
import { type FiledCompany, SHARED, SHARED_KINDS, type SharedKind } from './shared-facts.ts'

/** Columns of a company's own, and of its rows in the tables of what is shared. */
const OFTEN = [
  'company_number',
  'company_name',
  'date_of_creation',
  'address_line_1',
  'address_line_2',
  'postal_code',
  ...SHARED_KINDS,
] as const

const SELDOM = ['care_of', 'po_box', 'previous_company_names', 'uri'] as const

const STAGED = [...OFTEN, ...SELDOM]

type Client = Db['$client']
type Value = string | number | null

const tableOfKind = (kind: SharedKind) => `shared_${kind}`

/** The tables of what is shared. */
export const SHARED_TABLES = SHARED_KINDS.map(tableOfKind)

/** Makes the temporary tables of what is shared; returns a function that makes one for companies, and one that adds them. */
export function createSharedTables(client: Client): (table: string) => (company: FiledCompany) => void {
  for (const kind of SHARED_KINDS) {
    client.exec(`CREATE TEMP TABLE ${tableOfKind(kind)} (id INTEGER PRIMARY KEY, ${SHARED[kind].join(', ')})`)
  }
  const insert = Object.fromEntries(
    SHARED_KINDS.map((kind) => {
      const columns = ['NULL', ...SHARED[kind].map(() => '?')]
      return [kind, client.prepare<Value[]>(`INSERT INTO temp.${tableOfKind(kind)} VALUES (${columns.join(', ')})`)]
    }),
  ) as Record<SharedKind, Statement<Value[]>>
  const stage: Stage = (kind, shared) => {
    const facts = shared.facts as Record<string, Value>
    const { lastInsertRowid } = insert[kind].run(...SHARED[kind].map((column) => facts[column] ?? null))
    shared.stagedAs = Number(lastInsertRowid)
    return shared.stagedAs
  }
  return (table) => {
    client.exec(`CREATE TEMP TABLE ${table} (${STAGED.join(', ')})`)
    return prepareAdd(client, table, stage)
  }
}

/** A query for the staged companies of a table, with all their columns by name; `condition` speaks of `own`. */
export function wholeRows(table: string): string {
  const own = [...OFTEN.slice(0, -SHARED_KINDS.length), ...SELDOM].map((column) => `own.${column}`)
  const shared = SHARED_KINDS.flatMap((kind) => SHARED[kind].map((column) => `${tableOfKind(kind)}.${column}`))
  const joins = SHARED_KINDS.map((kind) => {
    const its = `temp.${tableOfKind(kind)}`
    return `CROSS JOIN ${its} ON ${tableOfKind(kind)}.id = own.${kind}`
  })
  return `SELECT ${[...own, ...shared].join(', ')} FROM temp.${table} AS own ${joins.join(' ')}`
}

/** Adds what is shared to the table of its kind; returns its row there. */
type Stage = (kind: SharedKind, shared: { readonly facts: object; stagedAs: number }) => number

function prepareAdd(client: Client, table: string, stage: Stage): (company: FiledCompany) => void {
  const prepare = (columns: readonly string[]) =>
    client.prepare<Value[]>(
      `INSERT INTO temp.${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    )
  const [ordinary, special] = [prepare(OFTEN), prepare(STAGED)]
  // Values one by one, in the order of the columns: given as an array or by name, they take a third longer to bind.
  return (company) => {
    const place = company.place.stagedAs || stage('place', company.place)
    const standing = company.standing.stagedAs || stage('standing', company.standing)
    const accounts = company.accounts.stagedAs || stage('accounts', company.accounts)
    const trade = company.trade.stagedAs || stage('trade', company.trade)
    const statements = company.statements.stagedAs || stage('statements', company.statements)
    const { care_of, po_box, previous_company_names, uri } = company
    const isOrdinary = care_of === null && po_box === null && previous_company_names === null && uri === null
    if (isOrdinary) {
      ordinary.run(
        company.company_number,
        company.company_name,
        company.date_of_creation,
        company.address_line_1,
        company.address_line_2,
        company.postal_code,
        place,
        standing,
        accounts,
        trade,
        statements,
      )
      return
    }
    special.run(
      company.company_number,
      company.company_name,
      company.date_of_creation,
      company.address_line_1,
      company.address_line_2,
      company.postal_code,
      place,
      standing,
      accounts,
      trade,
      statements,
      care_of,
      po_box,
      previous_company_names,
      uri,
    )
  }
}
