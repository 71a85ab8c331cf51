// Environment files as people make them, and as other programs hand them over. systemd and docker read the same file by
// other rules: what follows `=` is the value to docker, quotes and comments included.
import { ChpipeError } from './errors.ts'

type Environment = Record<string, string | undefined>

/** The text of a file that some editor saved as UTF-8 or UTF-16, with or without a byte order mark. */
export function decodeEnvFile(bytes: Buffer, file: string): string {
  const text = decode(bytes).replace(/^\uFEFF/, '')
  if (!text.includes('\0')) return text
  throw new ChpipeError('config', `The file .env is not text: ${file}`, { hint: 'save it as UTF-8' })
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le')
  if (first === 0xfe && second === 0xff) return bigEndian(bytes)
  if (first !== 0 && second === 0) return bytes.toString('utf16le')
  if (first === 0 && second !== 0) return bigEndian(bytes)
  return bytes.toString('utf8')
}

function bigEndian(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le')
}

const QUOTED = /^(["'`])(.*)\1(?:\s+#.*)?$/s

/**
 * The variables as they were meant: without the quotes that `docker --env-file` keeps, a comment behind the value, blanks
 * around it, or a byte order mark before the first name.
 */
export function meantEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name.replace(/^\uFEFF/, ''), value && meantValue(value)]),
  )
}

function meantValue(value: string): string {
  const trimmed = value.trim()
  return QUOTED.exec(trimmed)?.[2] ?? trimmed.replace(/(^|\s+)#.*$/s, '')
}

/** What other programs read otherwise, by the name of its variable; never with its value. */
export interface Ambiguity {
  name: string
  /** Completes "NAME ...". */
  what: string
}

/** The lines of an environment file that systemd, docker, a shell and chpipe do not all read alike. */
export function ambiguousLines(text: string): Ambiguity[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, exported, name, before = '', rest = ''] = /^\s*(export\s+)?([A-Za-z_]\w*)(\s*)=(.*)$/.exec(line) ?? []
    if (name === undefined) return []
    if (exported) return [{ name, what: 'has `export` before it' }]
    if (before !== '' || /^\s+\S/.test(rest)) return [{ name, what: 'has blanks around its `=`' }]
    const what = ambiguity(rest)
    return what === null ? [] : [{ name, what }]
  })
}

/** The variables that came with quotes or a comment, as docker and systemd hand them over. */
export function ambiguousValues(env: Environment, names: readonly string[]): Ambiguity[] {
  return names.flatMap((name) => {
    const what = ambiguity(env[name] ?? '')
    return what === null ? [] : [{ name, what }]
  })
}

function ambiguity(value: string): string | null {
  if (/^\s*["'`]/.test(value)) return 'is in quotes'
  if (/\s#/.test(value)) return 'has ` # ...` behind its value'
  if (/\S\s+$/.test(value)) return 'has blanks behind its value'
  return /[$`\\]/.test(value) ? 'has a character that a shell replaces' : null
}
