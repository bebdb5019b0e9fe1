"""One row per naming rule, with names as they are published."""

import pytest

from budmodel_pipeline.identity.resolve import resolve

SAME = [
    ("case and separators", "Claude-3.5_sonnet", "claude 3-5 Sonnet"),
    ("double separators", "anthropic--claude-3-opus", "Claude 3 Opus"),
    ("word order", "Claude 4 Sonnet", "claude-sonnet-4"),
    ("word order with a revision", "Gemini-Pro-1.5-002", "gemini-1.5-pro-002"),
    ("p for the point", "accounts/fireworks/models/deepseek-v3p2", "deepseek-ai/DeepSeek-V3.2"),
    ("underscore for the point", "Llama-3_3-Nemotron-Super-49B-v1_5", "nvidia-llama-3.3-nemotron-super-49b-v1.5"),
    ("hyphen for the point", "qwen2-5-7b-instruct", "Qwen/Qwen2.5-7B-Instruct"),
    ("a size whose point was lost", "deepseek-r1-distill-qwen-1-5b", "DeepSeek-R1-Distill-Qwen-1.5B"),
    ("a version whose point was lost", "openai-gpt-52", "GPT-5.2"),
    ("a trailing .0", "gemini-3.0-pro-preview", "Gemini 3 Pro Preview"),
    ("v before a version", "deepseek-3.2", "DeepSeek-V3.2"),
    ("a leading zero in a version", "mistralai/mistral-7b-instruct-v03", "Mistral-7B-Instruct-v0.3"),
    ("vendor as prefix", "OpenAI GPT-4-Turbo", "gpt-4-turbo"),
    ("vendor of two words as prefix", "z-ai-glm-5-turbo", "zai-org/GLM-5-Turbo"),
    ("renamed organization", "CohereForAI/c4ai-command-r-plus", "CohereLabs/command-r-plus"),
    ("cloud prefix and revision", "anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
    ("the vendor is half of the name", "us.deepseek.r1-v1:0", "DeepSeek R1"),
    ("revision of Amazon's own models", "amazon.nova-pro-v1:0", "Amazon Nova Pro 1.0"),
    ("conversion suffix", "codellama/CodeLlama-34b-Instruct-hf", "CodeLlama-34B-Instruct"),
    ("abbreviations", "Mixtral-8x7B-Ins", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
    ("words joined", "Stable Beluga 2", "stabilityai/StableBeluga2"),
    ("it is instruct", "Gemma-3-27B-Instruct", "google/gemma-3-27b-it"),
    ("size in parentheses", "Qwen1.5 Chat (110B)", "Qwen1.5-110B-Chat"),
    ("size behind a colon", "gpt-oss:120b", "openai/gpt-oss-120b"),
    ("address as a name", "https://huggingface.co/zai-org/GLM-4.6", "GLM-4.6"),
    ("flags", "*zai-org/GLM-5.2", "zai-org/GLM-5.2"),
    ("host before a cloud prefix", "bedrock/anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4.1-20250805"),
    ("host and region before a cloud prefix", "bedrock/us.meta.llama3-3-70b-instruct-v1:0", "Llama-3.3-70B-Instruct"),
    ("host written with an underscore", "azure_ai/Llama-3.3-70B-Instruct", "Llama-3.3-70B-Instruct"),
    ("region behind a host", "azure/eu/gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
    ("another host with an underscore", "vertex_ai/claude-opus-4@20250514", "claude-opus-4-20250514"),
    ("host of containers", "nvidia_nim/meta/llama-3.1-405b-instruct", "Llama-3.1-405B-Instruct"),
    ("path of a catalog", "publishers/anthropic/models/claude-sonnet-4-5", "Claude Sonnet 4.5"),
    ("family as a folder", "gemini/gemini-2.0-flash-lite-preview-02-05", "gemini-2.0-flash-lite-preview-02-05"),
    ("host of weights", "hf.co/Qwen/Qwen3-30B-A3B", "Qwen3-30B-A3B"),
    ("revision that an API counts", "claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022"),
    ("a revision that is a version", "anthropic.claude-v2:1", "Claude 2.1"),
    ("maker in parentheses", "Grok 3 Beta (xAI)", "grok-3-beta"),
    ("date as a month with a short year", "GPT-4o (Nov '24)", "gpt-4o-2024-11-20"),
    (
        "the same with a typographer's quote",
        "Claude 3.5 Sonnet (Oct \N{RIGHT SINGLE QUOTATION MARK}24)",
        "claude-3-5-sonnet-20241022",
    ),
    ("version and month", "Mistral Large 2 (Nov '24)", "mistral-large-2411"),
    ("revision and month", "gemini-1.5-pro-002 (Sep '24)", "Gemini 1.5 Pro (Sep '24)"),
    ("plus as a word", "Command R+", "command-r-plus"),
    ("greek letters", "Zephyr β-7B", "zephyr-7b-beta"),
    ("date with the month before the day", "chatgpt-4o-01-29-2025", "ChatGPT-4o-latest (2025-01-29)"),
    ("date as MM/DD", "Claude 3.5 Sonnet (06/20)", "claude-3-5-sonnet-20240620"),
    ("date as MMDD", "GPT-4o (1120, detail-high)", "gpt-4o-2024-11-20"),
    ("date as a month", "GPT-4 Turbo (Apr 2024)", "gpt-4-turbo-2024-04-09"),
    ("date as YY/MM", "Mistral Large (24/02)", "mistral-large-2402"),
    ("date as YY.MM", "Codestral 25.01", "codestral-2501"),
    ("date as MM-YYYY", "c4ai-command-r-08-2024", "command-r-2408"),
    ("open repository of an API name", "moonshot/kimi-k2-0711-preview", "moonshotai/Kimi-K2-Instruct"),
    ("API name of a dated repository", "devstral-small-2512", "mistralai/Devstral-Small-2-24B-Instruct-2512"),
    ("chat that adds nothing", "deepseek/deepseek-chat-v3-0324", "DeepSeek-V3-0324"),
    ("tuning behind a plus", "Tulu 2+DPO 70B", "tulu-2-dpo-70b"),
    ("a re-upload", "unsloth/gemma-3-4b-it", "google/gemma-3-4b-it"),
]

DIFFERENT = [
    ("months", "GPT-4o (May '24)", "GPT-4o (Nov '24)"),
    ("another maker in parentheses", "Grok 3 Beta (OpenAI)", "grok-3-beta"),
    ("a word that routers use", "Llama-3-8B-extended", "Llama-3-8B"),
    ("snapshots", "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
    ("an undated alias", "Claude 3.5 Sonnet", "Claude 3.5 Sonnet (20241022)"),
    ("a dated latest", "chatgpt-4o-latest-20241120", "gpt-4o-2024-11-20"),
    ("stages", "gemini-2.5-pro-exp-03-25", "gemini-2.5-pro-preview-03-25"),
    ("preview and release", "gemini-3-pro-preview", "gemini-3-pro"),
    ("revisions", "gemini-1.5-pro-001", "gemini-1.5-pro-002"),
    ("sizes", "Qwen3-8B", "Qwen3-14B"),
    ("active sizes", "Qwen3-30B-A3B", "Qwen3-30B"),
    ("tiers", "gpt-4.1-mini", "gpt-4.1-nano"),
    ("tuning", "Qwen/Qwen2-72B", "Qwen/Qwen2-72B-Instruct"),
    ("a base model", "moonshotai/Kimi-K2-Base", "moonshotai/Kimi-K2-Instruct"),
    ("vision", "GLM-4.5V", "GLM-4.5"),
    ("code", "Qwen2.5-Coder-7B-Instruct", "Qwen2.5-7B-Instruct"),
    ("exact versions", "grok-4.20", "grok-4.2"),
    ("points of a version", "deepseek-v3", "deepseek-v3.1"),
    ("words of a version", "deepseek-v3.1", "DeepSeek-V3.1-Terminus"),
    ("order of versions", "hermes-2-pro-llama-3-70b", "hermes-3-pro-llama-2-70b"),
    ("thinking as a release", "Qwen3-235B-A22B-Thinking-2507", "Qwen3-235B-A22B-Instruct-2507"),
    ("thinking before hybrids", "kimi-k2-thinking", "kimi-k2"),
    ("distillates", "deepseek-r1-distill-llama-8b", "deepseek-r1"),
    ("derivatives", "huihui-ai/Llama-3.3-70B-Instruct-abliterated", "meta-llama/Llama-3.3-70B-Instruct"),
    ("derivatives of no known maker", "ExPO + Zephyr 7B Beta", "Zephyr 7B Beta"),
    ("adapters", "LLaVA-v1.5-7B (QLoRA)", "LLaVA-v1.5-7B"),
    ("quantizations", "zai-org/GLM-4.5-FP8", "zai-org/GLM-4.5"),
    ("quantizations of a file", "qwen2:72b-instruct-q8_0", "qwen2:72b-instruct"),
    ("own weights for speed", "MiniMax-M2.5-highspeed", "MiniMax-M2.5"),
    ("what a base was made into", "PILL (LLaMA-7B)", "LLaMA-7B"),
    ("two models", "o3 (high) + gpt-4.1", "o3 (high)"),
    ("look-alike letters", "gpt-4\u043e", "gpt-4o"),
    ("another maker's name", "facebook/sonar", "perplexity/sonar"),
    ("a date that is no release", "Gemini 2.5 Pro (2025-05-06)", "Gemini 2.5 Pro"),
]

VARIANTS = [
    ("Nemotron Nano 9B v2 (reasoning off)", "nvidia/nemotron-nano-9b-v2", "thinking=off"),
    ("Nemotron Nano 9B v2 (thinking on)", "nvidia/nemotron-nano-9b-v2", "thinking=on"),
    ("Gemini 2.5 Flash (thinking budget 0)", "gemini-2.5-flash", "budget=0; thinking=off"),
    ("Gemini 2.5 Flash (thinking budget 64)", "gemini-2.5-flash", "budget=64; thinking=on"),
    ("openai/gpt-4o:extended", "gpt-4o", "serving=extended"),
    ("z-ai/glm-4.6:exacto", "glm-4.6", "serving=exacto"),
    ("anthropic/claude-sonnet-4.5:beta", "claude-sonnet-4.5", "serving=beta"),
    ("bedrock/anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307", "host=bedrock"),
    ("gpt-5-high-2025-08-07", "gpt-5-2025-08-07", "effort=high"),
    ("GPT-5 (2025-08-07) (medium reasoning)", "gpt-5-2025-08-07", "effort=medium"),
    ("claude-3-7-sonnet-20250219_16K", "claude-3-7-sonnet-20250219", "budget=16k; thinking=on"),
    ("claude-4-1-opus-20250805-base", "claude-opus-4.1-20250805", "thinking=off"),
    ("claude-3-7-sonnet-thinking:128000", "claude-3.7-sonnet", "budget=128k; thinking=on"),
    ("grok-4-fast-non-reasoning", "grok-4-fast", "thinking=off"),
    ("deepseek-v3.2-thinking", "deepseek-v3.2", "thinking=on"),
    ("Claude-3-Opus-20240229 (FC tools-2024-04-04)", "claude-3-opus-20240229", "mode=fc; tools=2024-04-04"),
    ("gpt-4-turbo-2024-04-09 (udiff)", "gpt-4-turbo-2024-04-09", "mode=udiff"),
    ("claude-3-5-haiku-latest", "claude-3.5-haiku", "alias=latest"),
    ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4.6", "host=bedrock us"),
    ("workers-ai/@cf/openai/gpt-oss-20b", "gpt-oss-20b", "host=cloudflare"),
    ("databricks-gpt-5-1", "gpt-5.1", "host=databricks"),
    ("Kimi K2.5 (Fireworks)", "kimi-k2.5", "host=fireworks"),
    ("meta-llama/Llama-3.1-8B-Instruct-Turbo", "llama-3.1-8b-instruct", "serving=turbo"),
    ("z-ai/glm-4.5-air:free", "glm-4.5-air", "serving=free"),
    ("llama-3.1-405b-instruct-bf16", "llama-3.1-405b-instruct", "precision=bf16"),
    ("OpenHands + GPT-5", "gpt-5", "agent=OpenHands"),
    ("Kortix AI (claude-3-5-sonnet-20241022)", "claude-3.5-sonnet-20241022", "agent=Kortix AI"),
    ("o3-mini-2025-01-31 (Med)", "o3-mini-2025-01-31", "effort=medium"),
    ("claude-opus-5-5 (adaptive, effort=low)", "claude-opus-5.5", "effort=low; thinking=auto"),
    ("claude-opus-4-6-thinking-auto-high-effort", "claude-opus-4.6", "effort=high; thinking=auto"),
    ("gemini-2.5-flash-highthinking", "gemini-2.5-flash", "effort=high; thinking=on"),
    ("gpt-5.6-sol-xhigh (codex-harness)", "gpt-5.6-sol", "effort=xhigh; harness=codex"),
    ("GLM-4.6 (FC thinking)", "GLM-4.6", "mode=fc; thinking=on"),
    ("DeepSeek-V3.2-Exp (Prompt + Thinking)", "DeepSeek-V3.2-Exp", "mode=prompt; thinking=on"),
    ("DeepSeek-V3.2-Exp (Reasoner)", "DeepSeek-V3.2-Exp", "thinking=on"),
    ("DeepSeek-V3.2-Exp (Chat)", "DeepSeek-V3.2-Exp", "thinking=off"),
    ("Claude-3.7-Sonnet (Thinking)", "claude-3.7-sonnet", "thinking=on"),
    ("Claude 3.7 Sonnet (unknown thinking)", "claude-3.7-sonnet", "budget=unknown; thinking=on"),
    ("Claude 3.7 Sonnet (32k thinking tokens)", "claude-3.7-sonnet", "budget=32k; thinking=on"),
    ("grok-3-mini (temperature=1, reasoning=high)", "grok-3-mini", "effort=high; temperature=1"),
    (
        "claude-3.7-sonnet (temperature=1, length=12800, reasoning=3200)",
        "claude-3.7-sonnet",
        "budget=3200; length=12800; temperature=1; thinking=on",
    ),
    ("InternVL2-8B-MPO-CoT", "InternVL2-8B-MPO", "prompt=cot"),
    ("GPT-4 (Adversarial)", "GPT-4", "prompt=adversarial"),
    ("Storm-7B (best-of-64)", "Storm-7B", "samples=64"),
    ("o1-mini-2024-09-12 (N=1)", "o1-mini-2024-09-12", "samples=1"),
    ("Baichuan2-Chat 13B (8-shot)", "Baichuan2-Chat 13B", "shots=8"),
    ("Baichuan2-Chat 13B (zero-shot)", "Baichuan2-Chat 13B", "shots=0"),
    ("GPT-5 (with tools)", "gpt-5", "tools=on"),
    ("GPT-5 (no tools)", "gpt-5", "tools=off"),
    ("GPT-5 (text only)", "gpt-5", "input=text"),
    ("GPT-5 (Python)", "gpt-5", "language=python"),
    ("gpt-4o (2024-05-01 to 2024-11-01)", "gpt-4o", "window=2024-05-01..2024-11-01"),
    ("gemini-2.5-pro-grounding", "gemini-2.5-pro", "web=on"),
    ("gpt-4o (penalty=0.5)", "gpt-4o", "setting=penalty 0.5"),
    ("GPT-4v (1106, detail-low)", "gpt-4-1106-vision-preview", "detail=low"),
]

LINKS = [
    ("Mistral 7B v0.2", "mistralai/Mistral-7B-Instruct-v0.2", "mistralai/Mistral-7B-Instruct-v0.2"),
    ("Llama 4 Maverick", "meta-llama/Llama-4-Maverick-17B-128E-Instruct", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"),
    ("Mixtral-8x22B-Base", "mistralai/Mixtral-8x22B-v0.1", "mistralai/Mixtral-8x22B-v0.1"),
    ("Athene-v2-Chat-72B", "Nexusflow/Athene-V2-Chat", "Nexusflow/Athene-V2-Chat"),
    ("abacusai/Dracary2s-72B-Instruct", "abacusai/Dracarys2-72B-Instruct", "abacusai/Dracarys2-72B-Instruct"),
    ("deepseek-r1-zero", "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-Zero"),
    ("qwen2-72b-instruct", "Qwen/Qwen2-72B", "Qwen/Qwen2-72B-Instruct"),
    ("microsoft/WizardLM-2-8x22B", "MaziyarPanahi/WizardLM-2-8x22B-GGUF", "WizardLM-2 8x22B"),
    ("Kimi-K2-Instruct-0905", "MoonshotAI", "kimi-k2-instruct-0905"),
    ("DBRX Instruct", "spaces/databricks/dbrx", "databricks/dbrx-instruct"),
]


def model(name: str, link: str | None = None, source: str = "") -> str:
    return resolve(source, name, link).model_id


@pytest.mark.parametrize(("rule", "name", "other"), SAME, ids=[row[0] for row in SAME])
def test_spelling_carries_no_information(rule: str, name: str, other: str) -> None:
    assert model(name) == model(other), rule


@pytest.mark.parametrize(("rule", "name", "other"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_releases_stay_apart(rule: str, name: str, other: str) -> None:
    assert model(name) != model(other), rule


@pytest.mark.parametrize(("name", "plain", "variant"), VARIANTS)
def test_how_a_run_was_made_is_a_variant(name: str, plain: str, variant: str) -> None:
    found = resolve("", name)
    assert found.model_id == model(plain)
    assert found.variant == variant
    assert resolve("", plain).variant is None


@pytest.mark.parametrize("name", ["FPHam/L3-8B-Everything-COT", "LLaVA-CoT", "Llama-3-8B (Chinese)", "GLM-4.6 (mystery)"])
def test_what_may_belong_to_the_model_is_no_variant(name: str) -> None:
    assert resolve("", name).variant is None


@pytest.mark.parametrize(("name", "repository", "same"), LINKS)
def test_links_pin_vague_names_and_lose_to_explicit_ones(name: str, repository: str, same: str) -> None:
    assert model(name, f"https://huggingface.co/{repository}") == model(same)


def test_links_elsewhere_say_nothing() -> None:
    assert model("GPT-5", "https://openai.com/gpt-5") == model("GPT-5")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Claude 3.5 Sonnet (20241022)", "anthropic/claude-3.5-sonnet-20241022"),
        ("gpt-4o-20240806", "openai/gpt-4o-2024-08-06"),
        ("Meta-Llama-3.1-8B-Instruct", "meta-llama/llama-3.1-8b-instruct"),
        ("DeepSeek R1 (05/28)", "deepseek-ai/deepseek-r1-0528"),
        ("Qwen2.5 72B Instruct", "qwen/qwen2.5-72b-instruct"),
        ("Mistral 7B Instruct v0.2", "mistralai/mistral-7b-instruct-v0.2"),
        ("fireworks/kimi-k2p5", "moonshotai/kimi-k2.5"),
        ("Aligner 2B+Claude 3 Opus", "multi/aligner-2b+claude-3-opus"),
        ("nvidia/Kimi-K2.5-NVFP4", "nvidia/kimi-k2.5-nvfp4"),
        ("some-unheard-of-model-7b", "unknown/of-some-unheard-7b"),
    ],
)
def test_ids_read_like_official_names(name: str, expected: str) -> None:
    assert model(name) == expected


def test_the_day_of_a_run_is_no_release() -> None:
    assert model("Tools + Claude 3.7 Sonnet (2025-02-24)", source="swebench") == model("Claude 3.7 Sonnet")
    assert model("Claude 3.7 Sonnet (20250219)", source="swebench") == model("claude-3-7-sonnet-20250219")


def test_hosts_serve_the_tuned_model() -> None:
    assert model("llama3.1-8b", source="models_dev") == model("Llama-3.1-8B-Instruct")
    assert model("meta-llama/Llama-3.1-8B", source="ugi") != model("Llama-3.1-8B-Instruct")
    assert model("llama-guard-3-8b", source="models_dev") == model("meta-llama/llama-guard-3-8b")


def test_every_decision_explains_itself() -> None:
    found = resolve("swebench", "Kortix AI (us.anthropic.claude-3-5-sonnet-20241022-v2:0)")
    assert found.method == "family"
    assert any("anthropic" in step for step in found.evidence)
    linked = resolve("alpacaeval", "Mistral 7B v0.2", "https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.2")
    assert linked.method == "link"
    assert "the link names mistralai/Mistral-7B-Instruct-v0.2" in linked.evidence
    assert resolve("", "deepseek.v3-v1:0").method == "override"


def test_what_is_guessed_is_less_certain_than_what_is_said() -> None:
    said = resolve("ugi", "Sao10K/L3-8B-Stheno-v3.2").confidence
    guessed = resolve("openvlm", "CongRong").confidence
    derivative = resolve("epoch_ai", "Llama-3-8B-Somebodys-Merge").confidence
    assert said > derivative > guessed
