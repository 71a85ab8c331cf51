import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { FAULTS, parseFaults } from '../sandbox/companies-house/faults.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/companies-house/server.ts'
import { parseSnovFaults, SNOV_FAULTS, type SnovFaultPlan } from '../sandbox/snov/faults.ts'
import { type SnovSandbox, startSnovSandbox } from '../sandbox/snov/server.ts'
import { parseStreamFaults, STREAM_FAULTS, type StreamFaultPlan } from '../sandbox/stream/faults.ts'
import { type StreamSandbox, startStreamSandbox } from '../sandbox/stream/server.ts'
import { writeBulkOfficers } from '../sandbox/world/bulk-officers.ts'
import { writePscSnapshot } from '../sandbox/world/psc-snapshot.ts'
import { writeRegisterFile } from '../sandbox/world/register-file.ts'
import { createWorld, type World } from '../sandbox/world/world.ts'
import { parseQuota, type Quota } from '../settings.ts'
import { safeJson } from '../text.ts'
import { defineCommand, type OptionSpec, type OptionsOf, type Parser } from './command.ts'
import { between, count, offering } from './values.ts'

const DEFAULT_PORT = 8484
const DEFAULT_COMPANIES = 1000
const DEFAULT_SEED = 1
const DEFAULT_QUOTA: Quota = { limit: 600, windowMs: 5 * 60_000 }

/** The most that a synthetic register can hold. */
const MOST_COMPANIES = 15_000_000

/** The most companies that are born in a minute; the United Kingdom has some two. */
const MOST_BORN = 6000

/** How often the requests served are told, when there were any. */
const SUMMARY_MS = 10_000

const SANDBOX_OPTIONS = [
  {
    flags: '--port <n>',
    description: 'where to listen on 127.0.0.1; 0 takes any free port',
    parse: port,
    fallback: String(DEFAULT_PORT),
  },
  {
    flags: '--companies <n>',
    description: 'size of the register',
    parse: between(1, MOST_COMPANIES),
    fallback: String(DEFAULT_COMPANIES),
  },
  { flags: '--seed <n>', description: 'which register', parse: count(0), fallback: String(DEFAULT_SEED) },
  {
    flags: '--fault <spec>',
    description: 'what goes wrong, such as 500:0.2,reset:5%',
    parse: faultParser(FAULTS, parseFaults),
  },
  {
    flags: '--stream-fault <spec>',
    description: 'what goes wrong on the stream',
    parse: faultParser(STREAM_FAULTS, parseStreamFaults),
  },
  {
    flags: '--snov-fault <spec>',
    description: 'what goes wrong at Snov',
    parse: faultParser(SNOV_FAULTS, parseSnovFaults),
  },
  {
    flags: '--born <per minute>',
    description: 'companies newly formed in a minute',
    parse: between(0, MOST_BORN),
    fallback: '0',
  },
  {
    flags: '--officer-changes <per minute>',
    description: 'appointments, resignations, merges and deletions in a minute, told on the officers stream',
    parse: between(0, MOST_BORN),
    fallback: '0',
  },
  {
    flags: '--psc-changes <per minute>',
    description: 'notifications, changes, ends and deletions of those in control in a minute, told on the psc stream',
    parse: between(0, MOST_BORN),
    fallback: '0',
  },
  { flags: '--quota <count/window>', description: 'the allowance it keeps', parse: quota, fallback: '600/5m' },
  {
    flags: '--page-cap <n>',
    description: 'the most officers a page holds',
    parse: between(1, 1000),
    fallback: '500',
  },
  { flags: '--latency <ms>', description: 'how long each answer takes', parse: between(0, 600_000), fallback: '0' },
  { flags: '--register <file>', description: 'first write this register as a BasicCompanyData CSV file' },
  {
    flags: '--pscs <file>',
    description: 'first write who controls its companies as a snapshot, packed where the name ends with .zip',
  },
  {
    flags: '--bulk-officers <folder>',
    description: 'first write its officers as a bulk snapshot (216) and daily updates (198)',
  },
] as const satisfies readonly OptionSpec[]

type SandboxInput = OptionsOf<typeof SANDBOX_OPTIONS>

