import type { Context } from '../context.ts'
import { write } from '../db/open.ts'
import { touchHidden } from '../db/suppress/since.ts'
import {
  listSuppressions,
  type NewSuppression,
  removeSuppression,
  type Suppression,
} from '../db/suppress/suppressions.ts'
import { ChpipeError } from '../errors.ts'
import type { Erased } from '../steps/suppress/erase.ts'
import { openRules, readRules } from '../steps/suppress/file.ts'
import type { Recipient } from '../steps/suppress/recipients.ts'
import { readRule, type Suppressed, suppress, suppressAll, suppressionKinds } from '../steps/suppress/suppress.ts'
import { formatNumber, printable, safeJson } from '../text.ts'
import {
  type Answer,
  type CommandGroup,
  defineCommand,
  type Input,
  type OptionSpec,
  type OptionsOf,
} from './command.ts'
import { terminalWidth } from './output.ts'
import { fitTable } from './table.ts'

const ADD_OPTIONS = [
  { flags: '--email <address>', description: 'this address; only a keyed hash is kept' },
  { flags: '--domain <domain>', description: 'this domain, what is below it, and all addresses there' },
  { flags: '--company <number>', description: 'this company, with its officers, domains and e-mails' },
  {
    flags: '--officer <id>',
    description: 'this officer in every company: the id in /officers/<id>/appointments, or the person number',
  },
  { flags: '--name <name>', description: 'this person in every company: "SURNAME, Forename", with --born' },
  { flags: '--born <YYYY-MM>', description: "the month of that person's birth" },
  { flags: '--reason <text>', description: 'why, for the list; addresses in it are left out' },
  { flags: '--erase', description: 'also remove what is stored about them' },
] as const satisfies readonly OptionSpec[]

type Options = OptionsOf<typeof ADD_OPTIONS>

const addVerb = defineCommand({
  name: 'add',
  summary: 'Suppress one address, domain, company or person',
  description: `Suppresses an e-mail address, a domain with its subdomains, a company, or a person by officer id or by name and
month of birth. Name one of these; adding the same one twice has no further effect. Officer lists that are fetched from now
on are stored without suppressed people.

With --erase everything stored about them is removed as well, in one transaction: rows, bought answers, and names in past
requests. What was bought is not bought again. Earlier exports, backups and log files are not touched; the recipients of
recorded deliveries that may hold them are listed, to be told.`,
  options: ADD_OPTIONS,
  examples: [
    { line: 'chpipe suppress add --email jane@example.co.uk --erase', does: 'forget an address, keep its hash' },
    { line: 'chpipe suppress add --company 00445790 --reason "asked by post"', does: 'a company, and why' },
    { line: 'chpipe suppress add --name "SMITH, Jane" --born 1970-04', does: 'a person under every officer id' },
  ],
  run,
})

async function run(context: Context, { options: given }: Input<Options>): Promise<Answer> {
  const { erase = false, ...options } = given
  const rule = readOptions(options)
  const db = await context.db()
  const tell = (people: number) => context.log.info('indexing people by their month of birth, this once', { people })
  const result = suppress(db, rule, { erase, now: context.clock.now(), tell })
  if (result.logKept) {
    context.log.warn(
      'Another process is reading the database: erased text may remain in its -wal file until that process ends',
      {
        try: 'the same command again, later',
      },
    )
  }
  const { suppression, isNew, erased, recipients } = result
  const shown = { ...shownRule(suppression), added: isNew, erased, ...(erased ? { recipients } : {}) }
  await context.print(context.json ? `${safeJson(shown)}\n` : render(result, terminalWidth(context)))
  return 0
}

function readOptions(options: Options): NewSuppression {
  const [kind, another] = suppressionKinds.filter((one) => options[one] !== undefined)
  const hint = 'chpipe suppress add --help'
  if (!kind) {
    throw new ChpipeError('usage', 'Whom? Name one of --email, --domain, --company, --officer or --name', { hint })
  }
  if (another) throw new ChpipeError('usage', `Name one, not both --${kind} and --${another}`, { hint })
  const { born = null, reason = null } = options
  if (kind === 'name' && born === null) {
    throw new ChpipeError('usage', '--name needs --born: a name alone means too many people', { hint })
  }
  const rule = readRule({ kind, value: options[kind] ?? '', born, reason })
  if (typeof rule === 'string') throw new ChpipeError('usage', `--${kind}: ${rule}`, { hint })
  return rule
}

function render({ suppression, isNew, erased, recipients }: Suppressed, shape: { width?: number }): string {
  const word = isNew ? 'suppressed' : 'suppressed already'
  const lines = [`${word}: ${phrase(suppression)}, as number ${suppression.id}`]
  if (erased) lines.push(`erased: ${counted(erased)}`)
  return lines.map((line) => `${line}\n`).join('') + toldTable(recipients, shape)
}

const TOLD = ['recipient', 'deliveries', 'first', 'last', 'where']

/** Whom to tell: empty where no delivery that may hold it is recorded. */
function toldTable(recipients: Recipient[], shape: { width?: number }): string {
  if (recipients.length === 0) return ''
  const rows = recipients.map(({ recipient, deliveries, first, last, destinations }) => [
    recipient === null ? '(not recorded)' : printable(recipient),
    formatNumber(deliveries),
    first,
    last,
    printable(destinations.join(', ')),
  ])
  return `\nTell those who may hold it (Article 19):\n\n${fitTable([TOLD, ...rows], { ...shape, numbers: [1] })}`
}

