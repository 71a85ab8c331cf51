const PLAIN_LETTERS: Record<string, string> = { ø: 'o', ł: 'l', ß: 'ss', đ: 'd', ı: 'i', æ: 'ae', œ: 'oe', þ: 'th' }

const LEGAL_FORM =
  / (?:limited|ltd|plc|public limited company|unlimited|unltd|llp|limited liability partnership|lp|limited partnership|cic|community interest company|cyf|ccc|inc|gmbh|bv|sa|sarl)$/

/** Letters without case and accents, as far as they have a plain form. */
export function foldLetters(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[øłßđıæœþ]/g, (letter) => PLAIN_LETTERS[letter] ?? letter)
}

/** What a company's name comes down to: lower-case words without punctuation and legal form. */
export function companyKey(name: string): string {
  let words = foldLetters(name)
    .replace(/&/g, ' and ')
    .replace(/['’.]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  while (LEGAL_FORM.test(words)) words = words.replace(LEGAL_FORM, '')
  return words
}

/** The part of a person's name that goes into an address: a to z and digits only, possibly nothing. */
export function addressPart(name: string): string {
  return foldLetters(name).replace(/[^a-z0-9]/g, '')
}

/** One spelling for inputs that differ only in case, spaces and Unicode composition. */
export function plainText(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** Starts with a capital, as in `Harbour Bakery`. */
export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1))
}
