namespace Rge.Server.Answers;

/// <summary>What Cohere says of an answer.</summary>
internal sealed record CohereMeta(CohereUnits BilledUnits)
{
    public IReadOnlyDictionary<string, string> ApiVersion { get; } = new Dictionary<string, string>(StringComparer.Ordinal) { ["version"] = "2" };
}
