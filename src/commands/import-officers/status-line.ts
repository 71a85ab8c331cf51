import type { CompaniesHouse } from '../../companies-house/client.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../db/open.ts'
import { formatDuration } from '../../durations.ts'
import { errorMessage } from '../../errors.ts'
import { readProgress } from '../../steps/progress.ts'
import { formatNumber, widthOf } from '../../text.ts'
import { bar, createStatus } from '../status.ts'

/** How often the status line is drawn anew, on a terminal and elsewhere. */
const REDRAW_MS = { terminal: 250, elsewhere: 5000 }

export interface Watched {
  db: Db
  companiesHouse: CompaniesHouse
  target: number
}

/** Draws the status line until it is disposed. */
export async function showStatus(context: Context, { db, companiesHouse, target }: Watched): Promise<Disposable> {
  const status = await createStatus(context)
  const line = () => {
    const progress = readProgress(db, { target, quota: context.settings.quota, clock: context.clock })
    const { companies_with_officers: done, officers, eta_seconds, quota } = progress
    const text = [
      `${formatNumber(done)}/${formatNumber(target)} companies`,
      `${formatNumber(officers)} officers`,
      `calls ${formatNumber(quota.used)}/${formatNumber(quota.limit)}`,
      `429s ${companiesHouse.counts.rateLimited}`,
      `ETA ${eta_seconds === null ? '-' : formatDuration(eta_seconds * 1000)}`,
    ].join('  ')
    const room = widthOf(context.host.stderr) - text.length - 4
    return room < 4 ? text : `${bar(done / target, Math.min(24, room))} ${text}`
  }
  const draw = () => {
    try {
      status.update(line())
    } catch (error) {
      context.log.warn('the status cannot be read', { error: errorMessage(error) })
    }
  }
  const timer = context.quiet
    ? undefined
    : setInterval(draw, REDRAW_MS[context.host.stderr.isTTY ? 'terminal' : 'elsewhere'])
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      status[Symbol.dispose]()
    },
  }
}
