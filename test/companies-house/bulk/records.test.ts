import { describe, expect, it } from 'vitest'
import { isCurrentType, isProductRole, plainRoleOfType, roleOfType } from '../../../src/companies-house/bulk/codes.ts'
import {
  readAppointment,
  readBulkCompany,
  readBulkHeader,
  readChange,
  readTrailer,
} from '../../../src/companies-house/bulk/records.ts'
import { changeLine, companyLine, personLine } from './bulk-lines.ts'

// Records as the specification's readers publish them, byte for byte.
const NOMINEE =
  '990000012300990000010001Y       20150401        ZZ1 1AA                 0077<<EXAMPLE NOMINEE SECRETARIES LIMITED<<<<1 SAMPLE STREET<<TESTON<<ENGLAND<<<<'
const BORIS =
  '990000012103300000020001        2018010120190630ZZ1 1AC 198111          0077MR<BORIS<SAMPLE<<C/O EXAMPLE LLP<PO BOX 12<<<TESTON<<<DIRECTOR<IRISH<IRELAND<'
const RENEE =
  "FC9900012601300000060001        20191115        75001   195908          0066<RENÉE<MODÈLE<<<<4 RUE DE L'EXEMPLE<<PARIS<<FRANCE<<FRENCH<FRANCE<"
const RESIGNED =
  '99000001231 Y  0002990000010001990000010001                ZZ1 1AA ZZ1 1AA 2015040120260731        202608080090<<EXAMPLE NOMINEE SECRETARIES LIMITED<<<<1 SAMPLE STREET<<TESTON<<ENGLAND<<<<<<<<<<<<<<<<<'
const CORRECTED =
  'SO99000125 Y   0505300000040001300000040001196511          ZZ2 2BB ZZ2 2BB 20210301        20260806202608080074<CARA<SPECIMEN<<<<3 SAMPLE ROAD<<TESTON<<SCOTLAND<<<SCOTLAND<<<<<<<<<<<<<<'
const EVERYWHERE =
  '        2          990000010001990000010001                        ZZ1 1AB                         202608080091<<EXAMPLE NOMINEE SECRETARIES LIMITED<<<<1A SAMPLE STREET<<TESTON<<ENGLAND<<<<<<<<<<<<<<<<<'

describe('the records of a snapshot', () => {
  it('have a header and a trailer', () => {
    expect(readBulkHeader('DDDDSNAP425720260706')).toEqual({ kind: 'snapshot', run: 4257, producedOn: '2026-07-06' })
    expect(readBulkHeader('DDDDUPDT900220260808')).toEqual({ kind: 'update', run: 9002, producedOn: '2026-08-08' })
    expect(readBulkHeader('DDDDSNAP425720260732')).toBeNull()
    expect(readBulkHeader('DDDDSNAP4257202607')).toBeNull()
    expect(readTrailer('9999999900000014')).toBe(14)
    expect(readTrailer('999999991')).toBeNull()
  })

  it('say how many officers a company has', () => {
    expect(readBulkCompany(companyLine('99000001', 5))).toEqual({ companyNumber: '99000001', officers: 5 })
    expect(readBulkCompany(companyLine('99000001', '    '))).toEqual({ companyNumber: '99000001', officers: null })
  })

  it('tell of a body by its surname alone', () => {
    expect(readAppointment(NOMINEE)).toMatchObject({
      companyNumber: '99000001',
      dateOrigin: '3',
      type: '00',
      personNumber: '990000010001',
      corporate: true,
      appointedOn: '2015-04-01',
      resignedOn: null,
      postcode: 'ZZ1 1AA',
      born: null,
      title: null,
      forenames: null,
      surname: 'EXAMPLE NOMINEE SECRETARIES LIMITED',
      addressLine1: '1 SAMPLE STREET',
      town: 'TESTON',
      country: 'ENGLAND',
    })
  })

  it('have each of the fourteen fields in its place', () => {
    const fields = ['T', 'F', 'S', 'H', 'CO', 'PO', 'L1', 'L2', 'PT', 'CY', 'CN', 'OC', 'NA', 'UR']
    expect(readAppointment(personLine({ fields }))).toMatchObject({
      title: 'T',
      forenames: 'F',
      surname: 'S',
      honours: 'H',
      careOf: 'CO',
      poBox: 'PO',
      addressLine1: 'L1',
      addressLine2: 'L2',
      town: 'PT',
      county: 'CY',
      country: 'CN',
      occupation: 'OC',
      nationality: 'NA',
      residence: 'UR',
    })
    expect(readAppointment(BORIS)).toMatchObject({
      appointedOn: '2018-01-01',
      resignedOn: '2019-06-30',
      born: { year: 1981, month: 11 },
      title: 'MR',
      careOf: 'C/O EXAMPLE LLP',
      poBox: 'PO BOX 12',
      addressLine1: null,
      residence: 'IRELAND',
    })
  })

  it('count characters, and bytes where a file does', () => {
    expect(readAppointment(RENEE)).toMatchObject({ forenames: 'RENÉE', surname: 'MODÈLE', postcode: '75001' })
    expect(readAppointment(RENEE.replace('0066', '0068'))).toMatchObject({ forenames: 'RENÉE' })
    expect(readAppointment(RENEE.replace('0066', '0067'))).toContain('should have 67 characters and has 66')
  })

  it('are not believed when they contradict themselves', () => {
    expect(readAppointment(personLine({ length: '0999' }))).toContain('should have 999 characters')
    expect(readAppointment(personLine({ appointed: '20260230' }))).toBe('it has an impossible date: 20260230')
    expect(readAppointment(personLine({ type: 'XX' }))).toBe('its appointment type is no code: XX')
    expect(readAppointment(personLine({ person: '30000001    ' }))).toContain('not twelve digits')
    expect(readAppointment(personLine({ company: '9900001 ' }))).toBe('it has no company number')
    expect(readAppointment(`${personLine().slice(0, -1)}X`)).toContain('14 fields that end with <')
  })

  it('keep a surname of 160 characters and blanks', () => {
    const surname = 'A'.repeat(160)
    expect(readAppointment(personLine({ fields: ['', '', surname], born: '', appointed: '' }))).toMatchObject({
      surname,
      born: null,
      appointedOn: null,
      occupation: null,
    })
  })
})

