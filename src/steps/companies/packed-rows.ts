// Rows of a register file on their way from the thread that reads them: all their text in one piece, and numbers that say
// where each value ends. As objects they would take longer to pass on than to read.
import type { RegisterCompany } from '../../companies-house/register/company.ts'
import type { Reject } from '../../db/companies/staging.ts'

/** What a piece of a file holds. */
export interface PackedRows {
  /** How many rows there are, of each kind. */
  count: number
  /** What the kind of each row is, and what follows from it. */
  numbers: Int32Array<ArrayBuffer>
  text: string
  /** Of those rows that are known, and of companies that can be. */
  marks: number[]
  /** The rows that cannot be right. */
  rejects: Reject[]
  /** Cells that cannot be right, by the company that has them. */
  odd: OddCells[]
  /** The bytes of the piece as Latin-1 where rows are known, else empty. */
  page: string
  /** What the file has told so far, with its header and at its end. */
  told?: FileTold
}

/** What a file tells beside its companies. */
export interface FileTold {
  /** Its first line. */
  header: string
  /** Columns of `companies` that it says nothing about. */
  unfilled: string[]
  /** What it calls each SIC code. */
  sicDescriptions: Map<string, string>
  /** The first two characters of the company numbers that it lists. */
  prefixes: Set<string>
}

export interface OddCells {
  /** Which of the rows it is, from 0. */
  row: number
  cells: [column: string, cell: string][]
}

export type Row =
  | { kind: 'reject' }
  /** One whose mark is at hand, and where it lies in the page. */
  | { kind: 'known'; mark: number; from: number; to: number }
  /** `mark` is null for one that must be read each time, since there is more to be told of it. */
  | { kind: 'company'; company: RegisterCompany; mark: number | null }

const REJECT = 0
const KNOWN = 1
const COMPANY = 2

/** Packs the rows of one piece after the other. */
export interface RowPacker {
  reject(reject: Reject): void
  known(mark: number, from: number, to: number): void
  /** `odd` are its cells that cannot be right. */
  company(company: RegisterCompany, mark: number | null, odd: OddCells['cells']): void
  /** What was packed since the last call. */
  take(page: string): PackedRows
}

export function createRowPacker(): RowPacker {
  let numbers = new Int32Array(4096)
  let used = 0
  let packed = emptyRows()
  let values: string[] = []
  const put = (value: number) => {
    if (used === numbers.length) {
      const larger = new Int32Array(2 * used)
      larger.set(numbers)
      numbers = larger
    }
    numbers[used] = value
    used += 1
  }
  return {
    reject(reject) {
      packed.count += 1
      packed.rejects.push(reject)
      put(REJECT)
    },
    known(mark, from, to) {
      packed.count += 1
      packed.marks.push(mark)
      put(KNOWN)
      put(from)
      put(to)
    },
    company(company, mark, odd) {
      if (odd.length > 0) packed.odd.push({ row: packed.count, cells: odd })
      packed.count += 1
      // No row has 0 as its mark.
      packed.marks.push(mark ?? 0)
      put(COMPANY)
      for (const name of COLUMNS) {
        const value = company[name]
        if (typeof value === 'string') values.push(value)
        put(value === null ? 0 : (typeof value === 'string' ? value.length : value) + 1)
      }
    },
    take(page) {
      const taken = { ...packed, numbers: numbers.slice(0, used), text: values.join(''), page }
      packed = emptyRows()
      values = []
      used = 0
      return taken
    },
  }
}

function emptyRows(): PackedRows {
  return { count: 0, numbers: new Int32Array(0), text: '', marks: [], rejects: [], odd: [], page: '' }
}

/** A function that returns the rows one after the other; it is called as often as there are rows. */
export function rowsOf({ numbers, text, marks }: PackedRows): () => Row {
  let [at, end, marked] = [0, 0, 0]
  const number = () => {
    at += 1
    return numbers[at - 1] as number
  }
  const count = () => {
    const value = number()
    return value === 0 ? null : value - 1
  }
  const filled = (length: number) => {
    const from = end
    end += length
    return text.slice(from, end)
  }
  const value = () => {
    const length = number()
    return length === 0 ? null : filled(length - 1)
  }
  const mark = () => {
    marked += 1
    return marks[marked - 1] as number
  }
  // In this order they are packed.
  const company = (): RegisterCompany => ({
    company_number: filled(number() - 1),
    company_name: filled(number() - 1),
    company_status: value(),
    company_status_detail: value(),
    type: value(),
    subtype: value(),
    date_of_creation: value(),
    date_of_cessation: value(),
    sic_codes: value(),
    care_of: value(),
    po_box: value(),
    address_line_1: value(),
    address_line_2: value(),
    locality: value(),
    region: value(),
    country: value(),
    postal_code: value(),
    country_of_origin: value(),
    accounts_next_due: value(),
    accounts_last_accounts_made_up_to: value(),
    accounts_last_accounts_type: value(),
    confirmation_statement_next_due: value(),
    confirmation_statement_last_made_up_to: value(),
    annual_return_next_due: value(),
    annual_return_last_made_up_to: value(),
    previous_company_names: value(),
    uri: value(),
    accounts_accounting_reference_date_day: count(),
    accounts_accounting_reference_date_month: count(),
    charges_count: count(),
    charges_outstanding_count: count(),
    charges_part_satisfied_count: count(),
    charges_satisfied_count: count(),
    general_partners_count: count(),
    limited_partners_count: count(),
  })
  return () => {
    const kind = number()
    if (kind === REJECT) return { kind: 'reject' }
    if (kind === KNOWN) return { kind: 'known', mark: mark(), from: number(), to: number() }
    return { kind: 'company', company: company(), mark: mark() || null }
  }
}

/** The columns of a company, in the order in which they are unpacked. */
const COLUMNS = columnsInOrder()

function columnsInOrder(): (keyof RegisterCompany)[] {
  const numbers = new Int32Array(100).fill(1)
  numbers[0] = COMPANY
  const row = rowsOf({ ...emptyRows(), numbers, marks: [0] })()
  return row.kind === 'company' ? (Object.keys(row.company) as (keyof RegisterCompany)[]) : []
}
