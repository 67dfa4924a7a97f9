"""report.html of a translator: everything on one page that needs nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.language import Language
from report.template import load_template
from translation.job import TranslatorSpec
from translation.learn import Look
from translation.pairs import Pairs
from translation.score import Example, Scored

EXAMPLES_SHOWN = 12
WIDTH, HEIGHT = 640, 240


@dataclass(frozen=True)
class Learned:
    """What the report tells."""

    pairs: Pairs
    looks: list[Look]
    scored: Scored
    performance: dict[str, Any]
    versions: dict[str, str]


def render_report(spec: TranslatorSpec, learned: Learned) -> str:
    """HTML; every sentence of the uploader is escaped by the template."""
    page = load_template(Path(__file__).with_name("report.html.j2"))
    examples = learned.scored.examples
    return page.render(
        t=Language(spec.report_language, "translator."),
        spec=spec,
        learned=learned,
        performance=learned.performance,
        left_aside={k: v for k, v in learned.pairs.left_aside.items() if v},
        kinds=[
            ("best", examples[:EXAMPLES_SHOWN]),
            ("typical", middle(examples)),
            ("worst", examples[::-1][:EXAMPLES_SHOWN]),
        ],
        curves=curves(learned.looks),
        size=(WIDTH, HEIGHT),
    )


def middle(examples: list[Example]) -> list[Example]:
    """Those around the median: what to expect."""
    start = max(0, (len(examples) - EXAMPLES_SHOWN) // 2)
    return examples[start : start + EXAMPLES_SHOWN]


def curves(looks: list[Look]) -> dict[str, str]:
    """Name → points of an SVG line: loss against seconds, both from 0 in the lower left corner."""
    if not looks:
        return {}
    longest = max(look.seconds for look in looks) or 1.0
    highest = max(max(look.learned_loss, look.held_out_loss) for look in looks) or 1.0

    def points(losses: list[float]) -> str:
        return " ".join(
            f"{look.seconds / longest * WIDTH:.1f},{HEIGHT - loss / highest * HEIGHT:.1f}"
            for look, loss in zip(looks, losses, strict=True)
        )

    return {
        "learned": points([look.learned_loss for look in looks]),
        "held-out": points([look.held_out_loss for look in looks]),
    }
