import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

type Schema = Record<string, unknown>

interface OpenApi {
  components: { schemas: Record<string, Schema> }
}

const ID = 'https://companies-house.example/openapi'

/**
 * The published description (npm @jxdltd/companies-house), patched where it contradicts recordings or the services'
 * own code (facts section 4): no published description validates real traffic.
 */
function patchedOpenApi(): OpenApi {
  const path = createRequire(import.meta.url).resolve('@jxdltd/companies-house/openapi.json')
  const openApi: OpenApi = JSON.parse(readFileSync(path, 'utf8'))
  patchProfile(openApi.components.schemas)
  patchOfficers(openApi.components.schemas)
  patchSearches(openApi.components.schemas)
  return openApi
}

/** Days and months are strings, and branches of foreign companies have no accounting reference date. */
function patchProfile({ CompanyProfile, RegisteredOfficeAddress }: Record<string, Schema>): void {
  const profile = members(CompanyProfile)
  drop(profile.accounts, 'accounting_reference_date')
  asStrings(member(profile.accounts, 'accounting_reference_date'), 'day', 'month')
  const foreign = member(profile.foreign_company_details, 'accounts')
  asStrings(member(foreign, 'account_period_from'), 'day', 'month')
  asStrings(member(foreign, 'account_period_to'), 'day', 'month')
  asStrings(member(foreign, 'must_file_within'), 'months')
  admit(profile.partial_data_available, 'full-data-available-from-financial-conduct-authority-mutuals-public-register')
  // What is asked of somebody who files a new address; the address in force may lack any of it (facts 1.4).
  drop(
    RegisteredOfficeAddress,
    'accept_appropriate_office_address_statement',
    'country',
    'postal_code',
    'address_line_1',
  )
  // A path, like every other link.
  Object.assign(member(members(RegisteredOfficeAddress).links, 'self'), { format: undefined })
}

/**
 * The empty list has no link to itself; the list of appointments forgot the roles of partners; a surname may be missing.
 * Corporate partners have roles and a type of their own since February 2026 (facts 10.2).
 */
function patchOfficers(schemas: Record<string, Schema>): void {
  const { OfficerList, OfficerAppointmentSummary, OfficerSummary, Identification } = schemas
  drop(members(OfficerList).links, 'self')
  const { officer_role, name_elements } = members(OfficerAppointmentSummary)
  for (const partner of ['general-partner-in-a-limited-partnership', 'limited-partner-in-a-limited-partnership']) {
    admit(officer_role, partner, `corporate-${partner}`)
    admit(members(OfficerSummary).officer_role, `corporate-${partner}`)
  }
  admit(members(Identification).identification_type, 'limited-partnership-corporate-partner')
  drop(name_elements, 'surname')
}

/** Charities and societies have neither status nor date in searches (facts 1.7), and there are more types than listed. */
function patchSearches({ CompanySearchItem, AdvancedCompany }: Record<string, Schema>): void {
  drop(CompanySearchItem, 'company_status', 'date_of_creation', 'title')
  drop(AdvancedCompany, 'company_status', 'date_of_creation')
  const { company_status, company_type } = members(CompanySearchItem)
  admit(company_status, 'open', 'closed')
  admit(company_type, 'uk-establishment', 'registered-society-non-jurisdictional')
  admit(company_type, 'charitable-incorporated-organisation', 'scottish-charitable-incorporated-organisation')
}

/** Says what is wrong with a value that should be of a schema; an empty list when nothing is. */
export function schemaCheck(): (name: string, value: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ ...patchedOpenApi(), $id: ID })
  return (name, value) => {
    const validate = ajv.getSchema(`${ID}#/components/schemas/${name}`)
    if (!validate) throw new Error(`the description has no ${name}`)
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
    )
  }
}

function members(schema: Schema | undefined): Record<string, Schema> {
  return Object(schema?.properties)
}

function member(schema: Schema | undefined, name: string): Schema {
  const found = members(schema)[name]
  if (!found) throw new Error(`the description has no ${name}`)
  return found
}

function asStrings(schema: Schema, ...names: string[]): void {
  for (const name of names) Object.assign(member(schema, name), { type: 'string' })
}

function admit(schema: Schema | undefined, ...values: string[]): void {
  Object(schema).enum.push(...values)
}

function drop(schema: Schema | undefined, ...names: string[]): void {
  const kept = Object(schema).required.filter((name: string) => !names.includes(name))
  Object.assign(Object(schema), { required: kept })
}
