// An attack on the money, with real processes: capped enrichments that are killed or interrupted at any moment, a stream
// that buys beside them, and one budget for all. Snov's own books are the truth.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import type { AskedInput } from '../../src/db/purchases/requests.ts'
import { credit_ledger, jobs, provider_requests, runs } from '../../src/db/schema.ts'
import { snovInput } from '../../src/sandbox/snov/by-list.ts'
import { parseSnovFaults } from '../../src/sandbox/snov/faults.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { companySearchName } from '../../src/steps/purchases/match.ts'
import { type Child, startChild } from '../child.ts'
import { type EnrichStage, type EnrichStageOptions, enrichStage } from './enriching.ts'
import { rounds } from './soak.ts'

const CAP = 7

interface Bank extends AsyncDisposable {
  on: EnrichStage
  stream: StreamSandbox
  /** `stream --enrich` from the first event of the sandbox. */
  follow(budget?: string, args?: string[]): Child
  /** Lets a company be formed today; returns its name as it is searched for. */
  bear(): string
  /** Starts an enrichment with the cap. */
  enrich(budget: string): Child
  books(): Books
}

interface Purchase {
  command: string
  run: number
  status: string
  isOfPeople: boolean
  /** The operator says that it was bought; nobody has seen the answer. */
  isLost: boolean
  names: string[]
  /** As the ledger has it. */
  booked: number
  /** As Snov's own books have it. */
  charged: number
  /** Of these, for second addresses: Snov charges each, and nobody knows of them beforehand (Snov facts 4.1). */
  unforeseen: number
}

interface Books {
  /** The commands that have begun, the oldest first. */
  runs: string[]
  purchases: Purchase[]
  charged: number
  booked: number
  /** Search names of the companies that an `enrich` chose and that no event has told of since. */
  ofEnrich: Set<string>
}

async function bank(options: EnrichStageOptions): Promise<Bank> {
  const on = await enrichStage(options)
  const stream = await startStreamSandbox({ world: on.world, heartbeatMs: 100, race: { linkMs: 0, metricsMs: 0 } })
  const first = String(stream.logs.companies.next)
  const followers: Child[] = []
  const env = { ...on.env, COMPANIES_HOUSE_STREAM_URL: stream.url, COMPANIES_HOUSE_STREAM_KEY: stream.streamKey }
  return {
    on,
    stream,
    follow(budget = '1000/1d', args = []) {
      const line = ['stream', '--enrich', '--json', '--from', first, ...args]
      const child = startChild(line, { cwd: on.folder.path, env: { ...env, CHPIPE_CREDIT_BUDGET: budget } })
      followers.push(child)
      return child
    },
    bear: () => companySearchName(stream.publishNewCompany({ on: new Date().toISOString().slice(0, 10) }).company_name),
    enrich: (budget) => on.start(['--quiet', '--max-credits', String(CAP)], { CHPIPE_CREDIT_BUDGET: budget }),
    books: () => readBooks(on),
    async [Symbol.asyncDispose]() {
      for (const { process } of followers) process.kill('SIGKILL')
      await stream.close()
      await on[Symbol.asyncDispose]()
    },
  }
}

function readBooks({ folder, snov, world }: EnrichStage): Books {
  const chargeFor = (asked: AskedInput) => snov.requests.charges[nameAtSnov(asked)] ?? 0
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const commands = new Map(
    db
      .select()
      .from(runs)
      .all()
      .map(({ id, command }) => [id, command]),
  )
  const ledger = db.select().from(credit_ledger).all()
  const chosen = db
    .select()
    .from(jobs)
    .all()
    .filter(({ owner }) => owner === 'enrich')
  const purchases = db
    .select()
    .from(provider_requests)
    .all()
    .map(({ id, status, operation, input, last_error: error, run_id: run }): Purchase => {
      const inputs = JSON.parse(input) as AskedInput[]
      const rows = ledger.filter(({ request_id: request }) => request === id)
      return {
        run,
        status,
        isOfPeople: operation === 'emails',
        isLost: error?.includes('the answer is lost') === true,
        command: commands.get(run) ?? '',
        names: inputs.map(({ name }) => name),
        booked: rows.reduce((sum, { expected }) => sum + expected, 0),
        charged: inputs.reduce((sum, asked) => sum + chargeFor(asked), 0),
        unforeseen: inputs.reduce((sum, asked) => sum + Math.max(0, chargeFor(asked) - 1), 0),
      }
    })
  db.$client.close()
  const ofEnrich = chosen.map((job) => companySearchName(world.company(job.company_number)?.company_name ?? ''))
  return {
    runs: [...commands.values()],
    purchases,
    charged: snov.requests.creditsSpent,
    booked: ledger.reduce((sum, { expected }) => sum + expected, 0),
    ofEnrich: new Set(ofEnrich),
  }
}

