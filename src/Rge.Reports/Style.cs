namespace Rge.Reports;

/// <summary>How pages look. Without the characters that XML escapes, which a style sheet inside of HTML would keep escaped.</summary>
internal static class Style
{
    public const string Sheet = """
        :root{color-scheme:light dark;--page:#fff;--card:#f7f8fa;--ink:#1b2230;--dim:#616b7d;--line:#dde1e8;--right:#127a45;--wrong:#b42318;
        --c0:#2563eb;--c1:#d9660a;--c2:#0a8f5b;--c3:#b130c4;--c4:#c81e3a;--c5:#0c8599;--c6:#6d4ae0;--c7:#7a8b1c}
        @media (prefers-color-scheme:dark){:root{--page:#12151b;--card:#1a1e27;--ink:#e4e8ef;--dim:#98a2b3;--line:#2e3543;--right:#4ade80;--wrong:#ff8a80;
        --c0:#6ea8fe;--c1:#ffa24d;--c2:#43d19e;--c3:#e08cf0;--c4:#ff7d8f;--c5:#54cfe4;--c6:#a893ff;--c7:#c3d64f}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        main{max-width:1240px;margin:0 auto;padding:24px 16px 64px}
        h1{font-size:1.6rem;line-height:1.25;margin:0 0 8px}
        h2{font-size:1.15rem;margin:36px 0 8px}
        p{margin:4px 0 12px;max-width:80ch}
        a{color:var(--c0)}
        .dim{color:var(--dim)}
        .right{color:var(--right)}
        .wrong{color:var(--wrong)}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
        th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;font-weight:400}
        th:first-child{text-align:left}
        .facts td{text-align:left;white-space:normal}
        thead th{color:var(--dim);font-size:.85rem;line-height:1.25;vertical-align:bottom;white-space:normal;max-width:11em}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:10px;margin:16px 0}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px}
        .tile b{display:block;font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}
        .tile span{color:var(--dim);font-size:.85rem}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));gap:14px;margin:12px 0}
        figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 12px 8px}
        figcaption{font-weight:600;font-size:.95rem}
        .legend{display:flex;flex-wrap:wrap;gap:2px 14px;min-height:1.3rem;font-size:.82rem;color:var(--dim)}
        .legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:6px;vertical-align:middle;background:var(--c)}
        svg{display:block;width:100%;height:auto;margin-top:6px}
        svg text{fill:var(--dim);font-size:11px;font-family:inherit}
        svg .name{fill:var(--ink)}
        .grid{stroke:var(--line);stroke-width:1;fill:none}
        .phase{stroke:var(--dim);stroke-width:1;stroke-dasharray:3 3;fill:none}
        .curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .faint{fill:none;stroke:var(--c);stroke-width:1;opacity:.28;stroke-linejoin:round}
        .dot,.bar{fill:var(--c)}
        .bars text{font-size:12px}
        .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
        .s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}.s6{--c:var(--c6)}.s7{--c:var(--c7)}
        pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;overflow-x:auto;font-size:.82rem;line-height:1.45}
        img{image-rendering:pixelated;border-radius:4px;display:block}
        .case{border-top:1px solid var(--line);padding:18px 0 8px;display:grid;grid-template-columns:170px minmax(0,1fr);gap:4px 20px}
        .case .shown img{width:168px;max-width:100%}
        .ask{font-size:1.05rem;margin:0 0 6px}
        .sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:14px;margin-top:8px}
        .side{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px}
        .side h3{margin:0 0 4px;font-size:.9rem;color:var(--dim);font-weight:600}
        .side p{margin:0 0 8px;font-size:.93rem}
        .side .rationale{font-style:italic;font-size:1rem}
        .missed{margin-top:6px;padding-top:6px;border-top:1px dashed var(--line);color:var(--dim);font-size:.9rem}
        .hits{list-style:none;margin:0;padding:0}
        .hits li{display:grid;grid-template-columns:1.4em 3.4em minmax(0,1fr);gap:8px;align-items:center;padding:3px 0;font-variant-numeric:tabular-nums}
        .hits img{width:64px}
        .hits .crop{width:40px}
        .hits .item{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center;overflow-wrap:anywhere}
        .hits .item img{width:auto;max-width:100%}
        details{border-top:1px solid var(--line);padding:10px 0}
        summary{cursor:pointer;font-weight:600}
        @media (max-width:560px){.case{grid-template-columns:minmax(0,1fr)}main{padding:16px 12px 48px}}
        """;
}
