import { postcodeTest } from '../companies-house/postcode.ts'
import type { CompanyFacts } from '../db/companies.ts'

/** What a company must be to be imported; what is not given does not matter. Days are ISO and inclusive. */
export interface CompanyFilter {
  status?: string[] | undefined
  /** Types or subtypes. */
  type?: string[] | undefined
  /** Any one of them. */
  sic?: string[] | undefined
  incorporatedFrom?: string | undefined
  incorporatedTo?: string | undefined
  /** Beginnings of postcodes, any one of them. */
  postcode?: string[] | undefined
}

type Test = (company: CompanyFacts) => boolean

/** A test that says whether a company passes all of the filter. */
export function companyTest({ status, type, sic, incorporatedFrom, incorporatedTo, postcode }: CompanyFilter): Test {
  const tests: Test[] = []
  if (status) tests.push(({ company_status }) => includes(status, company_status))
  if (type) tests.push((company) => includes(type, company.type) || includes(type, company.subtype))
  if (sic) tests.push(({ sic_codes }) => sic_codes?.split(',').some((code) => sic.includes(code)) === true)
  if (incorporatedFrom) tests.push(({ date_of_creation: day }) => day !== null && day >= incorporatedFrom)
  if (incorporatedTo) tests.push(({ date_of_creation: day }) => day !== null && day <= incorporatedTo)
  if (postcode) {
    const matches = postcode.map(postcodeTest).filter((match) => match !== null)
    tests.push(({ postal_code }) => matches.some((match) => match(postal_code)))
  }
  return (company) => tests.every((test) => test(company))
}

function includes(wanted: string[], value: string | null): boolean {
  return value !== null && wanted.includes(value)
}
