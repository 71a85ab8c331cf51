// Rows of the register file, read by stretches of columns: what stands there stands in thousands of rows in the same
// words, so that it is looked up as a whole, and read cell by cell only where it is new.
import { SHARED, type SharedKind } from '../../db/companies/shared-facts.ts'
import { isOversea, ownReader, type RegisterColumns, rowReader, SIC_COLUMNS } from './company.ts'
import { FILING_COLUMNS, FILLED_FROM, previousNames, unusualUri } from './filings.ts'
import { cellsOfStretch, type Stretch } from './records.ts'
import { emptyBatch, OWN, type RowBatch } from './row-batch.ts'

/** From which columns of the file they come. */
const FROM: Record<SharedKind, readonly string[]> = {
  place: ['RegAddress.PostTown', 'RegAddress.County', 'RegAddress.Country'],
  standing: ['CompanyCategory', 'CompanyStatus', 'CountryOfOrigin', 'DissolutionDate'],
  accounts: SHARED.accounts.flatMap((column) => FILLED_FROM[column]),
  trade: [...SIC_COLUMNS, ...FILLED_FROM.general_partners_count, ...FILLED_FROM.limited_partners_count],
  statements: SHARED.statements.flatMap((column) => FILLED_FROM[column]),
}

/** So many stretches of a kind are remembered at a time, or a few more. */
const MOST_REMEMBERED = 20_000

type OddCell = [column: string, cell: string]

/** What was read from a stretch, and what reading it told. */
interface Read {
  /** Its number among those of its kind. */
  id: number
  facts: object
  /** Why its row cannot be right. */
  fault: string | null
  odd: OddCell[]
  sic: [code: string, description: string][]
}

export interface SharedReader {
  /** What the record reader is to keep whole. */
  stretches: Stretch[]
  /** Belongs before the first row of a batch. */
  begin(batch: RowBatch): void
  /** Adds a row of such cells to the batch; for one that cannot be right it returns the reason, as text. */
  add(cells: string[]): string | null
}

/** The same as `rowReader`, for batches: it reads the same facts and returns and tells the same. */
export function sharedReader(columns: RegisterColumns): SharedReader {
  const readOwn = ownReader(columns)
  const stretches: Stretch[] = []
  const keep = (stretch: Stretch | null) => {
    if (stretch) stretches.push(stretch)
    return stretch
  }
  let batch = emptyBatch()
  const reader = (kind: SharedKind) => kindReader(kind, columns, keep(stretchOf(FROM[kind], columns)))
  const [place, standing, accounts, trade] = [reader('place'), reader('standing'), reader('accounts'), reader('trade')]
  const statements = reader('statements')
  const names = namesReader(columns, keep(stretchOf(FILLED_FROM.previous_company_names, columns)))
  const uriAt = columns.placeOf('URI')
  const add = (cells: string[]): string | null => {
    const own = readOwn(cells)
    if (typeof own === 'string') return own
    const { company_number } = own
    const stands = standing.read(cells, batch, isOversea(company_number))
    if (stands.fault !== null) return stands.fault
    const odd: OddCell[] = []
    const files = accounts.read(cells, batch)
    const trades = trade.read(cells, batch)
    const states = statements.read(cells, batch)
    const previous = names(cells, odd)
    for (const named of trades.sic) batch.sic.push(named)
    if (odd.length + files.odd.length + trades.odd.length + states.odd.length > 0)
      noteOdd(batch, [...files.odd, ...trades.odd, ...states.odd, ...odd])
    const { company_name, date_of_creation, care_of, po_box, address_line_1, address_line_2, postal_code } = own
    const uri = unusualUri(cells[uriAt] ?? '', company_number)
    batch.own.push(company_number, company_name, date_of_creation, care_of, po_box)
    batch.own.push(address_line_1, address_line_2, postal_code, previous, uri)
    batch.shared.push(place.read(cells, batch).id, stands.id, files.id, trades.id, states.id)
    return null
  }
  const begin = (next: RowBatch) => {
    batch = next
    for (const { rest } of [place, standing, accounts, trade, statements]) rest()
  }
  return { stretches, begin, add }
}

/** In the order in which the columns are read. */
function noteOdd(batch: RowBatch, odd: OddCell[]): void {
  const place = ([column]: OddCell) => FILING_COLUMNS.indexOf(column)
  const company = batch.own.length / OWN.length
  for (const [column, cell] of odd.sort((a, b) => place(a) - place(b))) batch.odd.push({ company, column, cell })
}

