import { companyNumber } from '../company-number.ts'
import { dayAt } from '../db/standing.ts'
import { ChpipeError } from '../errors.ts'
import { type CompanyFile, readCompanyFile } from '../steps/show/company.ts'
import { safeJson, widthOf } from '../text.ts'
import { defineCommand } from './command.ts'
import { paintFor } from './paint.ts'
import { renderCard } from './show-card.ts'

const WIDEST_CARD = 120

export const showCommand = defineCommand({
  name: 'show',
  summary: 'Show all that is stored of one company',
  description: `Shows one stored company: its officers, domains and e-mail addresses, where each came from and when, its enrichment and the
purchases that concern it. Of what is suppressed it only says that it is. It asks nobody, reads only, and ends with 1 when
the company is not stored.`,
  argument: { name: '<number>', description: 'the company number, in any spelling' },
  options: [],
  examples: [
    { line: 'chpipe show 00445790', does: 'a company as a card' },
    { line: 'chpipe show sc23716', does: 'numbers are understood as people type them' },
    { line: 'chpipe show 00445790 --json', does: 'every stored column of it' },
  ],
  async run(context, { argument = '' }) {
    const { existingDb, host, json, print, clock } = context
    const number = companyNumber(argument)
    if (number === null) {
      throw new ChpipeError('usage', `Expected a company number such as 00445790 or SC123456, got: ${argument}`, {
        hint: 'find it by name: chpipe find <words>',
      })
    }
    const file = readCompanyFile(await existingDb(), number, dayAt(clock.now()))
    if (file === null) {
      throw new ChpipeError('no', `No company ${number} is stored`, {
        hint: 'chpipe find <words> looks by name; chpipe import-companies loads companies',
      })
    }
    const width = Math.min(widthOf(host.stdout), WIDEST_CARD)
    const card = json
      ? `${safeJson(cardJson(file))}\n`
      : renderCard(file, { width, paint: paintFor(context, 'stdout') })
    await print(card)
    return 0
  },
})

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** The names and their order are what `--json` prints. */
function cardJson({ company_number, stored, runs, officersTrouble, job, purchases }: CompanyFile) {
  const { shown, rule, hidden } = stored
  return {
    company_number,
    company: shown?.company ?? null,
    officers: shown?.officers ?? [],
    persons_with_significant_control: shown?.persons_with_significant_control ?? [],
    domains: shown?.domains ?? [],
    emails: shown?.emails ?? [],
    runs,
    officers_fetch: officersTrouble && {
      error: officersTrouble.error,
      failed_at: iso(officersTrouble.failedAt),
      retry_at: iso(officersTrouble.retryAt),
    },
    job: job && { state: job.state, stage: job.stage, error: job.error, updated_at: iso(job.updatedAt) },
    purchases: purchases.map(({ requestedAt, ...purchase }) => ({ ...purchase, requested_at: iso(requestedAt) })),
    suppressed: { company: shown === null, rule: rule?.id ?? null, ...hidden },
  }
}
