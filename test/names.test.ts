import { expect, test } from 'vitest'
import { withoutTitles } from '../src/names.ts'

test.each([
  ['john paul', ['john paul']],
  ['sir john', ['john']],
  ['the rt hon sir john', ['john']],
  ['wing commander john', ['john']],
  ['wing kit', ['wing kit']],
  ['earl winston', ['earl winston', 'winston']],
  ['dr', ['dr']],
  ['dr earl winston', ['earl winston', 'winston']],
])('%s is read as %j', (name, readings) => {
  expect(withoutTitles(name.split(' ')).map((words) => words.join(' '))).toEqual(readings)
})
