namespace Rge.Oracle;

/// <summary>A row and what has become of it.</summary>
/// <param name="Row">The row.</param>
/// <param name="State">What has become of it.</param>
internal sealed record RationaleResult(OracleRow Row, RationaleState State)
{
    /// <summary>Why there is no rationale, or none to keep, in words that many rows share.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The same about this row.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The rationale; null where there is none.</summary>
    public string? Rationale { get; init; }

    /// <summary>What the model has made of it; null where it was not asked.</summary>
    public RationaleVerdict? Verdict { get; init; }

    public static RationaleResult Create(OracleRow row, OracleAnswer? answer, RationaleRules rules)
    {
        switch (answer)
        {
            case null:
                return new(row, RationaleState.NotAsked);
            case { Failure: { } failure }:
                return new(row, RationaleState.Failed) { Reason = "no answer", Detail = failure };
            case { Refusal: { } refusal }:
                return new(row, RationaleState.Refused) { Reason = "refused", Detail = refusal };
            default:
                var text = RationaleRules.Normalize(answer.Text ?? "");
                return rules.Check(text, row.Sample.Targets[0].Item.Text) is { } rejection
                    ? new(row, RationaleState.Rejected)
                    {
                        Reason = rejection.Reason,
                        Detail = rejection.Detail,
                        Rationale = text,
                    }
                    : new(row, RationaleState.Kept) { Rationale = text };
        }
    }

    public RationaleResult With(RationaleVerdict verdict) =>
        this with
        {
            Verdict = verdict,
            State = verdict.Helps ? State : RationaleState.NoHelp,
            Reason =
                verdict.Helps ? ""
                : verdict.Problem is null ? "does not help the model"
                : "the model cannot embed the row",
            Detail = verdict.Helps
                ? ""
                : verdict.Problem ?? $"rank {verdict.RankWithout} without the rationale, {verdict.RankWith} with it",
        };
}
