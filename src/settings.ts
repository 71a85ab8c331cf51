import { parseDuration } from './durations.ts'
import { ChpipeError } from './errors.ts'

export interface Quota {
  /** Calls in any window of `windowMs`. */
  limit: number
  windowMs: number
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
  db: string
  quota: Quota
  target: number
  /** A token that `serve` takes besides the stored ones. */
  serveToken: string | undefined
  timeScale: number
}

type Environment = Record<string, string | undefined>

/**
 * Reads the settings from environment variables (design section 3). Throws a `config` error that names the variable, also
 * where one would switch off the verification of certificates.
 */
export function readSettings(env: Environment): Settings {
  refuseUnverifiedTls(env)
  return {
    companiesHouseApiKey: env.COMPANIES_HOUSE_API_KEY?.trim() || undefined,
    companiesHouseApiUrl: readUrl(env, 'COMPANIES_HOUSE_API_URL', 'https://api.company-information.service.gov.uk'),
    companiesHouseStreamKey: env.COMPANIES_HOUSE_STREAM_KEY?.trim() || undefined,
    companiesHouseStreamUrl: readUrl(env, 'COMPANIES_HOUSE_STREAM_URL', 'https://stream.companieshouse.gov.uk'),
    snovClientId: env.SNOV_CLIENT_ID?.trim() || undefined,
    snovClientSecret: env.SNOV_CLIENT_SECRET?.trim() || undefined,
    snovApiUrl: readUrl(env, 'SNOV_API_URL', 'https://api.snov.io'),
    snovQuota: parseQuota(env.CHPIPE_SNOV_QUOTA || '60/1m', 'CHPIPE_SNOV_QUOTA'),
    creditBudget: env.CHPIPE_CREDIT_BUDGET ? parseQuota(env.CHPIPE_CREDIT_BUDGET, 'CHPIPE_CREDIT_BUDGET', 0) : null,
    db: env.CHPIPE_DB || 'companies.db',
    quota: parseQuota(env.CHPIPE_CH_QUOTA || '600/5m'),
    target: readCount(env, 'CHPIPE_TARGET', 10_000),
    serveToken: env.CHPIPE_SERVE_TOKEN?.trim() || undefined,
    timeScale: readScale(env),
  }
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
  throw new ChpipeError('config', `${name} is not a whole number above zero: ${text}`)
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
