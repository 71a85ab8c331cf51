// Names of companies and people as they are compared, whoever typed them.

/** Letters that no decomposition reduces to a plain one. */
const PLAIN: Record<string, string> = {
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  ß: 'ss',
  þ: 'th',
  ı: 'i',
  ς: 'σ',
}

/** The words of a name as they are compared: lower case, no accents; apostrophes and dots join, all else separates. */
export function nameWords(name: string): string[] {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[łđðøæœßþıς]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/['’‘ʼ`´.]+/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}
