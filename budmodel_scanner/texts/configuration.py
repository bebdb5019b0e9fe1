"""Configuration of any syntax, as a tree: keys that make a loader fetch or run code, and paths that leave the repository."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from budmodel_scanner.content import Place
from budmodel_scanner.texts import tool_configuration
from budmodel_scanner.texts.dotted_names import judge_dotted
from budmodel_scanner.texts.known_places import DOWNLOADS, is_known
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.paths import leaves_repository
from budmodel_scanner.texts.python_deeds import Deed, deed_of
from budmodel_scanner.texts.requirements import examine_requirement
from budmodel_scanner.texts.shell_commands import fetches, runs
from budmodel_scanner.texts.sources import examine_statements
from budmodel_scanner.texts.statements import Statement, download_step, listing
from budmodel_scanner.verdict import Finding, Verdict

_MAX_FINDINGS = 40
_MAX_PATH = 200
_LONGEST_PATH = 4_096
_MOST_KEPT = 1_000

Path = tuple[str, ...]

_TEMPLATE_KEY = re.compile(
    r"(?:^|[_.])(?:chat_template|chat_templates|prompt_template|response_template)(?:\.|$)|^template$"
)
# Keys of files that a loader opens; elsewhere `../data` is how authors point at their own machine.
_FILE_KEY = re.compile(
    r"^(?:vocab|merges|tokenizer|model|spm|sp_model|sentencepiece_model|special_tokens_map|added_tokens|tokenizer_config|chat_template|config|weights?"
    r"|source_spm|target_spm|emoji|bpe|codes|dict|dictionary|subword|entity_vocab|word_shape|word_pronunciation|monolingual_vocab)_?(?:file|path|name)?$"
    r"|^(?:filename|template_path|library|model_filename|weights_name|file|onnx_file)$"
)
_URL = re.compile(r"(?i)^(?:https?|ftp|file|smb)://")
_NETWORK_SHARE = re.compile(r"^\\\\[\w.-]+\\")
# Keys whose values tools hand to a shell, and the ends of such keys: `postCreateCommand`, `build_commands`, `poe.tasks`.
_COMMAND_KEY = re.compile(
    r"(?i)^(?:entrypoint|scripts?|exec|run|shell|(?:pre|post)?install|prepare|setup|init|before|prebuild|tasks?|hooks?|args|on\w+|steps?)$"
    r"|(?:commands?|cmds?|_scripts?|_hooks?)$"
)
# Keys of data sets: what they hold is read, and nobody runs it.
_DATA_KEY = re.compile(
    r"(?i)(?:^|_)(?:prompts?|instructions?|inputs?|outputs?|responses?|questions?|answers?|completions?|queries|query|messages?|solution"
    r"|documents?|chosen|rejected|sentences?|history|conversations?|dialog)$|^id2label$"
)
# Keys that hold what is read or what is run, as the tool has it.
_EITHER_KEY = re.compile(
    r"(?i)(?:^|_)(?:text|content|value|description|title|summary|label|examples?|data|body|notes?|code|comments?|name|id)$"
)
# What columns of data sets for code and for chat are called, and nothing of a tool's is.
_ROWS = re.compile(
    r"(?i)rows|data|samples?|examples?|items|records|results?|instances|problems|train\w*|test|valid\w*|eval\w*|outputs|details"
)
_COLUMN = re.compile(
    r"(?i)(?:task|instance|question|problem|example|sample|doc|record)_?id|q_?id|uid|idx|nl|cwe\w*|vul\w*|canonical_solution|entry_point"
    r"|tests?_?(?:list|cases|setup_code)|ground_?truth\w*|gold\w*|reference\w*|target\w*|difficulty|instruction|completions?|chosen"
    r"|text|rejected|problem_statement|model_patch|passed|generations?|conversations|messages|question|answer|prompt|resps|filtered_resps"
)
_MAX_STEPS = 20_000
_SUSPECT_TEXT = re.compile(
    r"__import__|\beval\s*\(|\bexec\s*\(|\bos\s*\.\s*(?:system|popen)|\bsubprocess\b|\bcompile\s*\(|\bgetattr\s*\(|/dev/tcp/|\b(?:curl|wget|powershell|nc|bash)\b|__subclasses__|__globals__"
)
# As Hydra, OmegaConf, Compose, shells and workflows write it.
_SECRET_URL = re.compile(
    r"(?i)https?://[^\s\"'<>]{0,300}\$\{{1,2}\s?(?:oc\.env:|env:|env\.|secrets\.)?\w*(?:token|secret|passw|api_?key|credential|access_key)\w*\s?\}{1,2}"
)
_TEXT_PICKLE = re.compile(r"\(?[ci][A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n[(pq)]")
# As a pickle stands in a text of JSON: by escapes, each byte a character.
_BINARY_PICKLE = re.compile(r"\x80[\x02-\x05](?:\x95|c|\]|\}|K|X|\x8c|\()", re.DOTALL)
_MODEL_KEYS = frozenset(
    {
        "base_model_name_or_path", "_name_or_path", "name_or_path", "pretrained_model_name_or_path", "tokenizer_name_or_path"
    }
)  # fmt: skip
# Callables that training configuration names beside `_target_`.
_TARGET_KEYS = frozenset({"_target_", "__target__", "_target", "class_path", "!name", "!new", "target_"})
_LOOSE_TARGET_KEYS = frozenset(
    {"target", "callable", "func", "function", "activation_function", "activation_fn", "factory", "loader", "constructor"}
)


def examine_configuration(tree: object, place: Place) -> Iterator[Finding]:
    """`tree` is made of dict, list, str, numbers, bool and None, and holds nothing twice."""
    yield from _once(chain(_of_whole(tree, place), _findings(tree, (), place)))


def examine_parts(parts: Iterable[tuple[Path, object]], place: Place) -> Iterator[Finding]:
    """The same of a tree that is too large to be held: its parts, each with the keys that lead to it."""
    whole: dict[str, object] = {}

    def findings() -> Iterator[Finding]:
        for path, part in parts:
            if len(path) == 1 and path[0] != "[]" and len(whole) < _MOST_KEPT:
                whole[path[0]] = part
            named = path[-1:] != ("[]",) and path != ()
            yield from _findings({path[-1]: part} if named else part, path[:-1] if named else path, place)
        yield from _of_whole(whole, place)

    yield from _once(findings())


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for finding in findings:
        if (finding.rule, finding.what) not in seen and len(seen) < _MAX_FINDINGS:
            seen.add((finding.rule, finding.what))
            yield finding


def _of_whole(tree: object, place: Place) -> Iterator[Finding]:
    yield from _whole(tree, place.name.rsplit("/", 1)[-1].lower(), place)


def _findings(tree: object, way: Path, place: Place) -> Iterator[Finding]:
    is_data = any(_DATA_KEY.search(part) for part in way)
    waiting: list[tuple[Path, object, bool]] = [(way, tree, is_data)]
    reaches = acts = False
    texts: list[str] = []
    while waiting:
        path, node, is_data = waiting.pop()
        if isinstance(node, Mapping):
            yield from _mapping(node, path, place)
            is_data = is_data or _is_record(node, path)
            waiting.extend(
                ((*path[-5:], str(key)), value, is_data or _DATA_KEY.search(str(key)) is not None)
                for key, value in node.items()
            )
            for key in node:
                if isinstance(key, str) and len(key) < 200:
                    acts = acts or _COMMAND_KEY.search(key) is not None
                    if _SUSPECT_TEXT.search(key):
                        yield from _text(key, path, place, is_data)
        elif isinstance(node, list | tuple):
            inner = (*path, "[]") if path[-1:] != ("[]",) else path
            waiting.extend((inner, value, is_data) for value in node)
        elif isinstance(node, str):
            if not is_data:
                reaches = reaches or fetches(node)
                texts.append(node)
            yield from _text(node, path, place, is_data)
    if reaches and (acts or any(map(runs, texts))):
        yield from examine_statements(list(_steps(tree)), place, worst=Verdict.SUSPICIOUS, kind=LeafKind.VALUE)


def _is_record(node: Mapping[object, object], path: Path) -> bool:
    """Whether it is a row of a data set: an item of a list at the top, or of one called rows, with a column of such."""
    of_rows = path == ("[]",) or (len(path) == 2 and path[1] == "[]" and _ROWS.fullmatch(path[0]) is not None)
    return of_rows and any(isinstance(key, str) and _COLUMN.fullmatch(key) for key in node)


def _steps(tree: object) -> Iterator[Statement]:
    """Mappings and lists in the order in which they stand, as statements: what they fetch, and what they are run with."""
    if isinstance(tree, list):
        tree = [item for item in tree if not isinstance(item, Mapping) or not _is_record(item, ("[]",))]
    waiting: list[tuple[str, object]] = [("", tree)]
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        key, node = waiting.pop()
        if isinstance(node, str):
            node = [node]
        if isinstance(node, list | tuple):
            if node and all(isinstance(item, str) for item in node):
                yield listing(key, node)
            else:
                waiting.extend((key, item) for item in reversed(node) if isinstance(item, Mapping | list | tuple | str))
        elif isinstance(node, Mapping):
            if fetched := download_step(node):
                yield fetched
            together = [
                word for name in ("command", "cmd", "entrypoint", "args", "arguments") for word in _as_words(node.get(name))
            ]
            if "args" in node or "arguments" in node:
                yield listing("command", together)
            waiting.extend(
                (str(name), value)
                for name, value in reversed(list(node.items()))
                if isinstance(value, Mapping | list | tuple | str) and not _DATA_KEY.search(str(name))
            )


def _as_words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _where(path: Path) -> str:
    return ".".join(path)[:_MAX_PATH]


def _at(path: Path, place: Place) -> str:
    return place.at(_where(path))


def _whole(tree: object, name: str, place: Place) -> Iterator[Finding]:
    """What a file of this name means as a whole."""
    yield from tool_configuration.examine(tree, name, place)
    for role, member in _members(tree):
        yield from judge(Leaf(LeafKind.MEMBER, member, role, role), place)
    if isinstance(tree, Mapping):
        yield from _keras(tree, place)
        if name == "model_index.json" or ("_class_name" in tree and "_diffusers_version" in tree):
            yield from _diffusers(tree, place)
    elif name == "modules.json" and isinstance(tree, list):
        for module in tree:
            if isinstance(module, Mapping) and isinstance(module.get("type"), str):
                kind = module["type"]
                if not kind.startswith(("sentence_transformers.", "pylate.", "model2vec.")):
                    verdict = max(Verdict.SUSPICIOUS, judge_dotted(kind), key=lambda verdict: verdict.rank)
                    yield Finding("config.custom-module", verdict, f"loads the module class {kind[:120]}", place.at("type"))


def _keras(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """A model of Keras, or one within the metadata of its weights."""
    inner = tree.get("model_config")
    whole = isinstance(tree.get("class_name"), str) and ("config" in tree or "layers" in tree)
    if whole or (isinstance(inner, Mapping) and "class_name" in inner):
        from budmodel_scanner.formats.keras_config import examine_keras_config

        yield from examine_keras_config(tree if whole else inner, place)


def _members(tree: object) -> Iterator[tuple[str, str]]:
    """Files beside this one that its format makes a loader open: TF.js, Core ML, OCI layouts, transformers, PEFT, DVC."""
    for image in tree if isinstance(tree, list) else []:
        # What `docker save` writes.
        if isinstance(image, Mapping) and "RepoTags" in image:
            layers = image.get("Layers")
            members = [image.get("Config"), *(layers if isinstance(layers, list) else [])]
            yield from (("Layers", path) for path in members if isinstance(path, str))
    if not isinstance(tree, Mapping):
        return
    manifest = tree.get("weightsManifest")
    for group in manifest if isinstance(manifest, list) else []:
        paths = group.get("paths") if isinstance(group, Mapping) else None
        yield from (("weightsManifest", str(path)) for path in (paths if isinstance(paths, list) else []))
    entries = tree.get("itemInfoEntries")
    for entry in entries.values() if isinstance(entries, Mapping) else []:
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            yield "itemInfoEntries", entry["path"]
    for listed in ("layers", "manifests"):
        layers = tree.get(listed) if "schemaVersion" in tree else None
        for layer in layers if isinstance(layers, list) else []:
            if isinstance(layer, str):
                yield listed, layer
            elif isinstance(layer, Mapping) and isinstance(layer.get("digest"), str):
                yield listed, layer["digest"].replace(":", "/")
            notes = layer.get("annotations") if isinstance(layer, Mapping) else None
            if isinstance(notes, Mapping):
                yield from ((listed, str(notes[key])) for key in _OCI_PATHS if key in notes)
    for key in ("transformers_weights", "weights_name", "adapter_path", "model_weights"):
        if isinstance(tree.get(key), str):
            yield key, tree[key]


# Annotations by which clients of registries name the files that they write.
_OCI_PATHS = (
    "org.opencontainers.image.title",
    "org.cncf.model.filepath",
    "org.cnai.model.filepath",
    "io.deis.oras.content.unpack.path",
)


# The pipelines of diffusers that components are taken from by the name of their folder.
_PIPELINES_WORDS = """
    diffusers transformers onnxruntime optimum flax k_diffusion stable_diffusion stable_diffusion_safe
    stable_diffusion_xl semantic_stable_diffusion alt_diffusion paint_by_example deepfloyd_if latent_diffusion
    kandinsky kandinsky2_2 shap_e stable_cascade unidiffuser versatile_diffusion wuerstchen audioldm audioldm2
    musicldm blip_diffusion spectrogram_diffusion kolors stable_audio hunyuandit latte pixart_alpha unclip ledits_pp
    cogvideo easyanimate ltx ltx2 cosmos mochi omnigen sana flux flux2 qwenimage wan hidream_image lumina lumina2
    chroma bria allegro controlnet ip_adapter deprecated stable_video_diffusion ace_step heartmula hunyuan_video
    skyreels_v2 hunyuan_image
    """
_PIPELINES = frozenset(_PIPELINES_WORDS.split())


def _diffusers(tree: Mapping[object, object], place: Place) -> Iterator[Finding]:
    """https://huggingface.co/docs/diffusers/using-diffusers/custom_pipeline_overview: a component is [library, class]."""
    for key, value in tree.items():
        if not isinstance(value, list | tuple) or len(value) != 2 or not all(isinstance(part, str) for part in value):
            continue
        library = str(value[0])
        if key == "_class_name":
            what = f"takes the pipeline itself from the module {library[:80]} of the repository"
        elif library.split(".")[0] in _PIPELINES and (
            library.count(".") == 0 or library.startswith(("diffusers.", "transformers."))
        ):
            continue
        else:
            what = f"takes the component {key!r} from the module {library[:80]}"
        verdict = max(Verdict.SUSPICIOUS, judge_dotted(library), key=lambda verdict: verdict.rank)
        yield Finding("config.custom-module", verdict, what, place.at(str(key)))


