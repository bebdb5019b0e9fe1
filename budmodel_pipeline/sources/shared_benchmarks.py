"""Benchmarks that several sources report on, each under one id: whose run a score is stands with its metric."""

from budmodel_pipeline.sources.contract import Benchmark, Domain

GPQA_DIAMOND = Benchmark(
    "gpqa_diamond",
    "GPQA Diamond",
    Domain.SCIENCE,
    "198 multiple-choice questions in biology, physics and chemistry that experts of other fields cannot answer.",
    shared=True,
)
AIME_2025 = Benchmark(
    "aime_2025", "AIME 2025", Domain.MATHEMATICS, "The 30 problems of an American mathematics competition.", shared=True
)
HLE = Benchmark(
    "hle", "Humanity's Last Exam", Domain.KNOWLEDGE, "2,500 questions at the frontier of human knowledge.", shared=True
)
SWE_BENCH_VERIFIED = Benchmark(
    "swe_bench_verified",
    "SWE-bench Verified",
    Domain.CODING,
    "500 issues of real Python repositories that people found solvable.",
    shared=True,
)
MMMU_VAL = Benchmark(
    "mmmu_val",
    "MMMU validation",
    Domain.VISION,
    "900 college-level questions from six disciplines, with images.",
    shared=True,
)
MMLU = Benchmark("mmlu", "MMLU", Domain.KNOWLEDGE, "Multiple-choice questions on 57 subjects.", shared=True)
MMLU_PRO = Benchmark(
    "mmlu_pro",
    "MMLU-Pro",
    Domain.KNOWLEDGE,
    "Harder multiple-choice questions on 14 subjects, ten choices each.",
    shared=True,
)
HUMANEVAL = Benchmark("humaneval", "HumanEval", Domain.CODING, "164 Python functions to be written.", shared=True)
DROP = Benchmark(
    "drop", "DROP", Domain.READING, "Questions on paragraphs that need counting, sorting or adding.", shared=True
)
GSM8K = Benchmark("gsm8k", "GSM8K", Domain.MATHEMATICS, "1,319 word problems of primary school.", shared=True)
AIDER_POLYGLOT = Benchmark(
    "aider_polyglot",
    "Aider polyglot",
    Domain.CODING,
    "225 exercises in six programming languages, written as edits to files.",
    shared=True,
)
SIMPLEQA_VERIFIED = Benchmark(
    "simpleqa_verified", "SimpleQA Verified", Domain.KNOWLEDGE, "1,000 short questions of fact.", shared=True
)
METR_TIME_HORIZON = Benchmark(
    "metr_time_horizon",
    "METR time horizon",
    Domain.AGENTS,
    "How long people need for the tasks that a model completes half of the time.",
    shared=True,
)
