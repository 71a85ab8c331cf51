// Register files for tests: rows, CSV text and zips made by hand, since yauzl only reads.
import { crc32, deflateRawSync } from 'node:zlib'

export const HEADER =
  'CompanyName, CompanyNumber,RegAddress.CareOf,RegAddress.POBox,RegAddress.AddressLine1, RegAddress.AddressLine2,RegAddress.PostTown,RegAddress.County,RegAddress.Country,RegAddress.PostCode,CompanyCategory,CompanyStatus,CountryOfOrigin,DissolutionDate,IncorporationDate,Accounts.AccountRefDay,Accounts.AccountRefMonth,Accounts.NextDueDate,Accounts.LastMadeUpDate,Accounts.AccountCategory,Returns.NextDueDate,Returns.LastMadeUpDate,Mortgages.NumMortCharges,Mortgages.NumMortOutstanding,Mortgages.NumMortPartSatisfied,Mortgages.NumMortSatisfied,SICCode.SicText_1,SICCode.SicText_2,SICCode.SicText_3,SICCode.SicText_4,LimitedPartnerships.NumGenPartners,LimitedPartnerships.NumLimPartners,URI,PreviousName_1.CONDATE, PreviousName_1.CompanyName, PreviousName_2.CONDATE, PreviousName_2.CompanyName,PreviousName_3.CONDATE, PreviousName_3.CompanyName,PreviousName_4.CONDATE, PreviousName_4.CompanyName,PreviousName_5.CONDATE, PreviousName_5.CompanyName,PreviousName_6.CONDATE, PreviousName_6.CompanyName,PreviousName_7.CONDATE, PreviousName_7.CompanyName,PreviousName_8.CONDATE, PreviousName_8.CompanyName,PreviousName_9.CONDATE, PreviousName_9.CompanyName,PreviousName_10.CONDATE, PreviousName_10.CompanyName,ConfStmtNextDueDate, ConfStmtLastMadeUpDate'

const NAMES = HEADER.split(',').map((name) => name.trim())

const ORDINARY: Record<string, string> = {
  CompanyName: 'ACME LIMITED',
  CompanyNumber: '00000001',
  'RegAddress.AddressLine1': '1 HIGH STREET',
  'RegAddress.PostTown': 'LONDON',
  'RegAddress.PostCode': 'N1 1AA',
  CompanyCategory: 'Private Limited Company',
  CompanyStatus: 'Active',
  CountryOfOrigin: 'United Kingdom',
  IncorporationDate: '29/06/2011',
  'SICCode.SicText_1': '62020 - Information technology consultancy activities',
}

/** One data line without its line end: an ordinary company but for the cells given. */
export function row(cells: Record<string, string> = {}): string {
  const told = { ...ORDINARY, ...cells }
  return NAMES.map((name) => quote(told[name] ?? '')).join(',')
}

/** `count` ordinary companies numbered from `first`. */
export function rows(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(first + index).padStart(8, '0')
    return row({ CompanyNumber: number, CompanyName: `COMPANY ${number} LIMITED` })
  })
}

/** A register file of these lines. */
export function csv(lines: string[], lineEnd = '\n'): string {
  return [HEADER, ...lines].map((line) => line + lineEnd).join('')
}

export function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

export interface ZipEntry {
  name: string
  text: string
  /** Written into the directory instead of the true ones. */
  crc?: number
  size?: number
  encrypted?: boolean
  method?: number
}

/** A zip file as plain as can be: local headers, deflated data, directory. */
export function zip(entries: ZipEntry[]): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, text, crc, size, encrypted = false, method = 8 } of entries) {
    const raw = Buffer.from(text)
    const data = method === 8 ? deflateRawSync(raw) : raw
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(encrypted ? 1 : 0, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc ?? crc32(raw), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(size ?? raw.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name)]))
    files.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(listed.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...files, listed, Buffer.from('PK\x05\x06'), end])
}
