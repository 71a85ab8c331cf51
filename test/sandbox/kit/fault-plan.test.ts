import { describe, expect, it } from 'vitest'
import { FAULTS, type FaultPlan, parseFaults } from '../../../src/sandbox/companies-house/faults.ts'
import { tried } from '../companies-house/tried.ts'

describe('a plan', () => {
  it.each<[string, FaultPlan]>([
    ['', []],
    [
      '500:0.2, reset:5% ,outage:10s',
      [
        { name: '500', probability: 0.2 },
        { name: 'reset', probability: 0.05 },
        { name: 'outage', forMs: 10_000 },
      ],
    ],
    ['404:2x:@00445790+SC123456', [{ name: '404', count: 2, companies: ['00445790', 'SC123456'] }]],
    [
      '504:~40s:1,hang:500ms',
      [
        { name: '504', delayMs: 40_000, probability: 1 },
        { name: 'hang', forMs: 500 },
      ],
    ],
  ])('is read from text: %j', (text, plan) => {
    expect(parseFaults(text)).toEqual(plan)
  })

  it.each([
    ['boom', 'There is no fault "boom".'],
    ['constructor', 'There is no fault "constructor".'],
    ['500:2', '"2" in the fault "500:2" is no condition.'],
    ['500:', '"" in the fault "500:" is no condition.'],
    ['500:-1', '"-1" in the fault "500:-1" is no condition.'],
    ['slow:~soon', '"~soon" in the fault "slow:~soon" is no condition.'],
  ])('is refused when it makes no sense: %s', (text, message) => {
    expect(() => parseFaults(text)).toThrow(
      expect.objectContaining({ kind: 'usage', message, hint: expect.stringMatching(/fault/i) }),
    )
  })

  it('can name every fault there is', () => {
    const names = Object.keys(FAULTS)
    expect(parseFaults(names.join(',')).map((rule) => rule.name)).toEqual(names)
  })
})

describe('when a fault strikes', () => {
  it('by share: about as often, and the same calls for the same seed', async () => {
    const runs = []
    for (let run = 0; run < 2; run += 1) {
      await using trial = await tried('500:30%')
      const statuses = []
      for (let call = 0; call < 60; call += 1) statuses.push((await trial.officers()).status)
      runs.push(statuses)
    }
    expect(runs[0]).toEqual(runs[1])
    const struckCount = runs[0]?.filter((status) => status === 500).length
    expect(struckCount).toBeGreaterThan(8)
    expect(struckCount).toBeLessThan(30)
  })

  it('by count, and only for the companies it is meant for', async () => {
    await using trial = await tried([])
    const other = trial.open.world.companyNumber(4)
    trial.open.sandbox.setFaults(parseFaults(`500:2x:@${trial.number}`))
    const statuses = []
    for (const number of [other, trial.number, other, trial.number, trial.number]) {
      statuses.push((await trial.open.get(`/company/${number}/officers`)).status)
    }
    expect(statuses).toEqual([200, 500, 200, 500, 200])
    expect(trial.open.sandbox.requests.faults).toEqual({ 500: 2 })
  })

  it('for a span of the server clock, from the moment it is set', async () => {
    await using trial = await tried('outage:10s')
    const statuses = [(await trial.officers()).status]
    for (const aheadMs of [9999, 1]) {
      trial.open.clock.nowMs += aheadMs
      statuses.push((await trial.officers()).status)
    }
    expect(statuses).toEqual([503, 503, 200])
  })

  it('uses up its times only where it has an effect', async () => {
    await using trial = await tried('404:1x,repeat:1x')
    trial.open.world.override(trial.number, { officers: 0 })
    expect((await trial.officers()).status).toBe(200)
    expect((await trial.open.get(`/company/${trial.number}`)).status).toBe(200)
    expect(trial.open.sandbox.requests.faults).toEqual({})
    trial.open.world.override(trial.number, { officers: 40 })
    expect([(await trial.officers()).status, (await trial.officers()).status]).toEqual([404, 200])
  })
})
