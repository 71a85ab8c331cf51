import type { Context } from '../context.ts'
import { listFailedFetches } from '../db/officers/failures.ts'
import { snapshot } from '../db/open.ts'
import { loadSuppressions } from '../db/suppress/suppressions.ts'
import { printable, safeJson } from '../text.ts'
import type { Answer } from './command.ts'

/** Prints the companies whose officers could not be fetched; of one that is suppressed the number alone. */
export async function printFailedFetches({ existingDb, json, print }: Context): Promise<Answer> {
  const rows = snapshot(await existingDb(), (tx) => {
    const suppressions = loadSuppressions(tx)
    return listFailedFetches(tx).map(({ companyNumber, companyName, officersState, error, failedAt }) => {
      const hidden = suppressions.company(companyNumber)
      return {
        id: companyNumber,
        company_number: companyNumber,
        company_name: hidden ? null : companyName,
        officers_state: officersState,
        error,
        failed_at: new Date(failedAt).toISOString(),
        suppressed: hidden,
      }
    })
  })
  const line = ({ company_number, company_name, officers_state, error, failed_at }: (typeof rows)[number]) => {
    const kept = officers_state === 'complete' ? ' (its earlier list is kept)' : ''
    const at = `${failed_at.slice(0, 10)} ${failed_at.slice(11, 16)} UTC`
    return printable(`${company_number}  ${at}  ${company_name ?? '(suppressed)'}: ${error ?? 'no reason kept'}${kept}`)
  }
  const text = rows.length === 0 ? 'No officer list has failed.' : rows.map(line).join('\n')
  await print(`${json ? safeJson(rows) : text}\n`)
  return 0
}
