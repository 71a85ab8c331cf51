// Query parameters: how they are read, and how they are described. Objects are strict: what is unknown is refused.
import { z } from '@hono/zod-openapi'
import { STATUS_SLUGS, TYPE_SLUGS } from '../companies-house/register/prose.ts'
import { companyNumber } from '../company-number.ts'
import { isCheckpoint } from '../db/changes.ts'
import { VERIFICATIONS } from '../db/standing.ts'
import { nameWords } from '../names.ts'
import { postcodeTest } from '../postcode.ts'
import { MEMBERS } from './answers.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_WORDS = 10
const MAX_TEXT = 200
const MAX_NUMBER = 100

const flag = (description: string) =>
  z
    .enum(['true', 'false'], 'expected true or false')
    .transform((value) => value === 'true')
    .optional()
    .openapi({ type: 'boolean', description })

const text = (description: string, example: string) =>
  z
    .string()
    .min(1, 'is empty')
    .max(MAX_TEXT, `is longer than ${MAX_TEXT} characters`)
    .optional()
    .openapi({ description, example })

const day = (description: string, example: string) =>
  z.iso
    .date('expected a day as YYYY-MM-DD')
    .optional()
    .openapi({ type: 'string', format: 'date', description, example })

/** How a list of values separated by commas is described: as an array of which each value fits `items`. */
const commas = (items: { pattern: string } | { enum: string[] }, description: string, example: string) => ({
  param: { style: 'form' as const, explode: false },
  type: 'array' as const,
  items: { type: 'string' as const, ...items },
  description,
  example: example.split(','),
})

/** Values separated by commas, each matching the pattern. */
const list = (
  pattern: RegExp,
  { expected, description, example }: Record<'expected' | 'description' | 'example', string>,
) =>
  z
    .string()
    .max(MAX_TEXT, `is longer than ${MAX_TEXT} characters`)
    .transform((value) => value.split(',').map((part) => part.trim()))
    .refine((values) => values.every((value) => pattern.test(value)), `expected ${expected}`)
    .optional()
    .openapi(commas({ pattern: pattern.source }, `${description}; at most ${MAX_TEXT} characters together`, example))

const all = flag('Also companies whose officers are not complete; otherwise only complete ones are there')

const count = flag(
  'Also tell in `total` how many there are on all pages; it takes one of the places for streams of lines, and the next page does not repeat it',
)