def _mapping(node: Mapping[object, object], path: Path, place: Place) -> Iterator[Finding]:
    name, set_to = node.get("name"), node.get("value")
    if isinstance(name, str) and isinstance(set_to, str):
        # As Kubernetes and its like write an environment.
        yield from judge(Leaf(LeafKind.VARIABLE, set_to, _where(path), name), place)
    for key, value in node.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, str) and key.isupper():
            yield from judge(Leaf(LeafKind.VARIABLE, value, _where((*path, key)), key), place)
        yield from tool_configuration.examine_setting(key, value, _where((*path, key)), place)
        match key, value:
            case "auto_map", dict() | list() | str() if value:
                yield from _auto_map(value, path, place)
            case "trust_remote_code", True | "true" | "True" | "yes" | "on":
                yield Finding(
                    "config.trusts-remote-code", Verdict.SUSPICIOUS, "sets trust_remote_code", _at((*path, key), place)
                )
            case (
                ("enable_unsafe_deserialization" | "allow_dangerous_deserialization" | "unsafe_deserialization"),
                True | "true",
            ):
                what = f"sets {key}, so that a loader builds whatever it is told to"
                yield Finding("config.trusts-remote-code", Verdict.SUSPICIOUS, what, _at((*path, key), place))
            case _, "enable_unsafe_deserialization" | "keras.config.enable_unsafe_deserialization":
                yield Finding(
                    "config.trusts-remote-code", Verdict.SUSPICIOUS, f"{key} names {value}", _at((*path, key), place)
                )
            case "custom_pipelines", dict() | list() if value:
                what = f"defines pipelines of its own: {', '.join(map(str, value))[:120]}"
                yield Finding("config.custom-pipeline", Verdict.SUSPICIOUS, what, _at((*path, key), place))
            case "weight_map", Mapping():
                yield from _weight_map(value, place)
            case (
                "custom_ops_library"
                | "custom_op_library"
                | "parent_library"
                | "user_dir"
                | "loader_module"
                | "custom_generate",
                str(),
            ) if value:
                yield from _module(key, value, path, place)
            case "_attn_implementation" | "attn_implementation" | "_attn_implementation_internal", str() if "/" in value:
                what = f"takes attention code from the hub repository {value[:80]}"
                yield Finding("config.hub-kernel", Verdict.SUSPICIOUS, what, _at((*path, key), place))
            case "pip" | "requirements" | "dependencies" | "python_packages" | "pip_packages" | "install_requires", list():
                for requirement in value[:2_000]:
                    if isinstance(requirement, str):
                        yield from examine_requirement(requirement, place, _at((*path, key), place))
            case "py/object" | "py/function" | "py/type" | "py/reduce" | "py/newobj" | "py/method", _:
                target = value if isinstance(value, str) else ""
                verdict = max(Verdict.SUSPICIOUS, judge_dotted(target), key=lambda verdict: verdict.rank)
                what = f"jsonpickle would build {target[:120] or 'an object by calling something'}"
                yield Finding("config.jsonpickle", verdict, what, _at((*path, key), place))
            case "id", list() if node.get("type") == "constructor" and "lc" in node:
                target = ".".join(str(part) for part in value[:20])
                if not target.startswith(("langchain", "langgraph")):
                    verdict = max(Verdict.SUSPICIOUS, judge_dotted(target), key=lambda verdict: verdict.rank)
                    yield Finding(
                        "config.target", verdict, f"LangChain would build {target[:120]}", _at((*path, key), place)
                    )
            case "_type", str() if re.search(r"bash|pal_chain|python|shell|exec|terminal", value):
                what = f"LangChain would build a {value[:60]}, which runs what a model writes"
                yield Finding("config.target", Verdict.SUSPICIOUS, what, _at((*path, key), place))
            case "handler", str() if value.endswith(".py"):
                yield Finding(
                    "config.custom-handler", Verdict.SUSPICIOUS, f"is served by {value[:80]}", _at((*path, key), place)
                )
            case "()" | "fn_module", str():
                # https://docs.python.org/3/library/logging.config.html#logging-config-dict-userdef
                yield from judge(Leaf(LeafKind.CALLABLE, value, _where((*path, key)), key), place)
            case "class", str() if "." in value:
                yield from _class(value, node, path, place)
            case _ if key in _TARGET_KEYS and isinstance(value, str):
                yield from judge(Leaf(LeafKind.CALLABLE, value, _where((*path, key)), key), place)
            case _ if key in _LOOSE_TARGET_KEYS and isinstance(value, str) and "." in value:
                yield from judge(Leaf(LeafKind.LISTED_CALLABLE, value, _where((*path, key)), key), place)


