namespace Rge.Cli.Options;

/// <summary>A candidate that cannot be ranked.</summary>
/// <param name="Candidate">The file or text.</param>
/// <param name="Problem">Why, in one sentence.</param>
internal sealed record CandidateProblem(string Candidate, string Problem);
