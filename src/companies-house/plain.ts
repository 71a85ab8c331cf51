// Whether what came of JSON is surely what a schema takes: tens of thousands of events a second are, and a schema takes several
// times as long to say so. Where it says no, the schema is asked, which says why.
import { ADDRESS_COLUMNS } from '../db/address.ts'
import type { CompanyProfile } from './profile.ts'

type Members = Record<string, unknown>

/** Whether the schema `companyProfile` takes it. */
export function isPlainProfile(data: unknown): data is CompanyProfile {
  return (
    isObject(data) &&
    isName(data.company_name) &&
    isText(data.company_number) &&
    isText(data.company_status) &&
    isText(data.company_status_detail) &&
    isText(data.type) &&
    isText(data.subtype) &&
    isText(data.jurisdiction) &&
    isDay(data.date_of_creation) &&
    isDay(data.date_of_cessation) &&
    isListOfTexts(data.sic_codes) &&
    isAddress(data.registered_office_address)
  )
}

/** Neither null nor a list. */
export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text, or nothing. */
export function isText(value: unknown): value is string | null | undefined {
  return typeof value === 'string' || isNothing(value)
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /\S/.test(value)
}

function isDay(value: unknown): boolean {
  return isNothing(value) || (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value))
}

function isListOfTexts(value: unknown): boolean {
  return isNothing(value) || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
}

function isAddress(value: unknown): boolean {
  return isNothing(value) || (isObject(value) && ADDRESS_COLUMNS.every((column) => isText(value[column])))
}