_SPARK = ("org.apache.spark.ml.", "pyspark.ml.", "com.johnsnowlabs.nlp.", "com.microsoft.azure.synapse.ml.")


def _class(value: str, node: Mapping[object, object], path: Path, place: Place) -> Iterator[Finding]:
    """Handlers of `logging`, and the stages that Spark loads by the name of their class."""
    if "paramMap" in node or "sparkVersion" in node:
        if not value.startswith(_SPARK):
            what = f"Spark would load the class {value[:120]}"
            yield Finding("config.target", Verdict.SUSPICIOUS, what, _at((*path, "class"), place))
    elif any(part in {"handlers", "formatters", "filters", "loggers"} for part in path) or path[-1:] == ("[]",):
        yield from judge(Leaf(LeafKind.LISTED_CALLABLE, value, _where((*path, "class")), "class"), place)


def _auto_map(value: object, path: Path, place: Place) -> Iterator[Finding]:
    references = [str(item) for item in _leaves(value)]
    remote = [reference for reference in references if "--" in reference]
    where = _at((*path, "auto_map"), place)
    if remote:
        what = f"runs code of another repository: {', '.join(remote)[:160]}"
        yield Finding("config.remote-code", Verdict.SUSPICIOUS, what, where)
    what = f"a loader that trusts it runs {', '.join(dict.fromkeys(references))[:200]}"
    yield Finding("config.auto-map", Verdict.SUSPICIOUS, what, where)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value[:1_000]:
            yield from (inner for inner in (item if isinstance(item, list | tuple) else [item]) if inner is not None)
    else:
        yield value


