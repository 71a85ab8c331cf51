// What was read from a piece of a register file, as plain values: so they cross from one thread to another at little cost.
import { type FiledCompany, SHARED_KINDS, type Shared, type SharedKind } from '../../db/companies/shared-facts.ts'

/** What a company shares with no other, in the order in which a batch holds it. */
export const OWN = [
  'company_number',
  'company_name',
  'date_of_creation',
  'care_of',
  'po_box',
  'address_line_1',
  'address_line_2',
  'postal_code',
  'previous_company_names',
  'uri',
] as const satisfies (keyof FiledCompany)[]

/** What companies share from now on, by its number; with number 0 the earlier ones of its kind are forgotten. */
export interface Fresh {
  kind: SharedKind
  id: number
  facts: object
}

export interface RowBatch {
  /** How many rows were read, bad ones included. */
  rows: number
  /** The values of `OWN`, company by company. */
  own: (string | null)[]
  /** The numbers of what it shares, one of each kind in the order of `SHARED_KINDS`, company by company. */
  shared: number[]
  fresh: Fresh[]
  rejects: { line: number; reason: string; row: string }[]
  /** Cells that cannot be right, with the place of their company in this batch. */
  odd: { company: number; column: string; cell: string }[]
  /** What SIC codes are called. */
  sic: [code: string, description: string][]
  /** Columns of `companies` that the file says nothing about; null but in the batch with its header. */
  unfilled: string[] | null
}

export function emptyBatch(): RowBatch {
  return { rows: 0, own: [], shared: [], fresh: [], rejects: [], odd: [], sic: [], unfilled: null }
}

/** A function that returns the companies of one batch after the other, of the same part of a file. */
export function batchOpener(): (batch: RowBatch) => FiledCompany[] {
  const known = new Map<SharedKind, Shared[]>()
  const pick = <Kind extends SharedKind>(kind: Kind, id: number | undefined) =>
    known.get(kind)?.[id ?? 0] as unknown as Shared<Kind>
  return ({ own, shared, fresh }) => {
    for (const { kind, id, facts } of fresh) {
      if (id === 0) known.set(kind, [])
      known.get(kind)?.push({ facts, stagedAs: 0 } as Shared)
    }
    const companies: FiledCompany[] = []
    for (let at = 0, its = 0; at < own.length; at += OWN.length, its += SHARED_KINDS.length) {
      companies.push({
        company_number: own[at] ?? '',
        company_name: own[at + 1] ?? '',
        date_of_creation: own[at + 2] ?? null,
        care_of: own[at + 3] ?? null,
        po_box: own[at + 4] ?? null,
        address_line_1: own[at + 5] ?? null,
        address_line_2: own[at + 6] ?? null,
        postal_code: own[at + 7] ?? null,
        previous_company_names: own[at + 8] ?? null,
        uri: own[at + 9] ?? null,
        place: pick('place', shared[its]),
        standing: pick('standing', shared[its + 1]),
        accounts: pick('accounts', shared[its + 2]),
        trade: pick('trade', shared[its + 3]),
        statements: pick('statements', shared[its + 4]),
      })
    }
    return companies
  }
}
