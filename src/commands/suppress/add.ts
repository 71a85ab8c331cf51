import type { Context } from '../../context.ts'
import type { NewSuppression, SuppressionKind } from '../../db/suppressions.ts'
import { ChpipeError } from '../../errors.ts'
import { type Suppressed, suppress } from '../../steps/suppress.ts'
import type { Erased } from '../../steps/suppress-erase.ts'
import { readRule, suppressionKinds } from '../../steps/suppress-rule.ts'
import { formatNumber, safeJson } from '../../text.ts'
import type { Answer, Command, Input } from '../command.ts'
import { phrase, shownRule } from './show.ts'

interface Options extends Partial<Record<SuppressionKind, string>> {
  born?: string
  reason?: string
  erase?: boolean
}

export const addVerb: Command = {
  name: 'add',
  summary: 'Suppress one address, domain, company or person',
  description: `Suppresses an e-mail address, a domain with its subdomains, a company, or a person by officer id or by name and
month of birth. Name one of these. Adding the same twice is the same as once. Lists that are fetched from then on are
stored without these people.

With --erase everything stored about them is removed as well, in one transaction: rows, bought answers, and names in past
requests. What was bought is not bought again. Earlier exports, backups and log files are not touched.`,
  options: [
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
  ],
  examples: [
    { line: 'chpipe suppress add --email jane@example.co.uk --erase', does: 'forget an address, keep its hash' },
    { line: 'chpipe suppress add --company 00445790 --reason "asked by post"', does: 'a company, and why' },
    { line: 'chpipe suppress add --name "SMITH, Jane" --born 1970-04', does: 'a person under every officer id' },
  ],
  run,
}

async function run(context: Context, { options: given }: Input): Promise<Answer> {
  const { erase = false, ...options } = given as Options
  const rule = readOptions(options)
  const db = await context.db()
  const result = suppress(db, rule, { erase, now: context.clock.now() })
  if (result.logKept) {
    context.log.warn('Another process reads the database: erased text may stay in its -wal file until that one ends', {
      try: 'the same command again, later',
    })
  }
  const { suppression, isNew, erased } = result
  const shown = { ...shownRule(suppression), added: isNew, erased }
  await context.print(context.json ? `${safeJson(shown)}\n` : render(result))
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

function render({ suppression, isNew, erased }: Suppressed): string {
  const word = isNew ? 'suppressed' : 'suppressed already'
  const lines = [`${word}: ${phrase(suppression)}, as number ${suppression.id}`]
  if (erased) lines.push(`erased: ${counted(erased)}`)
  return lines.map((line) => `${line}\n`).join('')
}

function counted(erased: Erased): string {
  const parts = Object.entries(erased).flatMap(([what, count]) => (count > 0 ? [`${what} ${formatNumber(count)}`] : []))
  return parts.join(', ') || 'nothing was stored'
}
