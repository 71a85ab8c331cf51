import { existsSync } from 'node:fs'
import { MINUTE_MS } from '../clock.ts'
import type { Context } from '../context.ts'
import type { ErrorKind } from '../errors.ts'

/** How often a long run looks for something worth a notice. */
const LOOK_MS = MINUTE_MS
/** At its end a command waits no longer than this for a receiver. */
const LAST_SHARE = 0.3

/** Called once with how the command ended; null for well. */
export type EndNotices = (kind: ErrorKind | null) => Promise<void>

/**
 * Looks beside a running command for what is worth a notice, and once more at its end. It does nothing at all where no
 * target is set, and nothing that the command would wait for. Never rejects.
 */
export async function watchNotices(context: Context, command: string): Promise<EndNotices> {
  const { settings, clock, log, host } = context
  const { url, command: shell } = settings.notices
  if (url === undefined && shell === undefined) return async () => {}
  const { causeOfEnd, notifyOnce } = await import('../steps/notices/notify.ts')
  const stop = new AbortController()
  const shared = {
    ...{ clock, log, target: settings.target, budget: settings.creditBudget },
    ...{ targets: settings.notices, proxies: settings.proxies, env: host.env },
  }
  const look = async (signal: AbortSignal, scale: number, kind?: ErrorKind | null) => {
    const { openDb } = await import('../db/open.ts')
    if (!existsSync(settings.db)) return
    const db = openDb(settings.db, { migrate: false, busyTimeoutMs: 0 })
    try {
      const end = kind === undefined ? null : causeOfEnd(command, kind)
      await notifyOnce({ ...shared, db, signal, scale }, end ? [end] : [])
    } finally {
      db.$client.close()
    }
  }
  // A database that is older or damaged, or not there yet: the command itself says so.
  const quietly = (looking: Promise<void>) => looking.catch(() => {})
  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(() => quietly(look(stop.signal, settings.timeScale)))
  }, LOOK_MS * settings.timeScale)
  timer.unref()
  return async (kind) => {
    clearInterval(timer)
    stop.abort()
    await looking
    const last = new AbortController()
    if (kind !== 'interrupted' && kind !== 'usage') {
      await quietly(look(last.signal, Math.min(1, settings.timeScale) * LAST_SHARE, kind))
    }
  }
}
