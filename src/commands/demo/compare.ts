// Compares what chpipe stored with what the sandbox knows, value by value. The truth comes from the synthetic world
// itself, not from its answers over HTTP.
import { type Cell, datasetColumns, type Row } from '../../db/dataset/columns.ts'
import { openDataset } from '../../db/dataset/dataset.ts'
import { filedValues, officersFiled } from '../../db/dataset/dictionary.ts'
import type { Db } from '../../db/open.ts'
import { readCreditReport } from '../../db/purchases/credits.ts'
import type { SnovSandbox } from '../../sandbox/snov/server.ts'
import type { SyntheticCompany, SyntheticOfficer } from '../../sandbox/world/shapes.ts'
import type { World } from '../../sandbox/world/world.ts'
import { personName } from '../../steps/purchases/inputs.ts'

export interface TruthComparison {
  /** Rows that were compared. */
  companies: number
  officers: number
  /** One sentence for each value, row or list that is not as it should be. */
  differences: string[]
}

type Values = Record<string, Cell | undefined>

/** Walks every stored row: companies as the register file has them, officer lists as the register has them. */
export function compareWithTruth(db: Db, world: World): TruthComparison {
  const result: TruthComparison = { companies: 0, officers: 0, differences: [] }
  using dataset = openDataset(db, { all: true, today: world.today })
  for (const page of dataset.pages()) {
    const officers = page.officers.map((row) => named('officers', row))
    for (const company of page.companies.map((row) => named('companies', row))) {
      const number = String(company.company_number)
      const listed = officers.filter((officer) => officer.company_number === number)
      result.companies += 1
      result.officers += listed.length
      result.differences.push(...companyDifferences(number, company, world), ...listDifferences(company, listed, world))
    }
  }
  return result
}

function named(table: keyof typeof datasetColumns, row: Row): Values {
  return Object.fromEntries(datasetColumns[table].map(({ name }, at) => [name, row[at]]))
}

function companyDifferences(number: string, stored: Values, world: World): string[] {
  const truth = world.company(number)
  return truth ? differences(number, stored, companyTruth(truth)) : [`${number}: no such company`]
}

/** What the register file says without loss: it holds four SIC codes, and capitals for addresses. */
function companyTruth(company: SyntheticCompany): Values {
  const { company_status: status, registered_office_address: address } = company
  return {
    company_name: company.company_name,
    company_status: status === undefined || status === 'registered' ? 'active' : status,
    company_status_detail: company.company_status_detail,
    date_of_creation: company.date_of_creation,
    sic_codes: company.sic_codes?.slice(0, 4).join(','),
    postal_code: address?.postal_code?.toUpperCase(),
  }
}

function listDifferences(company: Values, listed: Values[], world: World): string[] {
  const number = String(company.company_number)
  const { officers_state: state } = company
  const truth = state === 'complete' || state === 'none' ? world.officers(number) : []
  const found: string[] = []
  if (state !== 'pending' && (state === 'complete') !== truth.length > 0) found.push(`${number}: is ${state}`)
  if (listed.length !== truth.length) found.push(`${number}: ${listed.length} officers, not ${truth.length}`)
  const rows = new Map(listed.map((row) => [row.appointment_id, row]))
  for (const officer of truth) {
    const row = rows.get(officer.appointmentId)
    const place = `${number} ${officer.appointmentId}`
    found.push(...(row ? differences(place, row, officerTruth(officer)) : [`${place}: is missing`]))
  }
  return found
}

function officerTruth({ officerId, item }: SyntheticOfficer): Values {
  return { officer_id: officerId, ...(filedValues(item, officersFiled) as Values) }
}

function differences(place: string, stored: Values, truth: Values): string[] {
  return Object.entries(truth)
    .filter(([column, value]) => (stored[column] ?? null) !== (value ?? null))
    .map(([column, value]) => `${place}: ${column} is ${stored[column] ?? 'absent'}, not ${value ?? 'absent'}`)
}

// Compares what the enrichment found and paid with what the sandbox's Snov knows and charged.

export interface LiveComparison {
  /** Companies that the stream brought. */
  companies: number
  domains: number
  /** Addresses found, and the people that they belong to. */
  emails: number
  people: number
  credits: number
  balance: number
  snov_calls: number
  snov_rate_limited: number
  /** Inputs that were sent, or charged, more than once. */
  bought_twice: number
  /** One sentence for each value that is not as it should be. */
  differences: string[]
}

/** Walks every domain and e-mail, and the account, on a day (`YYYY-MM-DD`). */
export function compareLive(db: Db, snov: SnovSandbox, today: string): LiveComparison {
  const { starts, creditsSpent, total, rateLimited } = snov.requests
  const { spent } = readCreditReport(db)
  const result = { companies: 0, domains: 0, emails: 0, differences: [] as string[] }
  const people = new Set<string>()
  using dataset = openDataset(db, { all: true, today })
  for (const page of dataset.pages()) {
    const companies = page.companies.map((row) => named('companies', row))
    const officers = page.officers.map((row) => named('officers', row))
    const domains = page.domains.map((row) => named('domains', row))
    result.companies += companies.filter(({ source }) => source === 'stream').length
    result.domains += domains.length
    result.emails += page.emails.length
    for (const domain of domains) result.differences.push(...domainDifferences(domain, companies, snov))
    for (const email of page.emails.map((row) => named('emails', row))) {
      people.add(`${email.company_number} ${email.appointment_id}`)
      result.differences.push(...emailDifferences(email, officers, domains, snov))
    }
  }
  if (spent !== creditsSpent) result.differences.push(`${spent} credits are booked, ${creditsSpent} were charged`)
  const bought_twice = Object.values(starts).filter((times) => times > 1).length
  if (bought_twice > 0) result.differences.push(`${bought_twice} inputs were bought twice`)
  return {
    companies: result.companies,
    domains: result.domains,
    emails: result.emails,
    people: people.size,
    credits: creditsSpent,
    balance: snov.balance,
    snov_calls: total,
    snov_rate_limited: rateLimited,
    bought_twice,
    differences: result.differences,
  }
}

function domainDifferences(
  { company_number: number, domain }: Values,
  companies: Values[],
  snov: SnovSandbox,
): string[] {
  const company = companies.find((one) => one.company_number === number)
  const truth = snov.truth.domainOf(String(company?.company_name))?.domain
  return truth === domain ? [] : [`${number}: the domain is ${domain}, not ${truth ?? 'absent'}`]
}

function emailDifferences(email: Values, officers: Values[], domains: Values[], snov: SnovSandbox): string[] {
  const { company_number: number, appointment_id: id } = email
  const officer = officers.find((one) => one.company_number === number && one.appointment_id === id)
  const name = personName({ forenames: text(officer?.forenames), surname: text(officer?.surname) })
  const known = domains
    .filter((one) => one.company_number === number)
    .flatMap(({ domain }) => (name ? snov.truth.emailsOf(name.firstName, name.lastName, String(domain)) : []))
  return known.some((one) => one.email === email.email) ? [] : [`${number} ${id}: ${email.email} is not known to Snov`]
}

function text(cell: Cell | undefined): string | null {
  return typeof cell === 'string' ? cell : null
}
