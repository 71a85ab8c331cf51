// The SQLite driver that this release of Node can load. Version 12 is the last for Node 20, and aborts where it is compiled
// against the headers of Node 24.19 and later (nodejs/node issue 65446); version 13 needs Node 22 and brings its binaries.
import { createRequire } from 'node:module'
import type BetterSqlite3 from 'better-sqlite3'

const load = createRequire(import.meta.url)
const [major = 0] = process.versions.node.split('.').map(Number)
const name = major >= 22 ? 'better-sqlite3-13' : 'better-sqlite3'

/** Where the driver is, for a process of its own. */
export function driverPath(): string {
  return load.resolve(name)
}

/** The driver's `Database`, whichever version it comes from. */
export const Database = load(name) as typeof BetterSqlite3

/** One connection. */
export type Client = BetterSqlite3.Database
