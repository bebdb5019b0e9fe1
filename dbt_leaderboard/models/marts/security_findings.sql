select
    scans.target,
    models.revision,
    scans.path,
    scans.verdict as file_verdict,
    findings.engine,
    findings.rule,
    findings.severity,
    findings.what,
    findings.place,
    scans.size_bytes,
    scans.sha256,
    scans.engines,
    case
        when scans.target like 'hf:%' then format('budmodel scan %s@%s', scans.target, models.revision)
        else format('budmodel scan %s', scans.target)
    end as reproduce,
    models.scanned_at
from {{ source('budmodel', 'scans') }} as scans
inner join {{ source('budmodel', 'model_scans') }} as models using (target)
left join {{ source('budmodel', 'scan_findings') }} as findings using (target, path)
where scans.verdict <> 'safe' or findings.severity <> 'safe'
