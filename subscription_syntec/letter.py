"""The letter that tells a customer of new prices, on paper.

Values in, PDF out: every text is given, in the reader's language.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

GREY, RULE = HexColor("#666666"), HexColor("#cccccc")


@dataclass(frozen=True)
class Letter:
    """What a letter says: sender and recipient line by line, paragraphs, and a table whose first row is its heading."""

    sender: Sequence[str]
    recipient: Sequence[str]
    place_and_date: str
    subject: str
    before_table: Sequence[str]
    table: Sequence[Sequence[str]]
    after_table: Sequence[str]
    closing: Sequence[str]
    footnotes: Sequence[str] = field(default_factory=tuple)


def render(letter: Letter) -> bytes:
    """The letter as PDF."""
    styles = getSampleStyleSheet()
    normal = ParagraphStyle("text", parent=styles["Normal"], fontSize=10, leading=14, spaceAfter=8)
    small = ParagraphStyle("small", parent=normal, fontSize=8, leading=11, textColor=GREY)
    right = ParagraphStyle("right", parent=normal, alignment=2)
    strong = ParagraphStyle("strong", parent=normal, fontName="Helvetica-Bold")

    def lines(texts, style):
        return Paragraph("<br/>".join(escape(text) for text in texts if text), style)

    flow = [
        lines(letter.sender, small),
        Spacer(1, 0.6 * cm),
        Table([["", lines(letter.recipient, normal)]], colWidths=[9 * cm, 7.5 * cm]),
        Spacer(1, 0.6 * cm),
        Paragraph(escape(letter.place_and_date), right),
        Paragraph(escape(letter.subject), strong),
        Spacer(1, 0.3 * cm),
        *[Paragraph(escape(text), normal) for text in letter.before_table],
        _table(letter.table, normal, right, strong),
        Spacer(1, 0.4 * cm),
        *[Paragraph(escape(text), normal) for text in letter.after_table],
        Spacer(1, 0.4 * cm),
        lines(letter.closing, normal),
        *[Paragraph(escape(text), small) for text in letter.footnotes],
    ]
    output = BytesIO()
    document = SimpleDocTemplate(
        output, pagesize=A4, leftMargin=2.2 * cm, rightMargin=2.2 * cm, topMargin=2 * cm, bottomMargin=2 * cm,
        title=letter.subject, author=letter.sender[0] if letter.sender else "",
    )  # fmt: skip
    document.build(flow)
    return output.getvalue()


def _table(rows, normal, right, strong):
    """The first column takes the room that is left; figures stand at the right."""
    head, *body = rows
    heading = ParagraphStyle("heading", parent=right, fontName="Helvetica-Bold")
    cells = [[Paragraph(escape(text), heading if column else strong) for column, text in enumerate(head)]]
    cells += [[Paragraph(escape(text), right if column else normal) for column, text in enumerate(row)] for row in body]
    table = Table(cells, colWidths=[7.6 * cm] + [9 * cm / (len(head) - 1)] * (len(head) - 1), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, GREY),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table
