import { existsSync, statSync } from 'node:fs'
import { ChpipeError } from '../errors.ts'

/** Throws a `data` error where there is no database to do this with, such as `back up`. */
export function requireDatabase(path: string, what: string): void {
  if (existsSync(path) && statSync(path).size > 0) return
  throw new ChpipeError('data', `There is no database to ${what}: ${path}`, {
    hint: 'name it with --db, or load companies first: chpipe import-companies BasicCompanyData.zip',
  })
}
