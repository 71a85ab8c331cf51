import { expect, test } from 'vitest'
import { readSettings } from '../src/settings.ts'
import { contactLink, signedText } from '../src/signed.ts'

test('a signature is one line that can be seen, of bounded length', () => {
  expect(signedText('  Ashdown & Söhne <Data> 東京 ', 100)).toBe('Ashdown & Söhne <Data> 東京')
  expect(signedText('😀'.repeat(5), 5)).toBe('😀'.repeat(5))
  for (const text of [
    '',
    '   ',
    'a\nb',
    'a\tb',
    'a\u2028b',
    'a\u202eb',
    'a\u200bb',
    'a\u0000b',
    'a\ud800b',
    'abcdef',
  ]) {
    expect([text, signedText(text, 5)]).toEqual([text, null])
  }
})

test('only a whole address becomes a link', () => {
  expect(contactLink('data@ashdown.example')).toBe('mailto:data@ashdown.example')
  expect(contactLink('https://ashdown.example/ask')).toBe('https://ashdown.example/ask')
  for (const text of [
    'javascript:alert(1)',
    'http://a.example',
    'a@b',
    'ask data@a.example',
    'https://a.example/" x',
    'https://',
  ]) {
    expect([text, contactLink(text)]).toEqual([text, null])
  }
})

test('the environment names who signs, and a wrong value is refused by its name', () => {
  expect(readSettings({ CHPIPE_SUPPLIER: '"Ashdown Data"', CHPIPE_CONTACT: 'data@ashdown.example' })).toMatchObject({
    supplier: 'Ashdown Data',
    contact: 'data@ashdown.example',
  })
  for (const [name, most] of [
    ['CHPIPE_SUPPLIER', 100],
    ['CHPIPE_CONTACT', 200],
  ] as const) {
    expect(() => readSettings({ [name]: 'x'.repeat(most) })).not.toThrow()
    expect(() => readSettings({ [name]: 'x'.repeat(most + 1) })).toThrow(
      expect.objectContaining({ kind: 'config', message: expect.stringContaining(`${name} is not one line`) }),
    )
  }
})
