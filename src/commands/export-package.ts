import type { Context } from '../context.ts'
import { readLists } from '../db/companies/lists.ts'
import type { Db } from '../db/open.ts'
import { findLastFinished } from '../db/runs.ts'
import { ChpipeError } from '../errors.ts'
import { deltaFile } from '../steps/export/destination.ts'
import { type Package, packageDataset } from '../steps/export/package.ts'
import { type Difference, type Verification, verifyDelivery } from '../steps/export/verify/verify.ts'
import { counted, formatNumber, printable, safeJson, shellWord } from '../text.ts'
import type { Answer } from './command.ts'
import { renderDelivery } from './delivery-table.ts'
import { type ExportInput, noteDelivery, planExport } from './export.ts'
import { createStatus, sentences, terminalWidth } from './output.ts'
import { requireList } from './require-list.ts'
import { fitTable, type TableShape } from './table.ts'

/** What is printed under `--json`: the manifest inside, and the zip around it. */
export type PackageReport = Package['manifest'] & { package: { path: string; bytes: number; sha256: string } }

/** The finished package for people. */
export function renderPackage(context: Context, { package: zip, ...manifest }: PackageReport): string {
  return renderDelivery(manifest, { path: zip.path, zip, ...terminalWidth(context) })
}

/** Packs what was asked for into `file`, and notes it for the next delta. */
export async function runPackage(
  context: Context,
  input: ExportInput,
  { file, target, list }: { file: string; target: number | undefined; list: string | undefined },
): Promise<PackageReport> {
  if (input.out !== undefined) {
    throw new ChpipeError('usage', 'Name one, not both --out and --package', {
      hint: 'chpipe export --package delivery.zip',
    })
  }
  if (!/[^/\\]\.zip$/i.test(file)) {
    throw new ChpipeError('usage', `--package makes a zip file, and names one that ends with .zip, got: ${file}`, {
      hint: 'chpipe export --package delivery.zip',
    })
  }
  if (list !== undefined && (target !== undefined || input.since !== undefined)) {
    const other =
      target === undefined ? '--since: a delta holds only what has changed' : '--target: it says what is wanted'
    throw new ChpipeError('usage', `--list goes without ${other}`)
  }
  const plan = await planExport(context, { ...input, out: `${file}/` })
  if (list !== undefined) requireList(plan.db, list)
  else if (target === undefined && input.since === undefined) hintAtList(context, plan.db)
  const counted = context.path(file)
  const isNew = plan.options.since !== null
  const path = isNew ? deltaFile(counted, context.clock.now()) : counted
  using status = await createStatus(context)
  const { manifest, bytes, sha256 } = await packageDataset(plan.db, {
    ...plan.options,
    path,
    isNew,
    target: target ?? lastTarget(plan.db) ?? context.settings.target,
    list,
    onProgress: (companies) => status.update(`packaging: ${companies} companies`),
  })
  status[Symbol.dispose]()
  if (
    !manifest.filters.since &&
    manifest.files.every(({ name, rows }) => rows === 0 || name === 'data-dictionary.csv')
  ) {
    context.log.warn('The package is empty: no company has a complete officer list yet (--all includes every company)')
  }
  await noteDelivery(context, plan, manifest, counted)
  return { ...manifest, package: { path, bytes, sha256 } }
}

/** A package may be for the customer whose list is kept, or for another: only the operator knows. */
function hintAtList({ log }: Context, db: Db): void {
  const [first] = readLists(db)
  if (first === undefined) return
  log.info("the report measures against the target; it can measure against a customer's list", {
    try: `chpipe export --package delivery.zip --list ${shellWord(first.list)}`,
  })
}

/** What the newest import of officers aimed at; null when none came to its end. */
function lastTarget(db: Db): number | null {
  const last = findLastFinished(db, 'import-officers')
  const { target } = JSON.parse(last?.summary ?? '{}') as { target?: unknown }
  return typeof target === 'number' && target > 0 ? target : null
}

const MOST_LINES = 40
const HEADINGS = ['file', 'what', 'manifest', 'found']

/** Checks the delivery at `file` against its manifest, prints what differs, and answers whether nothing does. */
export async function runVerify(context: Context, options: Record<string, unknown>, file: string): Promise<Answer> {
  const [other] = Object.keys(options).filter((name) => name !== 'verify')
  if (other !== undefined)
    throw new ChpipeError('usage', `--verify stands alone: it takes no --${other}`, {
      hint: `chpipe export --verify ${file}`,
    })
  if (file === '')
    throw new ChpipeError('usage', '--verify needs the path of a folder or a zip file', {
      hint: 'chpipe export --verify delivery.zip',
    })
  const found = await verifyWithStatus(context, file)
  const ok = found.differences.length === 0
  await context.print(context.json ? `${safeJson({ ok, ...found })}\n` : render(found, file, terminalWidth(context)))
  return ok ? 0 : 1
}

async function verifyWithStatus(context: Context, file: string): Promise<Verification> {
  using status = await createStatus(context)
  const onFile = (name: string) => status.update(`checking ${name}`)
  return await verifyDelivery(context.path(file), { signal: context.signal, onFile })
}

function render(found: Verification, file: string, shape: TableShape): string {
  const { differences, files, rows, bytes, as_of } = found
  const size = `${counted(files, 'file')}, ${counted(rows, 'row')}, ${formatNumber(bytes)} bytes, as of ${as_of}`
  if (differences.length === 0) return sentences(`${printable(file)} is as its manifest says: ${size}\n`, shape)
  const rest = differences.length - MOST_LINES
  const wrong = new Set(differences.map((difference) => difference.file)).size
  return [
    `${printable(file)} is NOT as its manifest says: ${wrong === 1 ? 'one file differs' : `${formatNumber(wrong)} files differ`}`,
    '',
    fitTable([HEADINGS, ...differences.slice(0, MOST_LINES).map(cells)], shape).trimEnd(),
    ...(rest > 0 ? [`and ${formatNumber(rest)} more`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** Of a checksum its beginning tells enough; `--json` has the whole. */
function cells({ file, what, expected, found }: Difference): string[] {
  const shown = (text: string) => {
    if (what === 'sha256') return `${text.slice(0, 12)}…`
    return /^\d+$/.test(text) ? formatNumber(Number(text)) : text
  }
  return [file, what, shown(expected), shown(found)]
}
