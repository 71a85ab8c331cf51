// The `.env` file: variables are set in it, everything else stays as it is.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { ChpipeError, systemReason } from '../errors.ts'
import { syncFolder } from '../files.ts'
import { decodeEnvFile } from '../settings.ts'

/** The text of the file; null where there is none. Throws `config` when it cannot be read. */
export function readEnvText(file: string): string | null {
  try {
    return decodeEnvFile(readFileSync(file), file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    if (error instanceof ChpipeError) throw error
    throw cannot('read', file, error)
  }
}

/** The text with this variable set: its last line is replaced, where there is one, and earlier ones are left alone. */
export function withVariable(text: string, name: string, value: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const line = `${name}=${/^[\w.~+/:=-]+$/.test(value) ? value : `'${value}'`}`
  const lines = text.split(/\r?\n/)
  const at = lines.findLastIndex((one) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(one))
  const named = at === -1 ? undefined : lines[at]
  if (named !== undefined && !/=\s*["'`][^"'`]*$/.test(named)) return lines.with(at, line).join(eol)
  const before = text === '' || text.endsWith('\n') ? text : `${text}${eol}`
  return `${before}${line}${eol}`
}

/**
 * Writes the file for its owner alone, in one go: what was there stays until the new text is on the disk. A link is followed.
 * Throws `data` when it cannot be written.
 */
export async function writeEnvText(file: string, text: string): Promise<void> {
  const place = realPath(file)
  const draft = join(dirname(place), `.env.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const fd = openSync(draft, 'wx', 0o600)
    try {
      writeSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    chmodSync(draft, 0o600)
    renameSync(draft, place)
    await syncFolder(dirname(place))
  } catch (error) {
    rmSync(draft, { force: true })
    throw cannot('written', file, error)
  }
}

/** Whether a reader of the file finds the variable with this value. */
export function holdsVariable(text: string, name: string, value: string): boolean {
  return parseEnv(text)[name] === value
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function cannot(what: 'read' | 'written', file: string, cause: unknown): ChpipeError {
  const { reason, hint } = systemReason(cause)
  const kind = what === 'read' ? 'config' : 'data'
  return new ChpipeError(kind, `The file .env cannot be ${what}, as ${reason}: ${file}`, { hint, cause })
}
