// How likely a domain is the company's own. Snov gives one domain per name, with no word about how it was chosen (facts
// 3), so the judgement is made here, from the two names and from who else has the domain.
import emailProviders from 'email-providers/all.json' with { type: 'json' }
import { getDomainWithoutSuffix } from 'tldts'
import { normalName } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'

export interface DomainClaim {
  companyName: string
  domain: string
  /** Other companies for which the same domain was found. */
  sharedWith: number
}

/** Mail for everybody, beside what the kept list has: British access providers, and the sandbox's. */
const MORE_WEBMAIL = 'gmx.co.uk fastmail.com plus.net mail.example'

/** Sites, directories, registrars and parking pages that lend a host to many. */
const LENT = `facebook.com instagram.com twitter.com x.com linkedin.com youtube.com tiktok.com wixsite.com wix.com
  wordpress.com blogspot.com weebly.com squarespace.com godaddysites.com business.site sites.google.com github.io
  webnode.co.uk yolasite.com jimdosite.com myshopify.com shopify.com etsy.com ebay.co.uk ebay.com amazon.co.uk
  amazon.com yell.com checkatrade.com trustpilot.com gov.uk nhs.uk companieshouse.gov.uk endole.co.uk
  company-information.service.gov.uk opencorporates.com companycheck.co.uk parkingcrew.net sedoparking.com sedo.com
  dan.com afternic.com bodis.com hugedomains.com parklogic.com above.com`

const NOBODYS_OWN = new Set([...emailProviders, ...`${MORE_WEBMAIL} ${LENT}`.split(/\s+/)])

/** Words that a domain may add or leave out without becoming another company's. */
const FILLERS = new Set(
  `the and of uk gb group holdings holding international global services service solutions company co
  limited ltd plc llp cic inc online official england britain`.split(/\s+/),
)

/** Legal forms that a domain of somebody abroad ends with; the name that was looked for has no legal form left. */
const FOREIGN_FORM = /-(?:gmbh|ag|pty|inc|corp|llc|srl|sarl|sas|spa|bv|nv|oy|ab|aps|kft|sro|pvt)$/

/** A domain of a same-named company abroad is worth no more than this. */
const MAX_FOREIGN = 40

/**
 * A plausibility from 0 to 100: 95 for a domain that spells the name, about 50 for one that spells its first word,
 * below 30 for a stranger; less when other companies have the same domain, and next to nothing for webmail and hosts
 * that are lent to everybody.
 */
export function domainConfidence({ companyName, domain, sharedWith }: DomainClaim): number {
  const host = domain
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^www\./, '')
  const registered = registeredLabel(host)
  const label = registered.replace(/[^\p{L}\p{N}]/gu, '')
  if (label === '') return 0
  const spelled = likenessOf(wordsOf(companyName), label)
  const likeness = FOREIGN_FORM.test(registered) ? Math.min(spelled, MAX_FOREIGN) : spelled
  const others = Math.max(0, sharedWith)
  const alone = 1 / (1 + others * (likeness >= 90 ? 0.1 : 0.35))
  const score = likeness * Math.max(alone, 0.1)
  return Math.round(isNobodysOwn(host) ? Math.min(5, score) : score)
}

/** The label that was registered: `northgate-widgets` of `shop.northgate-widgets.co.uk`; empty where there is none. */
function registeredLabel(host: string): string {
  if (host.split('.').includes('')) return ''
  return getDomainWithoutSuffix(host, { allowPrivateDomains: true, validateHostname: false }) ?? ''
}

function isNobodysOwn(host: string): boolean {
  const labels = host.split('.')
  return labels.some((_, index) => NOBODYS_OWN.has(labels.slice(index).join('.')))
}

function wordsOf(companyName: string): string[] {
  return normalName(companySearchName(companyName).replaceAll('&', ' and ')).split(' ')
}

function likenessOf(words: string[], label: string): number {
  const telling = words.filter((word) => !FILLERS.has(word))
  const core = telling.length > 0 ? telling : words
  const spellings = [words.join(''), words.filter((word) => word !== 'and').join(''), core.join('')]
  const bare = withoutFillers(label)
  if (spellings.some((spelling) => spelling === label)) return 95
  if (spellings.some((spelling) => spelling === bare || withoutFillers(spelling) === bare)) return 90
  return Math.max(
    spelledLikeness(core, bare),
    initialsLikeness(words, core, label),
    similarity(core.join(''), bare) * 70,
  )
}

/** The domain spells some of the telling words in their order, and perhaps more. */
function spelledLikeness(core: string[], label: string): number {
  let at = 0
  let spelled = 0
  for (const word of core) {
    const found = label.indexOf(word, at)
    if (found === -1 || word.length < 2) continue
    at = found + word.length
    spelled += word.length
  }
  if (spelled < 4) return 0
  const ofName = spelled / core.join('').length
  const ofLabel = spelled / label.length
  return 85 * Math.sqrt(ofLabel) * (0.45 + 0.55 * ofName)
}

/** Three or more initials alone, as in `hlb` for Harbour Lane Bakery, or before the rest of the name, as in `hlbakery`. */
function initialsLikeness(words: string[], core: string[], label: string): number {
  for (const list of [words, core]) {
    const initials = list.map(([first = '']) => first)
    if (label.length >= 3 && initials.join('') === label) return 60
    const led = list.some((_, at) => at > 0 && label === initials.slice(0, at).join('') + list.slice(at).join(''))
    if (led) return 72
  }
  return 0
}

function withoutFillers(label: string): string {
  const ending = /(?:uk|gb|ltd|limited|plc|llp|group|holdings|online|official|co)$/.exec(label)?.[0] ?? ''
  const shorter = label.slice(0, label.length - ending.length).replace(/^the(?=.{3})/, '')
  return shorter.length >= 3 ? shorter : label
}

/** Dice's coefficient over pairs of letters, 0 to 1. */
function similarity(a: string, b: string): number {
  const pairs = (text: string) =>
    Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2))
  const left = pairs(a)
  const right = pairs(b)
  if (left.length === 0 || right.length === 0) return 0
  const rest = [...right]
  const shared = left.filter((pair) => {
    const at = rest.indexOf(pair)
    if (at !== -1) rest.splice(at, 1)
    return at !== -1
  })
  return (2 * shared.length) / (left.length + right.length)
}