function nameAtSnov({ name, domain }: AskedInput): string {
  return domain === undefined
    ? snovInput('company-domain-by-name', name)
    : snovInput('emails-by-domain-by-name', name, domain)
}

/** Takes up every answer that is on its way, and says of each doubt what Snov's own log says. */
async function settleAll({ on, books }: Bank): Promise<void> {
  for (let round = 0; round < 5 && books().purchases.some(({ status }) => /created|started/.test(status)); round += 1) {
    expect((await on.start(['--quiet', '--max-credits', '0']).ended).code).toBe(0)
  }
  const doubts: { id: number; inputs: string[]; domain: string | null }[] = JSON.parse(
    (await on.start(['--unconfirmed']).ended).stdout,
  )
  for (const { id, inputs, domain } of doubts) {
    const asked = inputs.map((name) => nameAtSnov({ key: '', name, ...(domain === null ? {} : { domain }) }))
    const verdict = asked.some((input) => on.snov.requests.starts[input]) ? 'bought' : 'not-bought'
    expect((await on.start(['--settle', String(id), verdict]).ended).code).toBe(0)
  }
}

/** Nobody has paid more than was allowed, and what Snov has charged is in the ledger. */
function expectHonest(
  { on }: Bank,
  { purchases, charged, booked }: Books,
  caps: Record<string, number>,
  budget: number,
) {
  expect(charged).toBe(1000 - on.snov.balance)
  expect(charged).toBe(purchases.reduce((sum, one) => sum + one.charged, 0))
  expect(booked).toBeLessThanOrEqual(budget)
  const wrong = purchases.filter((one) => (one.isLost ? one.booked < one.charged : one.booked !== one.charged))
  expect(wrong).toEqual([])
  const spent = new Map<number, { command: string; credits: number }>()
  for (const { run, command, booked, unforeseen } of purchases) {
    spent.set(run, { command, credits: booked - unforeseen + (spent.get(run)?.credits ?? 0) })
  }
  expect([...spent.values()].filter(({ command, credits }) => credits > (caps[command] ?? 0))).toEqual([])
  expect(Object.entries(on.snov.requests.starts).filter(([, count]) => count > 1)).toEqual([])
}

/** Waits until it is so; the test's own time-out is the limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20)
}

describe('the money', () => {
  it.each([
    ['SIGKILL', 97],
    ['SIGINT', 151],
  ] as const)(
    'is spent within every cap and booked to the credit under %s beside a stream',
    async (signal, stepMs) => {
      const budget = rounds(34, 170)
      const caps = { enrich: CAP, stream: rounds(9, 60) }
      await using at = await bank({ size: rounds(60, 300), snov: { pendingPolls: 1 } })
      const stream = at.follow(`${budget}/1d`, ['--max-credits', String(caps.stream)])
      // So that some end while Snov has carried out a start that it has not answered yet.
      at.on.snov.setFaults(parseSnovFaults('slow:~200ms:0.6:@start'))
      const codes: (number | null)[] = []
      for (let round = 0; round < rounds(4, 25); round += 1) {
        const run = at.enrich(`${budget}/1d`)
        for (let born = 0; born < 2; born += 1) at.bear()
        await until(() => at.books().runs.filter((command) => command === 'enrich').length > round)
        await sleep(round * stepMs)
        run.process.kill(signal)
        codes.push((await run.ended).code)
      }
      at.bear()
      const isStreams = ({ command, status }: Purchase) => command === 'stream' && status === 'completed'
      await until(() => at.books().purchases.some(isStreams))
      stream.process.kill('SIGTERM')
      expect((await stream.ended).code).toBe(0)
      at.on.snov.setFaults([])
      expect((await at.enrich(`${budget}/1d`).ended).code).toBe(0)
      await settleAll(at)
      const books = at.books()
      expectHonest(at, books, caps, budget)
      expect(books.charged).toBeGreaterThan(0)
      if (signal === 'SIGINT') expect(codes.filter((code) => code !== 130 && code !== 0)).toEqual([])
      const byStream = books.purchases.filter(({ command }) => command === 'stream').flatMap(({ names }) => names)
      expect(byStream.length).toBeGreaterThan(0)
      expect(byStream.filter((name) => books.ofEnrich.has(name))).toEqual([])
    },
    120_000,
  )

  it('that a cap has kept is not spent by the stream that follows', async () => {
    await using at = await bank({ size: 30 })
    const capped = at.on.start(['--quiet', '--max-credits', '0'])
    expect((await capped.ended).code).toBe(0)
    const stream = at.follow()
    const name = at.bear()
    await until(() => at.books().purchases.some(({ names, status }) => names.includes(name) && status === 'completed'))
    stream.process.kill('SIGTERM')
    expect((await stream.ended).code).toBe(0)
    const { purchases } = at.books()
    const names = purchases.filter(({ isOfPeople }) => !isOfPeople).flatMap((one) => one.names)
    expect(names).toEqual([name])
  })
})
