{#
    Lets a role read the schemas marts and staging. Default privileges give it every new table from its first moment, so that swapping a
    table never shuts readers out. A user who may not create roles goes without until somebody creates the role.
#}
{% macro let_readers_read(role) %}
{%- if role and execute %}
do $$
declare
    reader constant text := '{{ role | replace("'", "''") }}';
    place text;
begin
    if to_regnamespace('marts') is null then
        return; -- dbt makes it before the first run that builds a mart.
    end if;
    if not exists (select from pg_roles where rolname = reader) then
        begin
            execute format('create role %I nologin', reader);
        exception
            when insufficient_privilege then
                raise notice 'role % is missing and this user may not create it; nobody was granted the marts', reader;
                return;
            when duplicate_object or unique_violation then
                null; -- Another run was faster.
        end;
    end if;
    foreach place in array array['marts', 'staging'] loop
        if to_regnamespace(place) is not null then
            execute format('grant usage on schema %I to %I', place, reader);
            execute format('grant select on all tables in schema %I to %I', place, reader);
            execute format('alter default privileges in schema %I grant select on tables to %I', place, reader);
        end if;
    end loop;
end
$$
{%- endif %}
{% endmacro %}
