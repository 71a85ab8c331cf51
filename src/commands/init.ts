import { join } from 'node:path'
import { parseEnv } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import { type Context, workingFolder } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { readSettings } from '../settings.ts'
import type { Check } from '../steps/doctor/check.ts'
import { type TriedKey, tryKey } from '../steps/doctor/run.ts'
import { printable, safeJson, widthOf, wrap } from '../text.ts'
import { type Answer, defineCommand } from './command.ts'
import { holdsVariable, readEnvText, withVariable, writeEnvText } from './init-file.ts'
import { type Paint, paintFor } from './paint.ts'
import { openPrompter, type Prompter } from './prompt.ts'
import { fitTable } from './table.ts'

interface KeyEntry {
  check: TriedKey
  variables: { name: string; called: string }[]
  what: string
  neededBy: string
  where: string
}

const DEVELOPER_HUB = 'https://developer.company-information.service.gov.uk/manage-applications'

const KEYS: readonly KeyEntry[] = [
  {
    check: 'rest-key',
    variables: [{ name: 'COMPANIES_HOUSE_API_KEY', called: 'REST key' }],
    what: 'Companies House REST key',
    neededBy: 'import-officers, audit, import-companies --search',
    where: `${DEVELOPER_HUB}\n  an application, then a key of the kind REST; free`,
  },
  {
    check: 'stream-key',
    variables: [{ name: 'COMPANIES_HOUSE_STREAM_KEY', called: 'stream key' }],
    what: 'Companies House stream key',
    neededBy: 'stream',
    where: `${DEVELOPER_HUB}\n  a key of the kind stream; the REST key does not open the stream`,
  },
  {
    check: 'snov',
    variables: [
      { name: 'SNOV_CLIENT_ID', called: 'user id' },
      { name: 'SNOV_CLIENT_SECRET', called: 'API secret' },
    ],
    what: 'Snov.io user id and API secret',
    neededBy: 'enrich, stream --enrich',
    where: 'https://app.snov.io/account/api\n  searches cost credits, trying the key does not',
  },
]

export const initCommand = defineCommand({
  name: 'init',
  summary: 'Ask for the keys, try each, and keep them in .env',
  description: `Asks for the keys of Companies House and Snov.io on the terminal, without showing what is typed, tries each with a free
call (Snov: two), and keeps those that are accepted in the file .env of the working directory, which nobody else may read.
What is there already is kept: Enter leaves a key as it is, or leaves it out. Every other line of the file stays.

Without a terminal it asks nothing and changes nothing: it says which keys are set, where to get the others, and where to
put them. It ends with 1 when the REST key is missing then.`,
  options: [],
  examples: [
    { line: 'chpipe init', does: 'before the first import, and when a key was renewed' },
    { line: 'chpipe init < /dev/null', does: 'only says what is set, and what to put where' },
  ],
  examinesSettings: true,
  async run(context) {
    const { host } = context
    const folder = workingFolder(host)
    if (folder === null) throw new ChpipeError('data', 'The working directory no longer exists, so there is no .env')
    const file = join(folder, '.env')
    const isAsking = host.stdin.isTTY === true && host.stderr.isTTY === true
    return isAsking ? askForKeys(context, file) : tellKeys(context, file)
  },
})

/** Where a variable is set; null where it is not. What a program was started with wins over the file. */
function placeOf({ host }: Context, file: string, name: string): 'environment' | '.env' | null {
  if (host.env[name]) return 'environment'
  return parseEnv(readEnvText(file) ?? '')[name] ? '.env' : null
}

async function tellKeys(context: Context, file: string): Promise<Answer> {
  const keys = KEYS.flatMap(({ variables, neededBy, where }) =>
    variables.map(({ name }) => ({ variable: name, set_in: placeOf(context, file, name), needed_by: neededBy, where })),
  )
  const rows = keys.map(({ variable, set_in }) => [
    variable,
    set_in === null ? 'not set' : `set in ${sentenceOf(set_in)}`,
  ])
  const missing = KEYS.filter(({ variables }) => variables.some(({ name }) => placeOf(context, file, name) === null))
  const lines = missing.map(
    ({ what, neededBy, where, variables }) =>
      `\n${what}, for ${neededBy}\n  from ${where}\n${variables.map(({ name }) => `  ${name}=...\n`).join('')}`,
  )
  const put =
    missing.length === 0
      ? ''
      : `\nPut these lines into ${file} (then: chmod 600 ${file}), or set the variables:\n${lines.join('')}`
  await context.print(context.json ? `${safeJson(keys)}\n` : `${fitTable(rows)}${put}`)
  return keys[0]?.set_in === null ? 1 : 0
}

function sentenceOf(place: 'environment' | '.env'): string {
  return place === '.env' ? '.env' : 'the environment'
}

/** What became of one entry; `unset` where nothing is stored. */
type Kept = { key: KeyEntry; state: 'new' | 'kept' | 'unset'; check: Check | null }

async function askForKeys(context: Context, file: string): Promise<Answer> {
  const { host, json, print } = context
  const paint = paintFor(context, 'stderr')
  const intro = `The keys go into ${file}, for you alone. Nothing that you type is shown; Enter skips.`
  host.stderr.write(`${wrap(intro, widthOf(host.stderr))}\n`)
  const kept: Kept[] = []
  {
    using prompter = openPrompter(context)
    for (const key of KEYS) kept.push(await askForKey(context, { file, key, prompter, paint }))
  }
  host.stderr.write('\n')
  const text = readEnvText(file)
  if (text !== null) await writeEnvText(file, text)
  const states = kept.map(({ key, state, check }) => ({
    key: key.check,
    state,
    check: check?.state ?? null,
    message: check?.message ?? null,
  }))
  const rows = states.map(({ key, state, message }) => [key, WORDS[state], message ?? ''])
  const next = states[0]?.state === 'unset' ? 'chpipe demo, which needs no key' : await nextCommand(context)
  await print(json ? `${safeJson({ file, keys: states, next })}\n` : `${fitTable(rows)}next: ${next}\n`)
  return 0
}