export const sandboxCommand = defineCommand({
  name: 'sandbox',
  summary: 'Serve a stand-in for Companies House and Snov on this machine',
  description: `Serves a synthetic register over the REST API of Companies House, with its allowance and its page sizes, the stream of
its events, and a stand-in for Snov.io that knows some of its companies and people. Everything in it is made up; the
same seed gives the same companies. It prints the environment that points chpipe at it and runs until it is interrupted
(exit 0). The stream and Snov listen on the next two ports after --port, or on any free ones.

A fault is a name, followed by conditions after colons: a share (0.2 or 20%), a number of times (3x), a span (10s), a delay (~2s)
or companies (@00445790+SC123456; for Snov calls, such as @result). Separate several with commas. Faults of --fault:
${faultList(FAULTS)}

Faults of --stream-fault:
${faultList(STREAM_FAULTS)}

Faults of --snov-fault:
${faultList(SNOV_FAULTS)}`,
  options: SANDBOX_OPTIONS,
  examples: [
    { line: 'chpipe sandbox --register register.csv', does: 'serve 1,000 companies, and write their register file' },
    {
      line: 'chpipe sandbox --register register.csv --bulk-officers bulk',
      does: 'the same, and its officers in files for import-officers --file and --updates',
    },
    { line: 'chpipe sandbox --fault 500:0.2,outage:30s', does: 'a bad day: an outage, then every fifth call fails' },
    { line: 'chpipe sandbox --born 30', does: 'a company is formed every two seconds, for chpipe stream' },
    { line: 'chpipe sandbox --quota 60/3s --port 0', does: 'a quick allowance, on any free port' },
  ],
  async run(context, { options }) {
    const { companies = DEFAULT_COMPANIES, seed = DEFAULT_SEED, register, pscs } = options
    const world = createWorld({ seed, companies })
    if (register !== undefined) await writeRegister(context, world, register)
    if (pscs !== undefined) await writePscs(context, world, pscs)
    if (options.bulkOfficers !== undefined) await writeBulk(context, world, options.bulkOfficers)
    const { port = DEFAULT_PORT, fault, streamFault, snovFault, pageCap, latency, born } = options
    await using servers = await startServers({
      world,
      port,
      quota: options.quota ?? DEFAULT_QUOTA,
      faults: fault ?? [],
      streamFaults: streamFault ?? [],
      snovFaults: snovFault ?? [],
      bornPerMinute: born ?? 0,
      officerChangesPerMinute: options.officerChanges ?? 0,
      pscChangesPerMinute: options.pscChanges ?? 0,
      ...(pageCap === undefined ? {} : { pageCap }),
      ...(latency === undefined ? {} : { latencyMs: latency }),
    })
    await context.print(announce(context, servers, options))
    await tellRequests(context, servers)
    return 0
  },
})

function port(text: string): number {
  const number = between(0, 65_535)(text)
  if (!isBadPort(number)) return number
  throw new ChpipeError('usage', `Port ${number} belongs to another protocol, and HTTP clients refuse it`, {
    hint: `take another, such as ${DEFAULT_PORT}; 0 takes any free one`,
  })
}

function faultParser<T>(faults: Record<string, string>, parse: (text: string) => T): Parser<T> {
  return Object.assign(offering(Object.keys(faults), parse), { list: true as const })
}

function faultList(faults: Record<string, string>): string {
  const width = Math.max(...Object.keys(faults).map((name) => name.length))
  return Object.entries(faults)
    .map(([name, effect]) => `  ${name.padEnd(width)}  ${effect}`)
    .join('\n')
}

function quota(text: string): Quota {
  try {
    return parseQuota(text)
  } catch (cause) {
    throw new ChpipeError('usage', `Expected a count and a window such as 600/5m, got: ${text}`, { cause })
  }
}

async function writeRegister({ path, log }: Context, world: World, register: string): Promise<void> {
  const file = path(register)
  try {
    log.info('register file written', { file, companies: await writeRegisterFile(world, file) })
  } catch (cause) {
    throw new ChpipeError('data', `The register file cannot be written: ${file}`, {
      hint: 'name a file in a folder that exists and may be written',
      cause,
    })
  }
}

async function writePscs({ path, log }: Context, world: World, pscs: string): Promise<void> {
  const file = path(pscs)
  try {
    log.info('snapshot of persons with significant control written', { file, ...(await writePscSnapshot(world, file)) })
  } catch (cause) {
    throw new ChpipeError('data', `The snapshot of persons with significant control cannot be written: ${file}`, {
      hint: 'name a file in a folder that exists and may be written',
      cause,
    })
  }
}

