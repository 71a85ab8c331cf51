import fc from 'fast-check'
import { expect, it } from 'vitest'
import { exposition, labelled, single } from '../src/metrics.ts'
import { printable } from '../src/text.ts'
import { anyCharacter } from './any-character.ts'
import { readExposition } from './exposition-reader.ts'

it('any label and help text can be read again', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), fc.string({ minLength: 1 }), fc.double(), (label, help, value) => {
      const text = exposition([
        labelled('gauge', { name: 'a', help: `x${help}`, label: 'l' }, { [`k${label}`]: value }),
      ])
      const [sample] = readExposition(text).get('a')?.samples ?? []
      expect(sample?.labels).toEqual({ l: `k${printable(label)}` })
      expect(sample?.value).toBe(value === 0 ? 0 : value)
    }),
  )
})

it('leaves out what has no value', () => {
  expect(exposition([single('gauge', 'a', 'A.', null), single('counter', 'b_total', 'B.', 2)])).toBe(
    '# HELP b_total B.\n# TYPE b_total counter\nb_total 2\n',
  )
})