const WORDS = { new: 'stored', kept: 'as it was', unset: 'not set' }

interface Asking {
  file: string
  key: KeyEntry
  prompter: Prompter
  paint: Paint
}

/** Asks until a key is accepted, kept although it is not, or left out. */
async function askForKey(context: Context, { file, key, prompter, paint }: Asking): Promise<Kept> {
  const { host } = context
  const places = key.variables.map(({ name }) => placeOf(context, file, name))
  const isSet = places.every((place) => place !== null)
  host.stderr.write(`\n${paint.strong(key.what)}, for ${key.neededBy}\n  ${key.where}\n`)
  if (places.includes('environment')) {
    host.stderr.write('  set in the environment, which wins over .env\n')
    return { key, state: 'kept', check: await told(context, key, {}, paint) }
  }
  for (;;) {
    const values = await askForValues(context, { key, prompter, isSet })
    if (values === null)
      return { key, state: isSet ? 'kept' : 'unset', check: isSet ? await told(context, key, {}, paint) : null }
    const check = await told(context, key, values, paint)
    if (check.state === 'fail') {
      const answer = await prompter.ask('  Keep it all the same? [y/N] ')
      if (!/^y(es)?$/i.test(answer ?? '')) continue
    }
    await store(file, values)
    return { key, state: 'new', check }
  }
}

/** The values by their variables; null when the first is left empty. Asks again for what no key can be. */
async function askForValues(
  { host }: Context,
  { key, prompter, isSet }: Pick<Asking, 'key' | 'prompter'> & { isSet: boolean },
): Promise<Record<string, string> | null> {
  const values: Record<string, string> = {}
  for (const { name, called } of key.variables) {
    for (;;) {
      const enter = Object.keys(values).length > 0 ? '' : isSet ? ' (Enter keeps what is set)' : ' (Enter skips)'
      const typed = await prompter.ask(`  ${called}${enter}: `, { hidden: true })
      if (!typed) return null
      const value = typed.replace(new RegExp(`^(?:export\\s+)?${name}\\s*=\\s*`), '').replace(/^(["'])(.*)\1$/, '$2')
      const fault = faultOf(name, value)
      if (fault === null) {
        values[name] = value
        break
      }
      host.stderr.write(`  ${fault.message}; it was not taken\n`)
    }
  }
  return values
}

function faultOf(name: string, value: string): ChpipeError | null {
  try {
    readSettings({ [name]: value })
    return null
  } catch (error) {
    if (error instanceof ChpipeError) return error
    throw error
  }
}

/** Tries the keys, with these values instead of the stored ones, and says how that went. */
async function told(context: Context, key: KeyEntry, values: Record<string, string>, paint: Paint): Promise<Check> {
  const { settings, timings, clock, signal, host } = context
  host.stderr.write('  trying it ... ')
  const read = readSettings(values)
  const given = Object.keys(values).length === 0 ? {} : GIVEN[key.check](read)
  const check = await tryKey(key.check, {
    settings: { ...settings, ...given },
    faults: context.faults.filter(({ message }) =>
      Object.keys(values).every((name) => !message.startsWith(`${name} `)),
    ),
    env: host.env,
    timings,
    clock,
    signal,
    cwd: workingFolder(host),
    nodeNeeded: packageJson.engines.node,
    offline: false,
    live: false,
  })
  const colour = { ok: paint.good, warn: paint.warn, fail: paint.bad }[check.state]
  host.stderr.write(`${colour(check.state)}: ${printable(check.message)}\n`)
  if (check.hint !== null) host.stderr.write(`${wrap(`try: ${check.hint}`, widthOf(host.stderr), '  ', '       ')}\n`)
  return check
}

type Read = ReturnType<typeof readSettings>
const GIVEN: Record<TriedKey, (read: Read) => Partial<Read>> = {
  'rest-key': ({ companiesHouseApiKey }) => ({ companiesHouseApiKey }),
  'stream-key': ({ companiesHouseStreamKey }) => ({ companiesHouseStreamKey }),
  snov: ({ snovClientId, snovClientSecret }) => ({ snovClientId, snovClientSecret }),
}

async function store(file: string, values: Record<string, string>): Promise<void> {
  let text = readEnvText(file) ?? ''
  for (const [name, value] of Object.entries(values)) {
    text = withVariable(text, name, value)
    if (!holdsVariable(text, name, value)) {
      throw new ChpipeError('data', `${name} cannot be set in ${file}: another line stands in its way`, {
        hint: `open the file, remove the lines of ${name}, and run chpipe init again`,
      })
    }
  }
  await writeEnvText(file, text)
}

/** What comes next in this database. */
async function nextCommand(context: Context): Promise<string> {
  const firstOfAll = 'chpipe import-companies BasicCompanyData.zip --status active'
  try {
    const { readTallies } = await import('../db/tallies.ts')
    const { pending, complete } = readTallies(await context.existingDb())
    if (pending + complete === 0) return firstOfAll
    return pending > 0 && complete < context.settings.target ? 'chpipe import-officers' : 'chpipe doctor'
  } catch {
    return firstOfAll
  }
}
