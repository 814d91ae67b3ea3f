namespace Rge.Evaluation;

/// <summary>A point of a <see cref="GateCurve"/>.</summary>
/// <param name="Threshold">The probability from which queries are embedded without a rationale; infinity for none.</param>
/// <param name="Average">Mean hit@1 of the datasets, 0 to 1.</param>
/// <param name="RationaleTokens">Tokens written a query, <c>&lt;emb&gt;</c> included.</param>
/// <param name="Direct">Share of queries without a rationale, 0 to 1.</param>
public sealed record GatePoint(double Threshold, double Average, double RationaleTokens, double Direct);