/** Where columns stand side by side, with nothing else between them that is stored; null where they do not. */
function stretchOf(names: readonly string[], { placeOf, stored }: RegisterColumns): Stretch | null {
  const places = names.map(placeOf).filter((place) => place >= 0)
  const [first, last] = [Math.min(...places), Math.max(...places)]
  const apart = stored.some((place) => place > first && place < last && !places.includes(place))
  return places.length < 2 || apart ? null : [first, last]
}

interface KindReader {
  /** What a row has of the kind; where that is new, the batch is told. */
  read(cells: string[], batch: RowBatch, oversea?: boolean): Read
  /** Forgets what is too much. */
  rest(): void
}

/** The wording that the file has for several types means another one for numbers of overseas companies. */
const [ORDINARY_NUMBER, OVERSEA_NUMBER] = ['00000000', 'FC000000']

function kindReader(kind: SharedKind, columns: RegisterColumns, stretch: Stretch | null): KindReader {
  const places = FROM[kind].map(columns.placeOf).filter((place) => place >= 0)
  const first = stretch?.[0] ?? -1
  const [ordinary, overseas] = [new Map<string, Read>(), new Map<string, Read>()]
  const readSample = sampleReader(kind, columns)
  let count = 0
  const readNew = (key: string, cells: string[], oversea: boolean): Read => {
    const sample: string[] = Array(columns.width).fill('')
    if (stretch) put(sample, first, cellsOfStretch(key))
    else for (const at of places) sample[at] = Buffer.from(cells[at] ?? '').toString()
    sample[columns.at.CompanyNumber] = oversea ? OVERSEA_NUMBER : ORDINARY_NUMBER
    sample[columns.at.CompanyName] = '-'
    const read = { ...readSample(sample), id: count }
    count += 1
    return read
  }
  return {
    read(cells, batch, oversea = false) {
      const key = stretch ? (cells[first] ?? '') : JSON.stringify(places.map((place) => cells[place]))
      const known = oversea ? overseas : ordinary
      const found = known.get(key)
      if (found !== undefined) return found
      // A copy: a cell is a slice of its page, and would hold all of it.
      const copy = Buffer.from(key).toString()
      const read = readNew(copy, cells, oversea)
      known.set(copy, read)
      batch.fresh.push({ kind, id: read.id, facts: read.facts })
      return read
    },
    rest() {
      if (ordinary.size + overseas.size < MOST_REMEMBERED) return
      ordinary.clear()
      overseas.clear()
      count = 0
    },
  }
}

/** Reads one kind of facts from a row with nothing else in it. */
function sampleReader(kind: SharedKind, columns: RegisterColumns): (sample: string[]) => Omit<Read, 'id'> {
  let told: Pick<Read, 'odd' | 'sic'> = { odd: [], sic: [] }
  const readRow = rowReader(columns, {
    onOddCell: (...cell) => told.odd.push(cell),
    onSic: (...named) => told.sic.push(named),
  })
  return (sample) => {
    told = { odd: [], sic: [] }
    const row = readRow(sample)
    if (typeof row === 'string') return { ...told, fault: row, facts: {} }
    return { ...told, fault: null, facts: Object.fromEntries(SHARED[kind].map((column) => [column, row[column]])) }
  }
}

/** Few companies have had another name; nobody shares those. */
function namesReader(
  { placeOf }: RegisterColumns,
  stretch: Stretch | null,
): (cells: string[], odd: OddCell[]) => string | null {
  const read = previousNames(placeOf)
  const told = (cells: string[], odd: OddCell[]) => read(cells, (...cell) => odd.push(cell))
  if (!stretch) return told
  const [first] = stretch
  let none = ''
  return (cells, odd) => {
    const whole = cells[first] ?? ''
    if (whole === none) return null
    const sample: string[] = []
    put(sample, first, cellsOfStretch(whole))
    const names = told(sample, odd)
    if (names === null && odd.length === 0) none = Buffer.from(whole).toString()
    return names
  }
}

/** Puts the cells of a stretch into a row, from the one where it begins. */
function put(row: string[], first: number, cells: string[]): void {
  for (const [index, cell] of cells.entries()) row[first + index] = cell
}
