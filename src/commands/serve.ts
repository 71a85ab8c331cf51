import packageJson from '../../package.json' with { type: 'json' }
import type { Context } from '../context.ts'
import { countTokens } from '../db/served/tokens.ts'
import { ChpipeError } from '../errors.ts'
import { parseTrustedProxies, type TrustedProxies } from '../http/guard.ts'
import { progressMetrics } from '../steps/progress/metrics.ts'
import { readProgress } from '../steps/progress/progress.ts'
import { safeJson } from '../text.ts'
import { defineCommand, type OptionSpec } from './command.ts'
import { between } from './values.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 8480
const DEFAULT_LIMIT = 600
const LEAST_TOKEN = 8

const SERVE_OPTIONS = [
  { flags: '--host <address>', description: 'where to listen', fallback: DEFAULT_HOST },
  {
    flags: '--port <n>',
    description: 'the port; 0 takes any free one',
    parse: between(0, 65_535),
    fallback: String(DEFAULT_PORT),
  },
  {
    flags: '--token <token>',
    description:
      'for a trial: also take this token, which the process list shows; $CHPIPE_SERVE_TOKEN does the same unseen',
    parse: trialToken,
  },
  {
    flags: '--limit <n>',
    description: 'requests a minute for each token',
    parse: between(1, 1_000_000),
    fallback: String(DEFAULT_LIMIT),
  },
  {
    flags: '--streams <n>',
    description: 'streams of lines that each token may read at once',
    parse: between(1, 1000),
    fallback: '4',
  },
  {
    flags: '--trust-proxy <addresses>',
    description: 'log the client that these proxies forward (X-Forwarded-For): addresses, networks, or loopback',
    parse: trustedProxies,
  },
  {
    flags: '--base-path <path>',
    description: 'where the API is on the site of a proxy, such as /register',
    parse: basePath,
  },
] as const satisfies readonly OptionSpec[]

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'Serve the dataset as a read-only HTTP API',
  description: `Serves companies, officers, domains and e-mail addresses as JSON while other commands are writing; it never writes
itself. \`/\` describes the API for people, \`/openapi.json\` for programs, and \`/healthz\` is for load balancers. Everything
else needs a bearer token from \`chpipe token add\`; tokens can be added while it runs. Suppressed rows are not served. When
another file replaces the database, such as a restored backup, it is served as soon as it is complete.

It speaks plain HTTP. Expose it only through a proxy that adds TLS. It runs until SIGTERM or Ctrl-C (exit 0).`,
  options: SERVE_OPTIONS,
  examples: [
    { line: 'chpipe token add acme && chpipe serve', does: 'for the customer acme, on 127.0.0.1:8480' },
    { line: 'chpipe serve --port 0 --token just-a-trial', does: 'to try it, on any free port' },
    { line: 'chpipe serve --host 0.0.0.0 --limit 120', does: 'for all interfaces, two requests a second' },
    { line: 'chpipe serve --trust-proxy loopback --base-path /register', does: 'behind a proxy on this machine' },
  ],
  async run(context, { options }) {
    const given = options
    const { host = DEFAULT_HOST, port = DEFAULT_PORT, token, limit = DEFAULT_LIMIT } = given
    const { settings, clock, timings, log, signal } = context
    const db = await context.existingDb('data')
    const fromEnvironment = settings.serveToken === undefined ? undefined : environmentToken(settings.serveToken)
    const trial = token ?? fromEnvironment
    warn(context, { host, token, nobody: trial === undefined && countTokens(db) === 0 })
    const { startApi } = await import('../http/server.ts')
    const { target, quota, supplier, contact } = settings
    const reader = await context.sharedUse()
    await using api = await startApi({
      ...{ db, clock, timings, log, host, port, limitPerMinute: limit, trialToken: trial },
      ...(given.streams === undefined ? {} : { streamsPerToken: given.streams }),
      ...(given.trustProxy === undefined ? {} : { trustedProxies: given.trustProxy }),
      ...(given.basePath === undefined ? {} : { basePath: given.basePath }),
      signature: { ...(supplier && { supplier }), ...(contact && { contact }) },
      version: packageJson.version,
      pipelineMetrics: (served) => {
        const progress = readProgress(served, { target, quota, clock, shared: reader?.latest() })
        return progressMetrics(progress, packageJson.version)
      },
    })
    await context.print(context.json ? `${safeJson({ url: api.url })}\n` : `${api.url}\n`)
    await stopped(signal)
    log.info('shutting down; finishing open requests')
    return 0
  },
})

function trialToken(text: string): string {
  if (/^[\w.~+/=-]{8,200}$/.test(text)) return text
  throw new ChpipeError('usage', `Expected at least ${LEAST_TOKEN} letters, digits or any of -._~+/=`)
}

function trustedProxies(text: string): TrustedProxies {
  const trusted = parseTrustedProxies(text)
  if (trusted) return trusted
  throw new ChpipeError('usage', `Expected addresses, networks such as 10.0.0.0/8, or loopback, got: ${text}`)
}

/** A prefix that begins like them could not be told from them. */
const OWN_PATHS = /^\/(v1|healthz|metrics|openapi\.json)(\/|$)/

function basePath(text: string): string {
  const path = text.replace(/\/$/, '')
  if (/^(\/[\w-][\w.~-]*)*$/.test(path) && !OWN_PATHS.test(path)) return path
  throw new ChpipeError('usage', `Expected a path such as /register, got: ${text}`)
}

function environmentToken(text: string): string {
  try {
    return trialToken(text)
  } catch {
    throw new ChpipeError(
      'config',
      `CHPIPE_SERVE_TOKEN is not at least ${LEAST_TOKEN} letters, digits or any of -._~+/=`,
    )
  }
}

interface Doubts {
  host: string
  token: string | undefined
  /** No token is valid. */
  nobody: boolean
}

function warn({ log }: Context, { host, token, nobody }: Doubts): void {
  if (nobody) log.warn('no token exists yet, so nobody can query the API', { try: 'chpipe token add <name>' })
  if (token !== undefined)
    log.warn('the token of --token shows in the process list; for more than a trial: chpipe token add')
  if (!/^(127\.|::1$|localhost$)/.test(host)) {
    log.warn('plain HTTP beyond this machine: put a proxy with TLS in front of it', { host })
  }
}

/** Resolves when the operator stops the command. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
}