async function writeBulk({ path, log }: Context, world: World, name: string): Promise<void> {
  const folder = path(name)
  try {
    const files = await writeBulkOfficers(world, folder)
    log.info('bulk files of officers written', { folder, files: files.join(' ') })
  } catch (cause) {
    throw new ChpipeError('data', `The bulk files cannot be written: ${folder}`, {
      hint: 'name a folder that may be written',
      cause,
    })
  }
}

function announce({ json }: Context, { rest, stream, snov }: SandboxServers, options: SandboxInput): string {
  const { limit, windowMs } = options.quota ?? DEFAULT_QUOTA
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: `${limit}/${windowMs % 60_000 === 0 ? `${windowMs / 60_000}m` : `${windowMs / 1000}s`}`,
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
  }
  if (json) return `${safeJson(env)}\n`
  return Object.entries(env)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('')
}

/** Returns when the operator interrupts. */
async function tellRequests({ clock, log, signal }: Context, { rest, stream, snov }: SandboxServers): Promise<void> {
  const told = { rest: 0, stream: 0, snov: 0 }
  while (!signal.aborted) {
    await clock.sleep(SUMMARY_MS, signal).catch(() => {})
    const { total, counted, rateLimited, windowPeak } = rest.requests
    if (total > told.rest) {
      log.info('requests served', { total, counted, rate_limited: rateLimited, window_peak: windowPeak })
    }
    const { connections, eventsSent } = stream.requests
    if (connections + eventsSent > told.stream) log.info('events sent', { connections, events: eventsSent })
    const { total: calls, creditsSpent } = snov.requests
    if (calls > told.snov) log.info('Snov calls served', { total: calls, credits_spent: creditsSpent })
    Object.assign(told, { rest: total, stream: connections + eventsSent, snov: calls })
  }
}

/** The three stand-ins on one world. */
interface SandboxServers extends AsyncDisposable {
  rest: Sandbox
  stream: StreamSandbox
  snov: SnovSandbox
}

export interface ServersOptions extends SandboxOptions {
  /** Of the REST server; the others take the next two, or any free ones. 0 takes any free ones. */
  port: number
  streamFaults: StreamFaultPlan
  snovFaults: SnovFaultPlan
  bornPerMinute: number
  officerChangesPerMinute: number
  pscChangesPerMinute: number
}

/** Starts them; they end together. Throws `config` when the port cannot be used. */
async function startServers(options: ServersOptions): Promise<SandboxServers> {
  const { world, port, streamFaults, snovFaults, ...others } = options
  const { bornPerMinute, officerChangesPerMinute, pscChangesPerMinute, ...rest } = others
  const paces = { bornPerMinute, officerChangesPerMinute, pscChangesPerMinute }
  const happenings = { world, faults: streamFaults, ...paces }
  const started: AsyncDisposable[] = []
  const close = async () => {
    await Promise.all(started.splice(0).map((server) => server[Symbol.asyncDispose]()))
  }
  const keep = <T extends AsyncDisposable>(server: T): T => {
    started.push(server)
    return server
  }
  try {
    return {
      rest: keep(await startRest({ world, port, ...rest })),
      stream: keep(await nextTo(port, 1, (own) => startStreamSandbox({ ...happenings, port: own }))),
      snov: keep(await nextTo(port, 2, (own) => startSnovSandbox({ world, port: own, faults: snovFaults }))),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function startRest(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await startSandbox(options)
  } catch (error) {
    if (!isTaken(error)) throw error
    const reason = error.code === 'EACCES' ? 'may not be used by you' : 'is in use'
    throw new ChpipeError('config', `Port ${options.port} ${reason}`, {
      hint: 'name another with --port; --port 0 takes any free one',
      cause: error,
    })
  }
}

/** Starts on the port so many behind `port`, and on any free one where that is taken, refused by clients or none. */
async function nextTo<T>(port: number, behind: number, start: (port: number) => Promise<T>): Promise<T> {
  const wanted = port + behind
  if (port === 0 || wanted > 65_535 || isBadPort(wanted)) return start(0)
  try {
    return await start(wanted)
  } catch (error) {
    if (!isTaken(error)) throw error
    return start(0)
  }
}

function isTaken(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EADDRINUSE' || code === 'EACCES'
}

/** Ports that clients refuse to ask over HTTP ("bad port" in the Fetch standard, section 2.9), fetch of Node among them. */
const BAD_PORTS = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/** Whether HTTP clients refuse to connect to a port. */
function isBadPort(port: number): boolean {
  return BAD_PORTS.has(port)
}
