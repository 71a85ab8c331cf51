import { parseDuration } from './clock.ts'
import { ChpipeError } from './errors.ts'
import { type PostgresAddress, parsePostgresUrl } from './postgres-url.ts'
import { MOST_SIGNED, signedText } from './signed.ts'

export interface Quota {
  /** Calls in any window of `windowMs`. */
  limit: number
  windowMs: number
}

/** The proxies of the environment. They may hold credentials and are never printed as they are. */
export interface Proxies {
  /** For https targets; null for none. */
  https: string | null
  /** For http targets, which are on this machine; null for none. */
  http: string | null
  /** Hosts that are reached directly, as `NO_PROXY` writes them. */
  except: string
}

/** Where notices go. The address of a webhook is a secret: whoever knows it may write there. */
export interface NoticeTargets {
  url: string | undefined
  /** A line for the shell. */
  command: string | undefined
  /** Signs what is sent to the webhook. */
  secret: string | undefined
}

/** The environment after checking; secrets stay inside and are never printed. */
export interface Settings {
  companiesHouseApiKey: string | undefined
  companiesHouseApiUrl: string
  companiesHouseStreamKey: string | undefined
  companiesHouseStreamUrl: string
  snovClientId: string | undefined
  snovClientSecret: string | undefined
  snovApiUrl: string
  snovQuota: Quota
  /** Credits that all runs together may spend in any span of the window; null for no limit. */
  creditBudget: Quota | null
  /** Where the allowances are kept that several machines share; undefined for the database. */
  allowanceStore: PostgresAddress | undefined
  db: string
  /** Where temporary files go; beside the database unless given. */
  tmp: string | undefined
  quota: Quota
  target: number
  /** A token that `serve` takes besides the stored ones. */
  serveToken: string | undefined
  /** Where `publish` writes; null where only the variables of libpq may name it. */
  postgres: PostgresAddress | null
  /** The variables of libpq, `PGHOST` and so on. */
  postgresVariables: Readonly<Record<string, string>>
  proxies: Proxies
  notices: NoticeTargets
  /** Who signs deliveries and the API's page, and where customers may ask. */
  supplier: string | undefined
  contact: string | undefined
  timeScale: number
}

type Environment = Record<string, string | undefined>

/** The variables that mean something to chpipe: all that is read below, whoever it belongs to. */
const OWN_VARIABLE = /^(?:(?:COMPANIES_HOUSE|SNOV|CHPIPE)_|(?:https?|no)_proxy$)/i

/** Whether chpipe would read this variable. */
export function isOwnVariable(name: string): boolean {
  return OWN_VARIABLE.test(name)
}

/**
 * Reads the settings from environment variables. Throws a `config` error that names the variable, also
 * where one would switch off the verification of certificates. With `onFault` what is wrong counts as not set, and
 * `onFault` receives it.
 */
