import type { Context } from '../../context.ts'
import type { Db } from '../../db/open.ts'
import { findLastFinished } from '../../db/runs.ts'
import { ChpipeError } from '../../errors.ts'
import { deltaFile } from '../../steps/export/delta-place.ts'
import { type Package, packageDataset } from '../../steps/package/package-dataset.ts'
import { createStatus } from '../status.ts'
import type { ExportInput } from './options.ts'
import { planExport } from './plan.ts'
import { noteDelivery } from './run.ts'

/** What is printed under `--json`: the manifest inside, and the zip around it. */
export type PackageReport = Package['manifest'] & { package: { path: string; bytes: number; sha256: string } }

/** Packs what was asked for into `file`, tells about it on stderr, and notes it for the next delta. */
export async function runPackage(
  context: Context,
  input: ExportInput,
  { file, target }: { file: string; target: number | undefined },
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
  const plan = await planExport(context, { ...input, out: `${file}/` })
  const counted = context.path(file)
  const isNew = plan.options.since !== null
  const path = isNew ? deltaFile(counted, context.clock.now()) : counted
  using status = await createStatus(context)
  const { manifest, bytes, sha256 } = await packageDataset(plan.db, {
    ...plan.options,
    path,
    isNew,
    target: target ?? lastTarget(plan.db) ?? context.settings.target,
    onProgress: (companies) => status.update(`packaging: ${companies} companies`),
  })
  status[Symbol.dispose]()
  context.log.info('packaged', { file: path, files: manifest.files.length + 1, bytes, sha256, as_of: manifest.as_of })
  if (
    !manifest.filters.since &&
    manifest.files.every(({ name, rows }) => rows === 0 || name === 'data-dictionary.csv')
  ) {
    context.log.warn('The package is empty: no company has a complete officer list yet (--all takes every company)')
  }
  await noteDelivery(context, plan, manifest, counted)
  return { ...manifest, package: { path, bytes, sha256 } }
}

/** What the newest import of officers aimed at; null when none came to its end. */
function lastTarget(db: Db): number | null {
  const last = findLastFinished(db, 'import-officers')
  const { target } = JSON.parse(last?.summary ?? '{}') as { target?: unknown }
  return typeof target === 'number' && target > 0 ? target : null
}
