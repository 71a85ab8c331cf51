import { expect, it } from 'vitest'
import { indexBirths, placesOfLinked, placesOfNamed } from '../../../src/db/suppress/birth-index.ts'
import { tempFolder } from '../../host.ts'
import { addCompany, addOfficer, addPsc, newDatabase } from '../../steps/export/export-world.ts'

const BORN = { date_of_birth_month: 4, date_of_birth_year: 1970 }
const RULE = { value: 'quillfeather, ann', born: '1970-04' }

it('tells whose rows to read, with the indexes as without, which are made once where they are worth it', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  const company_number = '00000001'
  addCompany(db, { company_number, officers_count: 5 })
  const people = [
    { appointment_id: 'a', surname: 'QUILLFEATHER-OAK', forenames: 'Ann Mary', ...BORN },
    { appointment_id: 'b', surname: 'SMITH', forenames: 'Ann', ...BORN },
    { appointment_id: 'c', name: 'Ann QUILLFEATHER', surname: null, forenames: null, ...BORN },
    { appointment_id: 'd', surname: 'QUILLFEATHER', forenames: 'Ann', ...BORN, date_of_birth_month: 5 },
    { appointment_id: 'e', name: 'QUILLFEATHER LTD' },
  ]
  for (const one of people) addOfficer(db, { company_number, ...one })
  const named = { surname: 'Quillfeather', forename: 'Ann', middle_name: 'Mary', ...BORN }
  addPsc(db, { company_number, psc_id: 'p', ...named })
  addPsc(db, { company_number, psc_id: 'q', ...named, middle_name: null, forename: 'Jane' })
  addPsc(db, { company_number, psc_id: 'r', linked_psc_name: 'Ann Quillfeather' })
  const found = () => [
    placesOfNamed(db, 'officers', RULE),
    placesOfNamed(db, 'persons_with_significant_control', RULE),
    placesOfLinked(db, (name) => name.startsWith('Ann')),
  ]
  expect(found()).toEqual(['[1,3]', '[1]', '[3]'])
  const told: number[] = []
  indexBirths(db, (officers) => told.push(officers))
  expect(told).toEqual([])
  for (let time = 0; time < 2; time += 1) indexBirths(db, (officers) => told.push(officers), 1)
  expect([told, found()]).toEqual([[5], ['[1,3]', '[1]', '[3]']])
  const plan =
    'EXPLAIN QUERY PLAN SELECT surname FROM officers WHERE date_of_birth_year = 1 AND date_of_birth_month = 2'
  expect(JSON.stringify(db.$client.prepare(plan).all())).toContain('COVERING INDEX officers_by_birth')
  db.$client.close()
})

it('makes the indexes where only persons with significant control are many', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  addCompany(db, { company_number: '00000001' })
  for (const psc_id of ['p', 'q', 'r'])
    addPsc(db, { company_number: '00000001', psc_id, linked_psc_name: `Ann ${psc_id}` })
  const told: number[] = []
  indexBirths(db, (people) => told.push(people), 4)
  expect(told).toEqual([])
  indexBirths(db, (people) => told.push(people), 3)
  expect(told).toEqual([3])
  expect(placesOfLinked(db, (name) => name === 'Ann q')).toBe('[2]')
  expect(placesOfLinked(db, () => false)).toBe('[]')
  db.$client.close()
})
