// How a shared allowance stands, for reports: read on a connection of its own, and never waited for long.
import type { Clock } from '../clock.ts'
import { connectPostgres, dropConnection, isEncrypted, postgresError } from '../db/postgres/connect.ts'
import { readSharedUse } from '../db/quota/shared-schema.ts'
import type { PostgresAddress } from '../postgres-url.ts'
import { ALLOWANCE_VARIABLE, within } from './link.ts'
import { type AllowanceUse, COMPANIES_HOUSE_ALLOWANCE } from './report.ts'

const PATIENCE_MS = 3000
/** What is shown on and on is read again after this. */
const FRESH_MS = 5000

const UNKNOWN: AllowanceUse = {
  used: null,
  stream: null,
  peak: null,
  rateLimited: null,
  nextFreeInMs: null,
  gateForMs: null,
}

export interface UseReader {
  /** Reads it now. Never rejects: a store that is away is told as such. */
  read(): Promise<AllowanceUse>
  /** What was read last, which is read again in passing when it is old; at first nothing is known. */
  latest(): AllowanceUse
}

/** Reads how the Companies House allowance stands at `address`. */
export function createUseReader(address: PostgresAddress, clock: Clock): UseReader {
  let last = { use: UNKNOWN, at: Number.NEGATIVE_INFINITY }
  let reading: Promise<AllowanceUse> | undefined
  const read = () => {
    reading ??= readUseAt(address, clock)
      .then((use) => {
        last = { use, at: clock.steady() }
        return use
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  return {
    read,
    latest() {
      if (clock.steady() - last.at > FRESH_MS) void read()
      return last.use
    },
  }
}

async function readUseAt(address: PostgresAddress, clock: Clock): Promise<AllowanceUse> {
  const known = { address, variable: ALLOWANCE_VARIABLE }
  try {
    const client = await connectPostgres({ ...known, application: 'chpipe', connectTimeoutMs: PATIENCE_MS })
    try {
      const use = await within(clock, PATIENCE_MS, readSharedUse(client, COMPANIES_HOUSE_ALLOWANCE))
      const users = (use?.users ?? []).map(({ host, pid, seenMsAgo }) => ({
        host,
        pid,
        seen_seconds_ago: Math.round(seenMsAgo / 1000),
      }))
      const { used = 0, stream = 0, peak = 0, rateLimited = 0, nextFreeInMs = null, gateForMs = null } = use ?? {}
      const store = { postgres: address.shown, away: null, encrypted: isEncrypted(client), users }
      return { used, stream, peak, rateLimited, nextFreeInMs, gateForMs, store }
    } finally {
      dropConnection(client)
    }
  } catch (error) {
    const store = { postgres: address.shown, away: postgresError(error, known).message, encrypted: null, users: [] }
    return { ...UNKNOWN, store }
  }
}
