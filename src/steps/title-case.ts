/** Lower case inside a surname, though not as its last word. `le` and `la` alone are capital: Le Feuvre. */
const PARTICLES = new Set(
  'van von der den de del della di da das do dos du des ten ter zu zum zur af av bin ibn binti e y'.split(' '),
)

/** Two or three words that belong together in lower case: de la Mare. */
const ARTICLES_AFTER_DE = new Set(['la', 'las', 'los', 'le', 'l'])

/** Behind a name; single letters and `VI`-like given names are left alone unless they end it. */
const NUMERAL = /^(?:II|III|IV|VI{1,3}|IX)$/

/** `Mac` names with a capital behind it. Machin, Mackie, Maciej, Macey, Macron and the like are none. */
const MAC = /^mac(?=[bdfglmnpqrstw]\p{L}{3}|rae$|nab$)(?!maher|ron$|lin$)/u

/**
 * A name in the case that people write it: `VAN DER BERG` -> `van der Berg`, `MCDONALD` -> `McDonald`. Words in mixed
 * case are taken as their owner wrote them.
 */
export function titleCase(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return words
    .map((word, index) => {
      const last = index === words.length - 1
      if (last && index > 0 && NUMERAL.test(word)) return word
      const small = lowerCase(word)
      const before = lowerCase(words[index - 1] ?? '')
      if (!last && isShouted(word)) {
        if (PARTICLES.has(small)) return small
        if (before === 'de' && ARTICLES_AFTER_DE.has(small)) return small
      }
      return word.split(/(-)/).map(capitalPart).join('')
    })
    .join(' ')
}

/** One part of a double-barrelled word. */
function capitalPart(part: string): string {
  if (!isShouted(part) && part !== lowerCase(part)) {
    const [, prefix = '', rest = ''] = /^(Ma?c|[A-Z]['’])(\p{Lu}{2,})$/u.exec(part) ?? []
    return prefix ? prefix + capitalWord(rest) : part
  }
  const small = lowerCase(part)
  const [, elided, apostrophe = '', rest = ''] = /^(\p{L}{1,4})(['’‘ʼ`´])(\p{L}{2,}.*)$/u.exec(small) ?? []
  if (elided) return capitalWord(elided) + apostrophe + capitalWord(rest)
  return capitalWord(small)
}

function capitalWord(word: string): string {
  const small = lowerCase(word)
  const scottish = /^mc(?=\p{L})/u.exec(small)?.[0] ?? MAC.exec(small)?.[0]
  if (scottish) return capital(scottish) + capital(small.slice(scottish.length))
  return capital(small)
}

function capital(word: string): string {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length)
}

/** Turkish İ leaves a dot behind that no reader of `Şahin` writes. */
function lowerCase(text: string): string {
  return text.toLowerCase().replaceAll('i\u0307', 'i')
}

function isShouted(word: string): boolean {
  return word === word.toUpperCase()
}
