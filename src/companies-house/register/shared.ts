// Rows of the register file, read by stretches of columns: what stands there stands in thousands of rows in the same
// words, so that it is looked up as a whole, and read cell by cell only where it is new.
import { type FiledCompany, SHARED, type Shared, type SharedKind } from '../../db/companies/shared-facts.ts'
import { isOversea, ownReader, type RegisterColumns, type RowTold, rowReader, SIC_COLUMNS } from './company.ts'
import { FILING_COLUMNS, FILLED_FROM, previousNames, unusualUri } from './filings.ts'
import { cellsOfStretch, type Stretch } from './records.ts'

/** From which columns of the file they come. */
const FROM: Record<SharedKind, readonly string[]> = {
  place: ['RegAddress.PostTown', 'RegAddress.County', 'RegAddress.Country'],
  standing: ['CompanyCategory', 'CompanyStatus', 'CountryOfOrigin', 'DissolutionDate'],
  accounts: SHARED.accounts.flatMap((column) => FILLED_FROM[column]),
  trade: [...SIC_COLUMNS, ...FILLED_FROM.general_partners_count, ...FILLED_FROM.limited_partners_count],
  statements: SHARED.statements.flatMap((column) => FILLED_FROM[column]),
}

/** So many stretches of a kind are remembered at a time. */
const MOST_REMEMBERED = 20_000

type OddCell = [column: string, cell: string]

/** What was read from a stretch, and what reading it told. */
interface Read<Kind extends SharedKind> {
  shared: Shared<Kind>
  /** Why its row cannot be right. */
  fault: string | null
  odd: OddCell[]
  sic: [code: string, description: string][]
}

export interface SharedReader {
  /** What the record reader is to keep whole. */
  stretches: Stretch[]
  /** Reads a row of such cells; for one that cannot be right it returns the reason, as text. */
  read(cells: string[]): FiledCompany | string
}

/** The same as `rowReader`: it returns the same facts and reasons and tells the same of them. */
export function sharedReader(columns: RegisterColumns, told: Required<RowTold>): SharedReader {
  const readOwn = ownReader(columns)
  const stretches: Stretch[] = []
  const keep = (stretch: Stretch | null) => {
    if (stretch) stretches.push(stretch)
    return stretch
  }
  const reader = <Kind extends SharedKind>(kind: Kind) =>
    kindReader(kind, columns, keep(stretchOf(FROM[kind], columns)))
  const [place, standing, accounts, trade] = [reader('place'), reader('standing'), reader('accounts'), reader('trade')]
  const statements = reader('statements')
  const names = namesReader(columns, keep(stretchOf(FILLED_FROM.previous_company_names, columns)))
  const uriAt = columns.placeOf('URI')
  const read = (cells: string[]): FiledCompany | string => {
    const own = readOwn(cells)
    if (typeof own === 'string') return own
    const stands = standing(cells, isOversea(own.company_number))
    if (stands.fault !== null) return stands.fault
    const odd: OddCell[] = []
    const [its, files, trades, states] = [place(cells), accounts(cells), trade(cells), statements(cells)]
    const previous_company_names = names(cells, odd)
    for (const [code, description] of trades.sic) told.onSic(code, description)
    if (odd.length + files.odd.length + trades.odd.length + states.odd.length > 0)
      tellOdd([...files.odd, ...trades.odd, ...states.odd, ...odd], told)
    return {
      company_number: own.company_number,
      company_name: own.company_name,
      date_of_creation: own.date_of_creation,
      care_of: own.care_of,
      po_box: own.po_box,
      address_line_1: own.address_line_1,
      address_line_2: own.address_line_2,
      postal_code: own.postal_code,
      previous_company_names,
      uri: unusualUri(cells[uriAt] ?? '', own.company_number),
      place: its.shared,
      standing: stands.shared,
      accounts: files.shared,
      trade: trades.shared,
      statements: states.shared,
    }
  }
  return { stretches, read }
}

/** In the order in which the columns are read. */
function tellOdd(odd: OddCell[], { onOddCell }: Required<RowTold>): void {
  const place = ([column]: OddCell) => FILING_COLUMNS.indexOf(column)
  for (const [column, cell] of odd.sort((a, b) => place(a) - place(b))) onOddCell(column, cell)
}

/** Where columns stand side by side, with nothing else between them that is stored; null where they do not. */
function stretchOf(names: readonly string[], { placeOf, stored }: RegisterColumns): Stretch | null {
  const places = names.map(placeOf).filter((place) => place >= 0)
  const [first, last] = [Math.min(...places), Math.max(...places)]
  const apart = stored.some((place) => place > first && place < last && !places.includes(place))
  return places.length < 2 || apart ? null : [first, last]
}

type KindReader<Kind extends SharedKind> = (cells: string[], oversea?: boolean) => Read<Kind>

/** The wording that the file has for several types means another one for numbers of overseas companies. */
const [ORDINARY_NUMBER, OVERSEA_NUMBER] = ['00000000', 'FC000000']

function kindReader<Kind extends SharedKind>(
  kind: Kind,
  columns: RegisterColumns,
  stretch: Stretch | null,
): KindReader<Kind> {
  const places = FROM[kind].map(columns.placeOf).filter((place) => place >= 0)
  const at = stretch?.[0] ?? -1
  const known = [new Map<string, Read<Kind>>(), new Map<string, Read<Kind>>()] as const
  const readSample = sampleReader(kind, columns)
  return (cells, oversea = false) => {
    const key = stretch ? (cells[at] ?? '') : JSON.stringify(places.map((place) => cells[place]))
    const among = known[oversea ? 1 : 0]
    const found = among.get(key)
    if (found !== undefined) return found
    // A copy: a cell is a slice of its page, and would hold all of it.
    const copy = Buffer.from(key).toString()
    const sample: string[] = Array(columns.width).fill('')
    if (stretch) put(sample, at, cellsOfStretch(copy))
    else for (const at of places) sample[at] = Buffer.from(cells[at] ?? '').toString()
    sample[columns.at.CompanyNumber] = oversea ? OVERSEA_NUMBER : ORDINARY_NUMBER
    sample[columns.at.CompanyName] = '-'
    const read = readSample(sample)
    if (among.size >= MOST_REMEMBERED) among.clear()
    among.set(copy, read)
    return read
  }
}

/** Reads one kind of facts from a row with nothing else in it. */
function sampleReader<Kind extends SharedKind>(kind: Kind, columns: RegisterColumns): (sample: string[]) => Read<Kind> {
  let read: Pick<Read<Kind>, 'odd' | 'sic'> = { odd: [], sic: [] }
  const readRow = rowReader(columns, {
    onOddCell: (...cell) => read.odd.push(cell),
    onSic: (...named) => read.sic.push(named),
  })
  return (sample) => {
    read = { odd: [], sic: [] }
    const row = readRow(sample)
    const fault = typeof row === 'string' ? row : null
    const facts = Object.fromEntries(
      SHARED[kind].map((column) => [column, typeof row === 'string' ? null : row[column]]),
    )
    return { ...read, fault, shared: { facts: facts as Shared<Kind>['facts'], stagedAs: 0 } }
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
