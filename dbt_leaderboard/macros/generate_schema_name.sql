{# Schemas are named exactly as configured: analysts write marts.leaderboard on every machine. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