def _weight_map(value: Mapping[object, object], place: Place) -> Iterator[Finding]:
    for shard in dict.fromkeys(str(shard) for shard in value.values()):
        if reason := leaves_repository(shard) or ("is a URL" if _URL.match(shard) else None):
            yield Finding(
                "config.shard-outside", Verdict.MALICIOUS, f"the shard {shard[:120]!r} {reason}", place.at("weight_map")
            )
        elif not re.search(r"\.(?:safetensors|bin|pt|pth|h5|msgpack|ckpt|gguf|npz|onnx_data|data)$", shard):
            yield Finding(
                "config.odd-shard",
                Verdict.SUSPICIOUS,
                f"the shard {shard[:120]!r} is no file of weights",
                place.at("weight_map"),
            )
        elif place.name.endswith(".safetensors.index.json") and not shard.endswith(".safetensors"):
            what = f"an index of safetensors names {shard[:120]!r}"
            yield Finding("config.odd-shard", Verdict.SUSPICIOUS, what, place.at("weight_map"))


def _module(key: str, value: str, path: Path, place: Place) -> Iterator[Finding]:
    where = _at((*path, key), place)
    if key == "loader_module":
        verdict = Verdict.SAFE if value.startswith("mlflow.") else judge_dotted(value)
    elif key == "parent_library":
        verdict = (
            Verdict.SAFE
            if value.startswith(
                (
                    "transformers.models.",
                    "transformers.modeling",
                    "sentence_transformers.",
                    "peft.",
                    "timm.",
                    "diffusers.",
                    "torch.nn.",
                    "__main__",
                )
            )
            else judge_dotted(value)
        )
    else:
        verdict = Verdict.SUSPICIOUS
    if verdict.rank > Verdict.SAFE.rank:
        yield Finding("config.loads-module", verdict, f"{key} makes a loader import {value[:120]!r}", where)


