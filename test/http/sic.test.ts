import { expect, it } from 'vitest'
import { serving, world } from './serving.ts'

it('a company has its SIC codes in words, as far as a register file has named them', async () => {
  await using server = await serving((db) => {
    world(db)
    db.$client.prepare("UPDATE companies SET sic_codes = '62012,7499' WHERE company_number = '00000001'").run()
    db.$client.prepare("INSERT INTO sic_descriptions VALUES ('62012', 'Business software')").run()
  })
  const expected = { sic_codes: ['62012', '7499'], sic_descriptions: ['Business software', null] }
  expect((await server.json('/v1/companies/00000001')).body).toMatchObject(expected)
  const { body } = await server.json('/v1/companies?all=true')
  expect(body.items.find((one: { company_number: string }) => one.company_number === '00000001')).toMatchObject(
    expected,
  )
  const others = body.items.filter((one: { company_number: string }) => one.company_number !== '00000001')
  expect(others.length).toBeGreaterThan(1)
  for (const other of others) expect(other).not.toHaveProperty('sic_descriptions')
  const changes = await server.json('/v1/changes?since=2020-01-01T00:00:00Z')
  expect(changes.body.items.map((one: { company: object | null }) => one.company)).toContainEqual(
    expect.objectContaining(expected),
  )
})

it('what SIC codes are called is what another connection has written last', async () => {
  await using server = await serving((db) => {
    world(db)
    db.$client.prepare("UPDATE companies SET sic_codes = '62012' WHERE company_number = '00000001'").run()
  })
  const words = async () => (await server.json('/v1/companies/00000001')).body.sic_descriptions
  const read = async () => [await words(), await words(), await words()]
  expect(await read()).toEqual([undefined, undefined, undefined])
  for (const named of ['Business software', 'Software']) {
    server.db.$client.prepare("INSERT OR REPLACE INTO sic_descriptions VALUES ('62012', ?)").run(named)
    expect(await read()).toEqual([[named], [named], [named]])
  }
})
