// Compares what the enrichment found and paid with what the sandbox's Snov knows and charged.
import { readCreditReport } from '../../db/credits.ts'
import { type Cell, datasetColumns, openDataset, type Row } from '../../db/dataset.ts'
import type { Db } from '../../db/open.ts'
import type { SnovSandbox } from '../../sandbox/snov/snov-io.ts'
import { personName } from '../../steps/person-name.ts'

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

type Values = Record<string, Cell | undefined>

/** Walks every domain and e-mail, and the account. */
export function compareLive(db: Db, snov: SnovSandbox): LiveComparison {
  const { starts, creditsSpent, total, rateLimited } = snov.requests
  const { spent } = readCreditReport(db)
  const result = { companies: 0, domains: 0, emails: 0, differences: [] as string[] }
  const people = new Set<string>()
  using dataset = openDataset(db, { all: true })
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

function named(table: keyof typeof datasetColumns, row: Row): Values {
  return Object.fromEntries(datasetColumns[table].map(({ name }, at) => [name, row[at]]))
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
