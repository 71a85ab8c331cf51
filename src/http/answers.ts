// The public tables' columns as schemas: the same names as in the database and in the exports.
import { z } from '@hono/zod-openapi'
import { type Item, parsedJson } from '../db/dataset/columns.ts'
import { type ColumnEntry, type ColumnType, dataDictionary, type TableEntry } from '../db/dataset/dictionary.ts'
import type { ServedCompany } from '../db/served/companies.ts'

const companyColumns = rowSchema(dataDictionary.companies)
  .extend({
    sic_descriptions: z
      .array(z.string().nullable())
      .optional()
      .openapi({
        description:
          'What each of `sic_codes` is called, in their order; null where no register file has named it, absent where it has named none',
        example: ['Business and domestic software development'],
      }),
  })
  .openapi('Company')
const officerColumns = rowSchema(dataDictionary.officers).openapi('Officer')
const pscColumns = rowSchema(dataDictionary.persons_with_significant_control).openapi('PersonWithSignificantControl')
const domainColumns = rowSchema(dataDictionary.domains).openapi('Domain')
const emailColumns = rowSchema(dataDictionary.emails).openapi('Email')

/** The schema of a row as the API answers with it. */
export function rowSchema({ columns }: TableEntry) {
  return z.object(Object.fromEntries(Object.entries(columns).map(([name, entry]) => [name, columnSchema(entry)])))
}

function columnSchema({ type, required, values, meaning: description, example }: ColumnEntry): z.ZodType {
  const shown = example === undefined ? {} : { example: exampleOf(type, example) }
  const about = { description, ...shown }
  if (values) return z.enum(values).openapi(about)
  if (type === 'list of codes') return z.array(z.string()).openapi(about)
  const cell = cellSchema(type)
  return (required ? cell : cell.nullable()).openapi(about)
}

function cellSchema(type: ColumnType): z.ZodType {
  if (type === 'whole number') return z.int()
  if (type === 'true or false') return z.boolean()
  return type === 'JSON' ? z.union([z.array(z.unknown()), z.looseObject({})]) : z.string()
}

/** The example of a cell as an answer has it. */
function exampleOf(type: ColumnType, example: string | number): unknown {
  if (type === 'list of codes') return String(example).split(',')
  return type === 'JSON' || type === 'true or false' ? parsedJson(String(example)) : example
}

// The shapes of answers.

const officerWithEmails = z
  .object({
    ...officerColumns.shape,
    emails: z.array(emailColumns).openapi({ description: 'Addresses of this appointment' }),
  })
  .openapi('OfficerWithEmails')

const officers = z.array(officerWithEmails).openapi({ description: 'All appointments, by appointment_id' })
const persons_with_significant_control = z
  .array(pscColumns)
  .openapi({ description: 'All persons with significant control, statements and exemptions, by psc_id' })
const domains = z.array(domainColumns).openapi({ description: 'All domains, by name' })
const otherEmails = z
  .array(emailColumns)
  .optional()
  .openapi({ description: 'Addresses that belong to none of the officers here; absent when there are none' })

export const companyWithMembers = z
  .object({ ...companyColumns.shape, officers, persons_with_significant_control, domains, emails: otherEmails })
  .openapi('CompanyWithMembers')

const listedCompany = z
  .object({
    ...companyColumns.shape,
    officers: officers.optional(),
    persons_with_significant_control: persons_with_significant_control.optional(),
    domains: domains.optional(),
    emails: otherEmails,
  })
  .openapi('ListedCompany', { description: 'A company, with what `include` asks for' })

export const change = z
  .object({
    company_number: z.string().openapi({ example: '00445790' }),
    changed_at: z.string().nullable().openapi({
      description: 'The newest time that any fact of the company carries; null when something was only withdrawn',
      example: '2026-11-23T15:24:00.000Z',
    }),
    removed: z.boolean().openapi({ description: 'The company is gone: remove it with all that belongs to it' }),
    company: z.union([companyWithMembers, z.null()]).openapi({
      description: 'The company as it is now, which replaces all that you had of it; null when it is gone',
    }),
  })
  .openapi('Change')

const next = z.string().nullable().openapi({
  description:
    'Path and query of the next page; null on the last one. A page may hold fewer items than `limit`, even none, and still have a next one.',
  example: '/v1/companies?limit=100&cursor=WyJ4Il0',
})

const total = z.int().nullable().optional().openapi({
  description:
    'With `count=true`: how many there are on all pages; null when counting took too long, so that a narrower filter is needed',
  example: 1288,
})

export const companyList = z.object({ items: z.array(listedCompany), total, next }).openapi('CompanyList')
export const officerList = z.object({ items: z.array(officerWithEmails), total, next }).openapi('OfficerList')
export const pscList = z
  .object({
    pscs_state: companyColumns.shape.pscs_state ?? z.string(),
    pscs_fetched_at: companyColumns.shape.pscs_fetched_at ?? z.string(),
    items: persons_with_significant_control,
  })
  .openapi('PersonsWithSignificantControl')
export const changeList = z
  .object({
    items: z.array(change),
    next,
    checkpoint: z.string().openapi({
      description: 'Ask for the next changes with `since` set to this, once you have read the last page',
      example: '9f86d081-1234-2026-11-27',
    }),
  })
  .openapi('ChangeList')

export const health = z
  .object({ status: z.literal('ok'), version: z.string().openapi({ example: '0.1.0' }) })
  .openapi('Health')

export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'about:blank' }),
    title: z.string().openapi({ example: 'Bad Request' }),
    status: z.int().openapi({ example: 400 }),
    detail: z.string().optional().openapi({ example: 'A parameter is wrong or unknown' }),
    errors: z
      .array(z.object({ parameter: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: 'What is wrong with which parameter' }),
  })
  .openapi('Problem')

export const MEMBERS = ['officers', 'persons_with_significant_control', 'domains', 'emails'] as const
export type Member = (typeof MEMBERS)[number]

/** A company with the members that are asked for inside, as the exports nest them. */
export function nestedCompany(found: ServedCompany, include: readonly Member[]): Item {
  const { company, officers, domains, emails } = found
  const nested: Item = { ...company }
  const withEmails = include.includes('emails')
  if (include.includes('officers'))
    nested.officers = officers.map((officer) => nestedOfficer(officer, withEmails ? emails : []))
  if (include.includes('persons_with_significant_control')) {
    nested.persons_with_significant_control = found.persons_with_significant_control
  }
  if (include.includes('domains')) nested.domains = domains
  if (!withEmails) return nested
  const known = new Set(include.includes('officers') ? officers.map(({ appointment_id }) => appointment_id) : [])
  const others = emails.filter(({ appointment_id }) => !known.has(appointment_id))
  if (others.length > 0 || !include.includes('officers')) nested.emails = others
  return nested
}

/** An officer with those of the company's addresses that are theirs. */
export function nestedOfficer(officer: Item, emails: Item[]): Item {
  return { ...officer, emails: emails.filter(({ appointment_id }) => appointment_id === officer.appointment_id) }
}