describe('the records of an update', () => {
  it('have the old state and the new', () => {
    expect(readChange(RESIGNED)).toMatchObject({
      companyNumber: '99000001',
      dateOrigin: '3',
      resignationOrigin: '1',
      correction: false,
      corporate: true,
      oldType: '00',
      type: '02',
      oldPersonNumber: '990000010001',
      personNumber: '990000010001',
      oldPostcode: 'ZZ1 1AA',
      postcode: 'ZZ1 1AA',
      appointedOn: '2015-04-01',
      resignedOn: '2026-07-31',
      changedOn: null,
      updatedOn: '2026-08-08',
    })
    expect(readChange(CORRECTED)).toMatchObject({ correction: true, corporate: false, changedOn: '2026-08-06' })
  })

  it('may be about a nominee everywhere', () => {
    expect(readChange(EVERYWHERE)).toMatchObject({
      companyNumber: null,
      oldPersonNumber: '990000010001',
      addressLine1: '1A SAMPLE STREET',
      postcode: 'ZZ1 1AB',
    })
  })

  it('are not believed when they contradict themselves', () => {
    expect(readChange(changeLine())).toMatchObject({ surname: 'EXAMPLE' })
    expect(readChange(changeLine({ length: '0001' }))).toContain('should have 1 characters')
    expect(readChange(changeLine({ oldType: '  ' }))).toContain('its old appointment type is no code')
    expect(readChange(changeLine({ oldPerson: 'x'.repeat(12) }))).toContain('old person number')
  })
})

describe('the codes', () => {
  it('are roles of the API', () => {
    const person = { corporate: false, personNumber: '300000010001' }
    const body = { corporate: true, personNumber: '300000010001' }
    const nominee = { corporate: true, personNumber: '990000010001' }
    expect(['00', '02', '01', '03', '04', '05', '11', '17'].map((code) => roleOfType(code, person))).toEqual([
      'secretary',
      'secretary',
      'director',
      'director',
      'llp-member',
      'llp-designated-member',
      'judicial-factor',
      'member-of-an-administrative-organ',
    ])
    expect(roleOfType('05', body)).toBe('corporate-llp-designated-member')
    expect(roleOfType('11', body)).toBe('judicial-factor')
    expect(roleOfType('00', nominee)).toBe('corporate-nominee-secretary')
    expect(roleOfType('04', nominee)).toBe('corporate-llp-member')
    expect(roleOfType('23', person)).toBe('type-23')
  })

  it('say whether a role is held, and which it is', () => {
    expect(['01', '03', '23'].map(isCurrentType)).toEqual([true, false, null])
    expect(['02', '07', '23'].map(plainRoleOfType)).toEqual(['secretary', 'llp-designated-member', 'type-23'])
    expect(['director', 'type-23', 'managing-officer'].map(isProductRole)).toEqual([true, true, false])
  })
})
