import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { type Sandbox, startSandbox } from '../sandbox/companies-house.ts'
import { FAULTS, type FaultPlan, parseFaults } from '../sandbox/fault-plan.ts'
import { writeRegisterFile } from '../sandbox/register-file.ts'
import { createWorld, type World } from '../sandbox/world.ts'
import { parseQuota, type Quota } from '../settings.ts'
import { safeJson } from '../text.ts'
import type { Command } from './command.ts'
import { between, count } from './parse.ts'

interface SandboxOptions {
  port?: number
  companies?: number
  seed?: number
  fault?: FaultPlan
  quota?: Quota
  pageCap?: number
  latency?: number
  register?: string
}

const DEFAULT_PORT = 8484
const DEFAULT_COMPANIES = 1000
const DEFAULT_SEED = 1
const DEFAULT_QUOTA: Quota = { limit: 600, windowMs: 5 * 60_000 }

/** The most that a synthetic register can hold. */
const MOST_COMPANIES = 15_000_000

/** How often the requests served are told, when there were any. */
const SUMMARY_MS = 10_000

export const sandboxCommand: Command = {
  name: 'sandbox',
  summary: 'Serve a stand-in for Companies House on this machine',
  description: `Serves a synthetic register over the REST API of Companies House, with its allowance, its page sizes and, if you like,
its faults. Everything in it is made up; the same seed gives the same companies. It prints the environment that points
chpipe at it and runs until it is interrupted (exit 0).

A fault is a name with conditions after colons: a share (0.2 or 20%), a number of times (3x), a span (10s), a delay (~2s)
or companies (@00445790+SC123456). Several are separated by commas. The faults:
${faultList()}`,
  options: [
    {
      flags: '--port <n>',
      description: 'where to listen on 127.0.0.1; 0 takes any free port',
      parse: between(0, 65_535),
      fallback: String(DEFAULT_PORT),
    },
    {
      flags: '--companies <n>',
      description: 'size of the register',
      parse: between(1, MOST_COMPANIES),
      fallback: String(DEFAULT_COMPANIES),
    },
    { flags: '--seed <n>', description: 'which register', parse: count(0), fallback: String(DEFAULT_SEED) },
    { flags: '--fault <spec>', description: 'what goes wrong, such as 500:0.2,reset:5%', parse: parseFaults },
    { flags: '--quota <count/window>', description: 'the allowance it keeps', parse: quota, fallback: '600/5m' },
    {
      flags: '--page-cap <n>',
      description: 'the most officers a page holds',
      parse: between(1, 1000),
      fallback: '100',
    },
    { flags: '--latency <ms>', description: 'how long each answer takes', parse: between(0, 600_000), fallback: '0' },
    { flags: '--register <file>', description: 'first write this register as a BasicCompanyData CSV file' },
  ],
  examples: [
    { line: 'chpipe sandbox --register register.csv', does: 'serve 1,000 companies, and write their register file' },
    { line: 'chpipe sandbox --fault 500:0.2,outage:30s', does: 'a bad day: an outage, then every fifth call fails' },
    { line: 'chpipe sandbox --quota 60/3s --port 0', does: 'a quick allowance, on any free port' },
  ],
  async run(context, { options }) {
    const { companies = DEFAULT_COMPANIES, seed = DEFAULT_SEED, register } = options as SandboxOptions
    const world = createWorld({ seed, companies })
    if (register !== undefined) await writeRegister(context, world, register)
    await using sandbox = await listen(world, options)
    await context.print(announce(context, sandbox, options))
    await tellRequests(context, sandbox)
    return 0
  },
}

function faultList(): string {
  const width = Math.max(...Object.keys(FAULTS).map((name) => name.length))
  return Object.entries(FAULTS)
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

async function listen(world: World, options: SandboxOptions): Promise<Sandbox> {
  const { port = DEFAULT_PORT, fault, pageCap, latency } = options
  try {
    return await startSandbox({
      world,
      port,
      quota: options.quota ?? DEFAULT_QUOTA,
      ...(fault ? { faults: fault } : {}),
      ...(pageCap === undefined ? {} : { pageCap }),
      ...(latency === undefined ? {} : { latencyMs: latency }),
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    const reason = code === 'EACCES' ? 'may not be used by you' : 'is in use'
    throw new ChpipeError('config', `Port ${port} ${reason}`, {
      hint: 'name another with --port; --port 0 takes any free one',
      cause: error,
    })
  }
}

function announce({ json }: Context, { url, apiKey }: Sandbox, options: SandboxOptions): string {
  const { limit, windowMs } = options.quota ?? DEFAULT_QUOTA
  const env = {
    COMPANIES_HOUSE_API_URL: url,
    COMPANIES_HOUSE_API_KEY: apiKey,
    CHPIPE_CH_QUOTA: `${limit}/${windowMs % 60_000 === 0 ? `${windowMs / 60_000}m` : `${windowMs / 1000}s`}`,
  }
  if (json) return `${safeJson(env)}\n`
  return Object.entries(env)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('')
}

/** Returns when the operator interrupts. */
async function tellRequests({ clock, log, signal }: Context, sandbox: Sandbox): Promise<void> {
  for (let told = 0; !signal.aborted; ) {
    await clock.sleep(SUMMARY_MS, signal).catch(() => {})
    const { total, counted, rateLimited, windowPeak } = sandbox.requests
    if (total > told)
      log.info('requests served', { total, counted, rate_limited: rateLimited, window_peak: windowPeak })
    told = total
  }
}
