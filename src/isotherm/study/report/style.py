"""The look of a report: one column, quiet colours, figures of full width, fit for print."""

CSS = """
:root { --ink: #1d2530; --soft: #5c6875; --line: #dfe3e8; --paper: #fdfdfb; --accent: #b4432c;
  --wash: #f5f3ee; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 17px/1.6 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; }
main { max-width: 60rem; margin: 0 auto; padding: 3.5rem 1.5rem 5rem; }
header, .conclusions, section > p { max-width: 44rem; }
h1 { font-size: 2.3rem; line-height: 1.15; margin: 0.2rem 0 1rem; letter-spacing: -0.01em;
  text-wrap: balance; }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
.kicker { margin: 0; color: var(--accent); letter-spacing: 0.04em; }
.summary { font-size: 1.15rem; }
.kicker, .byline, table, dl, small, .note, figcaption {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.kicker, .byline { font-size: 0.85rem; }
.byline, .note, small, dt { color: var(--soft); }
.banner { max-width: 44rem; margin: 2rem 0 0; padding: 0.8rem 1.1rem; background: #fbf1ec;
  border-left: 4px solid var(--accent); font-size: 0.95rem; }
.conclusions { padding-left: 1.2rem; }
.conclusions li { margin: 0.6rem 0; padding-left: 0.3rem; }
.conclusions li::marker { color: var(--accent); }
figure { margin: 2rem 0 2.5rem; }
figure img { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
figcaption { margin-top: 0.7rem; font-size: 0.9rem; color: var(--soft); max-width: 48rem; }
figure.table figcaption { margin: 0 0 0.6rem; color: var(--ink); font-weight: 600; font-size: 0.95rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; line-height: 1.45; font-variant-numeric: tabular-nums;
  min-width: 100%; border-top: 2px solid var(--ink); border-bottom: 1px solid var(--ink); }
th, td { padding: 0.45rem 0.8rem; vertical-align: top; text-align: right; }
th:first-child, td:first-child { text-align: left; padding-left: 0.2rem; }
td { white-space: nowrap; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.note { font-size: 0.8rem; margin: 0.5rem 0 0; }
.settings th, .settings td { text-align: left; }
.settings td:last-child { white-space: normal; min-width: 18rem; }
.settings td:nth-child(2) { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
.differs > * { background: #fbf1ec; }
.changed { color: var(--accent); }
code, pre { font: 0.88em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
pre { background: var(--wash); padding: 0.9rem 1.1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.4rem; font-size: 0.85rem; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { body { font-size: 16px; } main { padding-top: 2rem; } h1 { font-size: 1.8rem; } }
@media print { body { background: #fff; font-size: 10.5pt; } main { max-width: none; padding: 0; }
  h2 { break-after: avoid; } figure, tr, pre { break-inside: avoid; } .scroll { overflow: visible; } }
"""
