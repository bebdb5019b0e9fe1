"""Dotted Python names that a loader would import and call because a file says so: `_target_`, YAML tags, module types."""

import re
import sys

from budmodel_scanner.texts.python_deeds import deed_of
from budmodel_scanner.verdict import Verdict

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
# Packages of models and training, whose classes configuration names every day.
_ORDINARY_PACKAGES_WORDS = """
    torch torchvision torchaudio torchtext torchmetrics torchtune torchdata torchdiffeq transformers diffusers
    accelerate peft trl datasets tokenizers sentence_transformers timm open_clip clip nemo nemo_toolkit
    nemo_automodel megatron lightning pytorch_lightning lightning_fabric lightning_utilities omegaconf hydra_plugins
    apex xformers flash_attn bitsandbytes deepspeed fairseq fairseq2 speechbrain espnet espnet2 asteroid pyannote
    ldm sgm taming vqgan audiocraft audioldm audioldm_train audioldm2 stable_audio_tools imagebind detectron2 mmcv
    mmdet mmseg mmpose mmengine mmpretrain mmcls segment_anything sam2 sam3 cosmos_predict1 dac encodec vocos matcha
    f5_tts bigvgan hifigan descript_audiotools keras tensorflow tf_keras flax jax optax haiku maxtext t5x seqio gin
    sklearn xgboost lightgbm catboost spacy thinc spacy_transformers flair allennlp stanza numpy scipy pandas monai
    nnunetv2 nnunet einops kornia albumentations torch_geometric dgl ignite catalyst wandb tensorboard mlflow
    optimum intel_extension_for_pytorch neural_compressor auto_gptq autoawq awq gptqmodel compressed_tensors
    llmcompressor hqq quanto torchao onnxruntime openvino stable_baselines3 sb3_contrib gymnasium gym rl_zoo3
    lerobot ultralytics models mamba_ssm causal_conv1d pylate gliner setfit span_marker colbert basicsr facexlib
    gfpgan realesrgan diffusion_policy robomimic boltz chai_lab esm openfold rfdiffusion bionemo modulus physicsnemo
    earth2studio anemoi aurora model2vec
    """
_ORDINARY_PACKAGES = frozenset(_ORDINARY_PACKAGES_WORDS.split())
# Within those, what runs, loads or fetches something.
_DANGEROUS_WITHIN = re.compile(
    r"""(?x)^(?:
      torch\.(?:load|hub\.\w+|jit\.load|package\..*|utils\.cpp_extension\..*|ops\.load_library|classes\.load_library|_inductor\..*|_dynamo\..*
        |serialization\.load|multiprocessing\..*|distributed\.(?:rpc|run|launch)\..*|fx\..*exec.*|utils\.data\.datapipes\.utils\.decoder\..*)
    | numpy\.(?:load|loads|fromfile|testing\..*|f2py\..*|distutils\..*|lib\.npyio\..*|core\..*exec.*|ctypeslib\..*)
    | pandas\.(?:read_pickle|eval|DataFrame\.(?:query|eval)|read_\w+|io\..*) | sklearn\.externals\..*
      | lightning.*\.load_from_checkpoint
    | transformers\.(?:pipeline|dynamic_module_utils\..*|utils\..*import.*|tools\..*|agents\..*)
      | diffusers\..*dynamic_module.*
    | tensorflow\.(?:io\..*|load_op_library|saved_model\.load|keras\.models\.load_model|py_function|numpy_function|.*Lambda)
    | keras\..*(?:Lambda|load_model|deserialize\w*|get_file).* | datasets\.load.* | mlflow\..*load.* | wandb\..*
      | spacy\.(?:cli|util)\..*
    | fairseq\..*(?:import_user_module|load_checkpoint).* | hydra\..* | omegaconf\..*load.* | .*\.(?:eval|exec|system
      |popen|spawn|__\w+__)
    )$"""
)
_HARMLESS_STANDARD = re.compile(
    r"""(?x)^(?:collections\.(?:OrderedDict|defaultdict|deque|Counter|namedtuple)
      | datetime\.\w+ | pathlib\.(?:Pure)?(?:Posix|Windows)?Path
      | functools\.partial | decimal\.Decimal | fractions\.Fraction | uuid\.UUID | argparse\.Namespace | math\.\w+
        | random\.(?:Random|seed)
      | (?:builtins\.)?(?:dict|list|tuple|set|frozenset|int|float|str|bool|bytes|complex|slice|range|object|type|len
        |sum|min|max|abs)
      | operator\.(?:add|mul|sub|truediv|itemgetter) | itertools\.\w+ | logging\.\w+ | enum\.\w+
        | types\.SimpleNamespace | copy\.(?:copy|deepcopy)
      | os\.path\.(?:join|basename|dirname))$"""
)


def judge_dotted(name: str, *, unknown: Verdict = Verdict.SUSPICIOUS) -> Verdict:
    """What calling or importing the thing of this name would be. `unknown` is for packages that nobody here has heard of."""
    name = name.strip().replace("/", ".") if name.count("/") == 0 else name.strip()
    if not _NAME.fullmatch(name):
        return Verdict.SUSPICIOUS
    bare = name.removeprefix("builtins.").removeprefix("__builtin__.")
    if _HARMLESS_STANDARD.match(name):
        return Verdict.SAFE
    if deed_of(bare) is not None or _RUNS.match(bare):
        return Verdict.MALICIOUS
    package = name.split(".")[0]
    if package in sys.stdlib_module_names or package in {"builtins", "__builtin__", "__builtins__"}:
        return Verdict.MALICIOUS if package in _POWERFUL else Verdict.SUSPICIOUS
    if _DANGEROUS_WITHIN.match(name):
        return Verdict.SUSPICIOUS
    if package in _ORDINARY_PACKAGES:
        return Verdict.SAFE
    return unknown


_POWERFUL_WORDS = """
    os posix nt subprocess pty builtins __builtin__ __builtins__ runpy code codeop importlib imp pickle _pickle
    marshal shelve ctypes socket shutil sys multiprocessing asyncio commands webbrowser pdb bdb timeit cProfile
    profile trace types urllib http ftplib smtplib telnetlib tempfile signal threading _thread popen2 platform site
    ensurepip venv pip distutils zipimport pkgutil inspect gc
    """
_POWERFUL = frozenset(_POWERFUL_WORDS.split())
_RUNS = re.compile(r"(?:eval|exec|execfile|compile|__import__|open|input|breakpoint|getattr|setattr|delattr|globals|vars)$")
