"""What a variant can say: its topics and the values of each. Docs: every variant is written in these words and no others."""

import re
from collections.abc import Mapping

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max", "none", "auto", "default", "unknown")
MODES = ("fc", "prompt", "architect", "editor", "diff", "udiff", "whole", "fenced")
SERVINGS = (
    *("beta", "cheaper", "exacto", "extended", "fast", "floor", "free", "global", "highthroughput", "maas", "nitro"),
    *("optimized", "original", "raw", "tee", "tput", "turbo", "webapp"),
)
LANGUAGES = (
    *("python", "java", "javascript", "typescript", "go", "rust", "ruby", "php", "kotlin", "swift"),
    *("english", "chinese", "german", "french", "spanish", "japanese", "korean"),
)

# By topic, what values look like. Several values of one topic (two models in a row, say) stand with " + " between them.
TOPICS: Mapping[str, re.Pattern[str]] = {
    topic: re.compile(values)
    for topic, values in {
        # The program around the model, in the publisher's spelling; the test bench that drove it.
        "agent": r"[^;=]+",
        "harness": r"[\w.-]+",
        # A name that floats over releases.
        "alias": "latest",
        # Beams of the search; samples that the best was chosen from; examples in the prompt.
        "beams": _NUMBER,
        "samples": _NUMBER,
        "shots": rf"{_NUMBER}|few",
        # Thinking, the tokens that it may take (32k is 32,000), and how hard the model was told to try.
        "thinking": "on|off|auto",
        "budget": rf"{_NUMBER}k?|default|unknown",
        "effort": "|".join(EFFORTS),
        # Tokens of the context window, and of an answer.
        "context": _NUMBER,
        "length": _NUMBER,
        # What the publisher says of the claim.
        "claim": "reproduced|community|verified",
        # Function calls by the API or by the prompt; edit formats.
        "mode": "|".join(MODES),
        # Tools at hand, or the version of the tools' API; whether the web was searched.
        "tools": rf"on|off|{_DATE}",
        "web": "on",
        # The prompt, the input and the language of the tasks.
        "prompt": "cot|adversarial",
        "input": "text",
        "detail": "high|low",
        "language": "|".join(LANGUAGES),
        "window": rf"{_DATE}\.\.{_DATE}",
        # Who served the model, how, and in which precision.
        "host": r"[\w. @/-]+",
        "serving": "|".join(SERVINGS),
        "precision": "bf16|fp16|fp32",
        # How tokens were drawn; settings that have no topic, as the publisher's key and value.
        "temperature": _NUMBER,
        "sampling": "greedy|sampled",
        "run": _NUMBER,
        "settings": "recommended|default",
        "setting": r"[\w. -]+",
    }.items()
}


def note(variant: dict[str, str], topic: str, value: str) -> None:
    """Adds what was found to a variant, once."""
    if value not in variant.get(topic, "").split(" + "):
        variant[topic] = f"{variant[topic]} + {value}" if topic in variant else value


def written(variant: Mapping[str, str]) -> str | None:
    """The variant as one text, such as `agent=OpenHands; effort=high`; None where there is nothing to say."""
    return "; ".join(f"{topic}={value}" for topic, value in sorted(variant.items())) or None


def in_vocabulary(text: str) -> bool:
    """Whether a written variant holds known topics with known values alone."""
    parts = [part.partition("=") for part in text.split("; ")]
    said = [(topic, value) for topic, _, values in parts for value in values.split(" + ")]
    return all(topic in TOPICS and TOPICS[topic].fullmatch(value) for topic, value in said)
