/** Legal forms as they end a company's name, English and Welsh, and foreign ones of overseas companies. */
const LEGAL_FORMS = [
  'public limited company',
  'private limited company',
  'limited liability partnership',
  'limited liability company',
  'limited partnership',
  'community interest company',
  'community interest public limited company',
  'charitable incorporated organisation',
  'private unlimited company',
  'unlimited company',
  'cwmni cyfyngedig cyhoeddus',
  'cwmni buddiant cymunedol',
  'partneriaeth atebolrwydd cyfyngedig',
  'cyfyngedig',
  'cyf',
  'limited',
  'ltd',
  'unlimited',
  'unltd',
  'plc',
  'ccc',
  'llp',
  'lp',
  'cic',
  'cbc',
  'cio',
  'llc',
  'inc',
  'incorporated',
  'corporation',
  'corp',
  'gmbh',
  'sarl',
  'srl',
  'bv',
  'nv',
  'sa',
  'ag',
]

/** Short forms may have a dot after each letter: `L.L.P.`, `P. L. C.` */
const spelled = (form: string) =>
  form.length > 4 ? form.replaceAll(' ', '\\s') : [...form].join(String.raw`(?:\.\s?)?`)

const ENDING = new RegExp(String.raw`[\s,(]+(?:${LEGAL_FORMS.map(spelled).join('|')})[.)\s]*$`, 'i')

/**
 * The name under which a company is looked for: as filed, without its legal form. What belongs to the name stays: `UK`,
 * `Holdings`, brackets. A name that is nothing but a legal form stays whole.
 */
export function companySearchName(companyName: string): string {
  const whole = companyName.normalize('NFC').replace(/\s+/g, ' ').trim()
  const shorter = whole.replace(ENDING, '').replace(/[\s,;]+$/, '')
  if (shorter === whole || !/[\p{L}\p{N}]/u.test(shorter)) return whole
  return companySearchName(shorter)
}
