import type { Manifest } from '../steps/export/destination.ts'
import { counted, formatBytes, formatNumber, printable } from '../text.ts'
import { sentences } from './output.ts'
import { fitTable } from './table.ts'

export interface DeliveryPlace {
  /** What was written: a file, or a folder with a manifest. */
  path: string
  /** The zip around the files, where there is one. */
  zip?: { bytes: number; sha256: string }
  /** The columns of the terminal; nothing is broken without it. */
  width?: number
}

const HEADINGS = ['file', 'rows', 'size', 'sha256']
/** The beginning of a checksum tells enough here: the whole is in the manifest, and in `--json`. */
const SHA_SHOWN = 12

/** What a finished export or package holds: where it lies, and a row for each file. */
export function renderDelivery(
  { files, as_of, filters, recipient }: Manifest,
  { path, zip, width }: DeliveryPlace,
): string {
  const what = filters.since ? `changes since ${filters.since}` : 'complete'
  const rows = files.map(({ name, rows, bytes, sha256 }) => [
    name,
    formatNumber(rows),
    formatBytes(bytes),
    `${sha256.slice(0, SHA_SHOWN)}…`,
  ])
  const sum = files.reduce((total, { bytes }) => total + bytes, 0)
  const end = zip
    ? `${counted(files.length + 1, 'file')} with the manifest, packed ${formatBytes(zip.bytes)}\nsha256  ${zip.sha256}\n`
    : `${counted(files.length, 'file')}, ${formatBytes(sum)}\n`
  const table = fitTable([HEADINGS, ...rows], { numbers: [1, 2], ...(width === undefined ? {} : { width }) })
  const head = `${printable(path)}: ${what}${recipient ? `, for ${printable(recipient)}` : ''}, as of ${as_of}`
  return `${sentences(head, width === undefined ? {} : { width })}\n\n${table}\n${end}`
}