def _text(text: str, path: Path, place: Place, is_data: bool) -> Iterator[Finding]:
    key = next((part for part in reversed(path) if part != "[]"), "")
    if not text:
        return
    if "{" in text and any(_TEMPLATE_KEY.search(part) for part in path[-4:]):
        # Its parser costs more to import than most files to examine.
        from budmodel_scanner.texts.template import examine_template

        must_parse = any("chat_template" in part for part in path[-4:])
        yield from examine_template(
            text, place.inside(".".join(part for part in path if part != "[]") or "template"), must_parse=must_parse
        )
        return
    if len(text) > 20_000:
        return
    if _NETWORK_SHARE.match(text):
        yield Finding(
            "config.network-share", Verdict.SUSPICIOUS, f"{key} names a share on the network: {text[:80]}", _at(path, place)
        )
    is_file = (
        len(text) < _LONGEST_PATH
        and place.name.endswith(".json")
        and (_FILE_KEY.search(key) or (key == "path" and place.name.endswith("modules.json")))
    )
    if is_file or (key in _MODEL_KEYS and _URL.match(text)):
        yield from judge(Leaf(LeafKind.FILE, text, _where(path), key), place)
    if text[0] in "\x80(ci" and (_BINARY_PICKLE.match(text) or _TEXT_PICKLE.match(text)):
        yield Finding("config.pickle", Verdict.SUSPICIOUS, f"{key} holds a pickle as text", _at(path, place))
    if "://" in text and (secret := _SECRET_URL.search(text)) and not is_known(secret[0], DOWNLOADS):
        what = f"{key} sends a secret of the environment to {secret[0][:120]}"
        yield Finding("config.sends-secret", Verdict.SUSPICIOUS, what, _at(path, place))
    if is_data:
        return
    either = _EITHER_KEY.search(key) is not None
    worst = Verdict.MALICIOUS if any(_COMMAND_KEY.search(part) for part in path[-3:]) else Verdict.SUSPICIOUS
    yield from judge(Leaf(LeafKind.VALUE if either else LeafKind.COMMAND, text, _where(path)), place, worst=worst)
    if ("(" in text or "__" in text) and _SUSPECT_TEXT.search(text):
        yield from _code(text, key, path, place)


def _code(text: str, key: str, path: Path, place: Place) -> Iterator[Finding]:
    """Code where a value is expected. Prose that talks of code does not parse as one expression."""
    from budmodel_scanner.texts.python_names import Names

    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            deed = deed_of(names.dotted(node.func))
            if (
                deed in {Deed.RUNS_CODE, Deed.RUNS_PROGRAM, Deed.CONNECTS, Deed.LOADS_OBJECTS}
                or names.dotted(node.func) == "__import__"
            ):
                verdict = Verdict.MALICIOUS if deed is Deed.RUNS_PROGRAM else Verdict.SUSPICIOUS
                yield Finding("config.code-in-value", verdict, f"{key} holds code: {text.strip()[:120]!r}", _at(path, place))
                return
        if isinstance(node, ast.Attribute) and node.attr in {"__subclasses__", "__globals__", "__builtins__"}:
            yield Finding(
                "config.code-in-value", Verdict.SUSPICIOUS, f"{key} holds code: {text.strip()[:120]!r}", _at(path, place)
            )
            return
