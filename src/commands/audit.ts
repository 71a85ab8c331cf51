import { TYPE_SLUGS, typeMeant } from '../companies-house/register-prose.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { type AuditOptions, auditDaysInto } from './audit/days.ts'
import { auditOfficersInto } from './audit/officers.ts'
import type { Answer, Command, Input } from './command.ts'
import { count, day, postcodes, sicCodes, someOf } from './parse.ts'

export const auditCommand: Command = {
  name: 'audit',
  summary: 'Prove that no new company is missing, against the register itself',
  description: `For each day since the stream's first event, compares the companies that are stored with this date of creation with the
register's own list for it, by advanced search: a call or more a day, behind whatever the stream needs. Ends with 0 when
they are the same, company for company, and with 1 when a day differs. --repair stores what is missing and queues it for
enrichment as the missed events would have. A day is one in London; today counts as far as it has come.

With --officers it looks at officer lists instead: it fetches those of a random sample again and reports what has changed
since. Lists change by themselves, so that ends with 0 whatever it finds.`,
  options: [
    {
      flags: '--since <day>',
      description: 'audit from this day on, also to go on with an audit that was stopped',
      parse: day,
      fallback: "the day of the stream's first event",
    },
    { flags: '--day <day>', description: 'audit this day alone', parse: day },
    {
      flags: '--repair',
      description: 'store and queue what is missing, correct what is extra; with --officers: store the fresh lists',
    },
    {
      flags: '--type <slugs>',
      description: 'only companies of these types: what the stream was narrowed to',
      parse: someOf(TYPE_SLUGS, typeMeant),
    },
    { flags: '--sic <codes>', description: 'only companies with one of these SIC codes', parse: sicCodes },
    {
      flags: '--postcode <codes>',
      description: 'only companies in one of these areas: N, N1, SW1A 1',
      parse: postcodes,
    },
    {
      flags: '--officers <n>',
      description: 'instead: fetch the officer lists of n complete companies again and compare',
      parse: count(1),
    },
    { flags: '--seed <n>', description: 'with --officers: which sample; the one that a report names', parse: count(0) },
  ],
  examples: [
    { line: 'chpipe audit', does: 'every day since going live' },
    { line: 'chpipe audit --repair', does: 'the same, and make up for what is missing' },
    { line: 'chpipe audit --day 2026-11-20 --json', does: 'one day, with the numbers of what differs' },
    { line: 'chpipe audit --officers 50', does: 'how far officer lists have drifted' },
  ],
  run,
}

async function run(context: Context, { options: given }: Input): Promise<Answer> {
  const options = given as AuditOptions
  refuseContradictions(options)
  const { officers } = options
  return officers === undefined
    ? auditDaysInto(context, options)
    : auditOfficersInto(context, { count: officers, seed: options.seed, repair: options.repair === true })
}

function refuseContradictions({ since, day, officers, seed, type, sic, postcode }: AuditOptions): void {
  const ofDays = Object.entries({ since, day, type, sic, postcode }).find(([, value]) => value !== undefined)
  if (since !== undefined && day !== undefined) throw contradiction('--since and --day contradict each other')
  if (officers !== undefined && ofDays) throw contradiction(`--officers and --${ofDays[0]} contradict each other`)
  if (officers === undefined && seed !== undefined) throw contradiction('--seed belongs to --officers')
}

function contradiction(message: string): ChpipeError {
  return new ChpipeError('usage', message, { hint: 'leave one of them out: chpipe audit --help' })
}
