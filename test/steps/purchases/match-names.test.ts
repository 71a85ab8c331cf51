import { describe, expect, it } from 'vitest'
import { matchRows, type NameKind, unmistakable } from '../../../src/steps/purchases/match.ts'

/** Names that a batch holds beside the one that is looked at, so that nothing is found by being left over. */
const BESIDE = ['HARBOUR LIGHTS', 'QUARRY', 'JOINERY WORKS']
const BESIDE_PEOPLE = ['Ann Lee', 'Bo Fry', 'Cy Orr']

/** Which names the rows go to when they come in the opposite order, two of them never. */
function match(names: string[], answered: string[], kind: NameKind = 'company') {
  const { rows, left } = matchRows(
    names,
    answered.toReversed().map((name) => ({ name })),
    kind,
  )
  return { rows: rows.map((found) => found.map(({ name }) => name)), left: left.map(({ name }) => name) }
}

const alone = (asked: string, answered: string, kind: NameKind = 'company') => {
  const beside = kind === 'company' ? BESIDE : BESIDE_PEOPLE
  const { rows, left } = match([asked, ...beside], [answered, ...beside.slice(2), 'SOMEBODY ELSE'], kind)
  return [rows[0], left.length]
}

const ALTERED: [kind: NameKind, asked: string, answered: string][] = [
  ['company', 'SMITH & SONS', 'SMITH &amp; SONS'],
  ['company', 'SMITH & SONS', 'Smith &amp;amp; Sons'],
  ['company', 'SMITH & SONS', 'SMITH and SONS'],
  ['company', 'SMITH AND SONS', 'Smith & Sons'],
  ['company', 'SMITH & SONS', 'SMITH SONS'],
  ['company', 'SMITH & SONS', 'smith amp sons'],
  ['company', 'SMITH + SONS', 'SMITH %26 SONS'],
  ['company', 'SMITH & SONS', 'SMITH \\u0026 SONS'],
  ['company', "MCALLISTER'S RENEWABLES", 'MCALLISTER&#039;S RENEWABLES'],
  ['company', "MCALLISTER'S RENEWABLES", 'MCALLISTER&#x27;S RENEWABLES'],
  ['company', "MCALLISTER'S RENEWABLES", "McAllister\\'s Renewables"],
  ['company', "MCALLISTER'S RENEWABLES", 'MCALLISTER’S RENEWABLES'],
  ['company', '"QUOTED" FOODS', '&quot;QUOTED&quot; FOODS'],
  ['company', '"QUOTED" FOODS', 'quoted foods'],
  ['company', 'ÉLAN CARS', 'ELAN CARS'],
  ['company', 'ÉLAN CARS', '&Eacute;LAN CARS'],
  ['company', 'ÉLAN CARS', 'LAN CARS'],
  ['company', 'ÉLAN CARS', '?LAN CARS'],
  ['company', 'ÉLAN CARS', Buffer.from('ÉLAN CARS', 'utf8').toString('latin1')],
  ['company', 'ÉLAN CARS', 'ÉLAN CARS'.normalize('NFD')],
  ['company', 'ŁÓDŹ TRADING', 'LODZ TRADING'],
  ['company', 'MÜLLER & SØN', 'MUELLER AND SOEN'],
  ['company', 'MUELLER', 'Müller'],
  ['company', 'NØRD-HAUS', 'NØRD–HAUS'],
  ['company', 'A.B.C.  MOTORS', 'abc motors'],
  ['company', 'ACME HOLDINGS', 'ACME HOLDINGS LTD'],
  ['company', 'SMITH & CO', 'Smith'],
  ['company', 'ÉLAN & SON', 'Elan and Son Limited'],
  ['person', "Siân O'Neill", 'Sian O&#039;Neill'],
  ['person', 'Jörg Müller', 'Joerg Mueller'],
  ['person', 'Zoë Brontë', 'ZO? BRONT?'],
]

describe('a name that comes back altered', () => {
  it.each(ALTERED)('of a %s: %s as %s is found among others', (kind, asked, answered) => {
    expect(alone(asked, answered, kind)).toEqual([[answered], 1])
  })

  it('is found where it is the only one left, whatever it looks like', () => {
    expect(match(['ALPHA', 'BETA'], ['Β & Co', 'alpha'])).toEqual({ rows: [['alpha'], ['Β & Co']], left: [] })
  })

  it('is nobody’s where two names or two rows are left', () => {
    expect(match(['ALPHA', 'BETA', 'GAMMA'], ['???', 'alpha'])).toEqual({ rows: [['alpha'], [], []], left: ['???'] })
    expect(match(['ALPHA', 'BETA'], ['??', '???', 'alpha'])).toMatchObject({ rows: [['alpha'], []] })
    expect(match([], ['alpha'])).toEqual({ rows: [], left: ['alpha'] })
  })

  it('is nobody’s where a form fits two names, and goes to the name that it fits exactly', () => {
    const names = ['SMITH & SONS', 'SMITH AND SONS', 'OAK']
    expect(match(names, ['SMITH SONS LTD', 'BIRCH'])).toMatchObject({ rows: [[], [], []] })
    expect(match(names, ['Smith and Sons', 'Smith &amp; Sons', 'ELM', 'BIRCH']).rows).toEqual([
      ['Smith &amp; Sons'],
      ['Smith and Sons'],
      [],
    ])
  })

  it('is not concluded from what is left where an asked name was erased', () => {
    expect(match(['', 'BETA'], ['GAMMA'])).toEqual({ rows: [[], []], left: ['GAMMA'] })
  })
})

describe('unmistakable', () => {
  it('leaves one of the names that an altered answer could confuse', () => {
    const names = ['SMITH & SONS', 'Smith and Sons', 'SMITH SONS LTD', 'MÜLLER', 'MUELLER', 'MULLER', 'OAK']
    const left = unmistakable(
      names.map((name) => ({ name })),
      'company',
    )
    expect(left.map(({ name }) => name)).toEqual(['SMITH & SONS', 'MÜLLER', 'OAK'])
  })
})
