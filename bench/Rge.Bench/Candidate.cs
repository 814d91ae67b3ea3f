namespace Rge.Bench;

/// <summary>One way of doing the work that is measured.</summary>
internal sealed record Candidate(string Name, Action Run);