export function readSettings(given: Environment, onFault?: (fault: ChpipeError) => void): Settings {
  const env = meantEnvironment(given)
  refuseUnverifiedTls(env)
  const read = <T>(reading: (env: Environment) => T): T => {
    try {
      return reading(env)
    } catch (error) {
      if (!onFault || !(error instanceof ChpipeError)) throw error
      onFault(error)
      return reading({})
    }
  }
  const secret = (name: string) => read((from) => readSecret(from, name))
  const url = (name: string, fallback: string) => read((from) => readUrl(from, name, fallback))
  return {
    companiesHouseApiKey: secret('COMPANIES_HOUSE_API_KEY'),
    companiesHouseApiUrl: url('COMPANIES_HOUSE_API_URL', 'https://api.company-information.service.gov.uk'),
    companiesHouseStreamKey: secret('COMPANIES_HOUSE_STREAM_KEY'),
    companiesHouseStreamUrl: url('COMPANIES_HOUSE_STREAM_URL', 'https://stream.companieshouse.gov.uk'),
    snovClientId: secret('SNOV_CLIENT_ID'),
    snovClientSecret: secret('SNOV_CLIENT_SECRET'),
    snovApiUrl: url('SNOV_API_URL', 'https://api.snov.io'),
    snovQuota: read((from) => parseQuota(from.CHPIPE_SNOV_QUOTA || '60/1m', 'CHPIPE_SNOV_QUOTA')),
    creditBudget: read(({ CHPIPE_CREDIT_BUDGET: text }) => (text ? parseQuota(text, 'CHPIPE_CREDIT_BUDGET', 0) : null)),
    allowanceStore: read((from) => readPostgres(from, 'CHPIPE_ALLOWANCE_URL')),
    db: env.CHPIPE_DB || 'companies.db',
    tmp: env.CHPIPE_TMP || undefined,
    quota: read((from) => parseQuota(from.CHPIPE_CH_QUOTA || '600/5m')),
    target: read((from) => readCount(from, 'CHPIPE_TARGET', 10_000)),
    serveToken: secret('CHPIPE_SERVE_TOKEN'),
    postgres: read(({ CHPIPE_POSTGRES_URL: url }) => (url ? parsePostgresUrl(url, 'CHPIPE_POSTGRES_URL') : null)),
    postgresVariables: variablesOf(env, /^PG[A-Z]+$/),
    proxies: read(readProxies),
    notices: {
      url: read(readNotifyUrl),
      command: env.CHPIPE_NOTIFY_COMMAND || undefined,
      secret: secret('CHPIPE_NOTIFY_SECRET'),
    },
    supplier: read((from) => readSigned(from.CHPIPE_SUPPLIER, 'CHPIPE_SUPPLIER', MOST_SIGNED.supplier)),
    contact: read((from) => readSigned(from.CHPIPE_CONTACT, 'CHPIPE_CONTACT', MOST_SIGNED.contact)),
    timeScale: read(readScale),
  }
}

function variablesOf(env: Environment, names: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => names.test(entry[0]) && Boolean(entry[1])),
  )
}

/** Node itself would obey it: every server could then pass for Companies House, or for Snov, and read the keys. */
function refuseUnverifiedTls({ NODE_TLS_REJECT_UNAUTHORIZED: verify }: Environment): void {
  if (verify !== '0') return
  throw new ChpipeError(
    'config',
    'NODE_TLS_REJECT_UNAUTHORIZED=0 would send the keys to servers that nobody verified',
    {
      hint: 'unset it; NODE_EXTRA_CA_CERTS names the certificates of a proxy that you trust',
    },
  )
}

