{{ config(indexes=[{'columns': ['document_id']}, {'columns': ['license_id']}]) }}

select
    answers.document_id,
    documents.license_id,
    documents.state as license_state,
    answers.question,
    answers.value,
    answers.impact,
    answers.explanation,
    answers.quote,
    answers.quote_start,
    answers.quote_end,
    answers.method,
    documents.llm ->> 'model' as llm_model,
    documents.llm ->> 'prompt_sha256' as llm_prompt_sha256,
    documents.text_sha256,
    documents.object_key,
    documents.terms_version,
    documents.read_at
from {{ source('budmodel', 'license_answers') }} as answers
inner join {{ source('budmodel', 'license_documents') }} as documents using (document_id)
