"""What a customer keeps of an end or a withdrawal that he declared, on paper.

Values in, PDF out: every text is given, in the reader's language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

GREY, RULE = HexColor("#555555"), HexColor("#cccccc")


@dataclass(frozen=True)
class Receipt:
    """What a receipt says: the sender line by line, facts by label, and what follows from them."""

    sender: Sequence[str]
    title: str
    facts: Sequence[tuple[str, str]]
    heading: str
    effects: Sequence[str]
    footnote: str


def render(receipt: Receipt) -> bytes:
    """The receipt as PDF."""
    text = ParagraphStyle("text", parent=getSampleStyleSheet()["Normal"], fontSize=10, leading=14, spaceAfter=4)
    small = ParagraphStyle("small", parent=text, fontSize=8, leading=11, textColor=GREY)
    title = ParagraphStyle("title", parent=text, fontName="Helvetica-Bold", fontSize=15, leading=20, spaceAfter=10)
    heading = ParagraphStyle("heading", parent=text, fontName="Helvetica-Bold", fontSize=11, spaceBefore=14)

    def lines(value, style=text):
        return Paragraph("<br/>".join(map(escape, value.splitlines())), style)

    facts = Table(
        [[lines(label, small), lines(value)] for label, value in receipt.facts], colWidths=[5 * cm, 11.5 * cm]
    )
    facts.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.3, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    output = BytesIO()
    document = SimpleDocTemplate(
        output, pagesize=A4, leftMargin=2.2 * cm, rightMargin=2.2 * cm, topMargin=2 * cm, bottomMargin=2 * cm,
        title=receipt.title, author=receipt.sender[0],
    )  # fmt: skip
    document.build(
        [
            lines("\n".join(filter(None, receipt.sender)), small),
            Spacer(1, 0.8 * cm),
            lines(receipt.title, title),
            facts,
            lines(receipt.heading, heading),
            *map(lines, receipt.effects),
            Spacer(1, 0.6 * cm),
            lines(receipt.footnote, small),
        ]
    )
    return output.getvalue()
