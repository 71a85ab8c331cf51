// The page that a customer opens: one file, no script, nothing loaded from anywhere.
import { createHash } from 'node:crypto'
import { contents, coverage, head } from './contents.ts'
import { deltaGuide } from './delta-guide.ts'
import { companyFigures, contactFigures, officerFigures } from './figures.ts'
import { checking, dictionary, origin } from './guide.ts'
import { html, type Markup, trusted } from './html.ts'
import type { ReportData } from './report-data.ts'
import { STYLE } from './style.ts'

const LINKS: readonly [id: string, name: string][] = [
  ['contents', 'Contents'],
  ['coverage', 'Coverage'],
  ['companies', 'Companies'],
  ['officers', 'Officers'],
  ['contacts', 'Domains and e-mail'],
  ['check', 'Check'],
  ['updates', 'Updates'],
  ['origin', 'Origin'],
  ['dictionary', 'Dictionary'],
]

/** The whole of `report.html`. Whatever comes from outside is escaped; the same data give the same bytes. */
export function renderReport(data: ReportData): string {
  const body = html`${sections(data)}`
  const links = LINKS.filter(([id]) => body.markup.includes(`<section id="${id}">`))
  return html`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>UK companies and their officers: data package of ${data.asOf.slice(0, 10)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the contents</a>
${head(data)}<nav aria-label="Sections"><div class="wrap"><ul>${links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></div></nav>
<main id="main" class="wrap">
${body}</main>
<footer><div class="wrap">Made by chpipe ${data.programVersion}, schema version ${data.schemaVersion}, from the data as of ${data.asOf}.</div></footer>
</body>
</html>
`.markup
}

function sections(data: ReportData): (Markup | null)[] {
  return [
    contents(data),
    coverage(data),
    companyFigures(data),
    officerFigures(data),
    contactFigures(data),
    checking(data),
    deltaGuide(data),
    origin(data),
    dictionary(data),
  ]
}

/** Nothing may be loaded or run; the one style sheet is known by its hash. */
function policy(): string {
  const hash = createHash('sha256').update(STYLE).digest('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
}
