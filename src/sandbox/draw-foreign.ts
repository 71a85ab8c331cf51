import type { CompanyKind } from './company-kind.ts'
import { drawAddress, foldPremises } from './places.ts'
import type { Random } from './random.ts'
import type { SyntheticCompany } from './shapes.ts'

const REGISTRIES = [
  ['FRANCE', 'Rcs Paris (Registre Du Commerce Et Des Societes)', 'Societe Par Actions Simplifiee (Private Limited Company)'],
  ['GERMANY', 'Handelsregister B Amtsgericht Musterstadt', 'Gmbh'],
  ['JERSEY', 'Jersey Financial Services Commission', 'Private Company Limited By Shares'],
  ['LUXEMBOURG', 'Registre De Commerce Et Des Societes', 'Societe A Responsabilite Limitee'],
] as const // biome-ignore format: a table

/** Sets what only foreign companies, their UK establishments and overseas entities have; days and months are unpadded text. */
export function drawForeign(random: Random, kind: CompanyKind, company: SyntheticCompany): void {
  if (kind.type === 'uk-establishment') {
    company.branch_company_details = {
      business_activity: random.pick(['Real Estate Consulting', 'Software', 'Reinsurance', 'Freight']),
      parent_company_name: 'FOXGLOVE INTERNATIONAL S.A.',
      parent_company_number: `FC${company.company_number.slice(2)}`,
    }
  }
  if (kind.type === 'registered-overseas-entity') {
    const { country, ...origin } = drawOrigin(random)
    company.foreign_company_details = { governed_by: `${country} Company Law`, ...origin }
    company.service_address = foldPremises(drawAddress(random, 'england-wales'))
  }
  if (kind.type === 'oversea-company') {
    const { country: _, ...origin } = drawOrigin(random)
    company.external_registration_number = origin.registration_number
    company.foreign_company_details = {
      ...HOME_RULES,
      is_a_credit_financial_institution: random.chance(0.1),
      ...origin,
    }
  }
}

const HOME_RULES = {
  accounting_requirement: {
    foreign_account_type: 'accounting-requirements-of-originating-country-apply',
    terms_of_account_publication: 'accounts-publication-date-supplied-by-company',
  },
  accounts: {
    account_period_from: { day: '1', month: '1' },
    account_period_to: { day: '31', month: '12' },
    must_file_within: { months: '5' },
  },
}

function drawOrigin(random: Random) {
  const [country, name, legalForm] = random.pick(REGISTRIES)
  return {
    country,
    originating_registry: { country, name },
    registration_number: String(random.between(100_000, 999_999_999)),
    legal_form: legalForm,
  }
}
