"""The comparison of models as a page: the models of one data set in one table, with one best."""

import base64
import html
import io
from collections.abc import Sequence

from tasks.evaluation.choice import DataSet, data_sets
from tasks.evaluation.comparison import ModelRow, comparison_figure

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>crisisflow: models compared</title>
<style>
 :root {{ color-scheme: light dark }}
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
 table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }}
 th, td {{ padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #8884 }}
 th:first-child, td:first-child {{ text-align: left }}
 small {{ opacity: .7 }} .best {{ font-weight: 600 }} img {{ max-width: 100%; background: white; border-radius: .5rem }}
 td:first-child {{ white-space: nowrap }} code {{ font-size: .85em }}
</style></head><body>
<h1>Models compared</h1>
<p>Scores on the held-out test rows, with 95&nbsp;% bootstrap intervals. F1 is that of the positive class: real
disasters. The model in bold was chosen on the validation rows: the simplest of those whose log loss they cannot
tell from the lowest. Overlapping intervals mean that the test rows cannot tell two models apart.{warning}</p>
{sections}
</body></html>
"""
SECTION = """<h2>{title}</h2>
<p><b>{best}</b>: {choice}.</p>
<img alt="Accuracy and F1 of all models with intervals" src="data:image/png;base64,{picture}">
<table><thead><tr><th>model<th>accuracy<th>F1<th>ROC AUC<th>log loss<th>training<th>run</tr></thead>
<tbody>
{body}
</tbody></table>"""
WARNING = (
    " <b>These models were scored on the rows of {count} data sets: compare only models in one table.</b> Which of two "
    "models of different tweets is better, the promotion gate answers on rows that both held out."
)


def comparison_page(rows: Sequence[ModelRow]) -> str:
    """The comparison as one HTML page that needs nothing else; a table for each data set."""
    found = data_sets(rows)
    warning = WARNING.format(count=len(found)) if len(found) > 1 else ""
    return PAGE.format(warning=warning, sections="\n".join(map(_section, found)))


def _section(data: DataSet) -> str:
    picture = io.BytesIO()
    comparison_figure(data.rows).savefig(picture, format="png", dpi=120)
    body = "\n".join(_html_row(row, row is data.best) for row in data.rows)
    encoded = base64.b64encode(picture.getvalue()).decode()
    title, best, words = map(html.escape, (data.title, data.best.name, data.chosen.words))
    return SECTION.format(title=title, best=best, choice=words, picture=encoded, body=body)


def _html_row(row: ModelRow, best: bool) -> str:
    cells = [
        html.escape(row.name),
        *(
            f"{value:.3f} <small>{low:.3f}-{high:.3f}</small>"
            for value, (low, high) in ((row.accuracy, row.accuracy_interval), (row.f1, row.f1_interval))
        ),
        f"{row.roc_auc:.3f}",
        f"{row.log_loss:.3f}",
        f"{row.train_seconds:.1f} s",
        f"<code>{html.escape(row.run_id[:8])}</code>",
    ]
    return f"<tr{' class=best' if best else ''}>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"
