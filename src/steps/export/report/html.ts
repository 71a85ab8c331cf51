// HTML as a template that escapes whatever is put into it.
import { withoutControls } from '../../../text.ts'

/** Markup that is finished, as against text that is still to be escaped. */
export interface Markup {
  readonly markup: string
}

export type Part = Markup | string | number | null | readonly Part[]

/** Marks text as finished HTML. Only for text that this program wrote itself. */
export function trusted(markup: string): Markup {
  return { markup }
}

/** Finished HTML: text and numbers among the parts are escaped, lists joined, `null` left out. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return trusted(strings.map((text, index) => text + render(parts[index] ?? null)).join(''))
}

function render(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return 'markup' in part ? part.markup : part.map(render).join('')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Characters that turn the direction of what comes after them: a name must not rearrange the page. */
const DIRECTIONS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text for an element or a quoted attribute: no markup, no control characters, no characters of direction. */
export function escapeHtml(text: string): string {
  return withoutControls(text)
    .replace(DIRECTIONS, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** The report's only style sheet; nothing in the page is styled elsewhere, so that its policy can name it by its hash. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--panel:#f5f7f9;--line:#d9e0e6;--text:#17212b;--muted:#54616e;--accent:#1f5f93;--soft:#dbe7f1;--good:#2b7a4b}
@media (prefers-color-scheme:dark){:root{--page:#10161c;--panel:#171f27;--line:#2c3844;--text:#e7ecf1;--muted:#9eabb8;--accent:#74b3e6;--soft:#22384b;--good:#6cc492}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.wrap{max-width:66rem;margin:0 auto;padding:0 1.25rem}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--page);padding:.5rem 1rem}
header{border-bottom:1px solid var(--line);padding:2.5rem 0 2rem}
h1{font-size:clamp(1.65rem,4vw,2.25rem);line-height:1.15;letter-spacing:-.015em;margin:0 0 .4rem}
h2{font-size:1.4rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 .6rem}
h3{font-size:1.02rem;margin:0 0 .5rem}
p{margin:.3rem 0 .9rem;max-width:46rem}
.eyebrow{color:var(--accent);font-weight:600;font-size:.85rem;letter-spacing:.03em;margin:0 0 .5rem}
.muted,.note,caption{color:var(--muted)}
.note{font-size:.88rem}
a{color:var(--accent);text-underline-offset:.15em}
nav{padding:.9rem 0;border-bottom:1px solid var(--line)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.3rem;margin:0;padding:0;font-size:.92rem}
nav a,h1,h2{overflow-wrap:anywhere}nav a{text-decoration:none}nav a:hover{text-decoration:underline}
section{padding:2.2rem 0;border-bottom:1px solid var(--line)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.9rem;margin:1.6rem 0 0}
dl.facts div{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.85rem 1rem}
dl.facts dt{color:var(--muted);font-size:.85rem}
dl.facts dd{margin:0;font-size:1.65rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
dl.facts small{display:block;font-size:.84rem;font-weight:400;color:var(--muted);line-height:1.35;margin-top:.15rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:2rem 2.75rem;margin-top:1.2rem;align-items:start}
.scroll{overflow-x:auto}
.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table+p,.scroll+p,.scroll+.note{margin-top:.7rem}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.88rem;padding-bottom:.5rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:600;font-size:.84rem;vertical-align:bottom}
tbody th{font-weight:500}
.num{text-align:right;white-space:nowrap}
code{font:.87em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;overflow-x:auto;margin:.5rem 0 1.1rem}
pre code{overflow-wrap:normal}
.names{white-space:nowrap}
th small{display:block;font-weight:400;font-size:.88em;color:var(--muted);max-width:34rem}
.bars{max-width:46rem}
.bars caption{color:var(--text);font-size:1.02rem;font-weight:700}
.bars th,.bars td{border:0;padding-top:.2rem;padding-bottom:.4rem;vertical-align:bottom}
.bars th[scope=row]{width:99%}
.bars svg{display:block;width:100%;height:.42rem;margin-top:.22rem;border-radius:.21rem}
.track{fill:var(--soft)}.fill{fill:var(--accent)}.fill.good{fill:var(--good)}
.meter{display:block;width:100%;height:.85rem;border-radius:.42rem;margin:.4rem 0 .9rem}
.chart{margin:1.2rem 0 .4rem}
.plot{display:flex;gap:.6rem;margin-bottom:2rem}
.ticks{display:flex;flex-direction:column;justify-content:space-between;height:14.2rem;margin-top:-.6rem;font-size:.78rem;line-height:1.2rem;color:var(--muted);text-align:right;font-variant-numeric:tabular-nums}
.plot svg{display:block;flex:1;min-width:0;height:13rem;overflow:visible}
.plot text{fill:var(--muted);font-size:.78rem}
.plot .grid{stroke:var(--line);stroke-width:1}
details{margin:.3rem 0 .8rem;font-size:.93rem}summary{cursor:pointer;color:var(--accent);width:max-content}
details table{max-width:24rem;margin-top:.5rem}
.sample{min-width:44rem}
.dictionary{table-layout:fixed;min-width:46rem}
.scroll+h3{margin-top:2.2rem}
.dictionary th:nth-child(1){width:24%}.dictionary th:nth-child(2){width:38%}.dictionary th:nth-child(3){width:16%}
footer{padding:1.6rem 0 3rem;color:var(--muted);font-size:.88rem}
@media (max-width:48rem){.pair{grid-template-columns:1fr}dl.facts{grid-template-columns:1fr 1fr}header{padding:1.6rem 0}section{padding:1.7rem 0}}
@media screen and (max-width:48rem){.names{white-space:normal;overflow-wrap:anywhere}.dictionary,.sample{min-width:0}pre{white-space:pre-wrap}pre code{overflow-wrap:anywhere}
.stack,.stack tbody,.stack tr,.stack th,.stack td{display:block;width:auto}.stack thead{position:absolute;left:-999rem}
.stack tbody tr{border-bottom:1px solid var(--line);padding:.5rem 0}.stack tbody th,.stack tbody td{border:0;padding:.1rem 0;text-align:left;white-space:normal;overflow-wrap:anywhere}
.dictionary.stack tbody th,.dictionary.stack tbody td{width:auto}.stack td[data-head]::before{content:attr(data-head) ": ";color:var(--muted)}}
@media (max-width:24rem){dl.facts dd{font-size:1.4rem}}
@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:"Page " counter(page) " of " counter(pages);font:8pt system-ui,sans-serif;color:#444}}
@media print{
:root{color-scheme:light;--page:#fff;--panel:#fff;--line:#c9d1d8;--text:#000;--muted:#444;--accent:#1f5f93;--soft:#e3ebf2;--good:#2b7a4b}
body{font-size:10pt}.wrap{max-width:none;padding:0}.pair{display:block}.pair>div+div{margin-top:1.6rem}nav,details,.skip{display:none}
section{padding:1.2rem 0}h2,h3,h2+p,h3+p,.chart h3,caption,thead{break-after:avoid}tbody tr:first-child{break-before:avoid}tbody tr:last-child,table+.note{break-before:avoid}
tr,.chart,.bars,.pair>div,dl.facts,li,h2+p,h3+p{break-inside:avoid}thead{display:table-header-group}p{orphans:3;widows:3}#dictionary{break-before:page}
.scroll{overflow:visible}.dictionary,.sample{min-width:0}pre{white-space:pre-wrap;overflow-wrap:anywhere}th,td{overflow-wrap:break-word}th .names{white-space:normal}.dictionary{font-size:8pt}
svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`
