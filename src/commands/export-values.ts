// Turns what is asked of `export` into values. Each throws a `usage` error whose sentence says what was expected.
import { type DatasetTable, datasetTables } from '../db/dataset/columns.ts'
import { ChpipeError } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { MOST_SIGNED, type SignedDelivery, signedText } from '../signed.ts'
import type { Destination } from '../steps/export/destination.ts'
import type { OptionSpec, OptionsOf } from './command.ts'
import { words } from './values.ts'

/** What a delivery says of itself in its manifest and its report. */
export const SIGNING_OPTIONS = [
  {
    flags: '--supplier <name>',
    description: 'who delivers, for the manifest and the report',
    fallback: 'CHPIPE_SUPPLIER',
    parse: signed(MOST_SIGNED.supplier),
  },
  {
    flags: '--title <text>',
    description: 'what the delivery is called there',
    parse: signed(MOST_SIGNED.title),
  },
  {
    flags: '--contact <text>',
    description: 'where the customer may ask, such as an e-mail address',
    fallback: 'CHPIPE_CONTACT',
    parse: signed(MOST_SIGNED.contact),
  },
] as const satisfies readonly OptionSpec[]

/** One line of text that can be seen, of at most `most` characters. */
function signed(most: number): (text: string) => string {
  return (text) => {
    const line = signedText(text, most)
    if (line !== null) return line
    throw new ChpipeError('usage', `Expected one line of at most ${most} characters that can be seen`)
  }
}

/** What the manifest says of the delivery. Throws `usage` for an option where there is no manifest to say it. */
export function signedAs(settings: Settings, input: Given, { kind }: Destination): SignedDelivery {
  const { title, supplier = settings.supplier, contact = settings.contact } = input
  const [given] = (['title', 'supplier', 'contact'] as const).filter((name) => input[name] !== undefined)
  if (given !== undefined && kind !== 'folder') {
    throw new ChpipeError('usage', `--${given} is told in the manifest: it belongs to a folder or a --package`, {
      hint: 'chpipe export --package delivery.zip',
    })
  }
  return { ...(title && { title }), ...(supplier && { supplier }), ...(contact && { contact }) }
}

type Given = OptionsOf<typeof SIGNING_OPTIONS>

/** Names of tables separated by commas, each once, in the order in which they are delivered. */
export function tableNames(text: string): DatasetTable[] {
  const names = words(text)
  const unknown = names.find((name) => !datasetTables.some((table) => table === name))
  if (unknown === undefined) return datasetTables.filter((table) => names.includes(table))
  throw new ChpipeError('usage', `Expected ${datasetTables.join(', ')}, got: ${unknown}`)
}

/** Throws `usage` for what only the report of a package measures against. */
export function refuseMeasures({ target, list }: { target?: number | undefined; list?: string | undefined }): void {
  if (target === undefined && list === undefined) return
  const option = target === undefined ? '--list' : '--target'
  throw new ChpipeError('usage', `${option} is what the report measures against: it belongs to --package`, {
    hint: `chpipe export --package delivery.zip ${option} ${target === undefined ? 'customer.csv' : '500'}`,
  })
}

const LONGEST_RECIPIENT = 200

/** Who receives a delivery, as the operator names them: one line of text, without spaces around it. */
export function recipientName(text: string): string {
  const name = text.normalize('NFC').trim().replace(/\s+/g, ' ')
  if (name !== '' && name.length <= LONGEST_RECIPIENT && !/\p{C}/u.test(name)) return name
  const shown = name === '' ? 'nothing' : name.length > LONGEST_RECIPIENT ? 'a longer one' : 'control characters'
  throw new ChpipeError('usage', `Expected a name of up to ${LONGEST_RECIPIENT} characters, got: ${shown}`)
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/

/** The beginning of a day in UTC, or a moment; ISO 8601. Throws `usage` for one that does not exist, or not yet. */
export function sinceMoment(text: string, now: number): string {
  const day = new Date(text.slice(0, 10))
  const time = new Date(text)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
  if (exists && !Number.isNaN(time.getTime()) && (DAY.test(text) || MOMENT.test(text))) {
    if (time.getTime() <= now) return time.toISOString()
    throw new ChpipeError('usage', `--since: this is in the future: ${text}`, {
      hint: `this machine's clock says ${new Date(now).toISOString()}`,
    })
  }
  throw new ChpipeError(
    'usage',
    `--since: expected a date as YYYY-MM-DD, a time as 2026-01-31T12:00:00Z, or last, got: ${text}`,
    { hint: 'chpipe export --help' },
  )
}
