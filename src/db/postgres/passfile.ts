// Passwords as libpq keeps them: `~/.pgpass`, a line `host:port:database:user:password` for each server.
import { readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PostgresAddress } from '../../postgres-url.ts'

/** The password of the first line that fits; undefined for none, and where others may read the file, as with libpq. */
export function readPassFile(address: PostgresAddress, file = join(homedir(), '.pgpass')): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile() || (process.platform !== 'win32' && (found.mode & 0o077) !== 0)) return undefined
  const { host, port, database, user = userInfo().username } = address
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user]
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const [password, ...fields] = fieldsOf(line).reverse()
    const named = fields.reverse()
    const fits = named.length === 4 && named.every((field, at) => field === '*' || field === wanted[at])
    if (fits && password) return password
  }
  return undefined
}

/** A colon or a backslash within a field has a backslash before it. */
function fieldsOf(line: string): string[] {
  const fields = [...line.matchAll(/(?:^|:)((?:\\.|[^:\\])*)/g)]
  return fields.map(([, field = '']) => field.replace(/\\(.)/g, '$1'))
}
