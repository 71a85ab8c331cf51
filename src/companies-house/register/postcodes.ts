// One row of the ONS Postcode Directory or of its smaller sister, the National Statistics Postcode Lookup. Names of columns
// carry the year of the areas (`lad25cd`), older editions have none (`oslaua`, `laua`). The files hold codes; those of
// regions and countries do not change, the many authorities are named in a file that comes in the same zip (facts 5.2).
import { ChpipeError } from '../../errors.ts'
import { filed } from '../../text.ts'
import { remembering } from './cells.ts'

export interface Place {
  /** Names; null where the directory has none. */
  region: string | null
  local_authority: string | null
  country: string | null
}

export interface PlacedPostcode extends Place {
  /** In capitals, without spaces. */
  postcode: string
  /** It is no longer in use; companies may still be filed under it. */
  terminated: boolean
}

const REGIONS: Record<string, string> = {
  E12000001: 'North East',
  E12000002: 'North West',
  E12000003: 'Yorkshire and the Humber',
  E12000004: 'East Midlands',
  E12000005: 'West Midlands',
  E12000006: 'East of England',
  E12000007: 'London',
  E12000008: 'South East',
  E12000009: 'South West',
}

const COUNTRIES: Record<string, string> = {
  E92000001: 'England',
  W92000004: 'Wales',
  S92000003: 'Scotland',
  N92000002: 'Northern Ireland',
  L93000001: 'Channel Islands',
  M83000003: 'Isle of Man',
}

/** What has no regions counts as one. */
const WHOLE_COUNTRIES: Record<string, string> = {
  Wales: 'Wales',
  Scotland: 'Scotland',
  'Northern Ireland': 'Northern Ireland',
  'Channel Islands': 'Channel Islands and Isle of Man',
  'Isle of Man': 'Channel Islands and Isle of Man',
}

const COLUMNS = {
  postcode: /^pcds$/i,
  ended: /^doterm$/i,
  authority: /^(?:oslaua|laua|lad\d\dcd)$/i,
  country: /^ctry(?:\d\dcd)?$/i,
  region: /^rgn(?:\d\dcd)?$/i,
} as const

export interface DirectoryColumns {
  at: Record<keyof typeof COLUMNS, number>
  width: number
}

const TAKE_AS_IT_COMES = 'use the ONS Postcode Directory as downloaded from https://geoportal.statistics.gov.uk'

/** Finds the columns in a header. Throws a `data` error that names those missing. */
export function findDirectoryColumns(header: string[], fileName: string): DirectoryColumns {
  const names = header.map((name) => name.trim())
  const found = Object.entries(COLUMNS).map(([column, pattern]) => ({
    column,
    place: names.findIndex((name) => pattern.test(name)),
  }))
  const missing = found.filter(({ place }) => place < 0)
  if (missing.length > 0) {
    const which =
      missing.length === found.length
        ? 'any of its columns'
        : `a column for ${missing.map(({ column }) => column).join(', ')}`
    throw new ChpipeError(
      'data',
      `This is not the ONS Postcode Directory: its first line does not name ${which}: ${fileName}`,
      {
        hint: TAKE_AS_IT_COMES,
      },
    )
  }
  const at = Object.fromEntries(found.map(({ column, place }) => [column, place])) as DirectoryColumns['at']
  return { at, width: names.length }
}

const POSTCODE = /^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$/
/** `99999999` stands for an area that there is not, as does a country in `E99999999`. */
const NO_AREA = /^[A-Z]?9{8}$/

/** A function that reads a row; for one that cannot be right it returns the reason, as text. */
export function postcodeReader(
  { at, width }: DirectoryColumns,
  authorities: ReadonlyMap<string, string>,
): (cells: string[]) => PlacedPostcode | string {
  const authority = remembering((text) => {
    const code = filed(text)
    return code === null || NO_AREA.test(code) ? null : (authorities.get(code) ?? code)
  })
  const country = remembering((text) => {
    const code = text.trim()
    return Object.hasOwn(COUNTRIES, code) ? (COUNTRIES[code] ?? null) : null
  })
  return (cells) => {
    if (cells.length !== width) return `expected ${width} columns, found ${cells.length}`
    const cell = (place: number) => cells[place] ?? ''
    const postcode = cell(at.postcode).toUpperCase().replace(/\s+/g, '')
    if (!POSTCODE.test(postcode)) return `not a postcode: ${JSON.stringify(cell(at.postcode).slice(0, 20))}`
    const its = country(cell(at.country))
    if (its === null) return `not a country: ${JSON.stringify(cell(at.country).slice(0, 20))}`
    const region = REGIONS[cell(at.region).trim()] ?? WHOLE_COUNTRIES[its] ?? null
    const terminated = cell(at.ended).trim() !== ''
    return { postcode, region, local_authority: authority(cell(at.authority)), country: its, terminated }
  }
}

const CODE = /^(?:lad|laua|la)\d*cd$/i
const NAME = /^(?:lad|laua|la)\d*nm$/i

/** The names of authorities by their codes, from the records of the list that comes with the directory; null for another. */
export function authorityNames(records: string[][]): Map<string, string> | null {
  const [header = [], ...rows] = records
  const names = header.map((name) => name.trim())
  const [code, name] = [names.findIndex((one) => CODE.test(one)), names.findIndex((one) => NAME.test(one))]
  if (code < 0 || name < 0) return null
  return new Map(
    rows.flatMap((cells): [string, string][] => {
      const [its, called] = [filed(cells[code]), filed(cells[name])]
      return its !== null && called !== null ? [[its, called]] : []
    }),
  )
}
