import fc from 'fast-check'
import { expect, it } from 'vitest'
import { randomSample } from '../../../src/steps/audit/officers.ts'

it('draws as many as there are, each once and in order, and the same for the same seed', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 1, max: 50 }), fc.nat(), (size, count, seed) => {
      const items = Array.from({ length: size }, (_, index) => index)
      const sample = randomSample(items, count, seed)
      expect(sample).toHaveLength(Math.min(size, count))
      expect(sample).toEqual([...new Set(sample)].toSorted((left, right) => left - right))
      expect(randomSample(items, count, seed)).toEqual(sample)
    }),
  )
})

it('draws each item about as often as any other', () => {
  const times = new Array<number>(20).fill(0)
  for (let seed = 0; seed < 2000; seed += 1) {
    for (const item of randomSample(times.keys(), 5, seed)) times[item] = (times[item] ?? 0) + 1
  }
  expect(Math.min(...times)).toBeGreaterThan(400)
  expect(Math.max(...times)).toBeLessThan(600)
})
