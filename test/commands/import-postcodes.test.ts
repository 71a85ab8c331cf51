import { writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { zip } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'

const HEADER = 'pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,wd25cd,ctry25cd,rgn25cd,lat,long'
const line = (postcode: string, { ended = '', lad = 'E09000033', country = 'E92000001', region = 'E12000007' } = {}) =>
  `"${postcode.replace(' ', '')}","${postcode}","${postcode}","198001","${ended}","E99999999","E99999999","${lad}","E05000644","${country}","${region}",51.501009,-0.141588`
const LINES = [
  line('SW1A 1AA'),
  line('M1 1AE', { lad: 'E08000003', region: 'E12000002' }),
  line('CF10 1EP', { lad: 'W06000015', country: 'W92000004', region: 'W99999999' }),
  line('BT1 5GS', { lad: 'N09000003', country: 'N92000002', region: 'N99999999' }),
  line('GY1 1AA', { lad: 'L99999999', country: 'L93000001', region: 'L99999999' }),
  line('AB1 0AA', { ended: '199606', lad: 'S12000033', country: 'S92000003', region: 'S99999999' }),
]
const csv = (lines = LINES, header = HEADER) => `${[header, ...lines].join('\r\n')}\r\n`
const NAMES = 'LAD25CD,LAD25NM,LAD25NMW\r\nE09000033,Westminster,\r\nW06000015,Cardiff,Caerdydd\r\n'

let folder: TempFolder
beforeEach(() => {
  folder = tempFolder()
})
afterEach(() => folder[Symbol.dispose]())

const chpipe = (...args: string[]) =>
  run(['import-postcodes', '--db', folder.file('c.db'), ...args], { cwd: folder.path })
const file = (name: string, content: string | Buffer) => {
  writeFileSync(folder.file(name), content)
  return folder.file(name)
}
function stored() {
  const db = new Database(folder.file('c.db'))
  try {
    return db.prepare('SELECT * FROM postcodes ORDER BY postcode').all()
  } finally {
    db.close()
  }
}

describe('import-postcodes', () => {
  it('stores where each postcode lies, by name where the zip has names', async () => {
    const name = file(
      'ONSPD_AUG_2026.zip',
      zip([
        { name: 'Data/ONSPD_AUG_2026_UK.csv', text: csv() },
        { name: 'Data/multi_csv/ONSPD_AUG_2026_UK_SW.csv', text: csv(LINES.slice(0, 1)) },
        { name: 'Documents/LA_UA names and codes UK as at 04_26.csv', text: NAMES },
        { name: 'Documents/Country names and codes UK.csv', text: 'CTRY12CD,CTRY12NM\r\nE92000001,England\r\n' },
      ]),
    )
    const { code, stdout, stderr } = await chpipe(name)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.replace(/in \d+s/, 'in 0s')).toBe(
      [
        'postcodes       6: 6 new, 0 changed, 0 removed',
        'rows read       6 in 0s',
        'terminated      1, which are kept',
        'authorities     2 named',
        '',
      ].join('\n'),
    )
    expect(stored()).toEqual([
      { postcode: 'AB10AA', region: 'Scotland', local_authority: 'S12000033', country: 'Scotland' },
      { postcode: 'BT15GS', region: 'Northern Ireland', local_authority: 'N09000003', country: 'Northern Ireland' },
      { postcode: 'CF101EP', region: 'Wales', local_authority: 'Cardiff', country: 'Wales' },
      {
        postcode: 'GY11AA',
        region: 'Channel Islands and Isle of Man',
        local_authority: null,
        country: 'Channel Islands',
      },
      { postcode: 'M11AE', region: 'North West', local_authority: 'E08000003', country: 'England' },
      { postcode: 'SW1A1AA', region: 'London', local_authority: 'Westminster', country: 'England' },
    ])
  })

  it('takes the file of another year and the smaller lookup, names apart, and says so as JSON', async () => {
    const older = 'pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua,osward,ctry,rgn,lat,long'
    const names = file('names.csv', NAMES)
    const first = await chpipe(file('a.csv', csv(LINES, older)), '--names', names, '--json')
    expect(JSON.parse(first.stdout)).toMatchObject({
      rows_read: 6,
      postcodes: 6,
      added: 6,
      changed: 0,
      removed: 0,
      terminated: 1,
      skipped: 0,
      authorities_named: 2,
    })
    const lookup = 'pcd7,pcd8,pcds,dointr,doterm,cty26cd,ced26cd,laua,wd26cd,ctry,rgn26cd,lat,long'
    const again = await chpipe(file('b.csv', csv(LINES.slice(0, 4), lookup)), '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      postcodes: 4,
      added: 0,
      changed: 2,
      removed: 2,
      authorities_named: 0,
    })
    expect(stored()).toContainEqual({
      postcode: 'SW1A1AA',
      region: 'London',
      local_authority: 'E09000033',
      country: 'England',
    })
  })

  it.each([
    ['another file', 'CompanyName,CompanyNumber\r\n"A","1"\r\n', 'does not name any of its columns'],
    ['one without regions', csv(LINES, HEADER.replace('rgn25cd', 'x')), 'does not name a column for region'],
    ['one that is cut within a row', csv().slice(0, -60), 'cut short or broken at line 7'],
    ['one that is cut within a quote', csv().slice(0, -40), 'cut short or broken at line 7'],
    ['one with a row of another width', csv([...LINES.slice(0, 3), '"A","B"', ...LINES.slice(3)]), 'broken at line 5'],
    ['one without rows', csv([]), 'The file has no postcode'],
    ['one that is empty', '', 'The file is empty'],
    ['codes of nowhere', csv(LINES.map((one) => one.replaceAll('E92000001', 'X1'))), 'not a country: "X1"'],
  ])('refuses %s, and changes nothing', async (_what, content, sentence) => {
    expect((await chpipe(file('good.csv', csv(LINES.slice(0, 2))))).code).toBe(0)
    const before = stored()
    const { code, stdout, stderr } = await chpipe(file('bad.csv', content))
    expect([code, stdout]).toEqual([5, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('try:')
    expect(stderr).not.toContain('companieshouse')
    expect(stored()).toEqual(before)
  })

  it('refuses a broken zip, a list without names, and no file', async () => {
    const broken = zip([{ name: 'ONSPD_X.csv', text: csv(), crc: 1 }])
    expect(await chpipe(file('broken.zip', broken))).toMatchObject({ code: 5 })
    const noNames = await chpipe(file('a.csv', csv()), '--names', file('names.csv', 'a,b\r\n1,2\r\n'))
    expect([noNames.code, noNames.stderr]).toEqual([5, expect.stringContaining('not the list of local authorities')])
    expect((await chpipe()).code).toBe(2)
    expect((await chpipe(folder.file('nowhere.csv'))).stderr).toContain('geoportal.statistics.gov.uk')
    expect(stored()).toEqual([])
  })

  it('stores many in steps, the last of them too', async () => {
    const letters = 'ABDEFGHJLNPQRSTUWXYZ'
    const many: string[] = []
    for (let n = 0; n < 25_000; n += 1) {
      const [a, b] = [letters[n % 20], letters[Math.floor(n / 20) % 20]]
      many.push(line(`M${Math.floor(n / 4000)} ${Math.floor(n / 400) % 10}${a}${b}`))
    }
    const { stdout } = await chpipe(file('many.csv', csv(many)), '--json')
    expect(JSON.parse(stdout)).toMatchObject({ postcodes: 25_000, added: 25_000 })
    expect(stored()).toHaveLength(25_000)
    const fewer = await chpipe(file('fewer.csv', csv(many.slice(0, 12_345))), '--json')
    expect(JSON.parse(fewer.stdout)).toMatchObject({ postcodes: 12_345, added: 0, changed: 0, removed: 12_655 })
  })
})
