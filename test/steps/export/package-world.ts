import { createHash } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { fromBufferPromise } from 'yauzl'
import { ZipFile } from 'yazl'
import type { Db } from '../../../src/db/open.ts'
import { type PackageOptions, packageDataset } from '../../../src/steps/export/package.ts'
import { virtualClock } from '../../virtual-clock.ts'
import { PLAIN_OPTIONS } from './export-world.ts'

/** Packs with the plainest options unless others are given. */
export function packageWorld(db: Db, path: string, options: Partial<PackageOptions> = {}) {
  return packageDataset(db, {
    ...PLAIN_OPTIONS,
    path,
    target: 10,
    clock: virtualClock(),
    signal: new AbortController().signal,
    ...options,
  })
}

/** The files of a zip by their names, in its order. */
export async function unzipped(path: string): Promise<Map<string, Buffer>> {
  const zip = await fromBufferPromise(readFileSync(path))
  const files = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = []
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
    files.set(entry.fileName, Buffer.concat(chunks))
  }
  return files
}

/** Writes a zip of whatever names and bytes are given, twice the same as well. */
export async function zipOf(path: string, files: Iterable<[name: string, bytes: Buffer | string]>): Promise<void> {
  const zip = new ZipFile()
  for (const [name, bytes] of files) zip.addBuffer(Buffer.from(bytes), name)
  zip.end()
  await finished(zip.outputStream.pipe(createWriteStream(path)))
}

export interface ListedFile {
  name: string
  rows: number
  bytes: number
  sha256: string
}

/** A manifest that lists the files as they are, each with the rows that are given. */
export function manifestOf(files: [name: string, bytes: Buffer | string, rows: number][]): string {
  const listed = files.map(([name, bytes, rows]): ListedFile => {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { name, rows, bytes: Buffer.byteLength(bytes), sha256 }
  })
  return JSON.stringify({
    schema_version: 1,
    program_version: '1.2.3',
    as_of: '2026-01-02T03:04:05.678Z',
    filters: { all: false },
    files: listed,
  })
}