const paging = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `expected a number from 1 to ${MAX_LIMIT}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= MAX_LIMIT, `expected a number from 1 to ${MAX_LIMIT}`)
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
      description: 'The most items of a page; a stream of lines has no limit unless one is given',
    }),
  cursor: z
    .string()
    .max(1000)
    .regex(/^[\w-]+$/, 'take it from the path in `next`')
    .optional()
    .openapi({ description: 'Where to go on. It is part of the path in `next`, which may be asked for as it is' }),
}

const q = z
  .string()
  .max(MAX_TEXT, `is longer than ${MAX_TEXT} characters`)
  .transform(searchWords)
  .refine((words) => words.length > 0, 'needs a letter or a digit')
  .refine((words) => words.length <= MAX_WORDS, `has more than ${MAX_WORDS} words`)
  .optional()
  .openapi({
    type: 'string',
    maxLength: MAX_TEXT,
    pattern: '[\\p{L}\\p{N}]',
    description:
      'Words of the name, in any order; case, accents and punctuation do not count. The last word, and each that ends with *, may be a beginning',
    example: 'hawthorn soft',
  })

/** Every word must occur; the last one, and those that end with an asterisk, as the beginning of a word at least. */
function searchWords(typed: string): { word: string; prefix: boolean }[] {
  const words = typed.split(/\s+/).flatMap((part) => {
    const own = nameWords(part)
    return own.map((word, index) => ({ word, prefix: part.endsWith('*') && index === own.length - 1 }))
  })
  return words.map(({ word, prefix }, index) => ({ word, prefix: prefix || index === words.length - 1 }))
}

const postcode = z
  .string()
  .max(MAX_TEXT)
  .transform((value) => value.split(',').map((part) => part.trim().toUpperCase()))
  .refine(
    (values) => values.every((value) => postcodeTest(value) !== null),
    'expected beginnings of postcodes, such as N1,SW1A 1',
  )
  .optional()
  .openapi(
    commas(
      { pattern: '^[A-Za-z]{1,2}(\\d[A-Za-z\\d]?(\\s*\\d[A-Za-z]{0,2})?)?$' },
      'Beginnings of postcodes, separated by commas; `N1` finds N1 and N1C, but not N10',
      'N1,SW1A',
    ),
  )

const codeWords = (description: string, known: readonly string[], example: string) =>
  list(/^[a-z0-9-]+$/, {
    expected: `some of ${known.join(', ')}`,
    description: `${description}, separated by commas: ${known.map((word) => `\`${word}\``).join(', ')}, and what else the database holds`,
    example,
  })

const verification = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .pipe(z.array(z.enum(VERIFICATIONS, `expected some of ${VERIFICATIONS.join(', ')}`)))
  .optional()

const verificationOf = (whose: string) =>
  verification.openapi(
    commas(
      { enum: [...VERIFICATIONS] },
      `${whose} whose identity verification for the role stands so today, separated by commas`,
      'due,overdue',
    ),
  )

const includes = z
  .string()
  .transform((value) => value.split(','))
  .pipe(z.array(z.enum(MEMBERS, `expected some of ${MEMBERS.join(', ')}`)))
  .optional()
  .openapi(commas({ enum: [...MEMBERS] }, 'What to put inside each company, separated by commas', 'officers,emails'))

export const companiesQuery = z.strictObject({
  q,
  status: codeWords('Statuses', STATUS_SLUGS, 'active'),
  type: codeWords('Types', TYPE_SLUGS, 'ltd,llp'),
  sic: list(/^\d{1,5}$/, {
    expected: 'one to five digits',
    description: 'Beginnings of SIC codes, separated by commas: `62` finds 62012',
    example: '62,63110',
  }),
  postcode,
  locality: text('Town, whole; case does not count', 'London'),
  region: text('County or region, whole; case does not count', 'Kent'),
  country: text('Country of the address, whole; case does not count', 'England'),
  created_from: day('Incorporated on this day or later', '2026-01-01'),
  created_to: day('Incorporated on this day or earlier', '2026-12-31'),
  has_domain: flag('Only companies with a domain, or without one'),
  has_email: flag('Only companies with an e-mail address, or without one'),
  verification: verificationOf('Only companies with an officer'),
  include: includes,
  all,
  count,
  ...paging,
})

export const companyQuery = z.strictObject({ all })

/** A company number however it is typed: `445790`, `sc 12345`. */
const typedNumber = z
  .string()
  .max(MAX_NUMBER, `is longer than ${MAX_NUMBER} characters`)
  .refine((typed) => companyNumber(typed) !== null || /^[A-Za-z0-9]{8}$/.test(typed), 'expected a company number')

export const companyPath = z.object({
  company_number: typedNumber.openapi({
    description: 'Leading zeros may be left out; blanks and dots do not count',
    example: '00445790',
  }),
})

export const officersQuery = z.strictObject({
  company: typedNumber.optional().openapi({ description: 'Officers of this company', example: '00445790' }),
  officer_id: text('Appointments of this officer in all companies', 'kY3xVZ0aBcDeFgHiJkLmNoPqRsT'),
  surname: z
    .string()
    .max(MAX_TEXT)
    .transform(nameWords)
    .refine((words) => words.length > 0 && words.length <= MAX_WORDS, 'needs a letter')
    .optional()
    .openapi({
      type: 'string',
      maxLength: MAX_TEXT,
      pattern: '[\\p{L}\\p{N}]',
      description: 'Surname, whole; case, accents and punctuation do not count',
      example: 'Smith',
    }),
  verification: verificationOf('Only officers'),
  active: flag('Only officers who have not resigned, of companies that are not dissolved, converted or closed'),
  all,
  count,
  ...paging,
})

export const changesQuery = z.strictObject({
  since: z
    .union([z.string().refine(isCheckpoint), z.iso.datetime({ offset: true })], {
      error: 'expected a checkpoint, or a time such as 2026-11-23T00:00:00Z',
    })
    .transform((value) => (isCheckpoint(value) ? value : new Date(value).toISOString()))
    .openapi({
      type: 'string',
      description:
        'From where on: at first the `checkpoint` in the manifest of your export, then that of the changes before. A time is understood too, and may bring more than what changed since',
      example: '2026-11-23T00:00:00Z',
    }),
  all,
  ...paging,
})

export const noQuery = z.strictObject({})

export const defaultLimit = DEFAULT_LIMIT
