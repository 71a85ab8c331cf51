import { crc32, deflateRawSync } from 'node:zlib'
import { REGISTER_FILE_HEADER } from '../src/sandbox/register-file.ts'

const COLUMNS = REGISTER_FILE_HEADER.split(',').map((name) => name.trim())

/** Cells of a row by their trimmed column names; what is not given has an ordinary value. */
export type Cells = Record<string, string>

/** One line of the register file, quoted as the real one is. */
export function registerRow(number: string, cells: Cells = {}): string {
  const ordinary: Cells = {
    CompanyName: `COMPANY ${number} LTD`,
    CompanyNumber: number,
    CompanyCategory: 'Private Limited Company',
    CompanyStatus: 'Active',
    IncorporationDate: '29/06/2011',
    'SICCode.SicText_1': '70229 - Management consultancy activities other than financial management',
    'RegAddress.PostCode': 'N1 1AA',
  }
  const all = { ...ordinary, ...cells }
  return COLUMNS.map((column) => `"${(all[column] ?? '').replaceAll('"', '""')}"`).join(',')
}

/** A whole file: header and rows, LF at the end of each. */
export function registerFile(rows: string[]): string {
  return [REGISTER_FILE_HEADER, ...rows].map((line) => `${line}\n`).join('')
}

/** Eight-digit numbers from 1 on. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1).padStart(8, '0'))
}

export interface ZipEntry {
  name: string
  text: string
  /** Spoils the checksum that the directory tells. */
  wrongChecksum?: boolean
  encrypted?: boolean
}

/** A zip file as other programs write it. */
export function zipOf(entries: ZipEntry[]): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, text, wrongChecksum = false, encrypted = false } of entries) {
    const bytes = Buffer.from(text)
    const packed = deflateRawSync(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(encrypted ? 1 : 0, 2)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE((crc32(bytes) ^ (wrongChecksum ? 1 : 0)) >>> 0, 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(bytes.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]))
    bodies.push(body)
    offset += body.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, central, end])
}
