// Reads bulk files of officers into the staging: of the companies that are stored, and from files that are whole and of the
// product that was asked for (facts 5.2). Nothing reaches the database's own tables from here.
import { isCurrentType } from '../../companies-house/bulk/codes.ts'
import { type BulkFile, type BulkName, type BulkSources, readBulkName } from '../../companies-house/bulk/files.ts'
import { type BulkRecord, readBulkFile } from '../../companies-house/bulk/read.ts'
import { type BulkHeader, companyOf } from '../../companies-house/bulk/records.ts'
import type { KnownCompanies } from '../../db/companies/companies.ts'
import type { BulkStaging } from '../../db/officers/bulk-staging.ts'
import { ChpipeError } from '../../errors.ts'

/** A file that was read to its end, and is good. */
export interface StagedFile {
  name: string
  header: BulkHeader
  named: BulkName | null
  records: number
  /** It has appointments that have ended. */
  hasEnded: boolean
}

export interface FiledProgress {
  phase: 'reading'
  bytesRead: number
  bytesTotal: number | null
  records: number
}

export interface StageOptions {
  kind: BulkHeader['kind']
  known: KnownCompanies
  /** Whether a person's record is taken although its company is not stored. */
  alsoWanted?(line: string): boolean
  /** Looks at each header together with the files before it; what it throws ends the reading. */
  check(file: Omit<StagedFile, 'records' | 'hasEnded'>, before: StagedFile[]): void
  onProgress(progress: FiledProgress): void
}

/** Stages all files, in their order. Throws a `data` error for the first that is not what was asked for, or not whole. */
export async function stageBulkFiles(
  sources: BulkSources,
  staging: BulkStaging,
  options: StageOptions,
): Promise<StagedFile[]> {
  const staged: StagedFile[] = []
  let before = 0
  for (const file of sources.files) {
    const progress = (records: number) =>
      options.onProgress({
        phase: 'reading',
        bytesRead: sources.bytesRead(),
        bytesTotal: sources.bytesTotal,
        records: before + records,
      })
    const read = await stageFile(file, staging, staged, { ...options, progress })
    staged.push(read)
    before += read.records
  }
  staging.sort()
  return staged
}

type Batch = Parameters<BulkStaging['add']>[0]

async function stageFile(
  file: BulkFile,
  staging: BulkStaging,
  staged: StagedFile[],
  { kind, known, alsoWanted, check, progress }: StageOptions & { progress(records: number): void },
): Promise<StagedFile> {
  const { name } = file
  const named = readBulkName(name)
  let hasEnded = false
  let batch: Batch = []
  let last = { company: '', wanted: false }
  const flush = () => {
    if (batch.length > 0) staging.add(batch)
    batch = []
  }
  const onRecord = (record: BulkRecord) => {
    hasEnded ||= kind === 'snapshot' && record.kind === 'person' && isCurrentType(record.line.slice(10, 12)) === false
    const company = record.line.slice(0, 8)
    if (company !== last.company) last = { company, wanted: isWanted(company, known) }
    if (!last.wanted && !(record.kind === 'person' && alsoWanted?.(record.line))) return
    batch.push({ company: company.trim(), file: staged.length, ...record })
  }
  const { header, records } = await readBulkFile(file, {
    onHeader(found) {
      refuseOtherProduct(found, named, { kind, name })
      check({ name, header: found, named }, staged)
    },
    onRecord,
    // A line keeps all the bytes alive that were read with it, so that none of them waits for the next ones.
    onProgress(records) {
      flush()
      progress(records)
    },
  })
  return { name, header, named, records, hasEnded }
}

/** A record without a company is the correction of a nominee, who may be anywhere. */
function isWanted(company: string, known: KnownCompanies): boolean {
  return company.trim() === '' || (companyOf(company) !== null && known.has(company))
}

function refuseOtherProduct(
  header: BulkHeader,
  named: BulkName | null,
  { kind, name }: { kind: BulkHeader['kind']; name: string },
): void {
  if (header.kind !== kind) {
    const [is, option] =
      header.kind === 'update' ? ['a daily update (198)', '--updates'] : ['a snapshot (195 or 216)', '--file']
    throw new ChpipeError('data', `The file is ${is}: ${name}`, {
      hint: `import it with ${option}; nothing was imported`,
    })
  }
  if (named !== null && (named.product === '198') !== (kind === 'update')) {
    throw new ChpipeError(
      'data',
      `The file has the name of product ${named.product} and the header of another: ${name}`,
      {
        hint: 'fetch it again; nothing was imported',
      },
    )
  }
  if (named !== null && named.run !== header.run) {
    const sentence = `The file is named run ${runText(named.run)}, and its header says ${runText(header.run)}: ${name}`
    throw new ChpipeError('data', sentence, { hint: 'fetch it again; nothing was imported' })
  }
}

/** Four digits, as files have it. */
export function runText(run: number): string {
  return String(run).padStart(4, '0')
}
