"""The frame of every report: one file, no script, nothing from the network, readable in light, dark and print."""

from tasks.html.elements import escape

# The browser itself refuses whatever might slip through: nothing but the style below and inline pictures.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

STYLE = """
:root { color-scheme: light dark; --page: #fbfaf8; --card: #ffffff; --ink: #1d2530; --soft: #5d6878; --line: #e2e0da;
  --positive: #c8443c; --negative: #2f6f9f; --none: #6b7785; --kept: #3f8f6b; --gone: #d59a2d; --grey: #b9bec6;
  --tint: #f1efe9; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --card: #1c2229; --ink: #e6e9ed; --soft: #9aa5b3;
  --line: #303842; --positive: #ef7268; --negative: #69abdb; --none: #98a3b1; --kept: #63bd93; --gone: #e6b455;
  --grey: #56606c; --tint: #232a32; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue",
  Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header p { margin: 0; color: var(--soft); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .35rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0; }
h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.3rem 1.5rem 1.5rem;
  margin-top: 1.25rem; break-inside: avoid; }
.lead { color: var(--soft); margin: .2rem 0 1rem; max-width: 46rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin-top: 1.5rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--grey); border-radius: 10px;
  padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.55rem; line-height: 1.2; } .tile span { color: var(--soft); font-size: .88rem; }
.tile.kept { border-top-color: var(--kept); } .tile.gone { border-top-color: var(--gone); }
.bar { display: flex; height: 1.05rem; border-radius: 3px; overflow: hidden; gap: 1px; min-width: 2px; }
.bar i { min-width: 1px; }
i.positive, .key.positive { background: var(--positive); } i.negative, .key.negative { background: var(--negative); }
i.none, .key.none { background: var(--none); } i.kept, .key.kept { background: var(--kept); }
i.gone, .key.gone { background: var(--gone); } i.grey, .key.grey { background: var(--grey); }
.legend { margin: 0 0 .6rem; font-size: .88rem; color: var(--soft); }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .35rem 0 0; }
.legend span { margin-right: 1.2rem; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); padding: .3rem .8rem
  .3rem 0; }
td { border-bottom: 1px solid var(--line); padding: .38rem .8rem .38rem 0; vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
.figure { text-align: right; white-space: nowrap; padding-right: 0; padding-left: .8rem; }
.wide { width: 40%; min-width: 7rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 2rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .hover { fill: transparent; }
.hover:hover { fill: var(--ink); fill-opacity: .08; }
.area { fill-opacity: .28; stroke-width: 1.6; stroke-linejoin: round; }
.area.positive { fill: var(--positive); stroke: var(--positive); }
.area.negative { fill: var(--negative); stroke: var(--negative); }
.area.none { fill: var(--none); stroke: var(--none); }
.graph { margin: 0 auto; }
.graph .edge { fill: none; stroke: var(--grey); stroke-width: 1.6; }
.graph .box { fill: var(--card); stroke: var(--line); stroke-width: 1.2; }
.graph .mark { fill: var(--none); } .graph .raw .mark { fill: var(--gone); }
.graph .tweets .mark, .graph .corpus .mark { fill: var(--kept); } .graph .model .mark { fill: var(--negative); }
.graph .asked .mark { fill: var(--positive); } .graph .asked .box { stroke: var(--positive); }
.graph text.title { fill: var(--ink); font-size: 13.5px; font-weight: 600; }
.graph text.fact { fill: var(--ink); font-size: 12px; }
.graph text.small { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--tint);
  border-radius: 4px; padding: .1rem .35rem; overflow-wrap: anywhere; white-space: pre-wrap; }
details { border-top: 1px solid var(--line); padding: .55rem 0; } details:first-of-type { border-top: 0; }
summary { cursor: pointer; display: flex; gap: .8rem; align-items: baseline; }
summary b { min-width: 4.5rem; text-align: right; } summary em { font-style: normal; white-space: nowrap; }
summary span { color: var(--soft); }
blockquote { margin: .5rem 0 .9rem 1rem; padding: 0 0 0 .8rem; border-left: 3px solid var(--line); }
blockquote p { margin: 0 0 .25rem; font-size: .9rem; color: var(--soft); }
.words { margin: .2rem 0; line-height: 2; overflow-wrap: anywhere; } .words s { opacity: .75; }
.word { padding: .1rem .3rem .15rem; border-radius: 4px; box-decoration-break: clone; }
.word.positive { background: color-mix(in srgb, var(--positive) var(--strength), transparent); border-bottom: 2px solid
  var(--positive); }
.word.negative { background: color-mix(in srgb, var(--negative) var(--strength), transparent); border-bottom: 2px dotted
  var(--negative); }
.numbered .word { display: inline-block; text-align: center; line-height: 1.3; margin: 0 .1rem .5rem 0; }
.numbered small { display: block; font-size: .72rem; }
.about { margin: .1rem 0 .3rem; font-size: .82rem; color: var(--soft); }
td p { margin: 0 0 .2rem; } a { color: inherit; }
.half { display: flex; } .half i { height: 1.05rem; border-radius: 3px; } .half.right { justify-content: flex-end; }
@media print { body { background: none; } section, .tile { border-color: #bbb; } details { display: block; } }
"""


def page(title: str, subtitle: str, *sections: str) -> str:
    """A whole page of sections that are HTML already."""
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>"
        f"{''.join(sections)}</main></body></html>\n"
    )