function counted(erased: Erased): string {
  const parts = Object.entries(erased).flatMap(([what, count]) => (count > 0 ? [`${what} ${formatNumber(count)}`] : []))
  return parts.join(', ') || 'nothing was stored'
}

const importVerb = defineCommand({
  name: 'import',
  summary: 'Suppress everyone in a CSV file, all or none',
  description: `Reads a CSV file with the columns kind,value,born,reason, where kind is email, domain, company, officer or name, and
born is the month of birth (YYYY-MM) of a name. A file with any wrong row changes nothing and ends with 5; all wrong lines
are named. What is suppressed already stays as it is, so a file may be imported again.`,
  argument: { name: '<file>', description: 'CSV in UTF-8, or - for stdin' },
  options: [],
  examples: [
    { line: 'chpipe suppress import do-not-contact.csv', does: 'a list of objections' },
    { line: 'chpipe suppress import - < do-not-contact.csv', does: 'the same from stdin' },
  ],
  async run(context, { argument = '-' }) {
    const { clock, signal, host, path, json, print } = context
    const input = argument === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(argument) }
    const source = await openRules(input, signal)
    try {
      const rules = await readRules(source)
      const imported = suppressAll(await context.db(), rules, clock.now())
      const { rows, added, known } = imported
      const text = `imported ${formatNumber(rows)} rows: ${formatNumber(added)} new, ${formatNumber(known)} known\n`
      await print(json ? `${safeJson(imported)}\n` : text)
      return 0
    } finally {
      source.close()
    }
  },
})

const HEADINGS = ['id', 'kind', 'value', 'born', 'added', 'reason']

const listVerb = defineCommand({
  name: 'list',
  summary: 'Show who is suppressed, since when and why',
  description:
    'Shows all suppressions in the order in which they were added. Of an e-mail address only the first eight digits of its keyed hash are shown.',
  options: [],
  examples: [
    { line: 'chpipe suppress list', does: 'who is suppressed, with the ids for `remove`' },
    { line: 'chpipe suppress list --json', does: 'the same for scripts, as an array' },
  ],
  async run(context) {
    const { existingDb, json, print } = context
    const rules = listSuppressions(await existingDb()).map(shownRule)
    if (json) {
      await print(`${safeJson(rules)}\n`)
      return 0
    }
    const rows = rules.map(({ id, kind, value, born, added_at, reason }) => [
      String(id),
      kind,
      value,
      born ?? '',
      added_at.slice(0, 10),
      reason ?? '',
    ])
    await print(rows.length === 0 ? 'nobody is suppressed\n' : fitTable([HEADINGS, ...rows], terminalWidth(context)))
    return 0
  },
})

const removeVerb = defineCommand({
  name: 'remove',
  summary: 'Take a suppression back',
  description:
    'Takes one suppression back, by its id in `chpipe suppress list`: from then on they are exported and enriched like everybody else. Officer lists from which it left somebody out are due again, and the next `chpipe import-officers` brings them back. What was bought and erased does not come back, and answers that were erased are not bought again.',
  argument: { name: '<id>', description: 'its number in `chpipe suppress list`' },
  options: [],
  examples: [{ line: 'chpipe suppress remove 7', does: 'number 7 of the list' }],
  async run({ db: open, json, print }, { argument = '' }) {
    const hint = 'see the ids: chpipe suppress list'
    if (!/^\d{1,9}$/.test(argument)) throw new ChpipeError('usage', 'Expected the id of a suppression', { hint })
    const db = await open({ create: false })
    const done = write(db, (tx) => {
      const taken = removeSuppression(tx, Number(argument))
      if (taken) touchHidden(db, taken.rules)
      return taken
    })
    if (!done) throw new ChpipeError('no', `There is no suppression ${argument}`, { hint })
    const { removed, due } = done
    const again = due > 0 ? `due again: officer lists ${formatNumber(due)}, with the next import-officers\n` : ''
    await print(json ? `${safeJson({ ...shownRule(removed), due })}\n` : `removed: ${phrase(removed)}\n${again}`)
    return 0
  },
})

export const suppressCommand: CommandGroup = {
  name: 'suppress',
  summary: 'Keep people and companies out of enrichment and export',
  description: `Keeps a list of e-mail addresses, domains, companies and people who must be left alone. They are neither enriched nor
exported, and stay so when their data is imported or refreshed again. Addresses are kept as hashes only.`,
  verbs: [addVerb, listVerb, importVerb, removeVerb],
}

const HASH_SHOWN = 8

/** A rule as it is shown: the names and their order are what `--json` prints, an e-mail is the start of its keyed hash. */
function shownRule({ id, kind, value, born, reason, added_at }: Suppression) {
  return { id, kind, value: kind === 'email' ? value.slice(0, HASH_SHOWN) : value, born, reason, added_at }
}

/** A rule as a phrase: `domain example.com`, `name smith, john (1970-04)`. */
function phrase(suppression: Suppression): string {
  const { kind, value, born } = shownRule(suppression)
  return printable(`${kind} ${value}${born === null ? '' : ` (${born})`}`)
}