/** A key, token or secret. An error names the variable, never its value. */
function readSecret(env: Environment, name: string): string | undefined {
  const secret = env[name]
  if (!secret) return undefined
  if (/^[^"'`\s](?:.*[^"'`\s])?$/.test(secret) && /^[\x21-\x7e]+$/.test(secret)) return secret
  const what = /^["'`]|["'`]$/.test(secret) ? 'has a quote at one end' : 'holds a blank, or a character that no key has'
  throw new ChpipeError('config', `${name} ${what}`, { hint: 'write NAME=value: no quotes, nothing behind the value' })
}

/** The address of a PostgreSQL, with its credentials. An error names the variable, never its value. */
function readPostgres(env: Environment, name: string): PostgresAddress | undefined {
  const url = readSecret(env, name)
  return url === undefined ? undefined : parsePostgresUrl(url, name)
}

/** The lower-case name wins, as with curl. Throws a `config` error that names the variable, not the proxy. */
function readProxies(env: Environment): Proxies {
  const read = (name: string): string | null => {
    const text = env[name.toLowerCase()] || env[name]
    if (!text) return null
    const proxy = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
    if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return proxy
    throw new ChpipeError('config', `${name} is not the address of an HTTP proxy`, {
      hint: 'write it as http://proxy.example:8080, or unset it',
    })
  }
  return { https: read('HTTPS_PROXY'), http: read('HTTP_PROXY'), except: env.no_proxy || env.NO_PROXY || '' }
}

/** A webhook's address holds its secret in the path or the query, so that no message repeats it. */
function readNotifyUrl({ CHPIPE_NOTIFY_URL: text }: Environment): string | undefined {
  if (!text) return undefined
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || `${url.username}${url.password}${url.hash}` !== '') {
    throw new ChpipeError('config', 'CHPIPE_NOTIFY_URL is not an http(s) URL without credentials', {
      hint: 'copy the address of the incoming webhook, or unset it',
    })
  }
  if (url.protocol === 'http:' && !isOwnMachine(url.hostname)) {
    throw new ChpipeError('config', 'CHPIPE_NOTIFY_URL would send notices unencrypted over the network', {
      hint: 'use https; plain http is for a server on this machine',
    })
  }
  return url.href
}

function readUrl(env: Environment, name: string, fallback: string): string {
  const text = env[name] || fallback
  const url = URL.canParse(text) ? new URL(text) : null
  const hint = `unset it, or set it to something like ${fallback}`
  if (!url || !/^https?:$/.test(url.protocol) || `${url.username}${url.password}${url.search}${url.hash}` !== '') {
    throw new ChpipeError('config', `${name} is not an http(s) URL without credentials`, { hint })
  }
  if (url.protocol === 'http:' && !isOwnMachine(url.hostname)) {
    throw new ChpipeError('config', `${name} would send the keys unencrypted over the network`, {
      hint: 'use https; plain http is for a server on this machine, such as the sandbox',
    })
  }
  return url.href.replace(/\/+$/, '')
}

/** A host name as `URL` writes it: an IPv4 address in whatever notation is there as four numbers. */
function isOwnMachine(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

const QUOTA_EXAMPLES = {
  CHPIPE_CH_QUOTA: '600/5m, or 60/5s in a scaled test',
  CHPIPE_SNOV_QUOTA: '60/1m, or 60/1s in a scaled test',
  CHPIPE_CREDIT_BUDGET: '200/1d, or 5000/30d',
}

/** `600/5m` -> 600 calls (or credits) in any five minutes. Throws a `config` error that names the variable otherwise. */
export function parseQuota(text: string, name: keyof typeof QUOTA_EXAMPLES = 'CHPIPE_CH_QUOTA', least = 1): Quota {
  const [count = '', window = '', ...rest] = text.split('/')
  const limit = /^\d+$/.test(count) ? Number(count) : -1
  const windowMs = parseDuration(window)
  if (limit >= least && limit <= 1_000_000 && windowMs && rest.length === 0) return { limit, windowMs }
  throw new ChpipeError('config', `${name} is not a count and a window: ${text}`, {
    hint: `write it as ${QUOTA_EXAMPLES[name]}`,
  })
}

function readCount(env: Environment, name: string, fallback: number): number {
  const text = env[name]
  if (!text) return fallback
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new ChpipeError('config', `${name} is not a whole number above zero: ${text}`, {
    hint: `write it as ${name}=${fallback}, or unset it`,
  })
}

function readSigned(text: string | undefined, name: string, most: number): string | undefined {
  if (!text) return undefined
  const line = signedText(text, most)
  if (line !== null) return line
  throw new ChpipeError('config', `${name} is not one line of at most ${most} characters that can be seen`, {
    hint: `write it as ${name}="...", or unset it`,
  })
}

function readScale(env: Environment): number {
  const text = env.CHPIPE_TIME_SCALE
  if (!text) return 1
  const scale = Number(text)
  if (scale > 0 && scale <= 1000) return scale
  throw new ChpipeError('config', `CHPIPE_TIME_SCALE is not a number above zero: ${text}`, {
    hint: 'it multiplies waits in tests, for example 0.01; leave it unset in production',
  })
}

// Environment files as people make them, and as other programs hand them over. systemd and docker read the same file by
// other rules: what follows `=` is the value to docker, quotes and comments included.

/** The text of a file that some editor saved as UTF-8 or UTF-16, with or without a byte order mark. */
export function decodeEnvFile(bytes: Buffer, file: string): string {
  const text = decode(bytes).replace(/^\uFEFF/, '')
  if (!text.includes('\0')) return text
  throw new ChpipeError('config', `The file .env is not text: ${file}`, { hint: 'save it as UTF-8' })
}

/** The text of a file that people made: UTF-8 or UTF-16, and where it is neither, Latin-1. */
export function decodedText(bytes: Buffer): string {
  const text = decode(bytes)
  return (text.includes('\uFFFD') ? bytes.toString('latin1') : text).replace(/^\uFEFF/, '')
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
