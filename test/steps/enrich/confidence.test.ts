import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { domainConfidence } from '../../../src/steps/enrich/confidence.ts'

const of = (companyName: string, domain: string, sharedWith = 0) =>
  domainConfidence({ companyName, domain, sharedWith })

describe('the confidence in a domain', () => {
  it.each([
    ['HARBOUR LANE BAKERY LTD', 'harbourlanebakery.example'],
    ['HARBOUR LANE BAKERY LTD', 'www.harbour-lane-bakery.co.uk'],
    ['HARBOUR LANE BAKERY LTD', 'shop.harbourlanebakery.test'],
    ['HARBOUR LANE BAKERY LTD', 'harbourlanebakeryltd.co.uk'],
    ['HARBOUR LANE BAKERY LTD', 'harbourlanebakery-uk.example'],
    ['THE BAKERY GROUP LTD', 'thebakery.co.uk'],
    ['SMITH & JONES LLP', 'smithandjones.com'],
    ['SMITH & JONES LLP', 'smithjones.com'],
    ['CAFÉ SOLEIL UK LTD', 'cafesoleil.fr'],
    ['20-20 PRINT LTD', '2020print.com'],
    ["MCALLISTER'S LIMITED", 'mcallisters.co.uk'],
  ])('%s at %s is high', (name, domain) => {
    expect(of(name, domain)).toBeGreaterThanOrEqual(85)
  })

  it.each([
    ['HARBOUR LANE BAKERY LTD', 'harbourbakery.com'],
    ['HARBOUR LANE BAKERY LTD', 'hlbakery.example'],
    ['HARBOUR LANE BAKERY LTD', 'hlb.co.uk'],
    ['SMITH & JONES LLP', 'smith-jones-solicitors.com'],
    ['HARBOUR LANE BAKERY LTD', 'harbour.co.uk'],
    ['NORTHGATE WIDGETS LIMITED', 'northgate-group.example'],
  ])('%s at %s is middling', (name, domain) => {
    expect(of(name, domain)).toBeGreaterThanOrEqual(50)
    expect(of(name, domain)).toBeLessThan(85)
  })

  it.each([
    ['HARBOUR LANE BAKERY LTD', 'acmewidgets.com'],
    ['HARBOUR LANE BAKERY LTD', 'company-formations.example'],
    ['HARBOUR LANE BAKERY LTD', 'sedoparking.example'],
    ['HARBOUR LANE BAKERY LTD', 'harbourlanebakery.wixsite.com'],
    ['GMAIL LTD', 'gmail.com'],
    ['FACEBOOK LIMITED', 'en-gb.facebook.com'],
    ['HARBOUR LTD', 'harbour'],
    ['HARBOUR LTD', ''],
    ['HARBOUR LTD', '.co.uk'],
  ])('%s at %s is low', (name, domain) => {
    expect(of(name, domain)).toBeLessThan(30)
  })

  it('is below even where the domain is that of a foreign company of the name', () => {
    expect(of('HARBOUR LANE BAKERY LTD', 'harbour-lane-bakery-gmbh.example')).toBeLessThan(50)
  })

  it('falls with every other company that has the domain, least where the name is spelled', () => {
    const spelled = [0, 1, 5, 50].map((others) => of('HARBOUR LANE LTD', 'harbourlane.com', others))
    const first = [0, 1, 5, 50].map((others) => of('HARBOUR LANE LTD', 'harbour.com', others))
    for (const row of [spelled, first]) expect(row).toEqual(row.toSorted((a, b) => b - a))
    expect(spelled[1]).toBeGreaterThan(80)
    expect(first[3]).toBeLessThan(10)
  })

  it('is a whole number from 0 to 100, whatever the names', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(text, text, fc.nat(1000), (name, domain, others) => {
        const confidence = of(name, domain, others)
        expect(Number.isInteger(confidence)).toBe(true)
        expect(confidence).toBeGreaterThanOrEqual(0)
        expect(confidence).toBeLessThanOrEqual(100)
      }),
    )
  })

  it('is never low for the joined words of a plain name', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnoprstuvw'), minLength: 4, maxLength: 9 })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '-'), (words, between) => {
        expect(of(`${words.join(' ').toUpperCase()} LIMITED`, `${words.join(between)}.co.uk`)).toBeGreaterThanOrEqual(
          40,
        )
      }),
    )
  })
})
