import { drawCompany, kindOf } from './companies.ts'
import { dayOfIso, dayOfMs, isoOfDay } from './days.ts'
import { createNumbering } from './numbering.ts'
import { drawNewcomer } from './officers.ts'
import { drawPscs } from './pscs.ts'
import {
  companyAt,
  indexOf,
  numberAt,
  numbersFormed,
  numbersServed,
  officersAt,
  officersDraw,
  type Register,
  type RegisterChanges,
  sizeOf,
} from './register.ts'
import type { SyntheticCompany, SyntheticOfficer, SyntheticPsc } from './shapes.ts'

export interface WorldOptions {
  seed: number
  /** Up to 15,000,000; none of them is held in memory. */
  companies: number
  /** `YYYY-MM-DD`: the day up to which companies are formed; today (UTC) by default. Dates follow it, numbers do not. */
  today?: string
  /** The day (`YYYY-MM-DD`) on which verifications are due, overdue and so on; the world's today by default. */
  verificationsOn?: string
}

/** The truth of a synthetic register: the same seed, size and day give the same world. */
export interface World {
  readonly seed: number
  readonly today: string
  /** How many companies there are, those formed since included. */
  readonly size: number
  /** Grows with every change. */
  readonly revision: number
  /** The number of the company at `index`, from 0 to size - 1. */
  companyNumber(index: number): string
  company(number: string): SyntheticCompany | undefined
  /** All officers of a company, resigned ones too, in the API's default order; empty for an unknown company. */
  officers(number: string): SyntheticOfficer[]
  /** Who controls a company: all records, ceased ones, statements and exemptions too; empty for an unknown company. */
  pscs(number: string): readonly SyntheticPsc[]
  numbers(): Iterable<string>
  /** Every company, one after the other. */
  companies(): Iterable<SyntheticCompany>
  /** A superset of the numbers of companies formed from `from` to `to` (`YYYY-MM-DD`, both included), quick to walk. */
  numbersFormed(from: string | undefined, to: string | undefined): Iterable<string>
  /** Every appointment under an officer id, as pairs of company number and officer. */
  appointments(officerId: string): [number: string, officer: SyntheticOfficer][]
  override(number: string, changes: RegisterChanges): void
  /** Adds a company, with no officers unless told otherwise. */
  add(company: SyntheticCompany, officers?: number | readonly SyntheticOfficer[]): void
  /** Forms a new company of an ordinary kind on `on` (default: the world's today) and returns it. */
  incorporate(on?: string, officerCount?: number): SyntheticCompany
  /** Appoints one more officer, who comes first in the list. */
  appoint(number: string): SyntheticOfficer
}

/** Makes a register of any size at once: a company is drawn from the seed when it is asked for. */
export function createWorld({
  seed,
  companies,
  today = isoOfDay(dayOfMs(Date.now())),
  verificationsOn = today,
}: WorldOptions): World {
  const register: Register = {
    seed,
    companies,
    today: dayOfIso(today),
    verificationsOn: dayOfIso(verificationsOn),
    numbering: createNumbering(seed, companies),
    added: new Map(),
    addedNumbers: [],
    changed: new Map(),
    listed: new Map(),
  }
  let revision = 0

  function change(number: string, changes: RegisterChanges): void {
    record(register, number, changes)
    revision += 1
  }

  const look = reading(register, { seed, today })

  /** Who controls a company was drawn from what it was before its first change, and stays so. */
  function keepPscs(number: string): void {
    if (register.changed.get(number)?.pscs === undefined) record(register, number, { pscs: look.pscs(number) })
  }

  return {
    seed,
    today,
    get size() {
      return sizeOf(register)
    },
    get revision() {
      return revision
    },
    ...look,
    override(number, changes) {
      known(register, number)
      keepPscs(number)
      change(number, changes)
    },
    add(company, officers = 0) {
      addCompany(register, company)
      change(company.company_number, { officers })
    },
    incorporate(on = today, officerCount = 1) {
      const company = drawNewCompany(register, on, officerCount)
      addCompany(register, company)
      change(company.company_number, { officers: officerCount })
      return company
    },
    appoint(number) {
      const index = known(register, number)
      keepPscs(number)
      const newcomer = drawNewcomer(officersDraw(register, number, index))
      change(number, { officers: [...officersAt(register, number, index), newcomer] })
      return newcomer
    },
  }
}

/** The part of a world that only looks. */
function reading(register: Register, { seed, today }: { seed: number; today: string }) {
  const officers = (number: string): SyntheticOfficer[] => {
    const index = indexOf(register, number)
    return index === undefined ? [] : officersAt(register, number, index)
  }
  const company = (number: string): SyntheticCompany | undefined => {
    const index = indexOf(register, number)
    return index === undefined ? undefined : companyAt(register, number, index)
  }
  return {
    companyNumber: (index: number) => numberAt(register, index),
    company,
    officers,
    pscs: (number: string): readonly SyntheticPsc[] =>
      register.changed.get(number)?.pscs ?? drawPscs({ seed, today, company, officers }, number),
    *numbers(): Generator<string> {
      for (let index = 0; index < sizeOf(register); index += 1) yield numberAt(register, index)
    },
    *companies(): Generator<SyntheticCompany> {
      for (let index = 0; index < sizeOf(register); index += 1) {
        yield companyAt(register, numberAt(register, index), index)
      }
    },
    numbersFormed: (from: string | undefined, to: string | undefined) => numbersFormed(register, from, to),
    appointments: (officerId: string) =>
      [...numbersServed(register, officerId)].flatMap((number) =>
        officers(number)
          .filter((officer) => officer.officerId === officerId)
          .map((officer): [string, SyntheticOfficer] => [number, officer]),
      ),
  }
}

function addCompany(register: Register, company: SyntheticCompany): void {
  const number = company.company_number
  if (indexOf(register, number) !== undefined) throw new RangeError(`There is a company ${number} already.`)
  register.added.set(number, { index: sizeOf(register), company })
  register.addedNumbers.push(number)
}

function drawNewCompany(register: Register, on: string, officerCount: number): SyntheticCompany {
  const { seed, addedNumbers, numbering } = register
  const createdDay = dayOfIso(on)
  const number = numbering.newNumber(addedNumbers.length)
  const today = Math.max(register.today, createdDay)
  const index = sizeOf(register)
  return drawCompany({ seed, index, number, kind: kindOf(seed, index, number), createdDay, today, officerCount })
}

function record({ changed, listed }: Register, number: string, changes: RegisterChanges): void {
  const before = changed.get(number)
  changed.set(number, { ...before, ...changes, profile: { ...before?.profile, ...changes.profile } })
  if (typeof changes.officers !== 'object') return
  for (const { officerId } of changes.officers) {
    listed.set(officerId, (listed.get(officerId) ?? new Set()).add(number))
  }
}

function known(register: Register, number: string): number {
  const index = indexOf(register, number)
  if (index === undefined) throw new RangeError(`There is no company ${number}.`)
  return index
}
